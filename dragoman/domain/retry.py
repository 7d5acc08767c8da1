"""Whether and when a failed attempt is tried again: one pure decision, at the one level where
retries exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from dragoman.errors import (
    DragomanError,
    LimitReached,
    NoWord,
    RequestError,
    StageTimedOut,
    TemporaryError,
    WorkerLost,
    WrongPassword,
)

TEMPORARY_ATTEMPTS = 8
WORKER_LOST_ATTEMPTS = 3
TIMED_OUT_ATTEMPTS = 2
UNKNOWN_ATTEMPTS = 2
PERMANENT_ATTEMPTS = 1
FIRST_DELAY_S = 2.0
LONGEST_DELAY_S = 600.0


@dataclass(frozen=True, slots=True)
class RetryIn:
    """Try again in `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further attempt: a dead letter."""


def attempts_for(error: BaseException) -> int:
    """How many attempts an error of this kind is worth, the first included."""
    if isinstance(error, WorkerLost):
        return WORKER_LOST_ATTEMPTS
    if isinstance(error, StageTimedOut):
        return TIMED_OUT_ATTEMPTS
    if isinstance(error, DragomanError):
        return TEMPORARY_ATTEMPTS if error.temporary else PERMANENT_ATTEMPTS
    return UNKNOWN_ATTEMPTS


def decide(
    error: BaseException, attempt: int, chance: float, *, attempts: int | None = None
) -> RetryIn | GiveUp:
    """What follows when attempt number `attempt` (from 1) ended in `error`.

    `chance` is a random number from 0 to 1: the delay is a uniform share of a bound that doubles
    (full jitter). An answer such as `Retry-After: 30` is honoured, and jittered upwards. `attempts`
    overrides the table.
    """
    if attempt >= (attempts or attempts_for(error)):
        return GiveUp()
    bound = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0**attempt)
    asked = (
        error.retry_after_s if isinstance(error, TemporaryError) and error.retry_after_s else 0.0
    )
    return RetryIn(min(asked, LONGEST_DELAY_S) + bound * chance)


def retry_helps(code: str | None) -> bool:
    """Whether another try of the same file may end better than the last one, which ended with
    this error's code.
    """
    return code not in _hopeless()


@cache
def _hopeless() -> frozenset[str]:
    """Codes of errors that stay, however often the same file is tried."""
    mendable = {NoWord.code, LimitReached.code, WrongPassword.code}
    found, kinds = set(), [RequestError]
    while kinds:
        kind = kinds.pop()
        if kind.code not in mendable:
            found.add(kind.code)
            kinds += kind.__subclasses__()
    return frozenset(found)
