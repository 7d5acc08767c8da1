"""SQLite that cannot be written: trouble that passes, not a bug."""

from __future__ import annotations

import errno
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dragoman.db.engine import Database
from dragoman.db.records import process_registry
from dragoman.errors import DatabaseUnavailable

# bytes; up to 4 MB are written over again before the files grow
MORE_THAN_THE_LOG_HOLDS = 6 * 2**20


@contextmanager
def no_file_may_grow() -> Iterator[None]:
    """As on a full disk: each write beyond the end of a file fails (EFBIG), for root too."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def beat(database: Database, service: str = "worker@a", size: int = 10) -> None:
    with database.write() as connection:
        process_registry.beat(connection, service, {"filler": "x" * size})


def test_a_full_disk_is_trouble_that_passes(database):
    beat(database)
    with no_file_may_grow(), pytest.raises(DatabaseUnavailable):
        beat(database, "worker@b", MORE_THAN_THE_LOG_HOLDS)
    beat(database, "worker@c")
    with database.read() as connection:
        assert sorted(process_registry.alive(connection)) == ["worker@a", "worker@c"]


def test_a_file_that_cannot_be_written_is_trouble_that_passes(database):
    beat(database)
    file = database.url.removeprefix("sqlite:///")
    read_only = Database(f"sqlite:///file:{file}?mode=ro&uri=true")
    with pytest.raises(DatabaseUnavailable) as raised:
        beat(read_only)
    assert raised.value.errno == errno.EROFS  # by SQLite's code, not its words
    read_only.close()
    beat(database)
