"""The doorbell: it reaches a broker that is there, and never makes its caller wait for one that
is not.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import time
from collections.abc import Iterator

import pytest

from dragoman.adapters import queues, redis_transport
from dragoman.adapters.queues import BrokerDoorbell, make_app
from dragoman.errors import SettingsInvalid
from dragoman.settings import Settings
from tests.patience import patience
from tests.servers.process import LOOPBACK, free_port, wait_until
from tests.servers.redis import Redis

AT_ONCE_S = 0.2


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings.from_env(data_dir=tmp_path)


@pytest.fixture
def hung() -> Iterator[str]:
    """The URL of something that takes connections and never answers."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        yield f"redis://{LOOPBACK}:{listener.getsockname()[1]}/0"


BELLS: list[BrokerDoorbell] = []


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """No thread of a bell outlives its test: the next one may have no sockets.

    Their broker has gone by then.
    """
    yield
    while BELLS:
        bell = BELLS.pop()
        bell.close(timeout_s=patience(20))
        assert bell._thread is None or not bell._thread.is_alive()


def bell_for(
    settings: Settings, url: str, kind: type[BrokerDoorbell] = BrokerDoorbell
) -> BrokerDoorbell:
    BELLS.append(kind(make_app(settings.model_copy(update={"broker_url": url}))))
    return BELLS[-1]


def messages(server: Redis, queue: str) -> list[tuple[str, list]]:
    """Task and arguments of every message that waits in a queue, oldest first."""
    with server.client() as client:
        found = [json.loads(raw) for raw in client.lrange(queue, 0, -1)]
    return [
        (one["headers"]["task"], json.loads(base64.b64decode(one["body"]))[0])
        for one in reversed(found)
    ]


def test_ring_reaches_the_queue_of_its_task(settings, redis_server):
    bell = bell_for(settings, redis_server.url)
    for task in queues.QUEUE_OF:
        bell.ring(task, "42")
    bell.close()
    for task, queue in queues.QUEUE_OF.items():
        assert (task, ["42"]) in messages(redis_server, queue)


def test_rings_keep_their_order(settings, redis_server):
    bell = bell_for(settings, redis_server.url)
    for number in range(20):
        bell.ring(queues.DELIVER, str(number))
    bell.close()
    assert [args for _, args in messages(redis_server, queues.DELIVERY)] == [
        [str(number)] for number in range(20)
    ]


def test_message_carries_the_id_and_nothing_else(settings, redis_server):
    bell = bell_for(settings, redis_server.url)
    bell.ring(queues.EXTRACT_AND_TRANSLATE, "42")
    bell.close()
    with redis_server.client() as client:
        message = json.loads(client.lindex(queues.EXTRACTION, 0))
    assert json.loads(base64.b64decode(message["body"]))[:2] == [["42"], {}]


def test_nothing_is_connected_before_the_first_ring(settings):
    bell_for(settings, f"redis://{LOOPBACK}:{free_port()}/0").close()


@pytest.mark.parametrize("rings", [1, 100])
def test_caller_does_not_wait_for_a_broker_that_hangs(settings, hung, rings):
    bell = bell_for(settings, hung)
    begun = time.monotonic()
    for number in range(rings):
        bell.ring(queues.DELIVER, str(number))
    assert time.monotonic() - begun < patience(AT_ONCE_S * (1 + rings / 100))
    begun = time.monotonic()
    bell.close(timeout_s=0.5)
    assert time.monotonic() - begun < patience(0.5 + AT_ONCE_S)


def test_caller_does_not_wait_for_a_broker_that_refuses(settings):
    bell = bell_for(settings, f"redis://{LOOPBACK}:{free_port()}/0")
    begun = time.monotonic()
    bell.ring(queues.DELIVER, "42")
    assert time.monotonic() - begun < patience(AT_ONCE_S)
    bell.close(timeout_s=patience(20))
    assert bell._shut_until > time.monotonic(), "it is left alone for a while"


def test_bell_that_failed_rings_again_when_the_broker_is_back(settings, redis_server):
    bell = bell_for(settings, redis_server.url)
    bell.PAUSE_S = 0.2
    redis_server.stop()
    bell.ring(queues.DELIVER, "lost")
    wait_until(lambda: bell._shut_until > 0, 20, "the bell has noticed")
    redis_server.start()

    def rung() -> bool:
        bell.ring(queues.DELIVER, "heard")
        return (queues.DELIVER, ["heard"]) in messages(redis_server, queues.DELIVERY)

    wait_until(rung, 20, "the bell is heard again", every_s=0.1)
    bell.close()


def test_broker_that_is_stopped_in_mid_life_blocks_nobody(settings, redis_server):
    bell = bell_for(settings, redis_server.url)
    bell.ring(queues.DELIVER, "1")
    wait_until(
        lambda: len(messages(redis_server, queues.DELIVERY)) == 1, 10, "the first ring arrives"
    )
    os.kill(redis_server.pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        for number in range(50):
            bell.ring(queues.DELIVER, str(number))
        assert time.monotonic() - begun < patience(AT_ONCE_S)
        bell.close(timeout_s=0.1)
    finally:
        os.kill(redis_server.pid, signal.SIGCONT)


@pytest.mark.more
def test_full_queue_drops_and_does_not_block(settings, hung):
    class SmallBell(BrokerDoorbell):
        WAITING = 10

    bell = bell_for(settings, hung, SmallBell)
    begun = time.monotonic()
    for number in range(50):
        bell.ring(queues.DELIVER, str(number))
    assert time.monotonic() - begun < patience(AT_ONCE_S)
    bell.close(timeout_s=0.1)


def test_dead_thread_is_replaced(settings, redis_server):
    bell = bell_for(settings, redis_server.url)
    bell.ring(queues.DELIVER, "1")
    bell.close()  # its thread has ended
    bell.ring(queues.DELIVER, "2")
    bell.close()
    assert [args for _, args in messages(redis_server, queues.DELIVERY)] == [["1"], ["2"]]


def test_no_broker_is_a_wrong_setting(settings):
    with pytest.raises(SettingsInvalid, match="DRAGOMAN_BROKER_URL"):
        make_app(settings)


def test_every_task_has_a_queue_that_somebody_owns(settings):
    app = make_app(settings.model_copy(update={"broker_url": "redis://localhost"}))
    assert {queue.name for queue in app.conf.task_queues} == set(queues.QUEUE_OF.values())
    assert app.conf.result_backend is None
    assert app.conf.task_acks_late
    assert not app.conf.task_reject_on_worker_lost


def test_a_worker_looks_for_its_broker_often_however_long_the_outage(settings, monkeypatch):
    """Celery's own pause grows by 2 s with each try, to 30 s."""
    pauses: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", pauses.append)
    app = make_app(
        settings.model_copy(update={"broker_url": f"redis://{LOOPBACK}:{free_port()}/0"})
    )
    tries: list[float] = []

    def refused(_: Exception, pause: float) -> None:
        tries.append(pause)
        if len(tries) == 12:
            raise EOFError

    with pytest.raises(EOFError):
        app.connection_for_read().ensure_connection(refused)
    assert max(tries) <= redis_transport.RECONNECT_S
    assert pauses, "it does pause"
