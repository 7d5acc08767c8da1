"""How the ledgers are doing, as numbers for an admin's dashboards."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Table, case, func, select

from dragoman.db.clock import now_s
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.lease import is_due
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.ledgers.parts import PARTS
from dragoman.domain.job import OPEN, RowState


@dataclass(frozen=True, slots=True)
class Gauge:
    """One ledger: rows that have not ended, rows that may be claimed now, and dead letters.

    `oldest_due_s`: seconds that the row that has waited longest to be claimed has waited; 0.0 if
    none waits.
    """

    open: int
    due: int
    oldest_due_s: float
    dead: int


def of_ledgers(connection: Connection) -> dict[str, Gauge]:
    """The numbers of all ledgers: `inbox`, `jobs`, `parts`, `outbox`."""
    return {table.name: gauge(connection, table) for table in (INBOX, JOBS, PARTS, OUTBOX)}


def gauge(connection: Connection, table: Table) -> Gauge:
    """The numbers of a ledger."""
    by_state = select(table.c.state, func.count().label("rows")).group_by(table.c.state)
    states = {row.state: row.rows for row in connection.execute(by_state)}
    since = table.c.stage_since if "stage_since" in table.c else table.c.created_at
    waiting_since = case(
        (table.c.state == RowState.RUNNING, table.c.lease_until),
        (table.c.run_after > since, table.c.run_after),
        else_=since,
    )
    statement = select(func.count(), func.max(now_s() - waiting_since)).where(is_due(table))
    due, oldest_s = connection.execute(statement).one()
    return Gauge(
        open=sum(states.get(state, 0) for state in OPEN),
        due=due,
        oldest_due_s=max(float(oldest_s or 0.0), 0.0),
        dead=states.get(RowState.DEAD, 0),
    )
