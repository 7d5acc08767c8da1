"""The servers as fixtures: each is started once, by the first test that asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.servers.postgresql import PostgreSQL
from tests.servers.redis import Redis
from tests.servers.seaweedfs import SeaweedFS

if TYPE_CHECKING:
    from tests.servers.slack.slack import FakeSlack


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A running PostgreSQL for the test run."""
    server = PostgreSQL()
    yield server
    server.remove()


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    url = postgresql.fresh()
    yield url
    postgresql.drop(url)


@pytest.fixture(scope="session")
def _redis() -> Iterator[Redis]:
    server = Redis()
    yield server
    server.remove()


@pytest.fixture
def redis_server(_redis: Redis) -> Redis:
    """A running, empty Redis; a test may stop it."""
    if _redis.pid is None:
        _redis.start()
    with _redis.client() as client:
        client.flushall()
    return _redis


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator[SeaweedFS]:
    """A running S3 server for the test run."""
    server = SeaweedFS()
    yield server
    server.remove()


@pytest.fixture
def s3_url(seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The storage URL of an empty bucket of the test's own; its keys are in the environment."""
    for name, value in seaweedfs.environment.items():
        monkeypatch.setenv(name, value)
    url = seaweedfs.fresh()
    yield url
    seaweedfs.give_back(url)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A Slack of the test's own, its app in Socket Mode; set `slack.app.request_url` for events
    by HTTP.
    """
    from tests.servers.slack.slack import FakeSlack

    with FakeSlack() as server:
        yield server
