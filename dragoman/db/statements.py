"""Statements that SQLite and PostgreSQL both know but spell in their own modules."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless one of its unique keys is taken; whether it was inserted."""
    build = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = build(table).values(**values).on_conflict_do_nothing()
    return connection.execute(statement).rowcount == 1


def upsert(connection: Connection, table: Table, key: str, **values: Any) -> None:
    """Insert a row, or overwrite the one whose column `key` has the same value."""
    build = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = build(table).values(**values)
    changed = {name: statement.excluded[name] for name in values if name != key}
    connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=changed))
