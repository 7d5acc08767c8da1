"""How long the stages of past jobs took, and the ETA of a present one made from it."""

from __future__ import annotations

from statistics import median
from typing import Any, cast

from sqlalchemy import Connection, Table, delete, func, insert, select

from dragoman.db import presence
from dragoman.db.clock import now_s
from dragoman.db.jobs import JOBS, is_toned
from dragoman.db.models import StageTimeRow
from dragoman.domain.job import RowState, Stage, stages_from

STAGE_TIMES = cast("Table", StageTimeRow.__table__)
NOTE = insert(STAGE_TIMES).values(ended_at=now_s())
REMEMBERED = 50  # the newest runs of a stage that the median is taken over
# Seconds a page before there is any history: measured with a translation service at 100 ms a request.
FIRST_GUESS_S = {Stage.EXTRACT: 0.1, Stage.TRANSLATE: 0.5, Stage.TONE: 0.05, Stage.RECONSTRUCT: 0.2}
TYPICAL_PAGES = 5


def note(connection: Connection, stage: Stage, engine: str, pages: int, seconds: float) -> None:
    """Keep how long a stage took for so many pages."""
    values = {"stage": stage, "engine": engine, "pages": max(pages, 1), "seconds": seconds}
    connection.execute(NOTE, values)


def seconds_a_page(connection: Connection, stage: Stage, engine: str | None) -> float:
    """The median of the newest runs with this engine (any engine if None or unknown), or a first guess."""
    statement = select(STAGE_TIMES.c.seconds / STAGE_TIMES.c.pages).where(STAGE_TIMES.c.stage == stage)
    newest = statement.order_by(STAGE_TIMES.c.ended_at.desc()).limit(REMEMBERED)
    own = list(connection.scalars(newest.where(STAGE_TIMES.c.engine == engine))) if engine else []
    values = [float(value) for value in own or connection.scalars(newest)]
    return median(values) if values else FIRST_GUESS_S[stage]


def eta_s(connection: Connection, job: dict[str, Any]) -> int | None:
    """Seconds until `job` (a row) will end, the jobs before it in the queue included; None where it has ended or waits for a person."""
    if job["state"] not in (RowState.READY, RowState.RUNNING):
        return None
    pages = job["pages"] or TYPICAL_PAGES
    left = stages_from(Stage(job["stage"]), toned=is_toned(job))
    costs = [seconds_a_page(connection, stage, job["engine"]) for stage in left]
    now = float(connection.scalar(select(now_s())) or 0.0)
    spent = max(now - job["stage_since"], 0.0) if job["state"] == RowState.RUNNING or job["parts_left"] else 0.0
    first = max(costs[0] * pages - spent, costs[0])
    return max(1, round(first + sum(costs[1:]) * pages + _queue_s(connection, job)))


def _queue_s(connection: Connection, job: dict[str, Any]) -> float:
    """Seconds of work in front of a job that nobody has claimed yet; between two of its stages a job waits for nobody.

    What is left of the pages of older jobs, shared by all places where workers work; a job that waits for a person is in nobody's way.
    """
    if job["epoch"]:
        return 0.0
    left = func.coalesce(JOBS.c.pages, TYPICAL_PAGES) * (100 - JOBS.c.progress) / 100.0
    at_work = JOBS.c.state.in_((RowState.READY, RowState.RUNNING))
    pages = connection.scalar(select(func.sum(left)).where(at_work, JOBS.c.created_at < job["created_at"]))
    a_page = sum(seconds_a_page(connection, stage, None) for stage in stages_from(Stage.EXTRACT, toned=False))
    return float(pages or 0.0) * a_page / _places(connection)


def _places(connection: Connection) -> int:
    """How many tasks the workers can do at once; 1 where none of them has said so."""
    workers = [one for one in presence.pulses(connection) if one.service.startswith("worker@")]
    return max(sum(int(one.facts.get("slots", 0)) for one in workers), 1)


def forget_old(connection: Connection, days: int) -> None:
    """Drop history older than `days` days."""
    connection.execute(delete(STAGE_TIMES).where(STAGE_TIMES.c.ended_at < now_s() - days * 86400))
