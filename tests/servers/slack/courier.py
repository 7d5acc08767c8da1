"""Brings events, interactions and commands to an app, by HTTP or over its sockets, and tries again
as Slack does.

An event that is not acknowledged within the deadline comes again after each of `retry_after_s`;
interactions and commands come once. Slack waits 3 s (here longer under load, which is no fault of
the app) and retries at once, after a minute and after five minutes; tests have less time.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.patience import patience
from tests.servers.slack.model import App, Json
from tests.servers.slack.world import World


@dataclass
class Attempt:
    """One try.

    `status` None: no answer; `reason` None: acknowledged; `seconds`: how long the app took.
    """

    number: int
    at: float
    status: int | None = None
    reason: str | None = None
    seconds: float = 0.0
    answer: Any = None
    no_retry: bool = False
    via: str = ""


@dataclass(eq=False)
class Delivery:
    """Something sent to an app.

    `name`: an event's type (`message/file_share`), or the payload's type.
    """

    app: App
    kind: str
    name: str
    payload: Json
    signature: str = "good"
    attempts: list[Attempt] = field(default_factory=list)
    given_up: bool = False

    @property
    def acked(self) -> bool:
        return any(one.reason is None for one in self.attempts)

    @property
    def over(self) -> bool:
        return self.acked or self.given_up

    @property
    def answer(self) -> Any:
        """What the app said in its acknowledgement: JSON, text, or None."""
        return next((one.answer for one in self.attempts if one.reason is None), None)

    @property
    def event(self) -> Json:
        return self.payload["event"]

    @property
    def event_id(self) -> str:
        return str(self.payload.get("event_id"))


class Transport(Protocol):
    """A way to an app."""

    def send(self, delivery: Delivery, attempt: Attempt, within_s: float) -> None:
        """Try once and fill in the attempt."""


class Agenda:
    """Runs functions later, each in a thread of its own; forgets what is left when stopped."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._over = False
        threading.Thread(target=self._run, daemon=True).start()

    def later(self, seconds: float, run: Callable[[], None]) -> None:
        with self._changed:
            if not self._over:
                heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), run))
                self._changed.notify()

    def stop(self) -> None:
        with self._changed:
            self._over = True
            self._due.clear()
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while not self._over:
                now = time.monotonic()
                while self._due and self._due[0][0] <= now:
                    threading.Thread(target=heapq.heappop(self._due)[2], daemon=True).start()
                self._changed.wait(self._due[0][0] - now if self._due else None)


class Courier:
    """`sent` holds every delivery, oldest first.

    `together`: the events of one change are sent at once, not in turn.
    """

    def __init__(self, world: World, agenda: Agenda) -> None:
        self.world = world
        self.agenda = agenda
        self.sent: list[Delivery] = []
        self.retry_after_s: tuple[float, ...] = (0.02, 0.2, 0.6)
        self.within_s = 3.0
        self.together = False
        self.held: list[Delivery] | None = None
        self.transports: dict[str, Transport] = {}

    def post(self, batch: list[Delivery]) -> None:
        """Send, without waiting; where deliveries are `held`, keep them back."""
        with self.world.changing():
            self.sent.extend(batch)
            if self.held is not None:
                self.held.extend(batch)
                return
        if self.together:
            for delivery in batch:
                self.agenda.later(0, lambda one=delivery: self.attempt(one))
        elif batch:
            self.agenda.later(0, lambda: [self.attempt(one) for one in batch])  # type: ignore[func-returns-value]

    def attempt(self, delivery: Delivery) -> Attempt:
        """One try, and the next one on the agenda where it failed."""
        attempt = Attempt(len(delivery.attempts), time.time())
        started = time.monotonic()
        self._transport(delivery.app).send(delivery, attempt, patience(self.within_s))
        attempt.seconds = time.monotonic() - started
        with self.world.changing():
            delivery.attempts.append(attempt)
            again = delivery.kind == "event" and not attempt.no_retry and not delivery.acked
            if again and attempt.number < len(self.retry_after_s):
                self.agenda.later(self.retry_after_s[attempt.number], lambda: self._again(delivery))
            elif not delivery.acked:
                delivery.given_up = True
        return attempt

    def _again(self, delivery: Delivery) -> None:
        self.attempt(delivery)

    def _transport(self, app: App) -> Transport:
        return self.transports["http" if app.request_url else "socket"]
