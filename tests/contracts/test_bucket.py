"""The token bucket on a real Redis: one rate for all who share a key, and nobody stopped
without it.
"""

from __future__ import annotations

import threading
import time

import pytest

from dragoman.adapters.rate_limit import Bucket, Rates
from tests.servers.redis import Redis


def use(bucket: Bucket, until: float, used: list[float]) -> None:
    while time.monotonic() < until:
        time.sleep(bucket.take(10))
        used.append(time.monotonic())


def test_two_workers_never_exceed_the_rate_in_any_window(redis_server: Redis) -> None:
    rate, seconds, window = 40, 3.0, 1.0
    used: list[float] = []
    until = time.monotonic() + seconds
    workers = [
        threading.Thread(
            target=use, args=(Bucket(redis_server.url, "key", Rates(rate, 0)), until, used)
        )
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    used.sort()
    busiest = max(sum(start <= at < start + window for at in used) for start in used)
    assert busiest <= rate * window * 1.1 + 1
    assert len(used) >= rate * seconds * 0.8


def test_starts_empty_and_keeps_a_second_at_most(redis_server: Redis) -> None:
    bucket = Bucket(redis_server.url, "another", Rates(20, 0))
    assert bucket.take(1) == pytest.approx(0.05, abs=0.01)
    time.sleep(1.5)
    began = time.monotonic()
    waits = [bucket.take(1) for _ in range(25)]
    refilled = 20 * (time.monotonic() - began)  # while they were taken
    assert 20 <= sum(wait == 0 for wait in waits) <= 21 + refilled
    assert waits[-1] > 0


def test_characters_count_too_and_a_batch_larger_than_the_bucket_passes(
    redis_server: Redis,
) -> None:
    bucket = Bucket(redis_server.url, "characters", Rates(0, 1000))
    assert bucket.take(5000) == pytest.approx(5.0, abs=0.1)
    assert bucket.take(1000) == pytest.approx(6.0, abs=0.1)


def test_keys_do_not_share_and_pauses_are_for_all_of_a_key(redis_server: Redis) -> None:
    one, same, other = (Bucket(redis_server.url, key, Rates(100, 0)) for key in ("a", "a", "b"))
    one.pause(7.0)
    one.pause(1.0)
    assert same.take(1) == pytest.approx(7.0, abs=0.2)
    assert other.take(1) < 0.1
    with redis_server.client() as client:
        assert all(0 < client.ttl(name) <= 3600 for name in client.keys("dragoman:bucket:*"))


@pytest.mark.parametrize("url", ["", "redis://127.0.0.1:1/0"])
def test_nobody_waits_without_a_redis(url: str) -> None:
    bucket = Bucket(url, "key", Rates(1, 1))
    bucket.pause(60)
    assert bucket.take(1000) == 0.0


def step_clock(server: Redis, seconds: float) -> None:
    """Set the clock of Redis forward by so much, as its buckets see it: all moments that they
    know are that much earlier.
    """
    with server.client() as client:
        for name in client.keys("dragoman:bucket:*"):
            for field, moment in client.hgetall(name).items():
                client.hset(name, field, float(moment) - seconds)


@pytest.mark.parametrize("back_s", [0.5, 3600.0, 86_400.0])
def test_a_clock_that_is_set_back_makes_nobody_wait_longer(
    redis_server: Redis, back_s: float
) -> None:
    bucket = Bucket(redis_server.url, f"back {back_s}", Rates(10, 0))
    before = [bucket.take(1) for _ in range(5)]
    bucket.pause(2.0)
    step_clock(redis_server, -back_s)
    after = [bucket.take(1) for _ in range(20)]
    assert before[-1] == pytest.approx(0.5, abs=0.3)
    assert after[0] == pytest.approx(2.0, abs=0.3)  # the pause is kept
    assert after[-1] == pytest.approx(2.5, abs=0.3)  # and so is the rate
    step_clock(redis_server, -back_s)
    bucket.pause(1.0)  # the shorter one
    assert bucket.take(1) < 3.0


def test_a_clock_that_is_set_forward_lets_a_burst_through_and_no_more(redis_server: Redis) -> None:
    bucket = Bucket(redis_server.url, "forward", Rates(10, 0))
    for _ in range(50):
        bucket.take(1)
    step_clock(redis_server, 86_400.0)
    waits = [bucket.take(1) for _ in range(20)]
    assert sum(wait == 0 for wait in waits) in (10, 11)
    assert waits[-1] == pytest.approx(1.0, abs=0.2)


def test_a_bucket_of_an_earlier_version_begins_anew(redis_server: Redis) -> None:
    bucket = Bucket(redis_server.url, "earlier", Rates(10, 0))
    bucket.take(1)
    with redis_server.client() as client:
        for name in client.keys("dragoman:bucket:*"):
            client.hdel(name, "used")
    step_clock(redis_server, -86_400.0)
    assert bucket.take(1) == pytest.approx(0.1, abs=0.05)
