"""The connection to the database: SQLite in a file, or PostgreSQL through psycopg 3.

SQLite: WAL with full synchronisation, so that a commit is on disk before it is told; writers begin
with `BEGIN IMMEDIATE`, so that two of them queue up instead of failing half-way; readers never take
that lock.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Dialect, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from dragoman.errors import DatabaseUnavailable

BUSY_TIMEOUT_S = 10  # how long a SQLite writer waits for another one
POOL_TIMEOUT_S = 10
CONNECT_TIMEOUT_S = 5
# PostgreSQL, Appendix A: read_only_sql_transaction; undefined_table and undefined_column, where `db
# upgrade` was forgotten.
OF_THE_SERVER = ("25006", "42P01", "42703")
DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
OF_THE_DISK = {
    "SQLITE_FULL": errno.ENOSPC,
    "SQLITE_READONLY": errno.EROFS,
    "SQLITE_CANTOPEN": errno.EACCES,
}
PATIENCE_S, LOOK_EVERY_S = 120.0, 1.0

T = TypeVar("T")


class DatabaseDamaged(DatabaseUnavailable):
    """SQLite says that the file is malformed or is no database."""

    message = "The database file is damaged."
    code = "database_damaged"
    exit_code = 73
    for_admin = (
        "Please stop everything, move the file away together with the files -wal and -shm beside"
        " it, and `dragoman restore` a backup. Keep the damaged file: what came after the backup"
        " may still be in it."
    )


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
        """A transaction that may write; committed when the block ends, rolled back when it
        raises.
        """
        with _translated(), self.engine.connect() as connection:
            if self._sqlite:
                connection = connection.execution_options(dragoman_write=True)
            with connection.begin():
                yield connection

    @contextmanager
    def frozen(self) -> Iterator[Connection]:
        """A transaction that only reads, all of it as it was at the first reading."""
        with _translated(), self.engine.connect() as connection:
            if not self._sqlite:  # there, that is what every transaction is
                connection = connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with connection.begin():
                yield connection

    def forked(self) -> None:
        """Forget the parent's connections; to be called once in a forked child."""
        self.engine.dispose(close=False)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def insist(commit: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
    """The result of `commit`, a transaction of its own, tried again while the database is away.

    Raises DatabaseUnavailable.

    For what cannot be undone outside: a mail that has been sent, a translation that has been paid
    for.
    """
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return commit()
        except DatabaseUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(LOOK_EVERY_S)


def _sqlite_engine(url: str) -> Engine:
    file = make_url(url).database
    if file:
        Path(file).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # An error must not show the values of its statement: they are addresses and texts.
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, hide_parameters=True)
    event.listen(engine, "do_connect", _make_private)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql_engine(url: str) -> Engine:
    return create_engine(
        url,
        hide_parameters=True,  # as above
        pool_pre_ping=True,
        pool_timeout=POOL_TIMEOUT_S,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "dragoman"},
    )


def _make_private(dialect: Dialect, record: ConnectionPoolEntry, args: Any, options: Any) -> None:
    """Make the file before SQLite does, for its owner only, since its folder may be open to
    all; `-wal` takes after it.
    """
    if args and args[0] and not args[0].startswith((":", "file:")):
        with suppress(FileExistsError, FileNotFoundError):
            os.close(os.open(args[0], os.O_CREAT | os.O_EXCL, 0o600))


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
        trouble = DatabaseUnavailable(detail=str(error.orig)[:200])
        trouble.errno = _errno(error)
        raise trouble from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlite_errorname", "") in DAMAGED:
            raise DatabaseDamaged(detail=str(error.orig)[:200]) from error
        if error.connection_invalidated or _is_of_the_server(error):
            raise DatabaseUnavailable(detail=str(error.orig)[:200]) from error
        raise
    except PoolTimeout as error:
        raise DatabaseUnavailable(detail=str(error)[:200]) from error


def _errno(error: DBAPIError) -> int | None:
    """What SQLite says of its disk, as the system would; None: it says nothing of that.

    Its names may go on: SQLITE_CANTOPEN_ISDIR.
    """
    name = getattr(error.orig, "sqlite_errorname", "")
    return next((number for says, number in OF_THE_DISK.items() if name.startswith(says)), None)


def _is_of_the_server(error: DBAPIError) -> bool:
    """Trouble that an admin mends, and no mistake of a statement: PostgreSQL takes no writes,
    or has another schema.
    """
    return getattr(error.orig, "sqlstate", None) in OF_THE_SERVER
