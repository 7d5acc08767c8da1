"""Emails to the admin, over real SMTP: what nobody else can mend, once, and nothing where
nobody is to be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from pydantic import SecretStr

from dragoman.app.intake import Intake
from dragoman.db.engine import Database
from dragoman.db.ledgers import alarms, lease
from dragoman.db.ledgers.alarms import Cause
from dragoman.db.ledgers.jobs import LEDGER
from dragoman.domain.job import RowState
from dragoman.errors import EngineKeyRejected, QuotaUsedUp, SettingsInvalid
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from notifier.email.operator_email import WORDS
from notifier.tasks import Context, deliver, open_context
from tests.integration.test_deliver import Door, make_due, rows, text
from tests.integration.test_mail_refused import Mailbox, serving
from tests.servers.process import LOOPBACK

ADMIN = "admin@example.org"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with serving() as made:
        yield made


@pytest.fixture
def settings(settings: Settings, mailbox: Mailbox) -> Settings:
    url = SecretStr(f"smtp://{LOOPBACK}:{mailbox.port}")
    return settings.model_copy(update={"outbound_smtp_url": url, "operator_address": ADMIN})


@pytest.fixture
def door(intake: Intake, database: Database, store: BlobStore) -> Door:
    return Door(intake, database, store)


@pytest.fixture
def context(settings: Settings, database: Database) -> Iterator[Context]:
    made = open_context(settings)
    yield made
    made.database.close()


def to_admin(mailbox: Mailbox) -> list[EmailMessage]:
    return [mail for _, mail in mailbox.taken if mail["To"] == ADMIN]


def told(context: Context, cause: Cause) -> RowState:
    """Deliver what the admin is to be told of `cause`; the state of its row."""
    owner = alarms.owner_of(cause)
    make_due(context.database)
    deliver(context, owner)
    [row] = rows(context.database, owner)
    return RowState(row["state"])


def test_an_answer_that_cannot_be_delivered_reaches_the_admin_once(
    door: Door, context: Context, mailbox: Mailbox
) -> None:
    mailbox.with_file = mailbox.without = "554 5.7.1 Blocked"
    for name in ("a.pdf", "b.pdf"):
        receipt = door.mail(name)
        door.complete(receipt.job_ids[0])
        deliver(context, receipt.message_id)
        assert rows(door.database, receipt.message_id)[-1]["state"] == RowState.DEAD
    mailbox.with_file = mailbox.without = ""
    assert told(context, Cause.DELIVERY_FAILED) is RowState.DONE
    [mail] = to_admin(mailbox)
    assert mail["Subject"] == "Dragoman: an answer could not be delivered"
    assert "554 5.7.1 Blocked" in text(mail)
    assert "dragoman jobs dead" in text(mail)
    assert "ada@example.org" not in text(mail)


@pytest.mark.parametrize(
    ("error", "cause"),
    [(QuotaUsedUp(), Cause.QUOTA_GONE), (EngineKeyRejected(), Cause.KEY_REJECTED)],
)
def test_what_only_the_admin_can_mend_is_told(
    door: Door, context: Context, mailbox: Mailbox, error: Exception, cause: Cause
) -> None:
    [job_id] = door.mail("a.pdf").job_ids
    held = lease.claim(door.database, LEDGER, job_id, 60)
    assert held
    lease.bury(held, error)
    assert told(context, cause) is RowState.DONE
    [mail] = to_admin(mailbox)
    assert WORDS[cause].subject in mail["Subject"]
    assert job_id in text(mail)


def test_it_comes_from_nobody_and_asks_for_no_answer(context: Context, mailbox: Mailbox) -> None:
    with context.database.write() as connection:
        alarms.tell(connection, Cause.DISK_LOW, "12 MiB are free")
    told(context, Cause.DISK_LOW)
    [(envelope_from, mail)] = mailbox.taken
    assert envelope_from in ("", "<>", None)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Dragoman-Loop"] == "translate@localhost"


def test_one_that_is_refused_leads_to_no_other(context: Context, mailbox: Mailbox) -> None:
    mailbox.without = "550 5.1.1 No such admin"
    with context.database.write() as connection:
        alarms.tell(connection, Cause.DISK_LOW)
    assert told(context, Cause.DISK_LOW) is RowState.DEAD
    assert rows(context.database, alarms.owner_of(Cause.DELIVERY_FAILED)) == []


def test_where_nobody_is_to_be_told_the_row_ends_quietly(
    settings: Settings, database: Database, mailbox: Mailbox
) -> None:
    context = open_context(settings.model_copy(update={"operator_address": None}))
    try:
        with context.database.write() as connection:
            alarms.tell(connection, Cause.DISK_LOW)
        assert told(context, Cause.DISK_LOW) is RowState.CANCELLED
        assert mailbox.taken == []
    finally:
        context.database.close()


@pytest.mark.parametrize("cause", list(Cause))
def test_each_cause_has_words(cause: Cause) -> None:
    words = WORDS[cause]
    assert words.subject
    assert words.what.endswith(".")
    assert words.advice.endswith(".")


@pytest.mark.parametrize(
    "value", ["admin", "@example.org", "a b@example.org", "<admin@example.org>", "a@x.org,b@x.org"]
)
def test_an_address_that_is_none_is_refused_at_the_start(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRAGOMAN_OPERATOR_ADDRESS", value)
    with pytest.raises(SettingsInvalid, match="OPERATOR_ADDRESS"):
        Settings.from_env()
