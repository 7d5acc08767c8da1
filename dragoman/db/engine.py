"""The connection to the database: SQLite in a file, or PostgreSQL through psycopg 3.

SQLite: WAL with full synchronisation, so that a commit is on disk before it is told; writers begin with
`BEGIN IMMEDIATE`, so that two of them queue up instead of failing half-way; readers never take that lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from dragoman.errors import DatabaseUnavailable

BUSY_TIMEOUT_S = 10  # how long a SQLite writer waits for another one
POOL_TIMEOUT_S = 10
CONNECT_TIMEOUT_S = 5


class Database:
    """`read()` and `write()` give a connection in a transaction; both raise DatabaseUnavailable."""

    def __init__(self, url: str) -> None:
        """`url` as in `DRAGOMAN_DATABASE_URL`. Nothing is connected yet."""
        self.url = url
        self._sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self._sqlite else _postgresql_engine(url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with _translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write; committed when the block ends, rolled back when it raises."""
        with _translated(), self.engine.connect() as connection:
            if self._sqlite:
                connection = connection.execution_options(dragoman_write=True)
            with connection.begin():
                yield connection

    def forked(self) -> None:
        """Forget the parent's connections; to be called once in a forked child."""
        self.engine.dispose(close=False)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _sqlite_engine(url: str) -> Engine:
    file = make_url(url).database
    if file:
        Path(file).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql_engine(url: str) -> Engine:
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_timeout=POOL_TIMEOUT_S,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "dragoman"},
    )


def _prepare_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_TIMEOUT_S * 1000}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("dragoman_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise DatabaseUnavailable(detail=str(error.orig)[:200]) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseUnavailable(detail=str(error.orig)[:200]) from error
        raise
    except PoolTimeout as error:
        raise DatabaseUnavailable(detail=str(error)[:200]) from error
