"""Where the time of an attempt went, to be told when there was not enough of it."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Spent:
    """Seconds and calls by name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds: dict[str, float] = defaultdict(float)
        self._calls: Counter[str] = Counter()
        self._began = clock()

    @contextmanager
    def during(self, what: str) -> Iterator[None]:
        """Count the block as one call of `what`, also when it raises."""
        began = self._clock()
        try:
            yield
        finally:
            self._seconds[what] += self._clock() - began
            self._calls[what] += 1

    def told(self) -> str:
        """Such as `600 s: engine 540 s in 12 calls, pages 41 s in 1 call, other 19 s`; the
        longest first.
        """
        total = self._clock() - self._began
        parts = [
            f"{what} {seconds:.0f} s in {self._calls[what]} call{'s' * (self._calls[what] > 1)}"
            for what, seconds in sorted(self._seconds.items(), key=lambda item: -item[1])
        ]
        other = max(total - sum(self._seconds.values()), 0.0)
        return f"{total:.0f} s: {', '.join([*parts, f'other {other:.0f} s'])}"
