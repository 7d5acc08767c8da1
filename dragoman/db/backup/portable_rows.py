"""Rows as lines of text that both kinds of database can give and take, and a sum over them that
does not depend on their order.

A line is a JSON array of the columns' values, in the order of the table's first line, which has
their names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, MetaData, Table, func, insert, select
from sqlalchemy.exc import DataError, IntegrityError

from dragoman.db.rows import Columns
from dragoman.db.tables import Base
from dragoman.errors import OperatorError

AT_ONCE = 500
SUMS = 2**256
REFUSALS = (DataError, IntegrityError, ValueError)
VERSION = "alembic_version"  # of the schema; told apart


class RowRefused(OperatorError):
    """A constraint of the database that is copied to does not hold for a row."""

    message = "The database does not take a row that the other one held."
    code = "row_refused"
    exit_code = 65
    for_admin = (
        "Nothing was written. Please report this, with what is in parentheses below. To go on"
        " without that row, delete its document first: `dragoman purge --job ID`."
    )


@dataclass
class Sum:
    """How many rows there are, and a sum of the hashes of what is in them."""

    rows: int = 0
    total: int = 0

    def add(self, row: Columns) -> None:
        """Count one more row."""
        text = json.dumps(dict(row), sort_keys=True)
        digest = hashlib.sha256(text.encode()).digest()
        self.rows += 1
        self.total = (self.total + int.from_bytes(digest, "big")) % SUMS

    def __str__(self) -> str:
        """64 hexadecimal digits."""
        return f"{self.total:064x}"


def tables(connection: Connection) -> list[Table]:
    """The tables as they are in the database, of whatever version; one that others point to
    comes before them.
    """
    return _reflected(connection, set(Base.metadata.tables)).sorted_tables


def rows(connection: Connection, table: Table) -> Iterator[Columns]:
    """All rows of a table, in no order."""
    statement = select(table)
    for row in connection.execute(statement, execution_options={"yield_per": AT_ONCE}).mappings():
        yield dict(row)


def lines(table: Table, found: Iterable[Columns], counted: Sum) -> Iterator[str]:
    """The names of the columns, then each row as a line; all are counted in `counted`."""
    names = [column.name for column in table.columns]
    yield json.dumps(names) + "\n"
    for row in found:
        counted.add(row)
        yield json.dumps([row[name] for name in names]) + "\n"


def of_lines(text: Iterable[str]) -> Iterator[Columns]:
    """The rows that `lines` wrote. Raises ValueError for what it cannot have written."""
    each = iter(text)
    names = json.loads(next(each, "[]"))
    for line in each:
        yield dict(zip(names, json.loads(line), strict=True))


def load(connection: Connection, table: Table, found: Iterable[Columns]) -> Sum:
    """Insert rows; what was inserted. Raises RowRefused."""
    counted = Sum()
    waiting: list[Columns] = []
    for row in found:
        counted.add(row)
        waiting.append(dict(row))
        if len(waiting) == AT_ONCE:
            _insert(connection, table, waiting)
            waiting = []
    if waiting:
        _insert(connection, table, waiting)
    _count_on(connection, table)
    return counted


def summed(connection: Connection, table: Table) -> Sum:
    """The sum over what is in a table now."""
    counted = Sum()
    for row in rows(connection, table):
        counted.add(row)
    return counted


def is_empty(connection: Connection, names: Sequence[str]) -> bool:
    """Whether none of the tables with these names has a row; one that is not there has none."""
    there = [table for table in tables(connection) if table.name in names]
    return not any(
        connection.scalar(select(sa.literal(1)).select_from(table).limit(1)) for table in there
    )


def drop_all(connection: Connection) -> None:
    """Delete all tables of ours, the schema's version too; those of others in the same database
    stay.
    """
    _reflected(connection, {*Base.metadata.tables, VERSION}).drop_all(connection)


def _reflected(connection: Connection, names: set[str]) -> MetaData:
    """Those of the tables with these names that are there."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name in names)
    return found


def _insert(connection: Connection, table: Table, found: list[Columns]) -> None:
    try:
        with connection.begin_nested():
            connection.execute(insert(table), found)
    except REFUSALS:
        for row in found:
            _insert_one(connection, table, row)


def _insert_one(connection: Connection, table: Table, row: Columns) -> None:
    try:
        with connection.begin_nested():
            connection.execute(insert(table), row)
    except REFUSALS as error:
        which = ", ".join(str(row[column.name]) for column in table.primary_key)
        # The words of the driver alone: those of the library would show the row.
        why = str(getattr(error, "orig", error))[:200]
        raise RowRefused(detail=f"{table.name} {which}: {why}") from error


def _count_on(connection: Connection, table: Table) -> None:
    """PostgreSQL counts the rows of some tables itself: it has to go on behind the last one."""
    if connection.dialect.name != "postgresql":
        return
    for column in table.primary_key:
        if not isinstance(column.type, sa.Integer):
            continue
        sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
        if sequence:
            last = connection.scalar(select(func.max(column)))
            connection.execute(select(func.setval(sequence, last or 1, last is not None)))
