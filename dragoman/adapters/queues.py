"""Celery as the program uses it: names of tasks and queues, settings, and the doorbell.

A message is a doorbell: it names a row, and the row knows the rest. So nothing is lost with the
broker, no result is kept there, and no retry, countdown or ETA of Celery's is used
(docs/explanation/decisions).
"""

from __future__ import annotations

import os
import queue
import threading
import time
from typing import Any, Protocol

import structlog
from celery import Celery
from kombu.connection import Connection
from kombu.entity import Exchange, Queue

from dragoman import telemetry
from dragoman.adapters import kombu_internals, redis_transport
from dragoman.domain.specs import channel_specs
from dragoman.errors import SettingsInvalid
from dragoman.settings import Settings

log = structlog.get_logger(__name__)

EXTRACT_AND_TRANSLATE = "pipeline.extract_and_translate"
EXTRACT = "pipeline.extract"
TRANSLATE = "pipeline.translate"
CUSTOMIZE_TONE = "pipeline.customize_tone"
RECONSTRUCT = "pipeline.reconstruct"
PART = "pipeline.part"
DELIVER = "notifier.deliver"
SHOW_CARD = "notifier.show_card"
HEALTH_CHECK = "health_check"
CLEAN_UP = "pipeline.clean_up"

INTAKE, EXTRACTION, TRANSLATION, DEFAULT, DELIVERY = (
    "intake",
    "extraction",
    "translation",
    "default",
    "delivery",
)
# of long documents: workers take from their queues in turn, so no short document waits for all of
# them
PARTS = "parts"
OPEN_OF = channel_specs.openers()  # the task that opens a message, by its channel
QUEUE_OF = {
    **dict.fromkeys(OPEN_OF.values(), INTAKE),
    EXTRACT_AND_TRANSLATE: EXTRACTION,
    EXTRACT: EXTRACTION,
    TRANSLATE: TRANSLATION,
    CUSTOMIZE_TONE: TRANSLATION,
    RECONSTRUCT: DEFAULT,
    PART: PARTS,
    HEALTH_CHECK: DEFAULT,
    CLEAN_UP: DEFAULT,
    DELIVER: DELIVERY,
    SHOW_CARD: DELIVERY,
}
WORKER_QUEUES = (INTAKE, EXTRACTION, TRANSLATION, DEFAULT, PARTS)

# Measured: a hung broker blocks a sender for 45 s without these time-outs, 6.5 s with them.
TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,  # longer than the longest stage, or a slow task runs twice
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 3,
    "socket_connect_timeout": 1,
    "health_check_interval": 5,
    "max_retries": 1,
}
SETTINGS = {
    # the database has the status; a backend blocks callers for 19 s and more
    "result_backend": None,
    "task_ignore_result": True,
    "task_acks_late": True,
    "task_reject_on_worker_lost": False,  # a task that segfaults would come back for ever
    "task_acks_on_failure": True,
    "task_acks_on_timeout": True,  # unacknowledged, a task that hangs would come back for ever
    "task_publish_retry": False,
    "task_default_queue": DEFAULT,
    "task_create_missing_queues": False,
    "task_send_sent_event": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_store_errors_even_if_ignored": False,
    "worker_prefetch_multiplier": 1,
    "worker_send_task_events": True,
    # paid translation is not done twice
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_max_memory_per_child": 400_000,  # KiB
    # a new child costs 0.2 s; a document is worked on in a fork of its own
    "worker_max_tasks_per_child": 1000,
    "worker_hijack_root_logger": False,
    "broker_connection_retry_on_startup": True,
    "broker_channel_error_retry": True,  # see dragoman.adapters.kombu_internals
    "broker_connection_max_retries": None,  # the default gives up after 100
    "broker_transport_options": TRANSPORT_OPTIONS,
    "enable_utc": True,
    "timezone": "UTC",
}

BROKER_ERRORS = redis_transport.BROKER_ERRORS


class Doorbell(Protocol):
    """Rings the broker, some time, without ever blocking or failing its caller."""

    def ring(self, task: str, row_id: str) -> None:
        """Send `task` the id of a row that is due."""


def make_app(settings: Settings) -> Celery:
    """The Celery application of this process. Raises SettingsInvalid without a broker."""
    if not settings.broker_url:
        raise SettingsInvalid(
            "DRAGOMAN_BROKER_URL is empty: only `dragoman up` and `dragoman demo` bring their own"
            " broker.",
            advice="Set it, for example to redis://127.0.0.1:6379/0, and start again.",
        )
    app = Celery(
        "dragoman", broker=settings.broker_url, amqp=kombu_internals.Amqp, set_as_current=False
    )
    app.conf.update(SETTINGS)
    app.conf.task_queues = [
        Queue(name, Exchange(name), routing_key=name)  # type: ignore[no-untyped-call]
        for name in (*WORKER_QUEUES, DELIVERY)
    ]
    app.conf.task_routes = {task: {"queue": name} for task, name in QUEUE_OF.items()}
    return app


class BrokerDoorbell:
    """Rings from a thread of its own, behind a breaker: a broker that hangs is left alone for a
    while.

    What cannot be rung is dropped: the sweeper rings for every row that is due.
    """

    PAUSE_S = 5.0
    WAITING = 10_000

    def __init__(self, app: Celery) -> None:
        """Nothing is connected before the first ring."""
        self._app = app
        self._waiting: queue.Queue[tuple[str, str, str | None] | None] = queue.Queue(self.WAITING)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._pid = 0
        self._shut_until = 0.0

    def ring(self, task: str, row_id: str) -> None:
        """As `Doorbell.ring`."""
        self._start()
        try:
            self._waiting.put_nowait((task, row_id, telemetry.traceparent()))
        except queue.Full:
            log.warning("doorbell_dropped", task=task, id=row_id)

    def close(self, timeout_s: float = 5.0) -> None:
        """Send what waits, for `timeout_s` seconds at most."""
        if self._thread is not None and self._pid == os.getpid():
            self._waiting.put(None)
            self._thread.join(timeout_s)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or self._pid != os.getpid() or not self._thread.is_alive():
                self._pid = os.getpid()
                self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            task, row_id, parent = waiting
            if time.monotonic() < self._shut_until:
                continue
            try:
                send(self._app, task, row_id, parent)
            except BROKER_ERRORS as error:
                self._shut_until = time.monotonic() + self.PAUSE_S
                redis_transport.unreachable(error, task=task, id=row_id)


def send(app: Celery, task: str, row_id: str, traceparent: str | None = None) -> None:
    """Ring once, here and now, as part of the row's trace.

    Raises one of BROKER_ERRORS when the broker does not answer.
    """
    with telemetry.joined(traceparent):
        app.send_task(task, args=(row_id,), queue=QUEUE_OF[task], retry=False, ignore_result=True)


def waiting(connection: Connection) -> dict[str, int]:
    """How many messages wait in each of our queues. Raises one of BROKER_ERRORS."""
    client: Any = connection.default_channel.client  # type: ignore[attr-defined]  # of the Redis transport
    return {name: int(client.llen(name)) for name in (*WORKER_QUEUES, DELIVERY)}
