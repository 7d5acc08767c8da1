"""The sweeper: rings again for every row of the three ledgers that is due and that no doorbell was
heard for.

It alone makes lost messages, flushed brokers and dead workers harmless. Any number of sweepers may
run.
"""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from celery import Celery
from sqlalchemy import Table

from dragoman import telemetry
from dragoman.adapters import queues
from dragoman.app.processes.process_heartbeat import Pulse
from dragoman.db import clock, schema
from dragoman.db.engine import Database
from dragoman.db.ledgers.cards import CARDS
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.ledgers.parts import PARTS
from dragoman.db.queries import clock_steps, turns
from dragoman.db.queries.due_rows import Unrung, take_unrung
from dragoman.db.records import process_registry
from dragoman.errors import DatabaseUnavailable
from dragoman.settings import Settings
from pipeline.attempt import turns as of_workers
from pipeline.worker import alerts

log = structlog.get_logger(__name__)

EVERY_S = 2.0
TELL_EVERY_S = 15.0  # `dragoman health sweeper` looks for a sign of the last minute
WATCH_EVERY_S = 60.0
AT_ONCE = 500
LEDGERS: tuple[tuple[Table, Callable[[Unrung], tuple[str, str]]], ...] = (
    (INBOX, lambda row: (queues.OPEN_OF[row.channel or ""], row.id)),
    (JOBS, lambda row: (queues.EXTRACT_AND_TRANSLATE, row.id)),
    (PARTS, lambda row: (queues.PART, row.id)),
    # one doorbell is for all that is owed to an owner
    (OUTBOX, lambda row: (queues.DELIVER, row.owner or "")),
    (CARDS, lambda row: (queues.SHOW_CARD, row.id)),
)


def sweep(database: Database, app: Celery) -> int:
    """Ring for what is due; how many rows. Raises DatabaseUnavailable or one of BROKER_ERRORS."""
    rung = _ring_for_next(database, app)
    for table, ring_of in LEDGERS:
        with database.write() as connection:
            rows = take_unrung(connection, table, AT_ONCE)
        # the last row of several that one doorbell is for
        for (task, rung_id), row in {ring_of(row): row for row in rows}.items():
            queues.send(app, task, rung_id, row.traceparent)
        rung += len(rows)
    return rung


def _ring_for_next(database: Database, app: Celery) -> int:
    """Ring for those whose turn it is, where a place is free that nobody took; how many rows."""
    with database.write() as connection:
        chosen = turns.take_next(connection, turns.places(connection))
    for table, row in chosen:
        queues.send(app, of_workers.task_of(table), row.id, row.traceparent)
    return len(chosen)


def run(settings: Settings) -> None:
    """Sweep every two seconds until SIGTERM or Ctrl-C; trouble with the database or the broker
    is waited out.
    """
    telemetry.configure_logs(settings.log_format)
    telemetry.configure_traces("dragoman-sweeper")
    database, app = Database(settings.database), queues.make_app(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    schema.wait_until_current(settings.database, stop)
    log.info("sweeper_started", every_s=EVERY_S)
    count = Count(settings.lease_s)
    with Pulse(settings, "sweeper", count.facts):
        while not stop.is_set():
            _turn(database, app, count)
            stop.wait(EVERY_S)


@dataclass(frozen=True, slots=True)
class Step:
    """The database's clock was set forward by `seconds` (below 0: back); it is `at` now, in
    seconds since 1970.
    """

    seconds: float
    at: float


@dataclass
class Count:
    """What this sweeper has done since it started; times are monotonic, but for `clock_s`: the
    database's clock at `clock_at`.
    """

    longest_lease_s: float
    sweeps: int = 0
    rung: int = 0
    failed: int = 0
    swept_at: float = field(default_factory=time.monotonic)
    told_at: float = float("-inf")
    started_at: float = field(default_factory=time.monotonic)
    watched_at: float = float("-inf")
    clock_s: float = 0.0
    clock_at: float = 0.0
    steps: list[Step] = field(default_factory=list)

    def facts(self) -> dict[str, float]:
        """For the pulse. `lag_s`: seconds since the last sweep that worked."""
        lag_s = round(time.monotonic() - self.swept_at, 1)
        return {
            "sweeps": self.sweeps,
            "rung": self.rung,
            "sweeps_failed": self.failed,
            "lag_s": lag_s,
        }


def _turn(database: Database, app: Celery, count: Count) -> None:
    try:
        look_at_clock(database, count)
        rung = sweep(database, app)
        count.sweeps, count.rung, count.swept_at = (
            count.sweeps + 1,
            count.rung + rung,
            time.monotonic(),
        )
        if rung:
            log.info("swept", rung=rung)
        if count.swept_at - count.told_at > TELL_EVERY_S:
            tell(database, count.steps[-1:])
            count.told_at = count.swept_at
        if count.swept_at - count.watched_at > WATCH_EVERY_S:
            with database.write() as connection:
                alerts.look(connection, count.swept_at - count.started_at)
            count.watched_at = count.swept_at
    except (DatabaseUnavailable, *queues.BROKER_ERRORS) as error:
        count.failed += 1
        log.warning("sweep_failed", detail=str(getattr(error, "detail", "") or error)[:200])


def tell(database: Database, steps: Sequence[Step] = ()) -> None:
    """Say that the sweeper of this host does its work, and the latest step of the clock.

    Raises DatabaseUnavailable.
    """
    facts = {"stepped_s": round(steps[-1].seconds), "stepped_at": steps[-1].at} if steps else {}
    with database.write() as connection:
        process_registry.beat(connection, f"sweeper@{socket.gethostname()}", facts)


def look_at_clock(database: Database, count: Count) -> None:
    """Bring back what a step of the database's clock has left in the future: at the first look,
    after each step, and now and then.

    Raises DatabaseUnavailable.
    """
    with database.read() as connection:
        clock_s, clock_at = clock.now(connection), time.monotonic()
    is_first = not count.clock_s
    seconds = (
        0.0 if is_first else clock_steps.step(count.clock_s, clock_s, clock_at - count.clock_at)
    )
    if is_first or seconds or clock_at - count.told_at > TELL_EVERY_S:
        with database.write() as connection:
            mended = clock_steps.mend(connection, count.longest_lease_s, seconds)
        if seconds or mended:
            log.error("clock_stepped", seconds=round(seconds, 1), mended=mended)
    if seconds:
        count.steps.append(Step(seconds, clock_s))
        count.told_at = float("-inf")
    count.clock_s, count.clock_at = clock_s, clock_at  # not before: what failed is seen again
