"""What a stage has left in the store is lost, or cannot be read: it is made anew, once in each run
of the job.

The way back leads to the source: what the stages between have left is named by no row any more, and
may be swept. It costs CPU alone, since what engines have answered is remembered. A long document
goes back only with the parts that are lost.
"""

from __future__ import annotations

from typing import Any

import structlog

from dragoman.adapters import queues
from dragoman.db.ledgers import jobs, parts
from dragoman.domain.job import Stage
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.part import Part
from pipeline.attempt.stage_run import NO_KEY, ArtifactLost, PartRun, Run

log = structlog.get_logger(__name__)


def remake(run: Run, error: ArtifactLost) -> None:
    """Go back with the job, or with those of its parts whose work is lost.

    Raises `error` where that was done before, or LeaseLost.
    """
    lost = _lost_parts(run, error.key)
    if any(_was_remade(one, run.job) for one in lost) or (
        not lost and run.job.remade_in == run.job.run
    ):
        raise error
    # Parts that have not begun with the stage wait where they are: what they share is translated
    # before they begin.
    stays = all(one.stage == run.stage for one in run.parts)
    with run.context.database.write() as connection:
        jobs.step_back(
            connection, run.lease, lost, to=run.stage if lost and stays else Stage.EXTRACT
        )
    _tell(error, run.stage, parts=[one.number for one in lost])
    run.halted = True
    run.rings += [(queues.PART, one.id) for one in lost] or [
        (queues.EXTRACT_AND_TRANSLATE, run.lease.id)
    ]


def remake_part(run: PartRun, error: ArtifactLost) -> None:
    """As `remake`, for the part that the run is for."""
    row = run.part
    if _was_remade(row, run.job):
        raise error
    with run.context.database.write() as connection:
        run.lease.advance(connection, **parts.anew(row, run.job.run))
    _tell(error, run.stage, parts=[row.number])
    run.rings.append((queues.PART, run.lease.id))


def _lost_parts(run: Run, key: str) -> list[Part]:
    """All parts whose work is lost, if `key` is one's: they go back together."""
    if key not in [one.artifact for one in run.parts]:
        return []
    return [
        one
        for one in run.parts
        if one.artifact == key or run.context.store.size(one.artifact or NO_KEY) is None
    ]


def _was_remade(part: Part, job: Job) -> bool:
    return part.facts.remade_in == job.run


def _tell(error: ArtifactLost, stage: Stage, **facts: Any) -> None:
    log.warning(
        "artifact_lost",
        stage=stage,
        key=error.key,
        doing="it is made anew from the source",
        **facts,
    )
