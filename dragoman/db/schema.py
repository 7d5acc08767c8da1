"""The schema's version: brought up to date, or compared with the one that this program needs."""

from __future__ import annotations

import threading
import time
from enum import StrEnum
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from dragoman.db.engine import Database
from dragoman.errors import DatabaseUnavailable, OperatorError

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
TELL_EVERY_S = 60.0
LOOK_EVERY_S = 3.0
LOCK = 7_241_001  # any number, the same for all: PostgreSQL's advisory lock while migrating


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file."""
    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(MIGRATIONS))
    made.set_main_option("path_separator", "os")
    return made


def upgrade(database: Database) -> None:
    """Bring the schema up to date; safe to be run by several processes at once.

    Raises DatabaseUnavailable, OperatorError for a newer one.
    """
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        if _fit(connection) is Fit.NEWER:
            raise OperatorError(
                "The database has the schema of another version.", advice=str(Fit.NEWER)
            )
        command.upgrade(config(connection), "head")


def build(connection: Connection, revision: str) -> None:
    """Make the schema of an earlier version in an empty database.

    Raises OperatorError for a version that this program does not know.
    """
    if not knows(revision):
        raise OperatorError("That is the schema of another version.", advice=str(Fit.NEWER))
    command.upgrade(config(connection), revision)


def bring_up(connection: Connection) -> None:
    """As `upgrade`, within the transaction of `connection`."""
    command.upgrade(config(connection), "head")


def knows(revision: str) -> bool:
    """Whether this program can bring a database of that version up to date."""
    return revision in [
        one.revision for one in ScriptDirectory.from_config(config()).walk_revisions()
    ]


def revision_of(connection: Connection) -> str | None:
    """The version of the schema; None: there is none."""
    return MigrationContext.configure(connection).get_current_revision()


class Fit(StrEnum):
    """How the database's schema and this program fit; each is a sentence that says what to do."""

    CURRENT = "The database has the schema of this program."
    OLDER = (
        "The database has an older schema than this program, or none: run `dragoman db upgrade`."
    )
    NEWER = "The database has a newer schema than this program: update this program."


def fit(database: Database) -> Fit:
    """Whether the database has the schema that this program needs. Raises DatabaseUnavailable."""
    with database.read() as connection:
        return _fit(connection)


def _fit(connection: Connection) -> Fit:
    present = revision_of(connection)
    known = ScriptDirectory.from_config(config())
    if present == known.get_current_head():
        return Fit.CURRENT
    return (
        Fit.OLDER
        if present in (None, *(one.revision for one in known.walk_revisions()))
        else Fit.NEWER
    )


def is_current(database: Database) -> bool:
    """Whether the database has the schema that this program needs. Raises DatabaseUnavailable."""
    return fit(database) is Fit.CURRENT


def wait_until_current(url: str, stop: threading.Event | None = None) -> None:
    """Return when the database has the schema that this program needs, or when `stop` is set; the
    log says what is waited for, each minute.

    For processes that would do harm, or end again and again, with another one.
    """
    stop, database = stop or threading.Event(), Database(url)
    told, told_at = "", 0.0
    try:
        while (waits_for := _lacking(database)) is not None:
            if waits_for != told or time.monotonic() - told_at > TELL_EVERY_S:
                told, told_at = waits_for, time.monotonic()
                log.error("waiting_for_database", reason=waits_for)
            if stop.wait(LOOK_EVERY_S):
                return
    finally:
        database.close()


def _lacking(database: Database) -> str | None:
    try:
        found = fit(database)
    except DatabaseUnavailable as error:
        return error.detail or str(error)
    return None if found is Fit.CURRENT else str(found)
