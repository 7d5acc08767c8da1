"""Every row of the table over a socket: exactly one right reply, and exactly what has to come
of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from dragoman.adapters.storage import open_store
from dragoman.app.intake import Intake
from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.settings import Settings
from ingress.email.smtp.server import Door
from ingress.email.smtp.session_host import Limits
from ingress.email.tasks import open_message
from tests.conftest import SECRET_KEY
from tests.fakes import RecordingDoorbell
from tests.integration.torture import table_door, table_more, table_parts
from tests.integration.torture.rows import AUTHOR, Row
from tests.mail_door import Dialogue, serving, stuffed

ROWS = [*table_door.ROWS, *table_parts.ROWS, *table_more.ROWS]
MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Door, Intake]]:
    """One door for the whole table, as in life."""
    data: Path = tmp_path_factory.mktemp("torture")
    settings = Settings(
        data_dir=data,
        secret_key=SECRET_KEY,
        allowed_senders=("@example.org", "@EXAMPLE.ORG"),
        sender_auth="none",
    )
    database = Database(settings.database)
    schema.upgrade(database)
    intake = Intake(database, open_store(settings.storage), RecordingDoorbell(), settings)
    with serving(intake, Limits(message_bytes=MOST_BYTES), lmtp=True) as door:
        yield door, intake
    database.close()


def test_table_is_large_and_names_are_its_own() -> None:
    assert len(ROWS) >= 350
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[row.name for row in ROWS])
@pytest.mark.some(40)
def test_row(served: tuple[Door, Intake], number: int) -> None:
    door, intake = served
    row = ROWS[number]
    author = f"a{number}@example.org"
    content = row.content.replace(AUTHOR.encode(), author.encode()).replace(
        AUTHOR.upper().encode(), author.upper().encode()
    )
    before = ids(intake)
    # By turns, since a reply too many or too few shows only where each recipient gets one.
    with Dialogue(door.lmtp_port if number % 2 else door.port) as client:
        replies = delivered(client, row, content, author, is_lmtp=bool(number % 2))
    assert {reply[:9] for reply in replies} == {row.reply}, replies
    assert not any(
        re.search(r"Error|Traceback|Exception|/|[a-z]_[a-z]", reply) for reply in replies
    ), replies
    assert came_of(intake, ids(intake) - before) == row.outcome


def delivered(
    client: Dialogue, row: Row, content: bytes, author: str, *, is_lmtp: bool
) -> list[str]:
    """The replies at the end of the message; and nothing comes behind them."""
    sender = author if row.envelope_from is None else row.envelope_from
    lines = [f"{'LHLO' if is_lmtp else 'EHLO'} torture", f"MAIL FROM:<{sender}>"]
    lines += [f"RCPT TO:<{recipient}>" for recipient in row.recipients]
    client.hear()
    client.say(*lines, "DATA")
    accepted = [client.hear()[:3] for _ in (*lines, "DATA")]
    assert accepted == ["250"] * len(lines) + ["354"]
    ending = b".\r\n" if content.endswith(b"\r\n") or not content else b"\r\n.\r\n"
    client.socket.sendall(stuffed(b"\r\n" + content)[2:] + ending)
    replies = [client.hear() for _ in range(len(row.recipients) if is_lmtp else 1)]
    client.say("QUIT")
    assert client.hear().startswith("221 ")
    assert client.hear() == ""
    return replies


def ids(intake: Intake) -> set[str]:
    with intake.database.read() as connection:
        return set(connection.scalars(select(INBOX.c.id)))


def came_of(intake: Intake, kept: set[str]) -> str:
    """What a task makes of the messages that were kept."""
    if not kept:
        return "nothing kept"
    for message_id in kept:
        open_message(intake, message_id)
        open_message(intake, message_id)  # a doorbell that is rung twice is harmless
    with intake.database.read() as connection:
        jobs = len(list(connection.scalars(select(JOBS.c.id).where(JOBS.c.message_id.in_(kept)))))
        answers = connection.execute(
            select(OUTBOX).where(OUTBOX.c.owner.in_(kept), OUTBOX.c.kind.in_(("final", "question")))
        ).mappings()
        reasons = [answer["payload"]["reason"] for answer in answers]
    if jobs:
        assert reasons == []
        return f"{jobs} job{'s' if jobs > 1 else ''}"
    assert len(reasons) <= 1
    return f"answer: {reasons[0]}" if reasons else "dropped"
