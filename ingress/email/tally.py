"""What the mail door has done since it started, for the metrics: replies by code, messages by what became of them.

The door's process has no page of its own: it leaves the numbers with its sign of life, and the web door's `/metrics`
tells them. No address is in them.
"""

from __future__ import annotations

from collections import Counter
from threading import Lock

MOST_NAMES = 200  # of each kind: nobody from outside can make labels up


class Tally:
    """Counts; safe to be used by several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[str, Counter[str]] = {"replies": Counter(), "dropped": Counter(), "refused": Counter()}

    def replied(self, code: str) -> None:
        """One more reply with `code`, such as `550 5.7.1`."""
        self._count("replies", code)

    def dropped(self, reason: str) -> None:
        """One more message that was taken and not answered."""
        self._count("dropped", reason)

    def refused(self, reason: str) -> None:
        """One more message or recipient that was refused."""
        self._count("refused", reason)

    def facts(self) -> dict[str, dict[str, int]]:
        """The counts so far: `{"replies": {"250 2.0.0": 7}, "dropped": {}, "refused": {}}`."""
        with self._lock:
            return {kind: dict(counts) for kind, counts in self._counts.items()}

    def _count(self, kind: str, name: str) -> None:
        with self._lock:
            counts = self._counts[kind]
            counts[name if name in counts or len(counts) < MOST_NAMES else "other"] += 1
