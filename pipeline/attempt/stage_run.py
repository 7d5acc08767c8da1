"""What an attempt at a stage of a job works with: its files and documents, its progress, and
how it ends.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import BytesIO
from pathlib import Path
from shutil import copyfileobj
from typing import Any

import structlog

from dragoman.adapters import queues
from dragoman.adapters.encryption import unseal
from dragoman.db import clock
from dragoman.db.ledgers import cards, jobs, lease, parts
from dragoman.db.queries import history
from dragoman.db.records import counters, glossaries
from dragoman.domain import document as documents
from dragoman.domain.document import Document
from dragoman.domain.glossaries import kept as kept_glossaries
from dragoman.domain.glossaries.kept import KeptGlossary
from dragoman.domain.job import NO_ENGINE, Options, Stage, percent
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.part import Part
from dragoman.errors import Gone, OperatorError
from pipeline.attempt.context import Context
from pipeline.attempt.interrupts import interruptible
from pipeline.attempt.time_spent import Spent
from pipeline.sandbox import calls, client
from pipeline.sandbox.client import Call
from pipeline.stages.protection import Glossary

log = structlog.get_logger(__name__)

FOLDER_PREFIX = "dragoman-stage-"
NO_KEY = "jobs/none"  # nothing is there: what a row should name and does not counts as lost
SOURCE_GONE = "The document that was sent is no longer in the file store of this server."
EVERY_S, EVERY_PERCENT = 2.0, 5  # progress is written when this much time or work has gone by,
# and not before this much time: a short document is done before anybody has looked
AT_MOST_EVERY_S = 0.5


class ArtifactLost(OperatorError):
    """An intermediate file that a row names is not in the store.

    It is told when it is lost a second time.
    """

    message = (
        "The file store of this server lost the work on this document, and lost it again when it"
        " was repeated."
    )
    code = "artifact_lost"
    exit_code = 49
    for_admin = (
        "Please find out why the file store (DRAGOMAN_STORAGE_URL) loses files, then retry the job."
    )

    def __init__(self, key: str = "") -> None:
        """`key`: what is not in the store, or not as it was put there."""
        super().__init__(detail=f"{key} is lost")
        self.key = key


class OutOfMemory(OperatorError):
    """A MemoryError in a worker, outside its sandbox."""

    message = "The document needs more memory than a worker has."
    code = "out_of_memory"
    exit_code = 48
    advice = (
        "Please split the document into parts, or ask the admin of this server to give the workers"
        " more memory."
    )


@dataclass
class Run:
    """What a stage works with; its files live in `folder` and vanish with `scope`.

    `parts`: the rows of a long document's parts. `rings`: the tasks and ids to ring for when the
    run is over. `cpu_s`: CPU seconds of its work, known at its end. `halted`: the job does not go
    on with its next stage now. `reached`: percent of the stage that are done.
    """

    context: Context
    lease: lease.Lease[Any]
    stage: Stage
    scope: ExitStack
    parts: list[Part] = field(default_factory=list)
    rings: list[tuple[str, str]] = field(default_factory=list)
    halted: bool = False
    began: float = field(default_factory=time.monotonic)
    spent: Spent = field(default_factory=Spent)
    reached: int = 0
    cpu_s: float = 0.0

    def __post_init__(self) -> None:
        """What the row says already is known."""
        self._told, self._told_at = self.lease.row.progress, self.began
        self._began_cpu_s = cpu_s()

    @property
    def job(self) -> Job:
        """The job as it was claimed."""
        claimed: Job = self.lease.row
        return claimed

    @cached_property
    def folder(self) -> Path:
        """A folder of the run's own, made when it is needed."""
        return Path(self.scope.enter_context(tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX)))

    @property
    def engine(self) -> str:
        """The name of the engine that was chosen; `NO_ENGINE` before that."""
        return self.job.engine or NO_ENGINE

    @property
    def artifact(self) -> str:
        """The key of what the stage before left behind."""
        return self.job.artifact or NO_KEY

    @property
    def options(self) -> Options:
        """What the sender chose."""
        return self.job.options

    def source(self) -> Path:
        """The source PDF as a file. Raises Gone or StoreUnavailable."""
        path = self.folder / "source.pdf"
        try:
            self._fetch(self.job.source, path)
        except Gone as error:
            raise Gone(SOURCE_GONE, detail=f"{self.job.source} is lost") from error
        return self._unlocked(path) if self.job.secret else path

    def _fetch(self, key: str, path: Path) -> Path:
        with self.context.store.open(key) as body, path.open("wb") as file:
            copyfileobj(body, file, 1 << 20)
        return path

    def document(self) -> Document:
        """What the stage before left behind. Raises ArtifactLost or StoreUnavailable."""
        return self.document_at(self.artifact)

    def document_at(self, key: str | None) -> Document:
        """The document under `key`. Raises ArtifactLost or StoreUnavailable."""
        key = key or NO_KEY
        try:
            with self.context.store.open(key) as body:
                return documents.from_bytes(body.read())
        except (Gone, ValueError) as error:
            raise ArtifactLost(key) from error

    def file_at(self, key: str | None, name: str) -> Path:
        """What a part has left under `key`, as a file. Raises ArtifactLost or StoreUnavailable."""
        key = key or NO_KEY
        try:
            return self._fetch(key, self.folder / name)
        except Gone as error:
            raise ArtifactLost(key) from error

    @cached_property
    def glossary(self) -> Glossary:
        """The terms that the sender wants kept to, for this document or for all, in the language
        of the document as far as it is known.
        """
        lang, options = self.job.source_lang, self.options
        kept = self.kept_glossaries(lang)
        return Glossary(kept_glossaries.joined(kept, options.glossary), lang)

    def kept_glossaries(self, source_lang: str | None) -> tuple[KeptGlossary, ...]:
        """Those that are kept for the sender, the channel and the team, and serve a document in
        `source_lang`.
        """
        card_id = self.job.card_id
        with self.context.database.read() as connection:
            card = cards.by_id(connection, card_id) if card_id else None
            scopes = kept_glossaries.scopes_of(self.job.owner, card.place if card else None)
            found = glossaries.of_scopes(connection, scopes)
        target_lang = self.options.target_lang
        return tuple(one for one in found if one.serves(source_lang, target_lang))

    def confined(self, call: Call) -> Any:
        """As `pipeline.sandbox.client`, until the lease is lost: the stage's work, and so its
        progress.
        """
        with self.spent.during("pages"):
            return client.confined(call, self.progress, look=self.lease.check)

    def confined_aside(self, call: Call) -> Any:
        """As `confined`, for work that is not what the stage's progress is counted by."""
        with self.spent.during("pages"):
            return client.confined(call, lambda _: self.lease.check(), look=self.lease.check)

    @contextmanager
    def at_engine(self) -> Iterator[None]:
        """The block asks an engine, until the lease is lost."""
        with self.spent.during("engine"), interruptible(self.lease):
            yield

    def sleep(self, seconds: float) -> None:
        """Wait for a turn at an engine."""
        with self.spent.during("waiting for a turn"):
            time.sleep(seconds)

    def _unlocked(self, locked: Path) -> Path:
        """The PDF without its password, which the sender has given. Raises WrongPassword."""
        path = self.folder / "unlocked.pdf"
        password = unseal(self.context.settings, self.job.secret or "")
        calls.unlock(self.confined_aside, self.folder, locked, path, password)
        return path

    def progress(self, fraction: float) -> None:
        """Tell how much of the stage is done (0 to 1).

        Raises LeaseLost, also when the job was cancelled.
        """
        self.lease.check()
        now, self.reached = time.monotonic(), int(100 * fraction)
        reached = percent(self.stage, fraction)
        if not is_news(reached - self._told, now - self._told_at):
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
            parts.forget(connection, self.lease.id)
            self._note(connection, facts)
            engine = self.engine
            counters.add(connection, counters.PAGES, self.job.pages or 0, engine=engine)
            counters.add(connection, counters.CHARACTERS, self.job.characters or 0, engine=engine)

    def _key(self, extension: str) -> str:
        return f"jobs/{self.lease.id}/{self.stage}/{self.job.epoch}.{extension}"

    def _note(self, connection: Any, facts: dict[str, Any]) -> None:
        engine = facts.get("engine") or self.engine
        pages = facts.get("pages") or self.job.pages or 1
        seconds, self.cpu_s = time.monotonic() - self.began, cpu_s() - self._began_cpu_s
        if self.parts:  # they worked before this, beside each other
            # the clock may have been set back
            seconds = max(clock.now(connection) - self.job.stage_since, 0.0)
        history.note(connection, self.stage, engine, pages, seconds)
        counters.observe(
            connection, counters.STAGE_SECONDS, seconds, stage=self.stage, engine=engine
        )


def cpu_s() -> float:
    """CPU seconds of this process, of its children that have ended, and of what was done in the
    sandbox.
    """
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used) + client.usage.cpu_s


def is_news(percent_more: int, seconds: float) -> bool:
    """Whether progress is written that has grown by `percent_more` in the `seconds` since it
    was written last.
    """
    enough = EVERY_S if percent_more < EVERY_PERCENT else AT_MOST_EVERY_S
    return percent_more > 0 and seconds >= enough


@dataclass
class PartRun(Run):
    """A run for a range of pages.

    `lease.row` is the part, `job` the job that it belongs to.
    """

    whole: Job = field(kw_only=True)

    @property
    def job(self) -> Job:
        """The job as it was when the part was claimed."""
        return self.whole

    @property
    def part(self) -> Part:
        """The part as it was claimed."""
        claimed: Part = self.lease.row
        return claimed

    def document(self) -> Document:
        """What the stage before left behind of this part."""
        return self.document_at(self.part.artifact)

    def progress(self, fraction: float) -> None:
        """Tell how much of the part is done (0 to 1). Raises LeaseLost."""
        self.lease.check()
        now, reached = time.monotonic(), int(100 * fraction)
        self.reached = reached
        if reached <= self._told or now - self._told_at < EVERY_S:
            return
        self._told_at, self._told = now, reached
        with self.context.database.write() as connection:
            jobs.show_part(connection, self.lease, fraction)

    def pass_on(self, artifact: str, **facts: Any) -> None:
        """End the part's stage; the last part makes its job due.

        One that was made anew has more stages to go.
        """
        told = replace(self.part.facts, **facts)
        with self.context.database.write() as connection:
            if self.stage != self.job.stage:
                jobs.walk_part(connection, self.lease, artifact, told, toned=self.job.is_toned)
                self.rings.append((queues.PART, self.lease.id))
                return
            is_last = jobs.finish_part(connection, self.lease, artifact, told)
        if is_last:
            self.rings.append((queues.EXTRACT_AND_TRANSLATE, self.job.id))

    def keep(self, file: Path, **facts: Any) -> None:
        """End the part's stage with a file."""
        key = self._key("part")
        with file.open("rb") as body:
            self.context.store.put(key, body)
        self.pass_on(key, **facts)

    def _key(self, extension: str) -> str:
        part = self.part
        return f"jobs/{part.job_id}/{self.stage}/{part.number}-{part.epoch}.{extension}"
