"""What rows need that come out of a backup, before anybody works on them; and what is owed by
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Integer, Table, case, cast, delete, select, update

from dragoman.db import rows
from dragoman.db.clock import now_s
from dragoman.db.ledgers.cards import CARDS
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS, has_own_answer
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.ledgers.parts import PARTS
from dragoman.db.ledgers.tokens import TOKENS
from dragoman.db.records.process_registry import CAPABILITIES, HEARTBEATS, PULSES
from dragoman.db.records.store_marks import STORE_MARKS
from dragoman.domain.job import OPEN, RowState
from dragoman.domain.specs.channel_specs import Answered, answered_by

LEASED = (INBOX, JOBS, PARTS, OUTBOX, CARDS, TOKENS)
# Epochs are in the names of files. Those of a restored row go on at the seconds since then, which
# is more than any count of claims: so it never takes for its own what the same row wrote after the
# backup was made.
EPOCHS_BEGIN_AT = 1_700_000_000


@dataclass(frozen=True, slots=True)
class Owed:
    """An answer that had not been sent when the backup was made: whose (a message's or job's
    id), by which channel, to whom, about what.
    """

    owner: str
    channel: str
    to: str
    about: str


def wake(connection: Connection) -> None:
    """Let go of all that somebody held, as if its worker had given it back; forget who ran then
    and what they could do, and whose the store was.
    """
    for table in LEASED:
        _let_go(connection, table)
    seconds = cast(now_s(), Integer) - EPOCHS_BEGIN_AT
    for table in (JOBS, PARTS):
        following = case((table.c.epoch < seconds, seconds), else_=table.c.epoch + 1)
        connection.execute(update(table).values(epoch=following))
    for passing in (HEARTBEATS, PULSES, CAPABILITIES, STORE_MARKS):
        connection.execute(delete(passing))


def owed(connection: Connection) -> list[Owed]:
    """The answers that were on their way, or were going to be; oldest first."""
    found: dict[str, Owed] = {}
    is_at_work = (INBOX.c.jobs_left > 0) & INBOX.c.channel.not_in(answered_by(Answered.JOB))
    messages = select(INBOX.c.id, INBOX.c.channel, INBOX.c.sender, INBOX.c.payload).where(
        INBOX.c.state.in_(OPEN) | INBOX.c.id.in_(_owners()) | is_at_work
    )
    for row in connection.execute(messages.order_by(INBOX.c.created_at)).mappings():
        found[row["id"]] = Owed(row["id"], row["channel"], row["sender"], _subject(row["payload"]))
    owners = set(connection.scalars(_owners()))
    jobs = select(JOBS).where(JOBS.c.state.in_(OPEN) | JOBS.c.id.in_(_owners()))
    for job in rows.each(connection, jobs.order_by(JOBS.c.created_at), rows.job):
        if job.id in owners or has_own_answer(job):
            found[job.id] = Owed(job.id, job.replied_by, job.owner, job.filename)
    return list(found.values())


def _owners() -> Any:
    return select(OUTBOX.c.owner).where(OUTBOX.c.state.in_(OPEN))


def _subject(payload: dict[str, Any]) -> str:
    return str(payload.get("subject") or "")


def _let_go(connection: Connection, table: Table) -> None:
    held = table.c.state == RowState.RUNNING
    attempts = case((table.c.attempts > 0, table.c.attempts - 1), else_=0)
    given_back = {
        "state": RowState.READY,
        "lease_until": 0.0,
        "run_after": 0.0,
        "rung_at": 0.0,
        "rings": 0,
    }
    connection.execute(update(table).where(held).values(**given_back, attempts=attempts))
