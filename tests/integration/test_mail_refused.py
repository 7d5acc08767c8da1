"""What a mail server does not take, or sends back: its sender hears one true thing, with a link
or in words, and the outbox knows which.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from pydantic import SecretStr

from dragoman.app.intake import Intake, Message
from dragoman.db.engine import Database
from dragoman.db.ledgers import jobs
from dragoman.db.queries import arrivals
from dragoman.domain.answers.arrival import Arrival, Arrived
from dragoman.domain.job import OPEN
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from ingress.email.tasks import open_message
from notifier.tasks import Context, deliver, open_context
from tests.integration.test_deliver import Door, make_due, rows, text
from tests.servers.process import LOOPBACK, free_port

PUBLIC = "https://translate.example.org"


class Server(Controller):
    """A mail server.

    `with_file`, `without`: its replies to mails with an attachment and to others, "" for 250;
    `most`: bytes, 0: any.
    """

    most = 0

    def factory(self) -> SMTP:
        return SMTP(self.handler, data_size_limit=self.most or None, enable_SMTPUTF8=True)


@dataclass
class Mailbox:
    """What arrived, and what is refused."""

    with_file: str = ""
    without: str = ""
    at_rcpt: str = ""
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    port: int = field(default_factory=free_port)

    async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.at_rcpt or "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        mail = cast("EmailMessage", message_from_bytes(envelope.content, policy=default))
        reply = self.with_file if any(mail.iter_attachments()) else self.without
        if not reply:
            self.taken.append((envelope.mail_from, mail))
        return reply or "250 2.0.0 taken"


@contextmanager
def serving() -> Iterator[Mailbox]:
    """A mailbox that is listened for."""
    made = Mailbox()
    server = Server(made, hostname=LOOPBACK, port=made.port)
    server.start()
    yield made
    server.stop()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with serving() as made:
        yield made


@pytest.fixture
def settings(settings: Settings, mailbox: Mailbox) -> Settings:
    return settings.model_copy(
        update={
            "outbound_smtp_url": SecretStr(f"smtp://{LOOPBACK}:{mailbox.port}"),
            "secret_key": SecretStr("a-secret-key-for-tests-only"),
        }
    )


@pytest.fixture
def door(intake: Intake, database: Database, store: BlobStore) -> Door:
    return Door(intake, database, store)


@pytest.fixture(params=[None, PUBLIC], ids=["without an address", "with an address"])
def context(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Context]:
    made = open_context(settings.model_copy(update={"public_url": request.param}))
    yield made
    made.database.close()


def ended(door: Door, context: Context, message_id: str) -> Arrived:
    """Deliver until there is nothing left to try; what became of the answer to the message's
    only job.
    """
    for _ in range(3):
        if all(one["state"] not in OPEN for one in rows(door.database, message_id)):
            break
        make_due(door.database)
        deliver(context, message_id)
    with door.database.read() as connection:
        [row] = jobs.of_message(connection, message_id)
        found = arrivals.of_job(connection, row)
    assert found
    return found


def assert_told(mailbox: Mailbox, context: Context, words: str) -> None:
    """One email, without the file: why, and where it is."""
    [(_, mail)] = mailbox.taken
    told = " ".join(text(mail).split())
    assert not list(mail.iter_attachments())
    assert words in told
    assert mail["In-Reply-To"] == "<one@example.org>"
    if context.links:
        assert f"{PUBLIC}/d/" in told
    else:
        assert "Please ask your admin for the result" in told
        assert "http" not in told


SIZE = "your mail server did not take an email of that size"
ROOM = "your mailbox had no room for it"
OTHER = "your mail server did not take an email with it"
REFUSALS = [
    ("552 5.3.4 Message size exceeds fixed limit", "mail_too_large", SIZE),
    ("552 5.2.3 Message length exceeds administrative limit", "mail_too_large", SIZE),
    ("552 message too large", "mail_too_large", SIZE),
    ("554 5.3.4 too big", "mail_too_large", SIZE),
    ("550 Maximum message size exceeded", "mail_too_large", SIZE),
    ("552 5.2.2 Mailbox full", "mailbox_full", ROOM),
    ("552 Quota exceeded", "mailbox_full", ROOM),
    ("452 4.2.2 Mailbox full", "mailbox_full", ROOM),
    ("550 5.7.1 Attachments are not allowed", "mail_refused", OTHER),
    ("554 Transaction failed", "mail_refused", OTHER),
]


@pytest.mark.parametrize(("reply", "code", "words"), REFUSALS)
def test_a_refused_file_is_told_with_a_link_or_in_words(
    door: Door, context: Context, mailbox: Mailbox, reply: str, code: str, words: str
) -> None:
    mailbox.with_file = reply
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    found = ended(door, context, receipt.message_id)
    assert (found.state, found.code) == (Arrival.INSTEAD, code)
    assert_told(mailbox, context, words)


def test_a_server_that_says_how_much_it_takes_is_not_sent_more(
    door: Door, settings: Settings
) -> None:
    small = Mailbox()
    server = Server(small, hostname=LOOPBACK, port=small.port)
    server.most = 12_000
    server.start()
    context = open_context(
        settings.model_copy(
            update={"outbound_smtp_url": SecretStr(f"smtp://{LOOPBACK}:{small.port}")}
        )
    )
    try:
        receipt = door.mail("contract.pdf")
        door.complete(receipt.job_ids[0])
        assert ended(door, context, receipt.message_id).code == "mail_too_large"
        assert_told(small, context, SIZE)
    finally:
        context.database.close()
        server.stop()


@pytest.mark.parametrize(
    ("reply", "state"),
    [("550 5.1.1 No such user", Arrival.FAILED), ("450 4.2.1 Try later", Arrival.SENDING)],
)
def test_where_words_would_not_help_none_are_sent(
    door: Door, context: Context, mailbox: Mailbox, reply: str, state: Arrival
) -> None:
    mailbox.at_rcpt = reply
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    assert ended(door, context, receipt.message_id).state is state
    assert mailbox.taken == []


def test_words_that_are_refused_too_end_as_failed(
    door: Door, context: Context, mailbox: Mailbox
) -> None:
    mailbox.with_file = mailbox.without = "554 5.7.1 Blocked"
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    found = ended(door, context, receipt.message_id)
    assert (found.state, found.code) == (Arrival.FAILED, "mail_refused")


def bounce(door: Door, delivery_id: str, said: str) -> None:
    """A report comes back for a delivery, and is opened."""
    status, words = said.split(": ", 1)
    report = (
        f"Action: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {words}\r\n\r\n".encode()
    )
    message = Message(
        "email",
        f"bounce:{delivery_id}",
        "",
        {"bounce_of": delivery_id, "recipient": "translate-bounces+x@localhost"},
    )
    receipt = door.intake.keep(message, io.BytesIO(report))
    open_message(door.intake, str(receipt.message_id))


BOUNCES = [
    ("5.3.4: 552 message size exceeds limit", Arrival.INSTEAD, SIZE),
    ("5.2.2: 552 mailbox full", Arrival.INSTEAD, ROOM),
    ("5.7.1: 550 attachment blocked", Arrival.INSTEAD, OTHER),
    ("5.1.1: 550 no such user", Arrival.FAILED, ""),
]


@pytest.mark.parametrize(("said", "state", "words"), BOUNCES)
def test_an_answer_that_comes_back_is_told_without_its_file_once(
    door: Door, context: Context, mailbox: Mailbox, said: str, state: Arrival, words: str
) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    assert ended(door, context, receipt.message_id).state is Arrival.DELIVERED
    [final] = rows(door.database, receipt.message_id)
    mailbox.taken.clear()

    bounce(door, final["id"], said)
    assert ended(door, context, receipt.message_id).state is state
    if words:
        assert_told(mailbox, context, words)
        second = rows(door.database, receipt.message_id)[-1]
        bounce(door, second["id"], said)  # it comes back as well: that is enough
        assert ended(door, context, receipt.message_id).state is Arrival.FAILED
    assert len(mailbox.taken) == (1 if words else 0)


def test_a_report_of_a_delay_decides_nothing(door: Door, context: Context) -> None:
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])
    ended(door, context, receipt.message_id)
    [final] = rows(door.database, receipt.message_id)
    message = Message(
        "email",
        "delay:1",
        "",
        {"bounce_of": final["id"], "recipient": "translate-bounces+x@localhost"},
    )
    kept = door.intake.keep(message, io.BytesIO(b"Action: delayed\r\nStatus: 4.4.1\r\n\r\n"))
    open_message(door.intake, str(kept.message_id))
    assert ended(door, context, receipt.message_id).state is Arrival.DELIVERED


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the program catches it."""


def test_killed_between_the_refusal_and_the_words_they_are_sent_once(
    door: Door, context: Context, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.with_file = "552 5.3.4 too large"
    receipt = door.mail("contract.pdf")
    door.complete(receipt.job_ids[0])

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("notifier.tasks._mark", die)
        with pytest.raises(Killed):
            deliver(context, receipt.message_id)
    assert ended(door, context, receipt.message_id).state is Arrival.INSTEAD
    # a repeated one is the same email
    assert len({str(mail["Message-ID"]) for _, mail in mailbox.taken}) == 1


def test_the_limit_of_attachments_is_a_setting(
    door: Door, settings: Settings, mailbox: Mailbox
) -> None:
    context = open_context(
        settings.model_copy(update={"max_attachment_bytes": 0, "public_url": PUBLIC})
    )
    try:
        receipt = door.mail("contract.pdf")
        door.complete(receipt.job_ids[0])
        assert ended(door, replace(context), receipt.message_id).state is Arrival.DELIVERED
        [(_, mail)] = mailbox.taken
        assert not list(mail.iter_attachments())
        assert f"{PUBLIC}/d/" in text(mail)
    finally:
        context.database.close()
