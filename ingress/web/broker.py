"""How the broker is, as this process saw it last."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Protocol

from celery import Celery

from dragoman.broker import BROKER_ERRORS, refuses
from dragoman.queues import waiting

FRESH_S = 10.0


class Broker(Protocol):
    """What is known of the broker. Nothing here waits for it: uploads do not need it."""

    def state(self) -> str:
        """`reachable`, `unreachable`, `refusing` if it answers and takes nothing, or `unknown` before the first look."""

    def messages(self) -> Mapping[str, int]:
        """How many messages waited in each queue at the last look; empty where the broker was not reached."""


class NoBroker:
    """For a door that was given no broker to look at."""

    def state(self) -> str:
        """As `Broker.state`."""
        return "unknown"

    def messages(self) -> Mapping[str, int]:
        """As `Broker.messages`."""
        return {}


class CeleryBroker:
    """Looks at Celery's broker in a thread, at most every `FRESH_S` seconds, and tells what it saw last."""

    def __init__(self, app: Celery) -> None:
        """Nothing is connected before the first question."""
        self._app = app
        self._seen = "unknown"
        self._messages: dict[str, int] = {}
        self._looked_at = float("-inf")
        self._looking = threading.Lock()

    def state(self) -> str:
        """As `Broker.state`."""
        if time.monotonic() - self._looked_at > FRESH_S and self._looking.acquire(blocking=False):
            threading.Thread(target=self._look, name="broker-probe", daemon=True).start()
        return self._seen

    def messages(self) -> Mapping[str, int]:
        """As `Broker.messages`."""
        return self._messages

    def _look(self) -> None:
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, timeout=2)
                self._messages = waiting(connection)
            self._seen = "reachable"
        except BROKER_ERRORS as error:
            self._seen, self._messages = "refusing" if refuses(error) else "unreachable", {}
        finally:
            self._looked_at = time.monotonic()
            self._looking.release()
