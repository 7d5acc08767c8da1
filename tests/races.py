"""Several threads that do the same at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tests.patience import patience

T = TypeVar("T")


def together(count: int, act: Callable[[int], T]) -> list[T]:
    """The results of `act(0)` to `act(count - 1)`, all begun at once; the first exception is
    raised.
    """
    barrier = threading.Barrier(count)

    def run(number: int) -> T:
        barrier.wait(timeout=patience(30))
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
