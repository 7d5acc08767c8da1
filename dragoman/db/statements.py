"""Statements made once and run often, among them those that SQLite and PostgreSQL both know but
spell in their own modules.

To make a statement costs more than to run it, so the cached ones take their plain values as
parameters of a run; SQL expressions, such as `now_s()`, are part of the statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import ClauseElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Values = dict[str, Any]


def insert_once(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless one of its unique keys is taken; whether it was inserted."""
    plain, computed = split(values)
    # The row that comes back tells; `rowcount` of an INSERT is -1 with psycopg.
    statement = (
        _unless_known(table, connection.dialect.name).values(computed).returning(*table.primary_key)
    )
    return connection.execute(statement, plain).one_or_none() is not None


def insert_new(
    connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]], **computed: Any
) -> None:
    """Insert rows, all with the same columns, but for those of which a unique key is taken;
    `computed`: SQL expressions of each.
    """
    if found := [dict(row) for row in rows]:
        connection.execute(_unless_known(table, connection.dialect.name).values(computed), found)


def upsert(connection: Connection, table: Table, keys: tuple[str, ...], /, **values: Any) -> None:
    """Insert a row, or overwrite the one whose columns `keys` have the same values."""
    plain, computed = split(values)
    statement = insert_into(table, connection.dialect.name).values(computed)
    changed = {name: statement.excluded[name] for name in values if name not in keys}
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(keys), set_=changed), plain
    )


def split(values: Mapping[str, Any]) -> tuple[Values, Values]:
    """Plain values, and SQL expressions."""
    computed = {name: value for name, value in values.items() if isinstance(value, ClauseElement)}
    return {name: value for name, value in values.items() if name not in computed}, computed


def insert_into(table: Table, dialect: str) -> Any:
    """The dialect's own INSERT, which knows ON CONFLICT."""
    return (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)


@cache
def _unless_known(table: Table, dialect: str) -> Any:
    return insert_into(table, dialect).on_conflict_do_nothing()
