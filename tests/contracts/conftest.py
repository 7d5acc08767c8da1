"""Two places where everything must hold: SQLite and a folder; PostgreSQL and S3.

`make test` runs the contracts in the first place, and those in both on which the others stand;
`make test-all` the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.db.tables import Base
from dragoman.settings import Settings
from tests.conftest import SECRET_KEY
from tests.servers.postgresql import PostgreSQL

PLACES = ("sqlite+folder", "postgresql+s3")
IN_BOTH = (
    "test_lease.py",
    "test_ledgers.py",
    "test_stages.py",
    "test_servers.py",
    "test_marker.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        place = item.callspec.params.get("place") if hasattr(item, "callspec") else None
        if (
            place == PLACES[1]
            and item.path.parent == Path(__file__).parent
            and item.path.name not in IN_BOTH
        ):
            item.add_marker("more")


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    """Where the test runs."""
    return request.param


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: PostgreSQL) -> str:
    """The URL of a database with the present schema."""
    url = postgresql.fresh()
    database = Database(url)
    schema.upgrade(database)
    database.close()
    return url


@pytest.fixture
def postgresql_database(migrated_postgresql: str) -> Iterator[Database]:
    """A migrated, empty database on PostgreSQL.

    Emptied after the test: ten times faster than a new one.
    """
    database = Database(migrated_postgresql)
    yield database
    tables = ", ".join(table.name for table in Base.metadata.tables.values())
    with database.write() as connection:
        connection.exec_driver_sql("SET lock_timeout = '10s'")
        connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY")
    database.close()


@pytest.fixture
def database(place: str, request: pytest.FixtureRequest) -> Database:
    """The database of the place, migrated and empty."""
    return request.getfixturevalue(
        "sqlite_database" if place == PLACES[0] else "postgresql_database"
    )


@pytest.fixture
def settings(place: str, request: pytest.FixtureRequest) -> Settings:
    """Settings that name the place's database and store."""
    folder = request.getfixturevalue("tmp_path")
    if place == PLACES[0]:
        return Settings.from_env(data_dir=folder / "data", secret_key=SECRET_KEY)
    database: Database = request.getfixturevalue("postgresql_database")
    storage_url = request.getfixturevalue("s3_url")
    return Settings.from_env(
        data_dir=folder / "data",
        secret_key=SECRET_KEY,
        database_url=database.url,
        storage_url=storage_url,
    )
