"""Rows of the ledgers for tests, with every column that has no default filled in."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Table, select, update

from dragoman.db.clock import now_s
from dragoman.db.engine import Database
from dragoman.db.ledgers import inbox, jobs, lease
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.domain.job import Stage
from dragoman.domain.rows.job import Job

SENDER = "ann@example.org"


def add_message(database: Database, **values: Any) -> str:
    """The id of a new message."""
    row_id = uuid.uuid4().hex
    facts = {
        "id": row_id,
        "key": f"mail:{row_id}",
        "channel": "email",
        "sender": SENDER,
        "payload": {},
        **values,
    }
    with database.write() as connection:
        assert inbox.insert(connection, **facts)
    return row_id


def add_job(database: Database, message_id: str | None = None, **values: Any) -> str:
    """The id of a new job at its first stage."""
    row_id = values.pop("id", None) or uuid.uuid4().hex
    facts = {
        "id": row_id,
        "key": f"job:{row_id}",
        "message_id": message_id,
        "channel": "email" if message_id else "web",
        "owner": SENDER if message_id else "web:tests",
        "filename": "paper.pdf",
        "options": {"target_lang": "de"},
        "source": f"jobs/{row_id}/source.pdf",
        "source_sha256": "0" * 64,
        "source_size": 3,
        "target_lang": "de",
        **values,
    }
    with database.write() as connection:
        assert jobs.insert(connection, **facts)
    return row_id


def message_with_jobs(database: Database, count: int) -> tuple[str, list[str]]:
    """A message that was opened into `count` jobs."""
    message_id = add_message(database, state="done", jobs_left=count)
    return message_id, [add_job(database, message_id) for _ in range(count)]


def row(database: Database, table: Table, row_id: str) -> dict[str, Any]:
    """The row as it is now."""
    with database.read() as connection:
        return dict(connection.execute(select(table).where(table.c.id == row_id)).mappings().one())


def change(database: Database, table: Table, row_id: str, **values: Any) -> None:
    """Change a row behind everybody's back."""
    with database.write() as connection:
        connection.execute(update(table).where(table.c.id == row_id).values(**values))


def expire(database: Database, table: Table, row_id: str) -> None:
    """Let a row's lease run out, as if its worker had died a minute ago."""
    change(database, table, row_id, lease_until=now_s() - 1)


def make_due(database: Database, table: Table, row_id: str) -> None:
    """Let the time of a row come that waits for its next attempt."""
    change(database, table, row_id, run_after=0.0)


def deliveries(database: Database, owner: str) -> list[dict[str, Any]]:
    """All rows of the outbox that an owner has, oldest first."""
    with database.read() as connection:
        return [
            dict(found)
            for found in connection.execute(
                select(OUTBOX).where(OUTBOX.c.owner == owner).order_by(OUTBOX.c.created_at)
            ).mappings()
        ]


def claim_job(database: Database, job_id: str, lease_s: float = 60.0) -> lease.Lease[Job]:
    """The lease on a job that is due."""
    held = lease.claim(database, jobs.LEDGER, job_id, lease_s)
    assert held is not None
    return held


def complete(database: Database, job_id: str) -> None:
    """Walk a job through what is left of its stages to its end."""
    while (held := claim_job(database, job_id)).row.stage != Stage.RECONSTRUCT:
        with database.write() as connection:
            jobs.finish_stage(connection, held, f"jobs/{job_id}/{held.row.stage}/1.json")
    with database.write() as connection:
        jobs.complete(connection, held, f"jobs/{job_id}/reconstruct/1.pdf", 3)
