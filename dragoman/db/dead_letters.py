"""The dead letters of all three ledgers in one list, and their way back to life."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, select

from dragoman import queues
from dragoman.db import inbox, jobs, outbox
from dragoman.db.inbox import INBOX
from dragoman.db.jobs import JOBS
from dragoman.db.outbox import OUTBOX
from dragoman.domain.job import RowState
from dragoman.errors import NotFound

LEDGERS: tuple[tuple[str, Table], ...] = (("job", JOBS), ("message", INBOX), ("delivery", OUTBOX))


def listed(connection: Connection, limit: int = 50, code: str | None = None) -> list[dict[str, Any]]:
    """The newest dead rows, newest first, of one error class or of all.

    Each with `id`, `what`, `of` (the job or message that a delivery answers, the message that a job came in), `stage` (a job's), `attempts`, `losses`, `code`, `message`, `detail`, `trace_id` and `ended_at`.
    """
    letters = [_letter(what, dict(row)) for what, table in LEDGERS for row in _dead(connection, table, limit, code)]
    return sorted(letters, key=lambda letter: -(letter["ended_at"] or 0.0))[:limit]


def retry(connection: Connection, row_id: str, *, from_start: bool = False) -> tuple[str, str]:
    """Try again what has this id, in whichever ledger it is: the task and the id to ring for.

    `from_start`: a job begins with its first stage. Raises NotFound or Conflict.
    """
    for what, table in LEDGERS:
        if connection.scalar(select(table.c.id).where(table.c.id == row_id)) is None:
            continue
        if what == "job":
            jobs.retry(connection, row_id, from_start=from_start)
            return queues.EXTRACT_AND_TRANSLATE, row_id
        if what == "message":
            return queues.OPEN_OF[inbox.retry(connection, row_id)], row_id
        return queues.DELIVER, outbox.retry(connection, row_id)
    raise NotFound("There is no job, message or delivery with that id.")


def _dead(connection: Connection, table: Table, limit: int, code: str | None) -> list[Any]:
    statement = select(table).where(table.c.state == RowState.DEAD).order_by(table.c.ended_at.desc()).limit(limit)
    if code is not None:
        statement = statement.where(table.c.error_code == code)
    if "purged_at" in table.c:  # nothing is left of it that could be tried again
        statement = statement.where(table.c.purged_at.is_(None))
    return list(connection.execute(statement).mappings())


def _letter(what: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "what": what,
        "of": row.get("owner") if what == "delivery" else row.get("message_id"),
        "stage": row.get("stage"),
        "attempts": row["attempts"],
        "losses": row["losses"],
        "code": row["error_code"],
        "message": row["error_message"],
        "detail": row["error_detail"],
        "trace_id": trace_id(row["traceparent"]),
        "ended_at": row["ended_at"],
    }


def trace_id(traceparent: str | None) -> str | None:
    """The 32 digits of a W3C `traceparent` that name its trace."""
    return traceparent.split("-")[1] if traceparent else None
