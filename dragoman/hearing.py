"""Whether a worker still hears: a process may live, and answer pings, and take no task any more.

Seen: a consumer that did not come back with the broker, and pool children that are stopped. So each worker rings for
itself, on a queue that it alone listens to, when it has had nothing to do for a while. One that has a free place and takes
nothing all the same is deaf: it says so, and ends, to be started again by whatever runs it.
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

from dragoman import queues

log = structlog.get_logger(__name__)

PROBE_EVERY_S = 30.0
DEAF_AFTER_S = 120.0  # three probes that nobody took, and time for a connection to come back
END_WITHIN_S = 45.0  # longer than the soft shutdown takes
EX_DEAF = 70  # sysexits.h: EX_SOFTWARE


class Hearing:
    """Looked at every few seconds by the process itself. `slots`: how many tasks it does at the same time."""

    def __init__(self, app: Celery, name: str, slots: int, now: Callable[[], float] = time.monotonic) -> None:
        """Adds a queue of this process's own to those of `app`. `now`: seconds, from any start."""
        self._app, self._slots, self._now = app, slots, now
        self.queue = f"{name}@{socket.gethostname()}.{os.getpid()}"  # several may run on one host
        self._taken = 0
        self._heard_at = self._probed_at = now()
        self._ending = False
        own = Queue(self.queue, Exchange(self.queue), routing_key=self.queue, auto_delete=True)  # type: ignore[no-untyped-call]
        app.conf.task_queues = [*app.conf.task_queues, own]

    @property
    def silent_s(self) -> float:
        """Seconds since it last took a task or had all hands full."""
        return self._now() - self._heard_at

    @property
    def is_deaf(self) -> bool:
        """Whether it took nothing for so long, though it was rung for."""
        return self.silent_s > DEAF_AFTER_S

    def look(self) -> None:
        """See what was taken; ring for itself when that was nothing for a while."""
        taken = sum(state.total_count.values())
        if taken != self._taken or len(state.active_requests) >= self._slots:
            self._taken, self._heard_at = taken, self._now()
        elif self.silent_s >= PROBE_EVERY_S and self._now() - self._probed_at >= PROBE_EVERY_S:
            self._probe()

    def facts(self) -> dict[str, Any]:
        """For the pulse: tasks taken since the start by name, and how many are at work. A deaf process ends."""
        self.end_if_deaf()
        return {
            "tasks": dict(state.total_count),
            "active": len(state.active_requests),
            "slots": self._slots,
            "silent_s": round(self.silent_s, 1),
            "deaf": self.is_deaf,
        }

    def _probe(self) -> None:
        self._probed_at = self._now()
        try:
            self._app.send_task(queues.HEALTH_CHECK, queue=self.queue, retry=False, expires=PROBE_EVERY_S)
        except queues.BROKER_ERRORS as error:
            self._heard_at = self._now()  # nobody can be heard now
            log.warning("broker_unreachable", task=queues.HEALTH_CHECK, detail=str(error)[:200])

    def end_if_deaf(self) -> None:
        """Look, and ask this process to end when it is deaf; end it if it does not. What it holds goes on elsewhere."""
        self.look()
        if not self.is_deaf or self._ending:
            return
        self._ending = True
        log.error("deaf", silent_s=round(self.silent_s), advice="It ends now, to be started again.")
        killer = threading.Timer(END_WITHIN_S, os._exit, (EX_DEAF,))
        killer.daemon = True
        killer.start()
        os.kill(os.getpid(), signal.SIGTERM)
