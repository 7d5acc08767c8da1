"""One attempt at one stage of one job: claimed, traced, logged, and with its errors turned into ours."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from shutil import copyfileobj, rmtree
from typing import Any

import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from opentelemetry import trace

from dragoman.db import history, jobs, lease
from dragoman.db.jobs import JOBS
from dragoman.domain import document as documents
from dragoman.domain.document import Document
from dragoman.domain.job import NO_ENGINE, Options, Stage, percent
from dragoman.errors import DragomanError, OperatorError, StageTimedOut
from pipeline.context import Context

log = structlog.get_logger(__name__)

FOLDER_PREFIX = "dragoman-stage-"
KILLED_AFTER_S = 3600.0  # a folder that is older than any stage may take is left over from one that was killed
EVERY_S, EVERY_PERCENT = 2.0, 5  # progress is written when this much time or work has gone by


class OutOfMemory(OperatorError):
    """The document needs more memory than a worker has."""

    code = "out_of_memory"
    exit_code = 48
    advice = "Please split the document into parts, or ask the admin to give workers more memory."


@dataclass
class Run:
    """What a stage works with. Files of a run live in `folder` and vanish with it."""

    context: Context
    lease: lease.Lease
    stage: Stage
    folder: Path
    began: float = field(default_factory=time.monotonic)
    _told_at: float = 0.0
    _told: int = -1

    @property
    def job(self) -> dict[str, Any]:
        """The job's row as it was claimed."""
        return self.lease.row

    @property
    def options(self) -> Options:
        """What the sender chose."""
        return Options.from_json(self.job["options"])

    def source(self) -> Path:
        """The source PDF as a file. Raises Gone or StoreUnavailable."""
        path = self.folder / "source.pdf"
        with self.context.store.open(self.job["source"]) as body, path.open("wb") as file:
            copyfileobj(body, file, 1 << 20)
        return path

    def document(self) -> Document:
        """What the stage before left behind. Raises Gone or StoreUnavailable."""
        with self.context.store.open(self.job["artifact"]) as body:
            return documents.from_bytes(body.read())

    def progress(self, fraction: float) -> None:
        """Tell how much of the stage is done (0 to 1). Raises LeaseLost, also when the job was cancelled."""
        self.lease.check()
        now, reached = time.monotonic(), percent(self.stage, fraction)
        if reached <= self._told or (now - self._told_at < EVERY_S and reached - self._told < EVERY_PERCENT):
            return
        self._told_at, self._told = now, reached
        with self.context.database.write() as connection:
            jobs.show_progress(connection, self.lease, fraction)

    def save(self, document: Document, **facts: Any) -> None:
        """End the stage with a document for the next one."""
        key = self._key("json.gz")
        self.context.store.put(key, BytesIO(documents.to_bytes(document)))
        self.pass_on(key, **facts)

    def pass_on(self, artifact: str, **facts: Any) -> None:
        """End the stage with an artifact that is stored already."""
        with self.context.database.write() as connection:
            jobs.finish_stage(connection, self.lease, artifact, **facts)
            self._note(connection, facts)

    def complete(self, result: Path, **facts: Any) -> None:
        """End the job with its translated PDF."""
        key, size = self._key("pdf"), result.stat().st_size
        with result.open("rb") as body:
            self.context.store.put(key, body)
        with self.context.database.write() as connection:
            jobs.complete(connection, self.lease, key, size, **facts)
            self._note(connection, facts)

    def _key(self, extension: str) -> str:
        return f"jobs/{self.lease.id}/{self.stage}/{self.job['epoch']}.{extension}"

    def _note(self, connection: Any, facts: dict[str, Any]) -> None:
        engine = facts.get("engine") or self.job["engine"] or NO_ENGINE
        pages = facts.get("pages") or self.job["pages"] or 1
        history.note(connection, self.stage, engine, pages, time.monotonic() - self.began)


@contextmanager
def stage_run(context: Context, job_id: str, stage: Stage) -> Iterator[Run | None]:
    """The right to do `stage` of a job now, None if it is not due or somebody else's.

    What the block raises is on record in the row before it goes on to the caller.
    """
    right_stage = JOBS.c.stage == stage
    span = trace.get_current_span()
    span.set_attribute("dragoman.job_id", job_id)
    with (
        lease.attempt(context.database, jobs.LEDGER, job_id, right_stage, lease_s=context.settings.lease_s) as held,
        tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as folder,
    ):
        if held is None:
            yield None
            return
        run = Run(context, held, stage, Path(folder))
        with _our_errors(stage):
            yield run
        seconds = round(time.monotonic() - run.began, 3)
        span.add_event("stage_finished", {"stage": stage, "seconds": seconds})
        log.info("stage_finished", stage=stage, seconds=seconds, attempt=held.attempt)


def delete_left_folders() -> None:
    """Delete the folders of killed stages on this host, with the documents in them."""
    oldest = time.time() - KILLED_AFTER_S
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError):  # somebody was faster, or it is another user's
            if folder.lstat().st_mtime < oldest:
                rmtree(folder)


@contextmanager
def _our_errors(stage: Stage) -> Iterator[None]:
    try:
        yield
    except SoftTimeLimitExceeded as error:
        raise StageTimedOut(detail=f"{stage} ran into its soft limit") from error
    except MemoryError as error:
        # Celery would end the whole worker for a MemoryError, and take its other jobs along.
        raise OutOfMemory(detail=f"in {stage}") from error
    except RecursionError as error:
        raise DragomanError("The document is nested too deeply to be read.", detail=f"in {stage}") from error
