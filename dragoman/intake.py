"""The one way in: what front doors may do with messages and jobs.

Bytes are in the store and rows are committed before anybody is told "accepted"; the broker is rung afterwards, and
never in the way of the answer.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import structlog

from dragoman import budget, queues, retention, templating
from dragoman.cache import Cache
from dragoman.db import dead_letters, history, inbox, jobs, lease, outbox, presence
from dragoman.db.engine import Database
from dragoman.domain import language
from dragoman.domain.job import Options
from dragoman.errors import Conflict, EmptyFile, NotAPdf, NotFound, TooLarge, UnsupportedTarget
from dragoman.ports import BlobStore
from dragoman.queues import Doorbell
from dragoman.settings import MIB, Settings
from dragoman.telemetry import traceparent, tracer

log = structlog.get_logger(__name__)

HEADER_WITHIN = 1024  # readers accept `%PDF-` within the first KiB (ISO 32000-1, annex H, implementation note 13)
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Message:
    """What a front door received, before it is opened. `key` says when two are the same; `payload` is small JSON."""

    channel: str
    key: str
    sender: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pdf:
    """A PDF in the store, with the id of the job that it will belong to."""

    job_id: str
    blob: str
    filename: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Request:
    """One PDF to one language. `owner` is an address or `web:NAME`; `key` says when two requests are the same."""

    pdf: Pdf
    options: Options
    owner: str
    channel: str
    key: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a front door gets back. `created` is False when all of it was known before."""

    created: bool
    message_id: str | None = None
    job_ids: tuple[str, ...] = field(default=())


class Intake:
    """See the module's words. All methods may raise DatabaseUnavailable and StoreUnavailable."""

    def __init__(self, database: Database, store: BlobStore, doorbell: Doorbell, settings: Settings) -> None:
        self.database = database
        self.store = store
        self.doorbell = doorbell
        self.settings = settings

    def keep(self, message: Message, body: BinaryIO | Path | None = None) -> Receipt:
        """Keep a message durably, with its bytes (a Path is an fsynced spool file, taken over).

        A message with a known key is not kept again.
        """
        with tracer().start_as_current_span("intake.keep", attributes={"dragoman.channel": message.channel}):
            return self._keep(message, body)

    def _keep(self, message: Message, body: BinaryIO | Path | None) -> Receipt:
        with self.database.read() as connection:
            known = inbox.by_key(connection, message.key)
        if known:
            if isinstance(body, Path):
                body.unlink(missing_ok=True)
            return Receipt(created=False, message_id=known["id"])
        message_id = uuid.uuid4().hex
        blob = self._put(f"inbox/{message_id}/message", body) if body is not None else None
        size = (self.store.size(blob) or 0) if blob else 0  # asked here: a slow store must not hold a transaction open
        with self.database.write() as connection:
            created = inbox.insert(
                connection,
                id=message_id,
                key=message.key,
                channel=message.channel,
                sender=message.sender,
                payload=dict(message.payload),
                blob=blob,
                size=size,
                traceparent=traceparent(),
            )
            known = None if created else inbox.by_key(connection, message.key)
        if known:
            if blob:
                self.store.delete(blob)
            return Receipt(created=False, message_id=known["id"])
        self.doorbell.ring(queues.OPEN_MESSAGE, message_id)
        log.info("message_kept", message_id=message_id, channel=message.channel)
        return Receipt(created=True, message_id=message_id)

    def opened(self, message_id: str) -> AbstractContextManager[lease.Lease | None]:
        """One attempt at opening a message, ended by `submit` or `answer`; None if it is not ours to open."""
        return lease.attempt(self.database, inbox.LEDGER, message_id, lease_s=self.settings.lease_s)

    def store_pdf(self, filename: str, body: BinaryIO) -> Pdf:
        """Stream a PDF into the store. Raises EmptyFile, NotAPdf or TooLarge; then nothing is kept."""
        job_id = uuid.uuid4().hex
        blob = f"jobs/{job_id}/source.pdf"
        checked = _Checked(body, self.settings.max_pdf_bytes)
        self.store.put(blob, cast("BinaryIO", checked))
        return Pdf(job_id, blob, clean_name(filename), checked.sha256.hexdigest(), checked.size)

    def submit(
        self,
        requests: Sequence[Request],
        *,
        message: lease.Lease | None = None,
        notes: Mapping[str, Any] | None = None,
        ack_after_s: float | None = None,
    ) -> Receipt:
        """Make jobs of requests, all or none in one transaction.

        With `message`, the lease on the message they came in: it ends with this commit, `notes` (what was left out,
        for the answer) are added to its payload, and an ack is owed in `ack_after_s` seconds unless the answer is faster.
        Raises UnsupportedTarget or LimitReached; then nothing is written.
        """
        for request in requests:
            self.check_target(request.options.target_lang)
        with tracer().start_as_current_span("intake.submit", attributes={"dragoman.jobs": len(requests)}):
            return self._submit(requests, message, notes or {}, ack_after_s)

    def _submit(
        self,
        requests: Sequence[Request],
        message: lease.Lease | None,
        notes: Mapping[str, Any],
        ack_after_s: float | None,
    ) -> Receipt:
        with self.database.write() as connection:
            for owner, adding in Counter(one.owner for one in requests if not jobs.by_key(connection, one.key)).items():
                budget.check_jobs(connection, self.settings, owner, adding)
            message_row = message.row if message else None
            made = [self._insert(connection, request, message_row) for request in requests]
            if message and message_row:
                payload = {**message_row["payload"], **notes}
                new = sum(created for _, created in made)
                if ack_after_s is not None and new:
                    self._owe(connection, message_row, outbox.Kind.ACK, {}, ack_after_s)
                if not new:
                    self._owe(connection, message_row, outbox.Kind.FINAL, {"reason": "nothing_new"}, 0.0)
                message.finish(connection, payload=payload, jobs_left=new)
        for request, (job_id, created) in zip(requests, made, strict=True):
            self._after(request, job_id, created=created)
        if message and not any(created for _, created in made):
            self.doorbell.ring(queues.DELIVER, message.id)
        return Receipt(
            created=any(created for _, created in made),
            message_id=message.id if message else None,
            job_ids=tuple(job_id for job_id, _ in made),
        )

    def answer(self, message: lease.Lease, payload: Mapping[str, Any]) -> None:
        """End a message without a job: the notifier tells the sender what `payload` says (`reason` and facts)."""
        with self.database.write() as connection:
            self._owe(connection, message.row, outbox.Kind.FINAL, dict(payload), 0.0)
            message.finish(connection)
        self.doorbell.ring(queues.DELIVER, message.id)

    def drop(self, message: lease.Lease, reason: str) -> None:
        """End a message that must not be answered (an auto-reply, a bounce, our own); the reason is kept."""
        with self.database.write() as connection:
            message.finish(connection, payload={**message.row["payload"], "dropped": reason})
        log.info("message_dropped", message_id=message.id, reason=reason)

    def bounced(self, message: lease.Lease, delivery_id: str, said: str) -> bool:
        """End a message that reports the bounce of a delivery, which then shows it; False if there is no such delivery."""
        with self.database.write() as connection:
            known = outbox.bounced(connection, delivery_id, said)
            message.finish(connection)
        log.warning("delivery_bounced", delivery_id=delivery_id, message_id=message.id, known=known)
        return known

    def check_target(self, target_lang: str) -> None:
        """Raise UnsupportedTarget, listing what is possible, unless some engine here can translate into the language.

        Nothing is refused before the first worker has said what its engines can do.
        """
        with self.database.read() as connection:
            known = presence.published(connection)
        targets = frozenset[str]().union(*(capabilities.targets for capabilities in known))
        if known and not can_target(target_lang, targets):
            message = f"This server cannot translate into {language.name(target_lang)}."
            raise UnsupportedTarget(message, advice=f"Please choose one of these: {language.listed(targets)}.")

    def find(self, job_id: str, owner: str | None = None) -> dict[str, Any]:
        """The job's row with its `eta_s` (seconds, None when it has ended); of `owner` only, unless None. Raises NotFound."""
        with self.database.read() as connection:
            row = jobs.by_id(connection, job_id)
            if row is None or owner not in (None, row["owner"]):
                raise NotFound("There is no such job.")
            return {**row, "eta_s": history.eta_s(connection, row)}

    def knows(self, job_id: str) -> bool:
        """Whether there is a job with this id."""
        with self.database.read() as connection:
            return jobs.by_id(connection, job_id) is not None

    def cancel(self, job_id: str) -> bool:
        """End an open job; False if it had ended already. The sender is told."""
        with self.database.write() as connection:
            cancelled = jobs.cancel(connection, job_id)
            row = jobs.by_id(connection, job_id) if cancelled else None
        if row:
            log.info("job_cancelled", job_id=job_id)
            self.doorbell.ring(queues.DELIVER, row["message_id"] or job_id)
        return cancelled

    def retry(self, row_id: str, *, from_start: bool = False) -> None:
        """Try again what gave up: a job (also one that was cancelled), a message or a delivery.

        A job goes on from its last good stage, or from its first with `from_start`. Raises NotFound or Conflict.
        """
        with self.database.write() as connection:
            task, rung = dead_letters.retry(connection, row_id, from_start=from_start)
        log.info("retried", id=row_id, from_start=from_start)
        self.doorbell.ring(task, rung)

    def retry_dead(self, code: str | None, limit: int, *, from_start: bool = False) -> list[str]:
        """Try the newest `limit` dead letters again, of one error class or all; the ids of them."""
        with self.database.read() as connection:
            letters = dead_letters.listed(connection, limit, code)
        tried = []
        for letter in letters:
            with suppress(Conflict):  # somebody else was faster
                self.retry(letter["id"], from_start=from_start)
                tried.append(letter["id"])
        return tried

    def purge(self, job_id: str) -> bool:
        """Forget a job's files now; False if there is no such job."""
        cache, maildir = Cache(self.settings.broker_url), self.settings.maildir
        return retention.purge_job(self.database, self.store, job_id, cache, maildir)

    def _put(self, key: str, body: BinaryIO | Path) -> str:
        if isinstance(body, Path):
            self.store.adopt(key, body)
        else:
            self.store.put(key, body)
        return key

    def _insert(self, connection: Any, request: Request, message: dict[str, Any] | None) -> tuple[str, bool]:
        pdf = request.pdf
        created = jobs.insert(
            connection,
            id=pdf.job_id,
            key=request.key,
            message_id=message["id"] if message else None,
            run=message["run"] if message else 1,
            channel=request.channel,
            owner=request.owner,
            filename=pdf.filename,
            options=request.options.as_json(),
            source=pdf.blob,
            source_sha256=pdf.sha256,
            source_size=pdf.size,
            target_lang=request.options.target_lang,
            traceparent=traceparent() or (message["traceparent"] if message else None),
        )
        if created:
            return pdf.job_id, True
        known = jobs.by_key(connection, request.key)
        return (known or {"id": pdf.job_id})["id"], False

    def _after(self, request: Request, job_id: str, *, created: bool) -> None:
        if created:
            log.info("job_submitted", job_id=job_id, channel=request.channel, target_lang=request.options.target_lang)
            self.doorbell.ring(queues.EXTRACT_AND_TRANSLATE, job_id)
        elif job_id != request.pdf.job_id:  # the same request once more (after a lost answer) is no second copy
            self.store.delete(request.pdf.blob)

    @staticmethod
    def _owe(connection: Any, row: dict[str, Any], kind: outbox.Kind, payload: dict[str, Any], after_s: float) -> None:
        outbox.owe(
            connection,
            owner=row["id"],
            run=row["run"],
            kind=kind,
            channel=row["channel"],
            payload=payload,
            after_s=after_s,
            traceparent=row["traceparent"],
        )


class _Checked:
    """A stream that is hashed, counted and recognised as a PDF while somebody reads it."""

    def __init__(self, body: BinaryIO, limit: int) -> None:
        self._body, self._limit = body, limit
        self._head = b""
        self.sha256, self.size = hashlib.sha256(), 0

    def read(self, count: int = -1) -> bytes:
        chunk = self._body.read(count if count > 0 else MIB)
        self.size += len(chunk)
        self.sha256.update(chunk)
        if len(self._head) < HEADER_WITHIN:
            self._head += chunk[: HEADER_WITHIN - len(self._head)]
        self._check(at_end=not chunk)
        return chunk

    def seekable(self) -> bool:
        return False

    def _check(self, *, at_end: bool) -> None:
        if self.size > self._limit:
            raise too_large(self._limit)
        if at_end and self.size == 0:
            raise EmptyFile
        if (at_end or len(self._head) >= HEADER_WITHIN) and b"%PDF-" not in self._head:
            raise NotAPdf(what_is(self._head))


def too_large(limit: int) -> TooLarge:
    """The refusal of a file of more than `limit` bytes."""
    return TooLarge(f"The file is larger than {templating.size(limit)}, the most that this server takes.")


def what_is(head: bytes) -> str | None:
    """What a file that is no PDF seems to be, by its first bytes, as a sentence; None: no idea."""
    kinds = (
        (b"PK\x03\x04", "The file is no PDF but a Word, Excel, PowerPoint or ZIP file."),
        (b"\xd0\xcf\x11\xe0", "The file is no PDF but an old Office file (.doc, .xls, .ppt)."),
        (b"{\\rtf", "The file is no PDF but an RTF text."),
        (b"\x89PNG", "The file is no PDF but a picture."),
        (b"\xff\xd8\xff", "The file is no PDF but a picture."),
        (b"<!doctype html", "The file is no PDF but a web page."),
        (b"<html", "The file is no PDF but a web page."),
    )
    start = head.lstrip()[:20].lower()
    return next((text for magic, text in kinds if start.startswith(magic.lower())), None)


def can_target(target_lang: str, targets: frozenset[str]) -> bool:
    """Whether `target_lang` is among `targets`, by its language where its region or script is not named there."""
    bases = {language.base(tag) for tag in targets}
    return target_lang in targets or language.base(target_lang) in bases


def clean_name(filename: str) -> str:
    """A file's name without path, control characters and direction marks, never empty, with its `.pdf`."""
    name = re.sub(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", filename)
    name = re.split(r"[/\\]", name)[-1].strip(" .")
    stem = name[:-4] if name.casefold().endswith(".pdf") else name
    return (stem.strip(" .")[:LONGEST_NAME] or "document") + ".pdf"
