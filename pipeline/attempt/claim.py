"""One attempt at one stage of one job: claimed, traced, logged, and with its errors turned into
ours.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shutil import rmtree

import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from opentelemetry import trace

from dragoman.db.ledgers import jobs, lease, parts
from dragoman.domain.job import Stage
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.part import Part
from dragoman.errors import DragomanError, LeaseLost, StageTimedOut
from pipeline.attempt import artifact_recovery
from pipeline.attempt.context import Context
from pipeline.attempt.stage_run import FOLDER_PREFIX, ArtifactLost, OutOfMemory, PartRun, Run

log = structlog.get_logger(__name__)

# a folder that is older than any stage may take is left over from one that was killed
KILLED_AFTER_S = 3600.0


@contextmanager
def stage_run(context: Context, job_id: str, stage: Stage) -> Iterator[Run | None]:
    """The right to do `stage` of a job now, None if it is not due or somebody else's.

    What the block raises is on record in the row before it goes on to the caller.
    """
    span = trace.get_current_span()
    span.set_attribute("dragoman.job_id", job_id)
    with (
        lease.attempt(
            context.database,
            jobs.LEDGER,
            job_id,
            stage=stage,
            lease_s=context.settings.lease_s,
            admits=context.admits(jobs.JOBS),
        ) as held,
        ExitStack() as scope,
    ):
        if held is None:
            yield None
            return
        run = Run(context, held, stage, scope, _parts_of(context, held))
        with _our_errors(run):
            yield run
            facts: dict[str, str | float] = {
                "stage": stage,
                "seconds": round(time.monotonic() - run.began, 3),
                "cpu_s": round(run.cpu_s, 3),
            }
            span.add_event("stage_finished", facts)
            log.info("stage_finished", **facts, attempt=held.attempt)


def _parts_of(context: Context, held: lease.Lease[Job]) -> list[Part]:
    if not held.row.parts:
        return []
    with context.database.read() as connection:
        return parts.of_job(connection, held.id)


@contextmanager
def part_run(context: Context, part_id: str) -> Iterator[PartRun | None]:
    """As `stage_run`, for a part: the stage is the one that its job is at."""
    with (
        lease.attempt(
            context.database,
            jobs.PART_LEDGER,
            part_id,
            lease_s=context.settings.lease_s,
            admits=context.admits(parts.PARTS),
        ) as held,
        ExitStack() as scope,
    ):
        if held is None:
            yield None
            return
        stage, job_id = held.row.stage, held.row.job_id
        trace.get_current_span().set_attribute("dragoman.job_id", job_id)
        with context.database.read() as connection:
            job = jobs.by_id(connection, job_id)
        if job is None:
            raise LeaseLost
        run = PartRun(context, held, stage, scope, whole=job)
        with structlog.contextvars.bound_contextvars(job_id=job_id), _our_errors(run):
            yield run
            log.info("part_finished", stage=stage, part=held.row.number, attempt=held.attempt)


def delete_left_folders() -> None:
    """Delete the folders of killed stages on this host, with the documents in them."""
    oldest = time.time() - KILLED_AFTER_S
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError):  # somebody was faster, or it is another user's
            if folder.lstat().st_mtime < oldest:
                rmtree(folder)


@contextmanager
def _our_errors(run: Run) -> Iterator[None]:
    try:
        yield
    except LeaseLost:
        raise
    except ArtifactLost as error:
        if isinstance(run, PartRun):
            artifact_recovery.remake_part(run, error)
        else:
            artifact_recovery.remake(run, error)
    except MemoryError as error:
        # Celery would end the whole worker for a MemoryError, and take its other jobs along.
        raise OutOfMemory(detail=f"in {run.stage}") from error
    except RecursionError as error:
        raise DragomanError(
            "The document is nested too deeply to be read.", detail=f"in {run.stage}"
        ) from error
    except Exception as error:
        if not is_timeout(error):
            raise
        detail = (
            f"{run.stage} ran into its soft limit, at {run.reached} %, after {run.spent.told()}"
        )
        raise StageTimedOut(detail=detail) from error


def is_timeout(error: BaseException | None) -> bool:
    """Whether a soft time limit is behind it: a library that it went through may have made
    another error of it.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, SoftTimeLimitExceeded):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False
