"""The ledger of parts: ranges of pages of a long document, each with a lease of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import Connection, Table, delete, func, select, update

from dragoman.db import rows
from dragoman.db.clock import now_s
from dragoman.db.ledgers.lease import revive
from dragoman.db.statements import insert_once
from dragoman.db.tables import PartRow
from dragoman.domain.job import OPEN, RowState, Stage
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.part import Part

PARTS = cast("Table", PartRow.__table__)


def of_job(connection: Connection, job_id: str) -> list[Part]:
    """The parts of a job, in the order of their pages; none for a short document."""
    statement = select(PARTS).where(PARTS.c.job_id == job_id).order_by(PARTS.c.number)
    return rows.each(connection, statement, rows.part)


def count(connection: Connection, job_id: str) -> int:
    """How many parts a job has."""
    return connection.scalar(select(func.count()).where(PARTS.c.job_id == job_id)) or 0


def cut(connection: Connection, job: Job, ranges: Iterable[Sequence[int]]) -> None:
    """Make a part of each range of pages (0-based), unless there is one already."""
    for number, pages in enumerate(ranges):
        values = {
            "id": uuid.uuid4().hex,
            "job_id": job.id,
            "number": number,
            "pages": list(pages),
            "facts": {},
        }
        fresh = {"stage": job.stage, "created_at": now_s(), "traceparent": job.traceparent}
        insert_once(connection, PARTS, **values, **fresh)


def begin(connection: Connection, job_id: str, stage: Stage) -> list[str]:
    """Make all parts ready for `stage` that have not finished it; their ids.

    One that was stopped on its way there goes on where it was.
    """
    left = [
        one
        for one in of_job(connection, job_id)
        if one.stage != stage or one.state is not RowState.DONE
    ]
    for one in left:
        at = stage if one.state is RowState.DONE else one.stage
        revive(connection, PARTS, one.id, stage=at, progress=0)
    return [one.id for one in left]


def anew(part: Part, run: int) -> dict[str, Any]:
    """The columns of a part that begins anew with the source, in the job's run number `run`."""
    return {
        "stage": Stage.EXTRACT,
        "progress": 0,
        "artifact": None,
        "facts": replace(part.facts, remade_in=run).as_json(),
    }


def stop(connection: Connection, job_id: str) -> None:
    """End the parts that are open, whoever works on them: their job has ended."""
    open_ = (PARTS.c.job_id == job_id, PARTS.c.state.in_(OPEN))
    values = {"state": RowState.CANCELLED, "epoch": PARTS.c.epoch + 1, "ended_at": now_s()}
    connection.execute(update(PARTS).where(*open_).values(**values))


def share_done(connection: Connection, job_id: str) -> float:
    """How much of the present stage is done over all parts, 0 to 1."""
    return (
        float(
            connection.scalar(select(func.avg(PARTS.c.progress)).where(PARTS.c.job_id == job_id))
            or 0
        )
        / 100
    )


def forget(connection: Connection, job_id: str) -> None:
    """Drop the parts of a job that needs them no more."""
    connection.execute(delete(PARTS).where(PARTS.c.job_id == job_id))
