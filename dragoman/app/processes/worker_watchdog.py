"""Whether a worker still hears: a process may live, and answer pings, and take no task any more.

Seen: a consumer that did not come back with the broker, and pool children that are stopped. So each
worker rings for itself, on a queue that it alone listens to, when it has had nothing to do for a
while. One that has a free place and takes nothing all the same is deaf: it says so, and ends, to be
started again by whatever runs it.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from celery import Celery
from celery.worker import state
from kombu.entity import Exchange, Queue

from dragoman.adapters import queues

log = structlog.get_logger(__name__)

LONGEST_PATIENCE_S = 60.0  # `dragoman health` counts on a ring after half a minute
SHORTEST_DEAF_S = 20.0  # a connection needs some seconds to come back
END_WITHIN_S = 40.0  # longer than a shutdown takes, which may hang where the process is in trouble
OF_CELERY = "celery."  # names of tasks that every application has
EX_DEAF = 70  # sysexits.h: EX_SOFTWARE


class Hearing:
    """Looked at every few seconds by the process itself.

    `slots`: how many tasks it does at the same time; `spare`: how many more it has hands for, which
    are kept free for a reason.
    """

    def __init__(
        self,
        app: Celery,
        name: str,
        slots: int,
        lease_s: float,
        now: Callable[[], float] = time.monotonic,
        *,
        spare: int = 0,
    ) -> None:
        """Adds a queue of this process's own to those of `app`. `now`: seconds, from any start.

        It rings for itself after half a lease (`lease_s` seconds, a minute at most) without a task,
        and is deaf after two.
        """
        self._app, self._slots, self._hands, self._now = app, slots, slots + spare, now
        patience_s = min(lease_s, LONGEST_PATIENCE_S)
        self._probe_every_s, self._deaf_after_s = (
            patience_s / 2,
            max(2 * patience_s, SHORTEST_DEAF_S),
        )
        self.queue = f"{name}@{socket.gethostname()}.{os.getpid()}"  # several may run on one host
        self._taken = 0
        self._heard_at = self._probed_at = now()
        self._waiting: dict[str, float] = {}
        self._ending = False
        own = Queue(self.queue, Exchange(self.queue), routing_key=self.queue, auto_delete=True)  # type: ignore[no-untyped-call]
        app.conf.task_queues = [*app.conf.task_queues, own]

    @property
    def silent_s(self) -> float:
        """Seconds since it last took a task or had all hands full."""
        return self._now() - self._heard_at

    @property
    def is_deaf(self) -> bool:
        """Whether it took nothing for so long, though it was rung for, or some of its places do
        not begin what they got.
        """
        stuck_s = self._now() - min(self._waiting.values(), default=self._now())
        return max(self.silent_s, stuck_s) > self._deaf_after_s

    def look(self) -> None:
        """See what was taken; ring for itself when that was nothing for a while."""
        taken = sum(state.total_count.values())
        self._waiting = self._begun_by_nobody()
        if taken != self._taken or len(state.active_requests) >= self._hands:
            self._taken, self._heard_at = taken, self._now()
        elif (
            self.silent_s >= self._probe_every_s
            and self._now() - self._probed_at >= self._probe_every_s
        ):
            self._probe()

    def facts(self) -> dict[str, Any]:
        """For the pulse: tasks taken since the start by name, and how many are at work.

        A deaf process ends.
        """
        self.end_if_deaf()
        ours = {name: 0 for name in self._app.tasks if not name.startswith(OF_CELERY)}
        return {
            "tasks": {**ours, **state.total_count},
            "active": len(state.active_requests),
            "slots": self._slots,
            "silent_s": round(self.silent_s, 1),
            "deaf": self.is_deaf,
        }

    def _begun_by_nobody(self) -> dict[str, float]:
        """The tasks that are handed out and not begun though there is a free place, and since
        when that is so.
        """
        if len(state.active_requests) >= self._hands:
            return {}
        known = list(state.requests.values())
        return {
            one.id: self._waiting.get(one.id, self._now())
            for one in known
            if one not in state.active_requests
        }

    def _probe(self) -> None:
        self._probed_at = self._now()
        try:
            self._app.send_task(
                queues.HEALTH_CHECK, queue=self.queue, retry=False, expires=self._probe_every_s
            )
        except queues.BROKER_ERRORS as error:
            self._heard_at = self._now()  # nobody can be heard now
            log.warning("broker_unreachable", task=queues.HEALTH_CHECK, detail=str(error)[:200])

    def end_if_deaf(self) -> None:
        """Look, and ask this process to end when it is deaf; end it if it does not.

        What it holds goes on elsewhere.
        """
        self.look()
        if not self.is_deaf or self._ending:
            return
        self._ending = True
        log.error("deaf", silent_s=round(self.silent_s), advice="It ends now, to be started again.")
        killer = threading.Timer(END_WITHIN_S, os._exit, (EX_DEAF,))
        killer.daemon = True
        killer.start()
        os.kill(os.getpid(), signal.SIGTERM)
