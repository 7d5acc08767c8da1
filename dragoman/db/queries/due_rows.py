"""Rows that nobody has come for: the sweeper rings for them, less and less often."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, case, null, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from dragoman.db.clock import is_ahead, now_s
from dragoman.db.ledgers.lease import is_due

FIRST_GAP_S, LONGEST_GAP_S = 5, 60  # between two doorbells for the same row


@dataclass(frozen=True, slots=True)
class Unrung:
    """A row that nobody has come for.

    `owner`: whose it is, of a job or a delivery; `channel`: where it came from or goes.
    """

    id: str
    traceparent: str | None
    owner: str | None
    channel: str | None


def take_unrung(connection: Connection, table: Table, limit: int) -> list[Unrung]:
    """Rows that are due and were not rung for lately, marked as rung now.

    The gap doubles from 5 s to a minute.
    """
    return [Unrung(*row) for row in connection.execute(_ringing(table), {"at_most": limit})]


@cache
def _ringing(table: Table) -> ReturningUpdate[Any]:
    """The UPDATE of what has to be rung for; made once, since making it costs more than running
    it.
    """
    further = (
        table.c[name] if name in table.c else null().label(name) for name in ("owner", "channel")
    )
    gap = case(*((table.c.rings == n, FIRST_GAP_S * 2**n) for n in range(4)), else_=LONGEST_GAP_S)
    due = (
        select(table.c.id)
        .where(is_due(table), or_(table.c.rung_at <= now_s() - gap, is_ahead(table.c.rung_at)))
        .order_by(table.c.run_after, table.c.created_at)
        .limit(bindparam("at_most"))
        # PostgreSQL: what is locked is being changed, and is looked at again soon; nobody waits
        # while holding many rows.
        .with_for_update(skip_locked=True)
        .cte("due")  # as a subquery it may be run once for each row, and lock others each time
    )
    return (
        update(table)
        .where(table.c.id.in_(select(due.c.id)), is_due(table))
        .values(rung_at=now_s(), rings=table.c.rings + 1)
        .returning(table.c.id, table.c.traceparent, *further)
    )
