"""Rows that nobody works on though they are due, and messages whose count of jobs is wrong:
what never gets an answer by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Table, and_, func, or_, select

from dragoman.db.clock import now_s
from dragoman.db.ledgers.cards import CARDS
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS, NEVER
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.ledgers.parts import PARTS
from dragoman.domain.job import OPEN, RowState

# the sweeper looks every two seconds; on a busy machine work may wait for minutes
OVERDUE_S = 600.0


@dataclass(frozen=True, slots=True)
class Stuck:
    """A row (a table's name and an id) and why it does not come to its end."""

    table: str
    row_id: str
    why: str


def find(connection: Connection) -> list[Stuck]:
    """All that is stuck."""
    found = [
        one for table in (INBOX, JOBS, PARTS, OUTBOX, CARDS) for one in _overdue(connection, table)
    ]
    return [*found, *_miscounted_messages(connection), *_miscounted_parts(connection)]


def _overdue(connection: Connection, table: Table) -> list[Stuck]:
    late = now_s() - OVERDUE_S
    waits = and_(
        table.c.state.in_((RowState.READY, RowState.WAITING)),
        table.c.run_after < late,
        table.c.created_at < late,
    )
    is_held = and_(table.c.state == RowState.RUNNING, table.c.lease_until < late)
    rows = connection.execute(select(table.c.id, table.c.state).where(or_(waits, is_held)))
    why = {
        RowState.RUNNING: (
            "its worker has been gone for ten minutes and more, and nobody took it over"
        )
    }
    default = "has been due for ten minutes and more, and nobody works on it"
    return [Stuck(table.name, row_id, why.get(state, default)) for row_id, state in rows]


def _miscounted_messages(connection: Connection) -> list[Stuck]:
    """Their answer goes out when the last job has ended; it never does where another number
    stands in the row.
    """
    count = (
        select(func.count())
        .where(JOBS.c.message_id == INBOX.c.id, JOBS.c.state.in_(OPEN))
        .scalar_subquery()
    )
    ended = INBOX.c.state.not_in(OPEN)
    rows = connection.execute(
        select(INBOX.c.id, INBOX.c.jobs_left, count).where(ended, INBOX.c.jobs_left != count)
    ).all()
    return [
        Stuck(INBOX.name, row_id, f"waits for {left} jobs, and {real} are open")
        for row_id, left, real in rows
    ]


def _miscounted_parts(connection: Connection) -> list[Stuck]:
    """A long document waits for its parts: never again due where none of them is open."""
    count = (
        select(func.count())
        .where(PARTS.c.job_id == JOBS.c.id, PARTS.c.state.in_(OPEN))
        .scalar_subquery()
    )
    waits = and_(JOBS.c.state == RowState.READY, JOBS.c.run_after >= NEVER)
    rows = connection.execute(select(JOBS.c.id).where(waits, count == 0))
    return [
        Stuck(JOBS.name, row_id, "waits for its parts, and none of them is open")
        for (row_id,) in rows
    ]
