"""The database's clock, set forward or back while everything runs."""

from __future__ import annotations

import random
from collections.abc import Iterable

from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import OperationalError

from dragoman.db.engine import Database
from dragoman.db.ledgers.cards import CARDS
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS, NEVER
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.ledgers.parts import PARTS
from dragoman.db.tables import Base
from dragoman.errors import DatabaseUnavailable

DAY_S, MINUTES_S = 86_400.0, 600.0
# No step back by minutes: pauses of that length are told from a step by looking at the clock itself
# (`dragoman.db.queries.clock_steps.step`), which does not move here. The tests of `stepped` have
# it.
STEPS_S = (DAY_S, -DAY_S, MINUTES_S)
# from the true time: what is kept for days is not forgotten in a run of minutes
MOST_S = DAY_S + 2 * MINUTES_S
MOMENTS = ("_at", "_until", "_after", "_since")
FIRST = (JOBS, PARTS, INBOX, CARDS, OUTBOX)  # the one order of locks, see `dragoman.db`


def next_step(dice: random.Random, away_s: float) -> float:
    """A step for a clock that is `away_s` seconds from the true time."""
    return dice.choice([step for step in STEPS_S if abs(away_s + step) <= MOST_S])


def step(url: str, seconds: float) -> bool:
    """Set the clock by so much, as the rows see it: all moments that they know are that much
    further in the past; whether it could be done.

    All of it happens between two statements of everybody else, as a step of a clock does.
    """
    database = Database(url)
    try:
        with database.write() as connection:
            for table in _in_order(Base.metadata.tables.values()):
                _shift(connection, table, seconds)
    except (DatabaseUnavailable, OperationalError):
        return False  # it is down, or somebody holds it for too long
    finally:
        database.close()
    return True


def _in_order(tables: Iterable[Table]) -> list[Table]:
    return [*FIRST, *sorted((one for one in tables if one not in FIRST), key=lambda one: one.name)]


def _shift(connection: Connection, table: Table, seconds: float) -> None:
    columns = [column for column in table.columns if column.name.endswith(MOMENTS)]
    if columns and connection.dialect.name == "postgresql":
        connection.execute(text(f'LOCK TABLE "{table.name}" IN EXCLUSIVE MODE'))
    for column in columns:
        is_moment = (column > 1.0) & (column < NEVER)
        connection.execute(table.update().where(is_moment).values({column.name: column - seconds}))
