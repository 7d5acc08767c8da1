"""A job driven through its stages in the test's own process, as the doorbells and the sweeper
would.
"""

from __future__ import annotations

from typing import Any

import pymupdf
from sqlalchemy import select

from dragoman.adapters import queues
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.parts import PARTS
from dragoman.domain.job import RowState, Stage
from pipeline.attempt.context import Context
from pipeline.worker.tasks import perform, perform_part
from tests.rows import row

Ring = tuple[str, str]


def drive(
    context: Context, job_id: str, until: Stage | None = None, rings: list[Ring] | None = None
) -> dict[str, Any]:
    """Do all that is due of a job, `rings` (tasks and ids) first; stops before the stage `until`.

    The job's row.
    """
    waiting = rings or [(queues.EXTRACT_AND_TRANSLATE, job_id)]
    while waiting:
        task, row_id = waiting.pop(0)
        if task == queues.PART:
            perform_part(context, row_id, lambda *ring: waiting.append(ring))
            continue
        while (job := row(context.database, JOBS, job_id))["state"] == RowState.READY and job[
            "stage"
        ] != until:
            if not perform(
                context, job_id, Stage(job["stage"]), lambda *ring: waiting.append(ring)
            ):
                break
    return row(context.database, JOBS, job_id)


def parts_of(context: Context, job_id: str) -> list[dict[str, Any]]:
    """The rows of a job's parts."""
    with context.database.read() as connection:
        found = connection.execute(
            select(PARTS).where(PARTS.c.job_id == job_id).order_by(PARTS.c.number)
        )
        return [dict(part) for part in found.mappings()]


def text_of(context: Context, job: dict[str, Any]) -> list[str]:
    """The words of the job's result, page by page."""
    with context.store.open(job["result"]) as body, pymupdf.open(stream=body.read()) as pdf:
        return [page.get_text() for page in pdf]
