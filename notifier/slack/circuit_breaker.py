"""The line to Slack, with a breaker: while calls hang, the notifier's few threads are left to the
mails.

What fails at once holds nobody up and is not counted. A shut line counts as temporary trouble, so
rows wait for it as for Slack itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dragoman.errors import OutboundUnavailable

SLOW_S = 5.0  # a failure that took longer was a call that hung: half of the time-out of one
PAUSE_S = 20.0


class Line:
    """Shared by all threads of a process."""

    def __init__(self, slow_s: float = SLOW_S, pause_s: float = PAUSE_S) -> None:
        """Open at first."""
        self._slow_s, self._pause_s = slow_s, pause_s
        self._shut_until = 0.0
        self._lock = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Around the calls of one piece of work.

        Raises OutboundUnavailable at once while the line is shut.
        """
        began = time.monotonic()
        with self._lock:
            left = self._shut_until - began
        if left > 0:
            raise OutboundUnavailable(
                "Slack does not answer at the moment.", detail="line shut", retry_after_s=left
            )
        try:
            yield
        except OutboundUnavailable:
            with self._lock:
                now = time.monotonic()
                if now - began >= self._slow_s:
                    self._shut_until = now + self._pause_s
            raise
