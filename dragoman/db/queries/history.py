"""How long the stages of past jobs took, and the ETA of a present one made from it."""

from __future__ import annotations

from statistics import median
from typing import Any, cast

from sqlalchemy import Connection, Select, Table, and_, case, delete, func, insert, select

from dragoman.db.clock import now_s
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.queries import turns
from dragoman.db.tables import StageTimeRow
from dragoman.domain.job import RowState, Stage, done_of, stages_from
from dragoman.domain.rows.job import Job
from dragoman.domain.turns import Work, waiting_s

STAGE_TIMES = cast("Table", StageTimeRow.__table__)
NOTE = insert(STAGE_TIMES).values(ended_at=now_s())
REMEMBERED = 50  # the newest runs of a stage that the median is taken over
# Seconds a page before there is any history: measured with a translation service at 100 ms a
# request.
FIRST_GUESS_S = {Stage.EXTRACT: 0.1, Stage.TRANSLATE: 0.5, Stage.TONE: 0.05, Stage.RECONSTRUCT: 0.2}
TYPICAL_PAGES = 5
TELLING = 0.1  # of a stage: from here on its own speed is gone by


def note(connection: Connection, stage: Stage, engine: str, pages: int, seconds: float) -> None:
    """Keep how long a stage took for so many pages."""
    values = {"stage": stage, "engine": engine, "pages": max(pages, 1), "seconds": seconds}
    connection.execute(NOTE, values)


def seconds_a_page(connection: Connection, stage: Stage, engine: str | None) -> float:
    """The median of the newest runs with this engine (any engine if None or unknown), or a
    first guess.
    """
    statement = select(STAGE_TIMES.c.seconds / STAGE_TIMES.c.pages).where(
        STAGE_TIMES.c.stage == stage
    )
    newest = statement.order_by(STAGE_TIMES.c.ended_at.desc()).limit(REMEMBERED)
    own = list(connection.scalars(newest.where(STAGE_TIMES.c.engine == engine))) if engine else []
    values = [float(value) for value in own or connection.scalars(newest)]
    return median(values) if values else FIRST_GUESS_S[stage]


def pages_of_a_document(connection: Connection) -> int:
    """How long a document is that nobody has read yet: as those that were read lately, or a
    first guess.
    """
    newest = select(STAGE_TIMES.c.pages).where(STAGE_TIMES.c.stage == Stage.EXTRACT)
    known = list(
        connection.scalars(newest.order_by(STAGE_TIMES.c.ended_at.desc()).limit(REMEMBERED))
    )
    return max(round(median(known)), 1) if known else TYPICAL_PAGES


def eta_s(connection: Connection, job: Job) -> int | None:
    """Seconds until `job` (a row) will end, the jobs before it in the queue included; None
    where it has ended or waits for a person.
    """
    if job.state not in (RowState.READY, RowState.RUNNING):
        return None
    pages = job.pages or pages_of_a_document(connection)
    left = stages_from(job.stage, toned=job.is_toned)
    costs = [seconds_a_page(connection, stage, job.engine) for stage in left]
    now = float(connection.scalar(select(now_s())) or 0.0)
    spent = (
        max(now - job.stage_since, 0.0) if job.state == RowState.RUNNING or job.parts_left else 0.0
    )
    expected = max(costs[0] * pages - spent, costs[0])
    first = _rest_of_stage_s(expected, spent, done_of(left[0], job.progress))
    own = first + sum(costs[1:]) * pages
    return max(1, round(own + _queue_s(connection, job, own)))


def _rest_of_stage_s(expected_s: float, spent_s: float, done: float) -> float:
    """Seconds that a stage still takes, `done` (0 to 1) of which took `spent_s`.

    Pages differ: one with a hundred thousand letters takes as long as a book. So the stage's own
    speed tells more than the pages of other documents, as soon as there is enough of it to go by.
    """
    if not spent_s or not done:
        return expected_s
    as_until_now = spent_s * (1 - done) / done
    return as_until_now if done >= TELLING else max(expected_s, as_until_now)


def _queue_s(connection: Connection, job: Job, own_s: float) -> float:
    """Seconds of work in front of a job that nobody has claimed yet and that takes `own_s`;
    between two of its stages a job waits for nobody.
    """
    if job.epoch:
        return 0.0
    places = turns.places(connection, own=1)
    if turns.is_next(connection, JOBS, job.id, places):
        return 0.0
    rows = connection.execute(_work(connection, job)).all()
    work = [Work(row[0], float(row[1]), float(row[2])) for row in rows]
    return waiting_s(job.owner, own_s, work, places.usual)


def _work(connection: Connection, job: Job) -> Select[Any]:
    """What is left of each owner's jobs: of those that were there before `job`, and of all, in
    seconds for one place.

    A stage that takes longer than such stages do is taken to be half done. A job that waits for a
    person is in nobody's way.
    """
    a_page = sum(
        seconds_a_page(connection, stage, None) for stage in stages_from(Stage.EXTRACT, toned=False)
    )
    expected = (
        func.coalesce(JOBS.c.pages, pages_of_a_document(connection))
        * a_page
        * (100 - JOBS.c.progress)
        / 100.0
    )
    spent = now_s() - JOBS.c.stage_since
    running = JOBS.c.state == RowState.RUNNING
    left = case((and_(running, spent > expected), spent), else_=expected)
    before = case((JOBS.c.created_at < job.created_at, left), else_=0.0)
    at_work = JOBS.c.state.in_((RowState.READY, RowState.RUNNING))
    statement = select(JOBS.c.owner, func.sum(before), func.sum(left)).where(
        at_work, JOBS.c.id != job.id
    )
    return statement.group_by(JOBS.c.owner)


def forget_old(connection: Connection, days: int) -> None:
    """Drop history older than `days` days."""
    connection.execute(delete(STAGE_TIMES).where(STAGE_TIMES.c.ended_at < now_s() - days * 86400))
