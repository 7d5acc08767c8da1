"""How often and when a failure is tried again."""

from __future__ import annotations

import pytest

from dragoman.domain.retry import GiveUp, RetryIn, attempts_for, decide
from dragoman.errors import (
    EncryptedPdf,
    EngineBusy,
    EngineKeyRejected,
    EngineUnavailable,
    QuotaUsedUp,
    StageTimedOut,
    StoreUnavailable,
    WorkerLost,
)


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (EngineUnavailable(), 8),
        (EngineBusy(), 8),
        (StoreUnavailable(), 8),
        (WorkerLost(), 3),
        (StageTimedOut(), 2),
        (RuntimeError("a bug"), 2),
        (MemoryError(), 2),
        (EngineKeyRejected(), 1),
        (QuotaUsedUp(), 1),
        (EncryptedPdf(), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_attempts_by_class(error, attempts):
    assert attempts_for(error) == attempts
    decisions = [decide(error, attempt, 0.5) for attempt in range(1, attempts + 1)]
    assert [type(decision) for decision in decisions] == [RetryIn] * (attempts - 1) + [GiveUp]


def delays(
    chance: float, error: Exception | None = None, attempts: int | None = None
) -> list[float]:
    error = error or EngineUnavailable()
    found = [
        decide(error, attempt, chance, attempts=attempts)
        for attempt in range(1, (attempts or 8) + 1)
    ]
    return [decision.seconds for decision in found if isinstance(decision, RetryIn)]


@pytest.mark.parametrize(
    ("chance", "expected"),
    [
        (1.0, [4, 8, 16, 32, 64, 128, 256]),  # 508 s at the most
        (0.5, [2, 4, 8, 16, 32, 64, 128]),  # 254 s on average
        (0.0, [0, 0, 0, 0, 0, 0, 0]),  # 0 s: full jitter begins at nothing
    ],
)
def test_bound_doubles_and_chance_takes_its_share(chance, expected):
    assert delays(chance) == expected


def test_no_two_attempts_are_more_than_ten_minutes_apart():
    assert max(delays(1.0, attempts=60)) == 600
    # 4 + 8 + ... + 512 = 1020 s for the first 8 waits, then 51 waits of 600 s: 8.8 hours.
    assert sum(delays(1.0, attempts=60)) == 1020 + 51 * 600


def test_wait_that_was_asked_for_is_kept_and_spread():
    assert delays(0.0, EngineBusy(retry_after_s=30))[0] == 30
    assert delays(1.0, EngineBusy(retry_after_s=30))[0] == 30 + 4


def test_absurd_wait_is_cut():
    assert delays(0.0, EngineBusy(retry_after_s=86_400))[0] == 600


def test_attempts_may_be_overridden():
    assert decide(EngineUnavailable(), 8, 0.0, attempts=60) == RetryIn(0.0)
    assert decide(EngineUnavailable(), 60, 0.0, attempts=60) == GiveUp()
