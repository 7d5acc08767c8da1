"""The dead letters of all three ledgers in one list, and their way back to life."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, Table, false, func, or_, select

from dragoman.adapters import queues
from dragoman.db.ledgers import inbox, jobs, outbox
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.queries import lists
from dragoman.db.queries.lists import Cursor, Wanted
from dragoman.db.rows import Columns
from dragoman.domain.job import RowState
from dragoman.errors import NotFound

LEDGERS: tuple[tuple[str, Table], ...] = (("job", JOBS), ("message", INBOX), ("delivery", OUTBOX))


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job, a message or a delivery (`what`) that failed for good.

    `of`: the job or message that a delivery answers, the message that a job came in. `owner`: whose
    it is, a message's sender; None: not known. `filename` and `stage`: a job's; a delivery has the
    name of the one file that it is about. `ended_at`: seconds since 1970.
    """

    id: str
    what: str
    of: str | None
    owner: str | None
    channel: str
    filename: str | None
    stage: str | None
    attempts: int
    losses: int
    code: str | None
    message: str | None
    detail: str | None
    trace_id: str | None
    ended_at: float


@dataclass(frozen=True, slots=True)
class Page:
    """Some dead letters, newest first; `next`: where the following page begins, None at the end."""

    rows: list[DeadLetter]
    next: Cursor | None


def listed(connection: Connection, limit: int = 50, code: str | None = None) -> list[DeadLetter]:
    """The newest dead rows, newest first, of one error class or of all; as in `page`."""
    return page(connection, Wanted(error=code, limit=limit)).rows


def page(connection: Connection, wanted: Wanted) -> Page:
    """The dead rows that are wanted, newest first; a status is not asked for."""
    letters = [one for what, table in LEDGERS for one in _dead(connection, what, table, wanted)]
    letters.sort(key=lambda one: (one.ended_at, one.id), reverse=True)
    shown, further = lists.cut(letters, lambda one: one.ended_at, wanted.limit)
    return Page(_with_owners(connection, shown), further)


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


def _dead(connection: Connection, what: str, table: Table, wanted: Wanted) -> list[DeadLetter]:
    conditions = [
        table.c.state == RowState.DEAD,
        *lists.equal(table.c.error_code, wanted.error),
        *lists.equal(table.c.channel, wanted.channel),
        *_whose(what, wanted),
    ]
    if "purged_at" in table.c:  # nothing is left of it that could be tried again
        conditions.append(table.c.purged_at.is_(None))
    ended_at = func.coalesce(table.c.ended_at, table.c.created_at)
    found = connection.execute(lists.ordered(table, ended_at, conditions, wanted)).mappings()
    return [_letter(what, dict(columns)) for columns in found]


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


def _letter(what: str, columns: Columns) -> DeadLetter:
    owner = {"job": columns.get("owner"), "message": columns.get("sender")}.get(what)
    return DeadLetter(
        id=columns["id"],
        what=what,
        of=columns.get("owner") if what == "delivery" else columns.get("message_id"),
        owner=owner,
        channel=columns["channel"],
        filename=columns.get("filename"),
        stage=columns.get("stage"),
        attempts=columns["attempts"],
        losses=columns["losses"],
        code=columns["error_code"],
        message=columns["error_message"],
        detail=columns["error_detail"],
        trace_id=trace_id(columns["traceparent"]),
        ended_at=columns["ended_at"] or columns["created_at"],
    )


def _with_owners(connection: Connection, letters: list[DeadLetter]) -> list[DeadLetter]:
    """The letters, the deliveries among them with whom they are for, and which file they are about,
    where that is one.
    """
    answered = {letter.of for letter in letters if letter.what == "delivery"}
    if not answered:
        return letters
    files = select(JOBS.c.id, JOBS.c.owner, JOBS.c.filename).where(JOBS.c.id.in_(answered))
    known = {row_id: (owner, filename) for row_id, owner, filename in connection.execute(files)}
    senders = select(INBOX.c.id, INBOX.c.sender).where(INBOX.c.id.in_(answered))
    known |= {row_id: (sender, None) for row_id, sender in connection.execute(senders)}
    return [
        _of(letter, *known.get(letter.of, (None, None))) if letter.what == "delivery" else letter
        for letter in letters
    ]


def _of(letter: DeadLetter, owner: str | None, filename: str | None) -> DeadLetter:
    return replace(letter, owner=owner, filename=filename)


def trace_id(traceparent: str | None) -> str | None:
    """The 32 digits of a W3C `traceparent` that name its trace."""
    return traceparent.split("-")[1] if traceparent else None
