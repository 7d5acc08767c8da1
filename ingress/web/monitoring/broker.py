"""How the broker is, as this process saw it last."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Protocol

from celery import Celery

from dragoman.adapters.queues import waiting
from dragoman.adapters.redis_transport import BROKER_ERRORS, refuses

LOOK_EVERY_S = 3.0
STALE_S = 10.0  # a look that is older says nothing
ASKED_WITHIN_S = 120.0  # Prometheus and compose ask every minute, or more often


class Broker(Protocol):
    """What is known of the broker. Nothing here waits for it: uploads do not need it."""

    def state(self) -> str:
        """`reachable`, `unreachable`, `refusing` if it answers and takes nothing, or `unknown`
        before the first look.
        """

    def messages(self) -> Mapping[str, int]:
        """How many messages waited in each queue at the last look; empty where the broker was
        not reached.
        """


class NoBroker:
    """For a door that was given no broker to look at."""

    def state(self) -> str:
        """As `Broker.state`."""
        return "unknown"

    def messages(self) -> Mapping[str, int]:
        """As `Broker.messages`."""
        return {}


class CeleryBroker:
    """Looks at Celery's broker every `LOOK_EVERY_S` seconds, in a thread that lives while
    somebody asks, and tells what it saw last.
    """

    def __init__(self, app: Celery) -> None:
        """Nothing is connected before the first question."""
        self._app = app
        self._seen = "unknown"
        self._messages: dict[str, int] = {}
        self._looked_at = self._asked_at = float("-inf")
        self._lives = threading.Lock()
        self._closed = threading.Event()

    def close(self) -> None:
        """Look no more, and return when the last look is over."""
        self._closed.set()
        if self._lives.acquire(timeout=STALE_S):
            self._lives.release()

    def state(self) -> str:
        """As `Broker.state`."""
        now = time.monotonic()
        self._asked_at = now
        is_watched = not self._lives.acquire(blocking=False)
        if not is_watched:
            threading.Thread(target=self._watch, name="broker-probe", daemon=True).start()
        if now - self._looked_at < STALE_S:
            return self._seen
        # A look that takes so long is one at a broker that hangs.
        return "unreachable" if is_watched and self._seen != "unknown" else "unknown"

    def messages(self) -> Mapping[str, int]:
        """As `Broker.messages`."""
        return self._messages

    def _watch(self) -> None:
        try:
            while time.monotonic() - self._asked_at < ASKED_WITHIN_S and not self._closed.is_set():
                self._look()
                self._closed.wait(LOOK_EVERY_S)
        finally:
            self._lives.release()

    def _look(self) -> None:
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, timeout=2)
                self._messages = waiting(connection)
            self._seen = "reachable"
        except BROKER_ERRORS as error:
            self._seen, self._messages = "refusing" if refuses(error) else "unreachable", {}
        self._looked_at = time.monotonic()
