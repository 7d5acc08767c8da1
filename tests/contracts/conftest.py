"""Two places where everything must hold: SQLite and a folder; PostgreSQL and S3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.settings import Settings
from tests.conftest import SECRET_KEY
from tests.servers.postgresql import PostgreSQL

PLACES = ("sqlite+folder", "postgresql+s3")


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    """Where the test runs."""
    return request.param


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: PostgreSQL) -> str:
    """The name of a database with the present schema, to be copied."""
    url = postgresql.fresh()
    database = Database(url)
    schema.upgrade(database)
    database.close()
    return url.rpartition("/")[2]


@pytest.fixture
def postgresql_database(postgresql: PostgreSQL, migrated_postgresql: str) -> Iterator[Database]:
    """A migrated, empty database on PostgreSQL."""
    url = postgresql.fresh(template=migrated_postgresql)
    database = Database(url)
    yield database
    database.close()
    postgresql.drop(url)


@pytest.fixture
def database(place: str, request: pytest.FixtureRequest) -> Database:
    """The database of the place, migrated and empty."""
    return request.getfixturevalue("sqlite_database" if place == PLACES[0] else "postgresql_database")


@pytest.fixture
def settings(place: str, request: pytest.FixtureRequest) -> Settings:
    """Settings that name the place's database and store."""
    folder = request.getfixturevalue("tmp_path")
    if place == PLACES[0]:
        return Settings.from_env(data_dir=folder / "data", secret_key=SECRET_KEY)
    database: Database = request.getfixturevalue("postgresql_database")
    storage_url = request.getfixturevalue("s3_url")
    return Settings.from_env(
        data_dir=folder / "data", secret_key=SECRET_KEY, database_url=database.url, storage_url=storage_url
    )
