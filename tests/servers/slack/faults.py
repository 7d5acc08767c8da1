"""What goes wrong on order, and Slack's rate limits.

`Faults.add("chat.update", 429, times=3)`: the next three calls of the method are answered so. A
fault is an HTTP status (429 comes with `Retry-After`), an error code like `"internal_error"` (HTTP
200, `ok: false`), or

- `"cut"`: the connection is closed without an answer, and nothing was done;
- `"cut_after"`: the call is carried out, then the connection is closed: the answer is lost;
- `"hang"`: no answer until the fake stops or `Faults.release()`; nothing was done.

`"upload"` is the raw POST of a file's bytes, `"download"` a file's GET, `"response_url"` a post to
one, `"*"` any method.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass

# Calls a minute and team (docs.slack.dev/apis/web-api/rate-limits). Tier 1 says "1+": enough for an
# app's ten connections.
TIERS = {1: 10, 2: 20, 3: 50, 4: 100}
# posts in a channel before one a second counts: Slack only says that short bursts are allowed
BURST = 10


@dataclass(frozen=True)
class Fault:
    """One call's misfortune. `retry_after_s`: for 429 and 503."""

    how: int | str
    retry_after_s: int = 1


class Faults:
    """The misfortunes that are due, method by method."""

    def __init__(self) -> None:
        self._due: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._lock = threading.Lock()
        self.released = threading.Event()

    def add(self, method: str, how: int | str, times: int = 1, retry_after_s: int = 1) -> None:
        with self._lock:
            self._due[method].extend([Fault(how, retry_after_s)] * times)

    def next(self, method: str) -> Fault | None:
        with self._lock:
            for name in (method, "*"):
                if self._due[name]:
                    return self._due[name].popleft()
        return None

    def left(self, method: str) -> int:
        """How many are still due."""
        with self._lock:
            return len(self._due[method])

    def clear(self) -> None:
        with self._lock:
            self._due.clear()

    def release(self) -> None:
        """Let go of the calls that hang now; later ones hang again."""
        self.released.set()
        self.released = threading.Event()

    def stop(self) -> None:
        self.released.set()


class RateLimits:
    """Calls per window, counted per method and team.

    `window_s` 60 is Slack's; tests may make it shorter.

    `limits` overrides the calls per window of a method; `on` False lets everything pass. `refused`
    counts the 429s.
    """

    def __init__(self, window_s: float = 60.0) -> None:
        self.window_s = window_s
        self.on = True
        self.limits: dict[str, int] = {}
        self.refused: Counter[str] = Counter()
        self._calls: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def wait_s(self, method: str, tier: int, team: str, channel: str | None) -> int:
        """Whole seconds to wait before the call may be made; 0: it may, and is counted."""
        if not self.on:
            return 0
        with self._lock:
            wait = (
                self._posting(team, channel)
                if tier == 0 and channel
                else self._tier(method, tier, team)
            )
            if wait:
                self.refused[method] += 1
            return wait

    def _tier(self, method: str, tier: int, team: str) -> int:
        most = self.limits.get(method, TIERS.get(tier, 100))
        return self._counted((method, team), most, self.window_s)

    def _posting(self, team: str, channel: str) -> int:
        most = self.limits.get("chat.postMessage", BURST)
        return self._counted((channel, team), most, most * self.window_s / 60)

    def _counted(self, key: tuple[str, str], most: int, window_s: float) -> int:
        now, calls = time.monotonic(), self._calls[key]
        while calls and calls[0] <= now - window_s:
            calls.popleft()
        if len(calls) >= most:
            return max(1, math.ceil(calls[0] + window_s - now))
        calls.append(now)
        return 0
