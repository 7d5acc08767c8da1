"""What every test may ask for: settings, a migrated database, a store, a doorbell that remembers,
and intake on top of them.

Real servers are fixtures too: see `tests/servers`. Tests below `tests/unit` may open no socket but
Unix ones.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog

from dragoman.adapters.storage import open_store
from dragoman.app.intake import Intake
from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from tests.fakes import RecordingDoorbell

pytest_plugins = ["tests.servers.fixtures"]
# how long an example takes is the machine's business
hypothesis.settings.register_profile("dragoman", deadline=None)
hypothesis.settings.load_profile("dragoman")

TESTS = Path(__file__).parent
UNIT = TESTS / "unit"
MORE_FOLDERS = (TESTS / "chaos", TESTS / "image")  # all below is `more`
SECRET_KEY = "a-secret-key-for-tests-only"
FASTEST_FIRST = ("unit", "contracts", "integration", "golden", "e2e")
FOREIGN = ("DRAGOMAN_", "OTEL_", "AWS_", "DEEPL_")


@pytest.hookimpl(tryfirst=True)  # before pytest looks for the marks that `-m` wants
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_slowness)
    for item in items:
        if UNIT in item.path.parents:
            item.add_marker("disable_socket")
        if any(folder in item.path.parents for folder in MORE_FOLDERS):
            item.add_marker("more")
    _mark_all_but_some(items)


def _mark_all_but_some(items: list[pytest.Item]) -> None:
    """Of the cases of a test that is marked `some(count)`, all but `count` are `more`."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("some"):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for of_one in cases.values():
        marker = of_one[0].get_closest_marker("some")
        assert marker
        gap = max(len(of_one) // marker.args[0], 1)
        for number, item in enumerate(of_one):
            if number % gap:
                item.add_marker("more")


def _slowness(item: pytest.Item) -> int:
    """A mistake that a fast test finds is not waited for."""
    folder = item.path.relative_to(TESTS).parts[0]
    return FASTEST_FIRST.index(folder) if folder in FASTEST_FIRST else len(FASTEST_FIRST)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of the machine that it runs on."""
    for name in os.environ:
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def clean_logs() -> Iterator[None]:
    """No test logs as the command before it has set it up."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a data folder of the test's own and a secret key."""
    return Settings.from_env(data_dir=tmp_path / "data", secret_key=SECRET_KEY)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the present schema, to be copied."""
    file = tmp_path_factory.mktemp("template") / "dragoman.db"
    database = Database(f"sqlite:///{file}")
    schema.upgrade(database)
    database.close()
    return file


@pytest.fixture
def sqlite_database(settings: Settings, migrated_sqlite: Path) -> Iterator[Database]:
    """The database of `settings` in SQLite, migrated and empty."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    shutil.copy(migrated_sqlite, settings.data_dir / "dragoman.db")
    database = Database(settings.database)
    yield database
    database.close()


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """A migrated, empty database; the contracts ask for it on PostgreSQL too."""
    return sqlite_database


@pytest.fixture
def store(settings: Settings) -> BlobStore:
    """The store of `settings` (a folder), empty."""
    return open_store(settings.storage)


@pytest.fixture
def doorbell() -> RecordingDoorbell:
    """A doorbell that only remembers: `doorbell.rings == [(task, row id), ...]`."""
    return RecordingDoorbell()


@pytest.fixture
def intake(
    database: Database, store: BlobStore, doorbell: RecordingDoorbell, settings: Settings
) -> Intake:
    """The one way in, on the fixtures above."""
    return Intake(database, store, doorbell, settings)
