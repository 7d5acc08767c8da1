"""`/readyz` is told from what is known, and what is known is never old."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import event

from dragoman.adapters import queues
from dragoman.adapters.storage import FolderStore
from dragoman.app.intake import Intake
from dragoman.db.engine import Database
from dragoman.settings import Settings
from ingress.web.app import make_app
from ingress.web.monitoring.broker import CeleryBroker
from ingress.web.monitoring.readiness import FRESH_S
from tests.fakes import RecordingDoorbell
from tests.integration.web.conftest import Client, serving, until
from tests.servers.redis import Redis

ASKED = 40
READS = ("SELECT", "WITH", "PRAGMA", "BEGIN")


class CountingStore(FolderStore):
    """A folder that counts what is put into it."""

    puts = 0

    def put(self, key: str, body: BinaryIO) -> bool:
        self.puts += 1
        return super().put(key, body)


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    return CountingStore(tmp_path / "store")


def test_asking_often_writes_seldom(
    settings: Settings, database: Database, store: CountingStore, doorbell: RecordingDoorbell
) -> None:
    with serving(make_app(settings, Intake(database, store, doorbell, settings))) as port:
        client, begin = Client(port), time.monotonic()
        for _ in range(ASKED):
            assert client.get("/readyz").status == 200
        most = 1 + (time.monotonic() - begin) / FRESH_S
    assert 1 <= store.puts <= most


def test_metrics_ask_the_database_seldom_and_never_write(
    client: Client, database: Database
) -> None:
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    begin = time.monotonic()
    assert client.get("/metrics").status == 200
    a_look = len(statements)
    for _ in range(ASKED):
        assert client.get("/metrics").status == 200
    most = 1 + (time.monotonic() - begin) / FRESH_S
    assert 0 < a_look <= len(statements) <= most * a_look
    assert not [one for one in statements if not one.lstrip().upper().startswith(READS)]


def test_what_goes_and_comes_back_is_told_within_seconds(
    settings: Settings,
    database: Database,
    store: CountingStore,
    doorbell: RecordingDoorbell,
    tmp_path: Path,
) -> None:
    with serving(make_app(settings, Intake(database, store, doorbell, settings))) as port:
        client = Client(port)
        assert client.get("/readyz").status == 200
        (tmp_path / "store").rename(tmp_path / "gone")
        (tmp_path / "store").write_text("a file in place of the folder")
        begin = time.monotonic()
        until(lambda: client.get("/readyz").status == 503, "it is told that the store is gone")
        assert time.monotonic() - begin < 3 * FRESH_S
        (tmp_path / "store").unlink()
        (tmp_path / "gone").rename(tmp_path / "store")
        until(lambda: client.get("/readyz").status == 200, "it is told that the store is back")


@pytest.mark.more
def test_broker_that_goes_hangs_or_comes_back_is_told_within_seconds(redis_server: Redis) -> None:
    broker = CeleryBroker(queues.make_app(Settings.from_env(broker_url=redis_server.url)))
    until(lambda: broker.state() == "reachable", "it was looked at")
    redis_server.send(signal.SIGSTOP)
    until(lambda: broker.state() == "unreachable", "it is told that the broker hangs")
    redis_server.send(signal.SIGCONT)
    until(lambda: broker.state() == "reachable", "it is told that the broker goes on")
    redis_server.kill()
    until(lambda: broker.state() == "unreachable", "it is told that the broker is gone")
    assert broker.messages() == {}
    redis_server.start()
    until(lambda: broker.state() == "reachable", "it is told that the broker is back")
    broker.close()
