"""What the admin is told: once per cause and hour, on both databases, and never about itself."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from dragoman.db.engine import Database
from dragoman.db.ledgers import alarms, lease, outbox
from dragoman.db.ledgers.alarms import Cause
from dragoman.db.ledgers.outbox import OUTBOX, Kind
from dragoman.db.records import process_registry
from dragoman.db.tables import PulseRow
from dragoman.errors import OutboundRefused
from pipeline.worker import alerts


def told(database: Database) -> list[dict[str, Any]]:
    with database.read() as connection:
        rows = connection.execute(
            select(OUTBOX).where(OUTBOX.c.channel == alarms.CHANNEL)
        ).mappings()
        return [dict(row) for row in rows]


def causes(database: Database) -> list[str]:
    return sorted(row["payload"]["cause"] for row in told(database))


def owe(
    database: Database, kind: Kind = Kind.FINAL, channel: str = "email", owner: str = "m" * 32
) -> str:
    with database.write() as connection:
        row_id = outbox.owe(connection, owner=owner, run=1, kind=kind, channel=channel)
    assert row_id
    return row_id


def bury(database: Database, row_id: str) -> None:
    held = lease.claim(database, outbox.LEDGER, row_id, 60)
    assert held
    lease.bury(held, OutboundRefused(detail="550 5.1.1 no such user"))


def test_once_per_cause_and_hour(database: Database) -> None:
    with database.write() as connection:
        assert alarms.tell(connection, Cause.DISK_LOW, "12 MiB", "x")
        assert not alarms.tell(connection, Cause.DISK_LOW, "11 MiB", "y")
        assert alarms.tell(connection, Cause.QUOTA_NEAR)
    assert causes(database) == ["disk_low", "quota_near"]
    with database.write() as connection:  # an hour later
        connection.execute(update(OUTBOX).values(run=OUTBOX.c.run - 1))
        assert alarms.tell(connection, Cause.DISK_LOW)
    assert causes(database) == ["disk_low", "disk_low", "quota_near"]


def test_a_delivery_that_dies_is_told_and_one_to_the_admin_is_not(database: Database) -> None:
    bury(database, owe(database))
    [row] = told(database)
    assert row["payload"]["cause"] == "delivery_failed"
    assert "550 5.1.1" in row["payload"]["detail"]
    bury(database, row["id"])
    assert len(told(database)) == 1


def test_a_mere_note_that_dies_is_not_told(database: Database) -> None:
    bury(database, owe(database, Kind.ACK))
    assert told(database) == []


@pytest.mark.parametrize(
    ("instead", "expected"), [("mailbox_full", []), (None, ["delivery_failed"])]
)
def test_a_bounce_is_told_where_the_sender_cannot_be(
    database: Database, instead: str | None, expected: list[str]
) -> None:
    row_id = owe(database)
    with database.write() as connection:
        assert outbox.bounced(connection, row_id, "failed 5.1.1", instead)
    assert causes(database) == expected


def test_a_worker_that_is_away_is_missed_after_a_while(database: Database) -> None:
    with database.write() as connection:
        assert alerts.look(connection, 1000) == []  # there never was one
        process_registry.beat(connection, "worker@here")
        assert alerts.look(connection, 100) == []  # everything starts just now
        assert alerts.look(connection, 1000) == [Cause.WORKER_AWAY]
        process_registry.pulse(connection, "worker@here", 1, {})
        assert alerts.look(connection, 1000) == []
        connection.execute(update(PulseRow).values(seen_at=PulseRow.seen_at - 200))
        assert alerts.look(connection, 1000) == [Cause.WORKER_AWAY]
    assert causes(database) == ["worker_away"]


@pytest.mark.parametrize(
    ("use", "free", "low"),
    [("data", 2**29, True), ("data", 2**31, False), ("temporary", 2**29, False)],
)
def test_a_disk_that_is_nearly_full(database: Database, use: str, free: int, low: bool) -> None:
    with database.write() as connection:
        process_registry.pulse(connection, "smtp@here", 1, {"disk_free_bytes": {use: free}})
        assert alerts.look(connection, 0) == ([Cause.DISK_LOW] if low else [])


def waits(database: Database, row_id: str, minutes: float = 20.0, attempts: int = 5) -> None:
    failed = {
        "error_code": "outbound_unavailable",
        "error_detail": "421 closing",
        "attempts": attempts,
    }
    moved = {"created_at": OUTBOX.c.created_at - 60 * minutes}
    with database.write() as connection:
        connection.execute(update(OUTBOX).where(OUTBOX.c.id == row_id).values(**failed, **moved))


def test_a_mail_server_that_takes_nothing(database: Database) -> None:
    waits(database, owe(database))
    with database.write() as connection:
        assert alerts.look(connection, 0) == [Cause.MAIL_DOWN]
    [row] = told(database)
    assert row["payload"]["detail"] == "1 answer waits. 421 closing"


def test_emails_to_the_admin_that_wait_are_not_told(database: Database) -> None:
    with database.write() as connection:
        alarms.tell(connection, Cause.DISK_LOW)
    waits(database, told(database)[0]["id"])
    waits(database, owe(database), minutes=1)
    with database.write() as connection:
        assert alerts.look(connection, 0) == []
