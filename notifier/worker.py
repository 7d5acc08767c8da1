"""The notifier's process: a Celery worker of its own queue, so that answers never wait behind
documents.

Threads, not child processes: sending is waiting for a server, so a few mails at a time cost no
second interpreter (some 80 MB each), and a slow server holds up one of them only. No send can hang:
each wait on the network has its time-out (`notifier.email.smtp_client`), which is why the time
limits that threads cannot have are not missed. For the same reason SIGTERM may wait for the sends
under way, however many there are (Celery's warm shutdown).
"""

from __future__ import annotations

import socket
import sys

from celery.signals import setup_logging

from dragoman.adapters import queues
from dragoman.app.processes.process_heartbeat import Pulse
from dragoman.app.processes.worker_watchdog import Hearing
from dragoman.db import schema
from dragoman.settings import Settings
from dragoman.telemetry import configure_logs, configure_traces, flush_traces
from notifier.tasks import open_context, register

THREADS = 4


def run(settings: Settings) -> None:
    """Deliver until SIGTERM (which lets a send end) or Ctrl-C. Raises SettingsInvalid."""
    configure_logs(settings.log_format)
    setup_logging.connect(_logs_are_set_up, weak=False)
    configure_traces("dragoman-notifier")
    app = queues.make_app(settings)
    schema.wait_until_current(settings.database)
    context = open_context(settings)
    register(app, lambda: context)
    hearing = Hearing(app, "notifier", THREADS, settings.lease_s)
    worker = app.Worker(
        hostname=f"notifier@{socket.gethostname()}",
        queues=[queues.DELIVERY, hearing.queue],
        pool="threads",
        concurrency=THREADS,
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    try:
        with Pulse(settings, "notifier", hearing.facts):
            worker.start()
    finally:
        context.database.close()
        flush_traces()
    sys.exit(worker.exitcode)


def _logs_are_set_up(**_: object) -> None:
    """Being connected is all it takes: Celery then leaves logging alone."""
