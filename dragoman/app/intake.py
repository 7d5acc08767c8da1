"""The one way in: what front doors may do with messages and jobs.

Bytes are in the store and rows are committed before anybody is told "accepted"; the broker is rung
afterwards, and never in the way of the answer.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import structlog

from dragoman.adapters import encryption, queues
from dragoman.adapters.queues import Doorbell
from dragoman.adapters.translation_cache import Cache
from dragoman.app import quotas, retention
from dragoman.app.capabilities import Possible
from dragoman.app.pdf_check import Checked, clean_name
from dragoman.db.clock import now_s
from dragoman.db.engine import Database
from dragoman.db.ledgers import alarms, cards, inbox, jobs, lease, outbox
from dragoman.db.queries import arrivals, dead_letters
from dragoman.domain import engines
from dragoman.domain.answers.job_status import JobStatus
from dragoman.domain.answers.row_words import AnswerKind
from dragoman.domain.costs import approval
from dragoman.domain.job import Options, WaitingFor
from dragoman.domain.request import Message, OnCard, Pdf, Receipt, Request
from dragoman.domain.rows.delivery import Kind
from dragoman.domain.rows.message import InboxMessage, Payload
from dragoman.domain.specs import channel_specs
from dragoman.domain.specs.channel_specs import Answered
from dragoman.errors import Conflict, NotApprover, NotFound
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from dragoman.telemetry import any_traceparent, traceparent, tracer

__all__ = ["Intake", "Message", "Pdf", "Receipt", "Request"]

log = structlog.get_logger(__name__)

PROGRESS_AFTER_S = 900.0  # then one note says that the work goes on


class Intake(Possible):
    """See the module's words. All methods may raise DatabaseUnavailable and StoreUnavailable."""

    def __init__(
        self, database: Database, store: BlobStore, doorbell: Doorbell, settings: Settings
    ) -> None:
        self.database = database
        self.store = store
        self.doorbell = doorbell
        self.settings = settings

    def keep(self, message: Message, body: BinaryIO | Path | None = None) -> Receipt:
        """Keep a message durably, with its bytes (a Path is an fsynced spool file, taken over).

        A message with a known key is not kept again.
        """
        with tracer().start_as_current_span(
            "intake.keep", attributes={"dragoman.channel": message.channel}
        ):
            return self._keep(message, body)

    def _keep(self, message: Message, body: BinaryIO | Path | None) -> Receipt:
        with self.database.read() as connection:
            known = inbox.by_key(connection, message.key)
        if known:
            if isinstance(body, Path):
                body.unlink(missing_ok=True)
            return Receipt(created=False, message_id=known.id)
        message_id = uuid.uuid4().hex
        blob = self._put(f"inbox/{message_id}/message", body) if body is not None else None
        # asked here: a slow store must not hold a transaction open
        size = (self.store.size(blob) or 0) if blob else 0
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
                traceparent=any_traceparent(),
            )
            known = None if created else inbox.by_key(connection, message.key)
        if known:
            if blob:
                self.store.delete(blob)
            return Receipt(created=False, message_id=known.id)
        self.doorbell.ring(queues.OPEN_OF[message.channel], message_id)
        return Receipt(created=True, message_id=message_id)

    def has_kept(self, key: str) -> bool:
        """Whether a message with this key was kept."""
        with self.database.read() as connection:
            return inbox.by_key(connection, key) is not None

    def received(self, sender: str, within_s: float, most: int) -> int:
        """How many messages of `sender` were kept in the last `within_s` seconds; counted up to
        `most`.
        """
        with self.database.read() as connection:
            return inbox.received(connection, sender, within_s, most)

    def opened(self, message_id: str) -> AbstractContextManager[lease.Lease[InboxMessage] | None]:
        """One attempt at opening a message, ended by `submit` or `answer`; None if it is not
        ours to open.
        """
        return lease.attempt(self.database, inbox.LEDGER, message_id, lease_s=self.settings.lease_s)

    def store_pdf(self, filename: str, body: BinaryIO) -> Pdf:
        """Stream a PDF into the store.

        Raises EmptyFile, NotAPdf or TooLarge; then nothing is kept.
        """
        job_id = uuid.uuid4().hex
        blob = f"jobs/{job_id}/source.pdf"
        checked = Checked(body, self.settings.max_pdf_bytes)
        self.store.put(blob, cast("BinaryIO", checked))
        return Pdf(job_id, blob, clean_name(filename), checked.sha256.hexdigest(), checked.size)

    def submit(
        self,
        requests: Sequence[Request],
        *,
        message: lease.Lease[InboxMessage] | None = None,
        notes: Payload | None = None,
        ack_after_s: float | None = None,
        on_card: OnCard | None = None,
        forget_bytes: bool = False,
    ) -> Receipt:
        """Make jobs of requests, all or none in one transaction.

        With `message`, the lease on the message they came in: it ends with this commit, `notes`
        (what was left out, for the answer) are added to its payload, and an ack is owed in
        `ack_after_s` seconds, a note of progress later, unless the answer is faster. `on_card`:
        what its card says of files that were left out, with the same commit: nobody would say it
        later. `forget_bytes`: the message's own bytes are deleted, since they hold a password.
        Raises UnsupportedTarget or LimitReached; then nothing is written.
        """
        for request in requests:
            self.check_request(request.options, owner=request.owner, channel=request.channel)
        with tracer().start_as_current_span(
            "intake.submit", attributes={"dragoman.jobs": len(requests)}
        ):
            receipt = self._submit(requests, message, notes or {}, ack_after_s, on_card)
        if forget_bytes and message:
            self.forget_bytes(message.id)
        if on_card:
            self.doorbell.ring(queues.SHOW_CARD, on_card.card_id)
        return receipt

    def forget_bytes(self, message_id: str) -> None:
        """Delete what a message was made of, and keep what is known of it; safe to repeat."""
        with self.database.read() as connection:
            row = inbox.by_id(connection, message_id)
        if row and row.blob:
            self.store.delete(row.blob)
            with self.database.write() as connection:
                inbox.forget_bytes(connection, message_id)

    def check_request(self, options: Options, *, owner: str, channel: str) -> None:
        """Raise UnsupportedTarget unless an engine that may have the document can translate it
        (as far as the workers have said).
        """
        who = {"channel": channel, "owner": owner}
        only = self.settings.in_house_engines if options.in_house else None
        allowed = engines.allowed(self.settings.engine_rules, **who, only=only)
        self.check_target(options.target_lang, options.engine, allowed)

    def _submit(
        self,
        requests: Sequence[Request],
        message: lease.Lease[InboxMessage] | None,
        notes: Payload,
        ack_after_s: float | None,
        on_card: OnCard | None,
    ) -> Receipt:
        with self.database.write() as connection:
            for owner, adding in Counter(
                one.owner for one in requests if not jobs.by_key(connection, one.key)
            ).items():
                quotas.check_jobs(connection, self.settings, owner, adding)
            message_row = message.row if message else None
            made = [self._insert(connection, request, message_row) for request in requests]
            if message and message_row:
                new = sum(created for _, created in made)
                message.finish(connection, payload={**message_row.payload, **notes}, jobs_left=new)
            new_ones = [one for one, (_, created) in zip(requests, made, strict=True) if created]
            cards.wake_all(connection, {one.card_id for one in new_ones})
            if on_card:
                cards.note(connection, on_card.card_id, on_card.notes, asks=None)
            if message_row:
                if ack_after_s is not None and new:
                    self._owe(connection, message_row, Kind.ACK, {}, ack_after_s)
                    self._owe(connection, message_row, Kind.PROGRESS, {}, PROGRESS_AFTER_S)
                if not new and not channel_specs.named(message_row.channel, Answered.JOB):
                    self._owe(
                        connection, message_row, Kind.FINAL, {"reason": AnswerKind.NOTHING_NEW}, 0.0
                    )
        for request, (job_id, created) in zip(requests, made, strict=True):
            self._after(request, job_id, created=created)
        if (
            message
            and not channel_specs.named(message.row.channel, Answered.JOB)
            and not any(created for _, created in made)
        ):
            self.doorbell.ring(queues.DELIVER, message.id)
        return Receipt(
            created=any(created for _, created in made),
            message_id=message.id if message else None,
            job_ids=tuple(job_id for job_id, _ in made),
        )

    def answer(
        self,
        message: lease.Lease[InboxMessage],
        payload: Payload,
        notes: Payload | None = None,
    ) -> None:
        """End a message without a job: the notifier tells the sender what `payload` says (`reason`
        and facts).

        `notes` are added to the message's own payload.
        """
        with self.database.write() as connection:
            message.finish(connection, payload={**message.row.payload, **(notes or {})})
            self._owe(connection, message.row, Kind.FINAL, dict(payload), 0.0)
        self.doorbell.ring(queues.DELIVER, message.id)

    def complained(
        self,
        message: lease.Lease[InboxMessage],
        payload: Payload,
        notes: Payload | None = None,
    ) -> None:
        """As `answer`, for a message that says what is wrong with a translation: the admin is told,
        too, with the id of the message that it is about, and not a word of it.
        """
        with self.database.write() as connection:
            message.finish(connection, payload={**message.row.payload, **(notes or {})})
            self._owe(connection, message.row, Kind.FINAL, dict(payload), 0.0)
            about = str((notes or {}).get("about") or message.id)
            alarms.tell(connection, alarms.Cause.COMPLAINT, of=about)
        self.doorbell.ring(queues.DELIVER, message.id)

    def drop(self, message: lease.Lease[InboxMessage], reason: str) -> None:
        """End a message that must not be answered (an auto-reply, a bounce, our own); the
        reason is kept.
        """
        with self.database.write() as connection:
            message.finish(connection, payload={**message.row.payload, "dropped": reason})
        log.info("message_dropped", message_id=message.id, reason=reason)

    def bounced(
        self,
        message: lease.Lease[InboxMessage],
        delivery_id: str,
        said: str,
        instead: str | None = None,
    ) -> bool:
        """End a message that reports the bounce of a delivery; its sender is told in words.

        False if there is no such delivery.

        `instead`: why the file does not get through where words may, as `outbox.bounced` takes it.
        """
        with self.database.write() as connection:
            message.finish(connection)
            owner = outbox.bounced(connection, delivery_id, said, instead)
        log.warning(
            "delivery_bounced",
            delivery_id=delivery_id,
            message_id=message.id,
            known=owner is not None,
        )
        if owner:
            self.doorbell.ring(queues.DELIVER, owner)
        return owner is not None

    def wait(
        self,
        message: lease.Lease[InboxMessage],
        waiting_for: WaitingFor,
        expires_s: float,
        notes: Payload,
        question: Payload | None = None,
    ) -> None:
        """The message needs a person's word before it can be opened further; `notes` are added to
        its payload.

        `question`: what the notifier asks the sender (`reason` and facts); None: a card asks.
        """
        with self.database.write() as connection:
            message.wait(
                connection, waiting_for, expires_s, payload={**message.row.payload, **notes}
            )
            cards.wake(connection, notes.get("card_id"), asks=waiting_for)
            if question:
                self._owe(connection, message.row, Kind.QUESTION, dict(question), 0.0)
        if question:
            self.doorbell.ring(queues.DELIVER, message.id)

    def tell(self, message_id: str, waiting_for: WaitingFor, notes: Payload) -> bool:
        """The word came that a message waits for; False if it does not wait for it (any more)."""
        with self.database.write() as connection:
            row = inbox.by_id(connection, message_id)
            payload = {**row.payload, **notes} if row else {}
            told = lease.resume(connection, inbox.INBOX, message_id, waiting_for, payload=payload)
            if told:
                cards.wake(connection, payload.get("card_id"), asks=None)
        if row and told:
            self.doorbell.ring(queues.OPEN_OF[row.channel], message_id)
        return told

    def approve(self, job_id: str, by: str | None = None) -> bool:
        """Somebody agreed to the cost of a job that waits for that; False if it does not (any
        more).

        `by`: who it was, as an owner is written; None: an admin, who always may. Raises
        NotApprover.
        """
        if by is not None and not self.may_approve(job_id, by):
            raise NotApprover
        return self._resume(job_id, WaitingFor.APPROVAL, approved_at=now_s())

    def may_approve(self, job_id: str, who: str) -> bool:
        """Whether `who` (as an owner is written) may agree to the cost of a job, or give it up
        unpaid.
        """
        with self.database.read() as connection:
            row = jobs.by_id(connection, job_id)
        return row is not None and approval.may_approve(self.settings.approvers, who, row.owner)

    def unlock(self, job_id: str, password: str) -> bool:
        """The password of a job's PDF, kept encrypted until the job ends; False if it waits for
        none (any more).

        Raises SettingsInvalid without a secret key.
        """
        return self._resume(
            job_id, WaitingFor.PASSWORD, secret=encryption.seal(self.settings, password)
        )

    def _resume(self, job_id: str, waiting_for: WaitingFor, **facts: Any) -> bool:
        with self.database.write() as connection:
            resumed = jobs.resume(connection, job_id, waiting_for, **facts)
        if resumed:
            log.info("job_resumed", job_id=job_id, after=waiting_for)
            self.doorbell.ring(queues.EXTRACT_AND_TRANSLATE, job_id)
        return resumed

    def find(self, job_id: str, owner: str | None = None) -> JobStatus:
        """How the job is doing; one of `owner` only, unless None. Raises NotFound."""
        with self.database.read() as connection:
            row = jobs.by_id(connection, job_id)
            if row is None or owner not in (None, row.owner):
                raise NotFound("There is no such job.")
            return arrivals.statuses(connection, [row])[0]

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
            self.doorbell.ring(queues.DELIVER, jobs.answered_to(row))
        return cancelled

    def retry(self, row_id: str, *, from_start: bool = False) -> None:
        """Try again what gave up: a job (also one that was cancelled), a message or a delivery.

        A job goes on from its last good stage, or from its first with `from_start`. Raises NotFound
        or Conflict.
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
                self.retry(letter.id, from_start=from_start)
                tried.append(letter.id)
        return tried

    def purge(self, job_id: str) -> bool:
        """Forget a job's files now, those shown in Slack too; False if there is no such job.

        Safe to repeat.

        Raises OutboundUnavailable while Slack cannot be asked.
        """
        cache, maildir = Cache(self.settings.broker_url), self.settings.maildir
        purged = retention.purge_job(self.database, self.store, job_id, cache, maildir)
        retention.take_back(self.database, self.settings, job_id)
        return purged

    def _put(self, key: str, body: BinaryIO | Path) -> str:
        if isinstance(body, Path):
            self.store.adopt(key, body)
        else:
            self.store.put(key, body)
        return key

    def _insert(
        self, connection: Any, request: Request, message: InboxMessage | None
    ) -> tuple[str, bool]:
        pdf = request.pdf
        created = jobs.insert(
            connection,
            id=pdf.job_id,
            key=request.key,
            message_id=message.id if message else None,
            run=message.run if message else 1,
            card_id=request.card_id,
            file_ref=request.file_ref,
            channel=request.channel,
            owner=request.owner,
            filename=pdf.filename,
            options=request.options.as_json(),
            source=pdf.blob,
            source_sha256=pdf.sha256,
            source_size=pdf.size,
            target_lang=request.options.target_lang,
            secret=encryption.seal(self.settings, request.password) if request.password else None,
            traceparent=(traceparent() or message.traceparent) if message else any_traceparent(),
        )
        if created:
            return pdf.job_id, True
        known = jobs.by_key(connection, request.key)
        return known.id if known else pdf.job_id, False

    def _after(self, request: Request, job_id: str, *, created: bool) -> None:
        if created:
            log.info(
                "job_submitted",
                job_id=job_id,
                channel=request.channel,
                target_lang=request.options.target_lang,
            )
            self.doorbell.ring(queues.EXTRACT_AND_TRANSLATE, job_id)
            if request.card_id:
                self.doorbell.ring(queues.SHOW_CARD, request.card_id)
        elif (
            job_id != request.pdf.job_id
        ):  # the same request once more (after a lost answer) is no second copy
            self.store.delete(request.pdf.blob)

    @staticmethod
    def _owe(
        connection: Any, row: InboxMessage, kind: Kind, payload: dict[str, Any], after_s: float
    ) -> None:
        outbox.owe(
            connection,
            owner=row.id,
            run=row.run,
            kind=kind,
            channel=row.channel,
            payload=payload,
            after_s=after_s,
            traceparent=row.traceparent,
        )
