"""One moment of the database, while others go on writing to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from dragoman.db.engine import BUSY_TIMEOUT_S, Database
from dragoman.errors import DatabaseUnavailable


@contextmanager
def snapshot(database: Database, scratch: Path) -> Iterator[Connection]:
    """A connection that only reads, and sees all rows as they were at one moment, however long it
    takes.

    SQLite: a copy below `scratch` (a folder for its owner only), made by SQLite's own online backup
    and deleted afterwards, so that no long reader keeps the log of the one at work from being
    written back. PostgreSQL: a transaction at REPEATABLE READ, which blocks nobody. Raises
    DatabaseUnavailable.
    """
    if make_url(database.url).get_backend_name() != "sqlite":
        with database.frozen() as connection:
            yield connection
        return
    copy = scratch / "snapshot.db"
    _forget(copy)
    try:
        _copy(Path(make_url(database.url).database or ""), copy)
        copied = Database(f"sqlite:///{copy}")
        try:
            with copied.frozen() as connection:
                yield connection
        finally:
            copied.close()
    finally:
        _forget(copy)


def _copy(file: Path, copy: Path) -> None:
    copy.touch(mode=0o600)
    try:
        with (
            closing(
                sqlite3.connect(
                    f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S
                )
            ) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
    except sqlite3.Error as error:
        raise DatabaseUnavailable(detail=str(error)[:200]) from error


def _forget(copy: Path) -> None:
    for name in (copy.name, f"{copy.name}-wal", f"{copy.name}-shm", f"{copy.name}-journal"):
        copy.with_name(name).unlink(missing_ok=True)
