"""The schema's version: brought up to date, or compared with the one that this program needs."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from dragoman.db.engine import Database

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 7_241_001  # any number, the same for all: PostgreSQL's advisory lock while migrating


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file."""
    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(MIGRATIONS))
    made.set_main_option("path_separator", "os")
    return made


def upgrade(database: Database) -> None:
    """Bring the schema up to date; safe to be run by several processes at once. Raises DatabaseUnavailable."""
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        command.upgrade(config(connection), "head")


def is_current(database: Database) -> bool:
    """Whether the database has the schema that this program needs. Raises DatabaseUnavailable."""
    with database.read() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present == ScriptDirectory.from_config(config()).get_current_head()
