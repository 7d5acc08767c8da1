"""The token bucket on a real Redis: one rate for all who share a key, and nobody stopped without it."""

from __future__ import annotations

import threading
import time

import pytest

from dragoman.bucket import Bucket, Rates
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
        threading.Thread(target=use, args=(Bucket(redis_server.url, "key", Rates(rate, 0)), until, used))
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


def test_characters_count_too_and_a_batch_larger_than_the_bucket_passes(redis_server: Redis) -> None:
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
