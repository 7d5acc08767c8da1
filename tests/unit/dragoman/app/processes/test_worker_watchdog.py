"""A worker that lives and takes no tasks notices it."""

from __future__ import annotations

import os
import signal

import pytest
from celery import Celery
from celery.worker import state
from kombu.exceptions import OperationalError

from dragoman.adapters import queues
from dragoman.app.processes.worker_watchdog import Hearing

LEASE_S = 60.0
PROBE_EVERY_S, DEAF_AFTER_S = LEASE_S / 2, 2 * LEASE_S


class Broker(Celery):
    """An application that remembers what it is to send, or has no broker."""

    def __init__(self) -> None:
        super().__init__("tests", set_as_current=False)
        self.conf.task_queues = []
        self.sent: list[tuple[str, str]] = []
        self.is_away = False

    def send_task(self, name: str, *args: object, queue: str = "", **options: object) -> None:
        if self.is_away:
            raise OperationalError("no broker")
        self.sent.append((name, queue))


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Request:
    """A task."""

    def __init__(self, task_id: str = "") -> None:
        self.id = task_id


@pytest.fixture(autouse=True)
def fresh_state():
    state.reset_state()
    yield
    state.reset_state()


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hearing(broker: Broker, clock: Clock) -> Hearing:
    return Hearing(broker, "worker", 2, LEASE_S, clock)


def pass_time(hearing: Hearing, clock: Clock, seconds: float) -> None:
    for _ in range(int(seconds / 15)):
        clock.seconds += 15
        hearing.look()


def test_it_rings_for_itself_on_its_own_queue_when_it_had_nothing_to_do(hearing, broker, clock):
    pass_time(hearing, clock, PROBE_EVERY_S - 15)
    assert broker.sent == []
    pass_time(hearing, clock, 15)
    assert broker.sent == [(queues.HEALTH_CHECK, hearing.queue)]
    assert hearing.queue in [queue.name for queue in broker.conf.task_queues]


def test_a_worker_that_takes_what_is_rung_is_not_deaf(hearing, broker, clock):
    for count in range(30):
        pass_time(hearing, clock, 30)
        state.total_count[queues.HEALTH_CHECK] = count + 1
    assert not hearing.is_deaf


def test_a_worker_that_takes_other_work_needs_no_ring(hearing, broker, clock):
    for count in range(30):
        state.total_count["pipeline.extract"] = count + 1
        pass_time(hearing, clock, 15)
    assert broker.sent == []
    assert not hearing.is_deaf


def test_a_worker_with_a_free_place_that_takes_nothing_is_deaf(hearing, clock):
    busy = Request()
    state.active_requests.add(busy)  # one of two places
    pass_time(hearing, clock, DEAF_AFTER_S)
    assert not hearing.is_deaf
    pass_time(hearing, clock, 15)
    assert hearing.is_deaf


def test_a_worker_with_its_hands_full_is_not_deaf(hearing, broker, clock):
    busy = [Request(), Request()]
    state.active_requests.update(busy)
    pass_time(hearing, clock, 10 * DEAF_AFTER_S)
    assert not hearing.is_deaf
    assert broker.sent == []


def keep_taking(hearing: Hearing, clock: Clock, seconds: float) -> None:
    for _ in range(int(seconds / 15)):
        state.total_count["pipeline.extract"] += 1
        pass_time(hearing, clock, 15)


def test_a_worker_one_of_whose_children_begins_nothing_is_deaf(hearing, clock):
    state.requests["a"] = Request("a")
    keep_taking(hearing, clock, DEAF_AFTER_S)
    assert not hearing.is_deaf
    keep_taking(hearing, clock, 30)
    assert hearing.is_deaf


def test_what_waits_behind_long_tasks_waits_rightly(hearing, clock):
    busy = [Request("b"), Request("c")]
    state.requests["a"] = Request("a")
    state.active_requests.update(busy)
    keep_taking(hearing, clock, 10 * DEAF_AFTER_S)
    state.active_requests.discard(busy.pop())
    keep_taking(hearing, clock, 15)
    assert not hearing.is_deaf


def test_a_long_lease_makes_nobody_deaf_for_longer(broker, clock):
    hearing = Hearing(broker, "worker", 2, 3600.0, clock)
    pass_time(hearing, clock, DEAF_AFTER_S + 15)
    assert hearing.is_deaf
    assert broker.sent


def test_nobody_is_deaf_while_the_broker_is_away(hearing, broker, clock):
    broker.is_away = True
    pass_time(hearing, clock, 10 * DEAF_AFTER_S)
    assert not hearing.is_deaf
    assert hearing.silent_s <= PROBE_EVERY_S + 15


def test_a_deaf_process_is_asked_to_end_once(hearing, clock, monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _, number: asked.append(number))
    monkeypatch.setattr("threading.Timer.start", lambda _: None)
    pass_time(hearing, clock, DEAF_AFTER_S + 15)
    assert hearing.facts()["deaf"]
    hearing.facts()
    assert asked == [signal.SIGTERM]
