"""The dead letters of all three ledgers in one list."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, select

from dragoman.db.inbox import INBOX
from dragoman.db.jobs import JOBS
from dragoman.db.outbox import OUTBOX
from dragoman.domain.job import RowState

LEDGERS: tuple[tuple[str, Table], ...] = (("job", JOBS), ("message", INBOX), ("delivery", OUTBOX))


def listed(connection: Connection, limit: int = 50) -> list[dict[str, Any]]:
    """The newest dead rows, newest first, with `id`, `what`, `stage` (a job's), `attempts`, `code` and `detail`."""
    letters = [_letter(what, dict(row)) for what, table in LEDGERS for row in _dead(connection, table, limit)]
    return sorted(letters, key=lambda letter: -(letter["ended_at"] or 0.0))[:limit]


def _dead(connection: Connection, table: Table, limit: int) -> list[Any]:
    statement = select(table).where(table.c.state == RowState.DEAD).order_by(table.c.ended_at.desc()).limit(limit)
    return list(connection.execute(statement).mappings())


def _letter(what: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "what": what,
        "stage": row.get("stage"),
        "attempts": row["attempts"],
        "losses": row["losses"],
        "code": row["error_code"],
        "message": row["error_message"],
        "detail": row["error_detail"],
        "traceparent": row["traceparent"],
        "ended_at": row["ended_at"],
    }
