"""The sweeper: rings again for every row of the three ledgers that is due and that no doorbell was heard for.

It alone makes lost messages, flushed brokers and dead workers harmless. Any number of sweepers may run.
"""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from celery import Celery
from sqlalchemy import Table

from dragoman import queues, telemetry
from dragoman.db import presence, schema
from dragoman.db.cards import CARDS
from dragoman.db.engine import Database
from dragoman.db.inbox import INBOX
from dragoman.db.jobs import JOBS
from dragoman.db.outbox import OUTBOX
from dragoman.db.parts import PARTS
from dragoman.db.unrung import take_unrung
from dragoman.errors import DatabaseUnavailable
from dragoman.pulse import Pulse
from dragoman.settings import Settings

log = structlog.get_logger(__name__)

EVERY_S = 2.0
TELL_EVERY_S = 15.0  # `dragoman health sweeper` looks for a sign of the last minute
AT_ONCE = 500
LEDGERS: tuple[tuple[Table, Callable[[dict[str, Any]], str], str], ...] = (
    (INBOX, lambda row: queues.OPEN_OF[row["channel"]], "id"),
    (JOBS, lambda _: queues.EXTRACT_AND_TRANSLATE, "id"),
    (PARTS, lambda _: queues.PART, "id"),
    (OUTBOX, lambda _: queues.DELIVER, "owner"),
    (CARDS, lambda _: queues.SHOW_CARD, "id"),
)


def sweep(database: Database, app: Celery) -> int:
    """Ring for what is due; how many rows. Raises DatabaseUnavailable or one of BROKER_ERRORS."""
    rung = 0
    for table, task_of, column in LEDGERS:
        with database.write() as connection:
            rows = take_unrung(connection, table, AT_ONCE)
        for row in _unique(rows, column):
            queues.send(app, task_of(row), row[column], row["traceparent"])
        rung += len(rows)
    return rung


def run(settings: Settings) -> None:
    """Sweep every two seconds until SIGTERM or Ctrl-C; trouble with the database or the broker is waited out."""
    telemetry.configure_logs(settings.log_format)
    telemetry.configure_traces("dragoman-sweeper")
    database, app = Database(settings.database), queues.make_app(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    schema.wait_until_current(settings.database, stop)
    log.info("sweeper_started", every_s=EVERY_S)
    count = Count()
    with Pulse(settings, "sweeper", count.facts):
        while not stop.is_set():
            _turn(database, app, count)
            stop.wait(EVERY_S)


@dataclass
class Count:
    """What this sweeper has done since it started; times are monotonic."""

    sweeps: int = 0
    rung: int = 0
    failed: int = 0
    swept_at: float = field(default_factory=time.monotonic)
    told_at: float = float("-inf")

    def facts(self) -> dict[str, float]:
        """For the pulse. `lag_s`: seconds since the last sweep that worked."""
        lag_s = round(time.monotonic() - self.swept_at, 1)
        return {"sweeps": self.sweeps, "rung": self.rung, "sweeps_failed": self.failed, "lag_s": lag_s}


def _turn(database: Database, app: Celery, count: Count) -> None:
    try:
        rung = sweep(database, app)
        count.sweeps, count.rung, count.swept_at = count.sweeps + 1, count.rung + rung, time.monotonic()
        if rung:
            log.info("swept", rung=rung)
        if count.swept_at - count.told_at > TELL_EVERY_S:
            tell(database)
            count.told_at = count.swept_at
    except (DatabaseUnavailable, *queues.BROKER_ERRORS) as error:
        count.failed += 1
        log.warning("sweep_failed", detail=str(getattr(error, "detail", "") or error)[:200])


def tell(database: Database) -> None:
    """Say that the sweeper of this host does its work. Raises DatabaseUnavailable."""
    with database.write() as connection:
        presence.beat(connection, f"sweeper@{socket.gethostname()}")


def _unique(rows: list[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    return list({row[column]: row for row in rows}.values())
