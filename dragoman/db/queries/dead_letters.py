"""The dead letters of all three ledgers in one list, and their way back to life."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, false, func, or_, select

from dragoman.adapters import queues
from dragoman.db.ledgers import inbox, jobs, outbox
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.queries import lists
from dragoman.db.queries.lists import Page, Wanted
from dragoman.domain.job import RowState
from dragoman.errors import NotFound

LEDGERS: tuple[tuple[str, Table], ...] = (("job", JOBS), ("message", INBOX), ("delivery", OUTBOX))


def listed(
    connection: Connection, limit: int = 50, code: str | None = None
) -> list[dict[str, Any]]:
    """The newest dead rows, newest first, of one error class or of all; as in `page`."""
    return page(connection, Wanted(error=code, limit=limit)).rows


def page(connection: Connection, wanted: Wanted) -> Page:
    """The dead rows that are wanted, newest first; a status is not asked for.

    Each with `id`, `what`, `of` (the job or message that a delivery answers, the message that a job
    came in), `owner` (a message's sender), `channel`, `filename` (a job's), `stage` (a job's),
    `attempts`, `losses`, `code`, `message`, `detail`, `trace_id` and `ended_at`.
    """
    rows = [
        (what, row) for what, table in LEDGERS for row in _dead(connection, what, table, wanted)
    ]
    rows.sort(key=lambda one: (one[1]["ended_at"], one[1]["id"]), reverse=True)
    letters = [_letter(what, row) for what, row in rows]
    found = lists.page(letters, "ended_at", wanted.limit)
    _add_owners(connection, found.rows)
    return found


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


def _dead(connection: Connection, what: str, table: Table, wanted: Wanted) -> list[dict[str, Any]]:
    conditions = [
        table.c.state == RowState.DEAD,
        *lists.equal(table.c.error_code, wanted.error),
        *lists.equal(table.c.channel, wanted.channel),
        *_whose(what, wanted),
    ]
    if "purged_at" in table.c:  # nothing is left of it that could be tried again
        conditions.append(table.c.purged_at.is_(None))
    ended_at = func.coalesce(table.c.ended_at, table.c.created_at)
    rows = lists.ordered(connection, table, ended_at, conditions, wanted)
    return [{**row, "ended_at": row["ended_at"] or row["created_at"]} for row in rows]


def _whose(what: str, wanted: Wanted) -> list[ColumnElement[bool]]:
    """The conditions on owner and file; a delivery has those of what it answers, a message has
    no one file.
    """
    of_job = [
        *lists.matching(JOBS.c.owner, wanted.owner),
        *lists.containing(JOBS.c.filename, wanted.file),
    ]
    of_message = [
        *lists.matching(INBOX.c.sender, wanted.owner),
        *([false()] if wanted.file is not None else []),
    ]
    if what == "job":
        return of_job
    if what == "message":
        return of_message
    if not of_job:
        return []
    answers = (
        OUTBOX.c.owner.in_(select(table.c.id).where(*its))
        for table, its in ((JOBS, of_job), (INBOX, of_message))
    )
    return [or_(*answers)]


def _letter(what: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "what": what,
        "of": row.get("owner") if what == "delivery" else row.get("message_id"),
        "owner": {"job": row.get("owner"), "message": row.get("sender")}.get(what),
        "channel": row["channel"],
        "filename": row.get("filename"),
        "stage": row.get("stage"),
        "attempts": row["attempts"],
        "losses": row["losses"],
        "code": row["error_code"],
        "message": row["error_message"],
        "detail": row["error_detail"],
        "trace_id": trace_id(row["traceparent"]),
        "ended_at": row["ended_at"],
    }


def _add_owners(connection: Connection, letters: list[dict[str, Any]]) -> None:
    """Whom the deliveries among `letters` are for, and which file they are about, where that is
    one.
    """
    answered = {letter["of"] for letter in letters if letter["what"] == "delivery"}
    if not answered:
        return
    files = select(JOBS.c.id, JOBS.c.owner, JOBS.c.filename).where(JOBS.c.id.in_(answered))
    known = {row_id: (owner, filename) for row_id, owner, filename in connection.execute(files)}
    senders = select(INBOX.c.id, INBOX.c.sender).where(INBOX.c.id.in_(answered))
    known |= {row_id: (sender, None) for row_id, sender in connection.execute(senders)}
    for letter in letters:
        if letter["what"] == "delivery":
            letter["owner"], letter["filename"] = known.get(letter["of"], (None, None))


def trace_id(traceparent: str | None) -> str | None:
    """The 32 digits of a W3C `traceparent` that name its trace."""
    return traceparent.split("-")[1] if traceparent else None
