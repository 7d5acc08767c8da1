"""What became of the answers to jobs, as the outbox knows it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from dragoman.db import rows
from dragoman.db.ledgers.jobs import answered_to, is_answered
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.queries import history
from dragoman.domain.answers.arrival import Arrival, Arrived, arrived
from dragoman.domain.answers.job_status import JobStatus
from dragoman.domain.job import OPEN
from dragoman.domain.rows.delivery import Kind
from dragoman.domain.rows.job import Job


def of_jobs(connection: Connection, jobs: Sequence[Job]) -> dict[str, Arrived]:
    """What became of the answer to each of these jobs, by their ids; a job that is at work, or
    an upload, has none.
    """
    ended = [row for row in jobs if row.state not in OPEN and is_answered(row)]
    if not ended:
        return {}
    owners = {answered_to(row) for row in ended}
    statement = select(OUTBOX).where(
        OUTBOX.c.owner.in_(owners), OUTBOX.c.kind.in_((Kind.FINAL, Kind.INSTEAD))
    )
    answers = rows.each(connection, statement, rows.delivery)
    known = {(one.owner, one.run, one.kind): one for one in answers}
    found: dict[str, Arrived] = {}
    for row in ended:
        owner, run = answered_to(row), row.run
        answer = known.get((owner, run, Kind.FINAL))
        # An answer to several documents is owed when the last of them has ended.
        found[row.id] = (
            arrived(answer, known.get((owner, run, Kind.INSTEAD)))
            if answer
            else Arrived(Arrival.SENDING)
        )
    return found


def of_job(connection: Connection, row: Job) -> Arrived | None:
    """What became of the answer to one job; None as in `of_jobs`."""
    return of_jobs(connection, [row]).get(row.id)


def statuses(
    connection: Connection, jobs: Sequence[Job], *, with_etas: bool = True
) -> list[JobStatus]:
    """The jobs as everybody is told of them, in their order; without `with_etas`, no `eta_s`."""
    known = of_jobs(connection, jobs)
    return [
        JobStatus(row, known.get(row.id), history.eta_s(connection, row) if with_etas else None)
        for row in jobs
    ]
