"""Deliveries on real ledgers and a real store, sent into a Maildir and read back."""

from __future__ import annotations

import io
import mailbox
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, true, update

from dragoman.app import retention
from dragoman.app.intake import Intake, Message, Receipt, Request
from dragoman.channels.email import bounces
from dragoman.db.engine import Database
from dragoman.db.ledgers import jobs, lease, outbox
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.domain.job import Options, RowState, Stage, WaitingFor
from dragoman.errors import DatabaseUnavailable, EncryptedPdf, OutboundRefused, OutboundUnavailable
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from notifier.delivery.channel import Channel, Delivery, OutboundUncertain
from notifier.email.reply import EmailChannel
from notifier.email.smtp_client import MaildirOutbound, Outbound
from notifier.tasks import Context, deliver, open_context
from tests.rows import deliveries

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
SENDER = "ada@example.org"
HEADERS = {
    "subject": "The contract",
    "message_id": "<one@example.org>",
    "references": ["<zero@example.org>"],
}


@dataclass
class Door:
    """A front door and a pipeline in a few lines: mails come in, jobs end as the test says."""

    intake: Intake
    database: Database
    store: BlobStore
    count: int = field(default=0)

    def keep(self, **payload: Any) -> str:
        self.count += 1
        message = Message("email", f"mail:{self.count}", SENDER, {**HEADERS, **payload})
        return str(self.intake.keep(message).message_id)

    def mail(self, *names: str, ack_after_s: float | None = None, **notes: Any) -> Receipt:
        """A mail with these files, to French."""
        with self.intake.opened(self.keep()) as held:
            assert held
            requests = [
                Request(
                    self.intake.store_pdf(name, io.BytesIO(PDF)),
                    Options("fr"),
                    SENDER,
                    "email",
                    f"{self.count}:{n}",
                )
                for n, name in enumerate(names)
            ]
            return self.intake.submit(requests, message=held, notes=notes, ack_after_s=ack_after_s)

    def help(self, **payload: Any) -> str:
        """A mail that is answered without a job."""
        message_id = self.keep()
        with self.intake.opened(message_id) as held:
            assert held
            self.intake.answer(held, payload)
        return message_id

    def complete(self, job_id: str, result: bytes = PDF, **facts: Any) -> None:
        """The job ends with `result`."""
        key = f"jobs/{job_id}/reconstruct/1.pdf"
        self.store.put(key, io.BytesIO(result))
        held = self._claim(job_id)
        known = {"source_lang": "en", "engine": "deepl", "pages": 2, "characters": 1234}
        with self.database.write() as connection:
            jobs.complete(connection, held, key, len(result), **{**known, **facts})

    def fail(self, job_id: str) -> None:
        """The job ends as a dead letter."""
        lease.bury(self._claim(job_id), EncryptedPdf())

    def _claim(self, job_id: str) -> lease.Lease:
        with self.database.write() as connection:
            connection.execute(
                update(jobs.JOBS).where(jobs.JOBS.c.id == job_id).values(stage=Stage.RECONSTRUCT)
            )
        held = lease.claim(self.database, jobs.LEDGER, job_id, 60)
        assert held
        return held


def refused(reply: str) -> OutboundRefused:
    """As `SmtpOutbound` raises it."""
    error = OutboundRefused(detail=reply)
    error.reply = reply
    return error


class Moody:
    """An `Outbound` in front of another: before or after that one has sent, it raises what the
    test gives it.
    """

    def __init__(self, inner: Outbound) -> None:
        self.inner = inner
        self.before: BaseException | None = None
        self.after: BaseException | None = None
        self.envelopes: list[tuple[str, str]] = []
        self.sent: list[bytes] = []
        self.on_send: Callable[[], object] = lambda: None

    def send(
        self, envelope_from: str, recipient: str, message: bytes, copies: Sequence[str] = ()
    ) -> str:
        if self.before:
            raise self.before
        ref = self.inner.send(envelope_from, recipient, message)
        self.on_send()
        self.envelopes.append((envelope_from, recipient))
        self.sent.append(message)
        if self.after:
            raise self.after
        return ref

    def find(self, message_id: str) -> str | None:
        return self.inner.find(message_id)


class Purging:
    """A `Channel` in front of another: once it has been told what to say, `purge` is called
    before it is rendered.
    """

    def __init__(self, inner: Channel, purge: Callable[[], object]) -> None:
        self.inner = inner
        self.purge = purge

    def prepare(self, delivery: Delivery) -> str:
        self.purge()
        return self.inner.prepare(delivery)

    def find(self, delivery: Delivery) -> str | None:
        return self.inner.find(delivery)

    def send(self, delivery: Delivery, rendered: str) -> str:
        return self.inner.send(delivery, rendered)


class Restarting(Database):
    """A database that is away for two attempts after `restart`."""

    away = 0

    def restart(self) -> None:
        self.away = 2

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.away:
            self.away -= 1
            raise DatabaseUnavailable(detail="it restarts")
        with super().write() as connection:
            yield connection


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the program catches it."""


@pytest.fixture
def door(intake: Intake, database: Database, store: BlobStore) -> Door:
    return Door(intake, database, store)


@pytest.fixture
def outbound(settings: Settings) -> Moody:
    return Moody(MaildirOutbound(settings.data_dir / "outbox"))


@pytest.fixture
def context(settings: Settings, store: BlobStore, outbound: Moody) -> Iterator[Context]:
    made = open_context(settings)
    channels: dict[str, Channel] = {"email": EmailChannel(settings, store, outbound)}
    yield replace(made, channels=channels)
    made.database.close()


@pytest.fixture
def mails(settings: Settings) -> Any:
    def read() -> list[EmailMessage]:
        root = settings.data_dir / "outbox"
        return [_parsed(file) for file in sorted((root / "new").iterdir())] if root.exists() else []

    return read


def _parsed(file: Path) -> EmailMessage:
    parsed = message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def rows(database: Database, owner: str) -> list[dict[str, Any]]:
    return deliveries(database, owner)


def make_due(database: Database, *kinds: str) -> None:
    """Let all waiting and all leases be over; of deliveries of some kinds, or of all."""
    which = OUTBOX.c.kind.in_(kinds) if kinds else true()
    with database.write() as connection:
        connection.execute(update(OUTBOX).where(which).values(run_after=0.0, lease_until=0.0))


def test_one_note_of_progress_is_sent_while_the_work_goes_on(
    door: Door, context: Context, mails: Any
) -> None:
    working, done = door.mail("a.pdf", ack_after_s=30), door.mail("b.pdf", ack_after_s=30)
    door.complete(done.job_ids[0])
    make_due(context.database, "progress")
    assert deliver(context, working.message_id) == 1
    assert "still translating" in text(mails()[0])
    assert deliver(context, done.message_id) == 1
    assert len(mails()) == 2
    assert sum("still translating" in text(mail) for mail in mails()) == 1


def test_a_costly_job_asks_for_yes(door: Door, context: Context, mails: Any) -> None:
    job_id = door.mail("a.pdf").job_ids[0]
    held = lease.claim(door.database, jobs.LEDGER, job_id, 60)
    assert held
    with door.database.write() as connection:
        jobs.wait(connection, held, WaitingFor.APPROVAL, 3600, characters=1_234_567)
    assert deliver(context, job_id) == 1
    (mail,) = mails()
    assert "1,234,567 characters" in text(mail)
    assert "Reply “yes”" in text(mail)
    assert mail["Message-ID"] == f"<{job_id}.1.question@localhost>"


def text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body
    return str(body.get_content())


def test_a_finished_mail_is_answered_in_its_thread_with_the_pdf(
    door: Door, context: Context, mails: Any
) -> None:
    receipt = door.mail(
        "contract.pdf",
        ignored=[
            {
                "filename": "a.docx",
                "code": "not_a_pdf",
                "message": "No PDF.",
                "advice": "Export it.",
            }
        ],
    )
    door.complete(receipt.job_ids[0])

    assert deliver(context, receipt.message_id) == 1

    [mail] = mails()
    assert mail["To"] == SENDER
    assert mail["Subject"] == "Re: The contract"
    assert mail["In-Reply-To"] == "<one@example.org>"
    assert mail["References"] == "<zero@example.org> <one@example.org>"
    assert mail["Message-ID"] == f"<{receipt.message_id}.1.final@localhost>"
    [attachment] = mail.iter_attachments()
    assert attachment.get_filename() == "contract.fr.pdf"
    assert attachment.get_content() == PDF
    assert "English to French, 2 pages, 1,234 characters, translated by DeepL." in text(mail)
    assert "a.docx: No PDF. Export it." in text(mail)


def test_a_delivery_that_was_sent_is_not_sent_again(
    door: Door, context: Context, outbound: Moody
) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])

    assert [deliver(context, receipt.message_id), deliver(context, receipt.message_id)] == [1, 0]

    assert len(outbound.sent) == 1
    [row] = rows(context.database, receipt.message_id)
    assert (row["state"], row["maybe_sent"]) == (RowState.DONE, 0)
    assert row["ref"]
    assert row["sent_at"]


def test_many_doorbells_at_once_send_one_mail(
    door: Door, context: Context, outbound: Moody
) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: deliver(context, receipt.message_id), range(8)))

    assert sum(sent) == len(outbound.sent) == 1


def test_killed_between_send_and_mark_the_mail_is_found_and_not_sent_twice(
    door: Door, context: Context, outbound: Moody, mails: Any
) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    outbound.after = Killed()
    with pytest.raises(Killed):
        deliver(context, receipt.message_id)
    [row] = rows(context.database, receipt.message_id)
    assert (row["state"], row["maybe_sent"]) == (RowState.RUNNING, 1)

    outbound.after = None
    make_due(context.database)
    assert deliver(context, receipt.message_id) == 1

    assert len(outbound.sent) == len(mails()) == 1
    assert rows(context.database, receipt.message_id)[0]["state"] == RowState.DONE


def test_killed_before_the_send_the_same_bytes_go_out_afterwards(
    door: Door, context: Context, outbound: Moody, store: BlobStore, mails: Any
) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    outbound.before = Killed()
    with pytest.raises(Killed):
        deliver(context, receipt.message_id)
    [row] = rows(context.database, receipt.message_id)
    with store.open(row["rendered"]) as kept:
        rendered = kept.read()

    outbound.before = None
    make_due(context.database)
    deliver(context, receipt.message_id)

    assert outbound.sent == [rendered]


def test_a_server_that_says_later_gets_the_same_bytes_later(
    door: Door, context: Context, outbound: Moody
) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    outbound.before = OutboundUnavailable(detail="450 4.2.1 mailbox busy")
    assert deliver(context, receipt.message_id) == 0
    [row] = rows(context.database, receipt.message_id)
    assert (row["state"], row["maybe_sent"], row["error_code"]) == (
        RowState.READY,
        0,
        "outbound_unavailable",
    )
    assert row["run_after"] > 0

    outbound.before = None
    make_due(context.database)
    assert deliver(context, receipt.message_id) == 1


def test_a_delivery_that_ended_in_the_dark_stays_marked_so(
    door: Door, context: Context, outbound: Moody
) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    outbound.before = OutboundUncertain(detail="connection lost")
    deliver(context, receipt.message_id)
    assert rows(context.database, receipt.message_id)[0]["maybe_sent"] == 1

    # The next attempt fails for sure, which says nothing about the first one.
    outbound.before = OutboundUnavailable(detail="connection refused")
    make_due(context.database)
    deliver(context, receipt.message_id)
    assert rows(context.database, receipt.message_id)[0]["maybe_sent"] == 1


def test_a_server_that_says_no_for_good_is_asked_once(
    door: Door, context: Context, outbound: Moody
) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    outbound.before = refused("550 5.1.1 no such user")

    deliver(context, receipt.message_id)

    [row] = rows(context.database, receipt.message_id)
    assert (row["state"], row["attempts"], row["maybe_sent"]) == (RowState.DEAD, 1, 0)
    assert row["error_detail"] == "550 5.1.1 no such user"


def test_a_dead_delivery_is_tried_again_to_success_when_the_server_takes_it(
    door: Door, context: Context, outbound: Moody
) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    outbound.before = refused("550 5.7.1 not from you")
    deliver(context, receipt.message_id)
    [dead] = rows(context.database, receipt.message_id)
    outbound.before = None
    door.intake.retry(dead["id"])
    assert deliver(context, receipt.message_id) == 1
    [sent] = rows(context.database, receipt.message_id)
    assert (sent["state"], sent["run"], sent["error_code"]) == (RowState.DONE, dead["run"], None)
    assert len(outbound.sent) == 1


def test_several_pdfs_get_one_combined_answer(door: Door, context: Context, mails: Any) -> None:
    receipt = door.mail("a.pdf", "b.pdf", "a.pdf")
    first, second, third = receipt.job_ids
    door.complete(first)
    door.fail(second)
    assert deliver(context, receipt.message_id) == 0
    door.complete(third)

    assert deliver(context, receipt.message_id) == 1

    [mail] = mails()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["a.fr.pdf", "a (2).fr.pdf"]
    words = text(mail)
    assert "Some of your documents are translated, others are not." in words
    assert "What happened: The PDF is locked with a password." in words
    assert "What to do: Please save a copy without the password and send that." in words
    assert f"Job {second}" in words


def test_a_retry_is_answered_anew_with_another_message_id(
    door: Door, context: Context, mails: Any
) -> None:
    receipt = door.mail("contract.pdf", "other.pdf")
    door.fail(receipt.job_ids[0])
    door.complete(receipt.job_ids[1])
    deliver(context, receipt.message_id)
    door.intake.retry(receipt.job_ids[0])
    door.complete(receipt.job_ids[0])

    assert deliver(context, receipt.message_id) == 1

    first, second = sorted(mails(), key=lambda mail: str(mail["Message-ID"]))
    assert first["Message-ID"] == f"<{receipt.message_id}.1.final@localhost>"
    assert second["Message-ID"] == f"<{receipt.message_id}.2.final@localhost>"
    assert [part.get_filename() for part in second.iter_attachments()] == ["contract.fr.pdf"]


def test_results_come_from_an_address_that_names_them_and_notes_from_nobody(
    door: Door, context: Context, outbound: Moody
) -> None:
    good, bad = door.mail("good.pdf"), door.mail("bad.pdf")
    door.complete(good.job_ids[0])
    door.fail(bad.job_ids[0])

    for receipt in (good, bad):
        deliver(context, receipt.message_id)

    (result_from, to), note = outbound.envelopes
    assert (to, note) == (SENDER, ("", SENDER))
    with context.database.read() as connection:
        (delivery,) = outbox.deliveries(connection, str(good.message_id))
    named = bounces.delivery_of(result_from, "translate@localhost", "a-secret-key-for-tests-only")
    assert named == delivery.id


def test_an_ack_waits_for_its_time_and_is_taken_back_by_a_quick_result(
    door: Door, context: Context, mails: Any
) -> None:
    receipt = door.mail("contract.pdf", ack_after_s=30)
    assert deliver(context, receipt.message_id) == 0
    door.complete(receipt.job_ids[0])

    assert deliver(context, receipt.message_id) == 1

    assert [mail["Message-ID"] for mail in mails()] == [f"<{receipt.message_id}.1.final@localhost>"]


def test_an_ack_whose_time_has_come_names_file_language_and_time(
    door: Door, context: Context, mails: Any
) -> None:
    receipt = door.mail("contract.pdf", ack_after_s=30)
    make_due(context.database, "ack")

    assert deliver(context, receipt.message_id) == 1

    [mail] = mails()
    assert "We are translating your document." in text(mail)
    assert "Into French" in text(mail)
    assert "The translation will arrive as a reply to your email, in about" in text(mail)
    assert mail["Auto-Submitted"] == "auto-replied"


def test_an_ack_that_was_held_up_until_the_answer_is_dropped(
    door: Door, context: Context, outbound: Moody, mails: Any
) -> None:
    receipt = door.mail("contract.pdf", ack_after_s=30)
    make_due(context.database)
    outbound.before = OutboundUncertain(detail="connection lost")
    deliver(context, receipt.message_id)
    door.complete(receipt.job_ids[0])

    outbound.before = None
    make_due(context.database)
    deliver(context, receipt.message_id)

    assert [mail["Message-ID"] for mail in mails()] == [f"<{receipt.message_id}.1.final@localhost>"]


def test_a_mail_without_a_pdf_is_told_how_to_ask(door: Door, context: Context, mails: Any) -> None:
    message_id = door.help(reason="no_pdf")

    assert deliver(context, message_id) == 1

    [mail] = mails()
    assert "There was no PDF in your email." in text(mail)
    assert "translate+de@localhost" in text(mail)
    assert f"Reference {message_id}" in text(mail)


def test_a_job_purged_before_its_answer_says_that_the_file_is_gone(
    door: Door, context: Context, store: BlobStore, mails: Any
) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    retention.purge_job(context.database, store, receipt.job_ids[0])

    assert deliver(context, receipt.message_id) == 1

    [mail] = mails()
    assert not list(mail.iter_attachments())
    assert "The translation has been deleted." in text(mail)


def test_bytes_rendered_before_a_purge_are_not_sent_after_it(
    door: Door, context: Context, outbound: Moody, store: BlobStore, mails: Any
) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    outbound.before = OutboundUnavailable(detail="connection refused")
    deliver(context, receipt.message_id)
    retention.purge_job(context.database, store, receipt.job_ids[0])

    outbound.before = None
    make_due(context.database)
    deliver(context, receipt.message_id)

    [mail] = mails()
    assert not list(mail.iter_attachments())


def test_a_result_purged_while_its_answer_is_rendered_does_not_cost_the_others_theirs(
    door: Door, context: Context, store: BlobStore, mails: Any
) -> None:
    receipt = door.mail("contract.pdf", "other.pdf")
    for job_id in receipt.job_ids:
        door.complete(job_id)
    purging = Purging(
        context.channels["email"],
        lambda: retention.purge_job(context.database, store, receipt.job_ids[0]),
    )
    deliver(replace(context, channels={"email": purging}), receipt.message_id)

    make_due(context.database)
    deliver(context, receipt.message_id)

    [mail] = mails()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["other.fr.pdf"]


def test_an_answer_whose_only_job_is_tried_again_meanwhile_is_left_to_the_next_run(
    door: Door, context: Context, outbound: Moody, mails: Any
) -> None:
    receipt = door.mail("contract.pdf")
    door.fail(receipt.job_ids[0])
    outbound.before = OutboundUnavailable(detail="connection refused")
    deliver(context, receipt.message_id)
    door.intake.retry(receipt.job_ids[0])

    outbound.before = None
    make_due(context.database)
    deliver(context, receipt.message_id)
    assert mails() == []
    door.complete(receipt.job_ids[0])
    deliver(context, receipt.message_id)

    [mail] = mails()
    assert mail["Message-ID"] == f"<{receipt.message_id}.2.final@localhost>"


def test_a_database_that_is_away_just_after_the_send_costs_no_second_mail(
    door: Door, context: Context, outbound: Moody, settings: Settings
) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    database = Restarting(settings.database)
    outbound.on_send = database.restart

    assert deliver(replace(context, database=database), receipt.message_id) == 1

    database.close()
    [row] = rows(context.database, receipt.message_id)
    assert (row["state"], row["maybe_sent"], len(outbound.sent)) == (RowState.DONE, 0, 1)


def test_a_message_purged_before_its_answer_is_closed_in_silence(
    door: Door, context: Context, mails: Any
) -> None:
    message_id = door.help(reason="no_pdf")
    with context.database.write() as connection:
        connection.execute(
            update(retention.inbox.INBOX).values(purged_at=1.0, sender="0123456789", payload={})
        )

    assert deliver(context, message_id) == 0

    assert mails() == []
    assert rows(context.database, message_id)[0]["state"] == RowState.CANCELLED


def test_a_channel_without_a_way_back_is_a_dead_letter_that_names_it(
    door: Door, context: Context
) -> None:
    message_id = door.help(reason="no_pdf")
    with context.database.write() as connection:
        connection.execute(update(OUTBOX).values(channel="pigeon"))

    deliver(context, message_id)

    [row] = rows(context.database, message_id)
    assert (row["state"], row["attempts"]) == (RowState.DEAD, 1)
    assert "pigeon" in row["error_message"]


def test_links_are_shown_only_where_there_is_a_public_address(
    door: Door, settings: Settings, context: Context, mails: Any
) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    public = open_context(
        settings.model_copy(update={"public_url": "https://translate.example.org"})
    )

    deliver(public, receipt.message_id)
    public.database.close()

    [mail] = mails()
    assert "https://translate.example.org/d/" in text(mail)
    assert "https://translate.example.org/j/" in text(mail)
    other = door.mail("contract.pdf")
    door.complete(other.job_ids[0])
    deliver(context, other.message_id)
    assert not [
        mail
        for mail in mails()
        if "http" in text(mail) and other.message_id in str(mail["Message-ID"])
    ]


def test_a_result_too_large_for_a_mail_is_explained(
    door: Door, context: Context, mails: Any
) -> None:
    receipt = door.mail("large.pdf", "small.pdf")
    door.complete(receipt.job_ids[0], result=PDF + bytes(7_500_000))
    door.complete(receipt.job_ids[1])

    deliver(context, receipt.message_id)

    [mail] = mails()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["small.fr.pdf"]
    words = " ".join(text(mail).split())
    assert "The PDF (7.5 MB) is not attached" in words
    assert "Please ask your admin for the result of this job." in words


def test_the_maildir_is_one_that_mail_programs_can_read(door: Door, settings: Settings) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    context = open_context(settings)
    deliver(context, receipt.message_id)
    context.database.close()

    [mail] = list(mailbox.Maildir(settings.data_dir / "outbox", create=False))
    assert mail["Subject"] == "Re: The contract"
