"""The broker that `up` brings along: it is looked after, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from structlog.testing import capture_logs

from ops.up import embedded_broker
from ops.up.embedded_broker import EmbeddedBroker
from ops.up.supervisor import BrokerWatch
from tests.patience import patience
from tests.servers.process import wait_until


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    started = EmbeddedBroker(tmp_path).start()
    yield started
    started.stop()


def answers(broker: EmbeddedBroker) -> bool:
    with redis.Redis.from_url(
        broker.url.replace("redis+socket", "unix"), socket_timeout=patience(1)
    ) as client:
        return bool(client.ping())


@pytest.mark.more
def test_one_that_is_stopped_hangs_and_is_started_again_at_the_same_place(
    broker: EmbeddedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_broker, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(embedded_broker, "HANGS_AFTER_S", patience(2.0))
    url, pid = broker.url, broker.pid
    assert not broker.hangs()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    assert not broker.hangs()  # not after the first silence
    wait_until(broker.hangs, 10, "it is seen to hang")
    assert broker.alive()
    broker.start()
    assert (broker.url, broker.hangs(), answers(broker)) == (url, False, True)
    assert broker.pid != pid


def test_the_folder_of_one_that_was_killed_goes_with_the_next_start(tmp_path: Path) -> None:
    killed = EmbeddedBroker(tmp_path).start()
    former = Path(killed.url.partition("://")[2]).parent
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    wait_until(lambda: not killed.alive(), 10, "it is dead")
    following = EmbeddedBroker(tmp_path).start()
    try:
        assert not former.exists()
        assert answers(following)
    finally:
        following.stop()
        killed.stop()


def test_the_folder_of_one_that_listens_stays(broker: EmbeddedBroker, tmp_path: Path) -> None:
    other = EmbeddedBroker(tmp_path).start()
    try:
        assert answers(broker)
    finally:
        other.stop()


def test_one_whose_folder_was_removed_comes_back_at_the_same_place(broker: EmbeddedBroker) -> None:
    watch, url = BrokerWatch(broker), broker.url
    folder = Path(url.partition("://")[2]).parent
    assert not watch.look()
    shutil.rmtree(folder)
    with capture_logs() as logs:
        assert not watch.look()  # whoever uses it needs no new address
    assert [one["event"] for one in logs] == ["broker_folder_removed", "broker_started_again"]
    assert (broker.url, answers(broker)) == (url, True)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not watch.look()


def test_one_whose_place_was_taken_comes_back_at_another(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    watch, url = BrokerWatch(broker), broker.url
    folder = Path(url.partition("://")[2]).parent
    shutil.rmtree(folder)
    folder.symlink_to(tmp_path)  # in a folder that all may write to
    try:
        assert watch.look()
        assert broker.url != url
        assert answers(broker)
        assert embedded_broker.running_url(tmp_path) == broker.url
    finally:
        folder.unlink()


@pytest.mark.more
def test_one_that_does_not_come_back_is_told_once_a_minute(
    broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = BrokerWatch(broker)
    monkeypatch.setattr(embedded_broker, "START_TIMEOUT_S", 0.1)
    broken = tmp_path / "valkey-server"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    shutil.rmtree(Path(broker.url.partition("://")[2]).parent)
    with monkeypatch.context() as here, capture_logs() as logs:
        here.setattr(embedded_broker, "find_server", lambda: broken)
        for _ in range(5):
            watch.look()
    assert [one["event"] for one in logs] == ["broker_folder_removed", "broker_not_started"]
    monkeypatch.setattr(embedded_broker, "START_TIMEOUT_S", patience(15))
    watch.look()
    assert answers(broker)
