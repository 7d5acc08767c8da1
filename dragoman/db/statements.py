"""Statements that SQLite and PostgreSQL both know but spell in their own modules."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless one of its unique keys is taken; whether it was inserted."""
    build = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    # The row that comes back tells; `rowcount` of an INSERT is -1 with psycopg.
    statement = build(table).values(**values).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(statement).one_or_none() is not None


def upsert(connection: Connection, table: Table, keys: tuple[str, ...], /, **values: Any) -> None:
    """Insert a row, or overwrite the one whose columns `keys` have the same values."""
    build = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = build(table).values(**values)
    changed = {name: statement.excluded[name] for name in values if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=changed))
