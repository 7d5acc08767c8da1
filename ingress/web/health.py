"""Whether the process lives, whether it can take work, and how much there is to do."""

from __future__ import annotations

import io
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import structlog
from celery import Celery
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from pydantic import BaseModel
from starlette.responses import Response

from dragoman.db import gauges, jobs, presence, schema
from dragoman.db.engine import Database
from dragoman.errors import DatabaseUnavailable
from dragoman.intake import Intake
from dragoman.queues import BROKER_ERRORS
from ingress.web import problems

log = structlog.get_logger(__name__)

router = APIRouter(tags=["operations"])
FRESH_S = 10.0


class Broker(Protocol):
    """What is known of the broker. Nothing here waits for it: uploads do not need it."""

    def state(self) -> str:
        """`reachable`, `unreachable`, or `unknown` before the first look."""


class NoBroker:
    """For a door that was given no broker to look at."""

    def state(self) -> str:
        """As `Broker.state`."""
        return "unknown"


class CeleryBroker:
    """Looks at Celery's broker in a thread, at most every `FRESH_S` seconds, and tells what it saw last."""

    def __init__(self, app: Celery) -> None:
        """Nothing is connected before the first question."""
        self._app = app
        self._seen = "unknown"
        self._looked_at = float("-inf")
        self._looking = threading.Lock()

    def state(self) -> str:
        """As `Broker.state`."""
        if time.monotonic() - self._looked_at > FRESH_S and self._looking.acquire(blocking=False):
            threading.Thread(target=self._look, name="broker-probe", daemon=True).start()
        return self._seen

    def _look(self) -> None:
        try:
            with self._app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, timeout=2)
            self._seen = "reachable"
        except BROKER_ERRORS:
            self._seen = "unreachable"
        finally:
            self._looked_at = time.monotonic()
            self._looking.release()


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"


class Readiness(BaseModel):
    """Uploads can be taken. The broker may be away: what is accepted meanwhile is rung for later."""

    status: str = "ready"
    database: str = "reachable"
    store: str = "writable"
    broker: str


@router.get("/healthz")
async def healthz() -> Health:
    """Whether this process is alive; it says nothing about anything else."""
    return Health()


@router.get("/readyz", responses=problems.RESPONSES)
def readyz(request: Request) -> Readiness:
    """Whether an upload would be taken now: the database answers and has our schema, the store keeps bytes."""
    door = request.app.state.door
    check_ready(door.intake)
    return Readiness(broker=door.broker.state())


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Counts for Prometheus, taken from the database when asked.

    They need no token: they tell how many rows there are in which state, never whose or what.
    """
    registry = CollectorRegistry()
    registry.register(LedgerCollector(request.app.state.door.intake.database))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def check_ready(intake: Intake) -> None:
    """Raise DatabaseUnavailable or StoreUnavailable unless both would keep what is accepted now."""
    if not schema.is_current(intake.database):
        raise DatabaseUnavailable("The database has another schema than this program: run `dragoman db upgrade`.")
    key = f"probes/{uuid.uuid4().hex}/ready"
    intake.store.put(key, io.BytesIO(b"ready"))
    intake.store.delete(key)


class LedgerCollector(Collector):
    """Reads the ledgers at each scrape."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """All families. Raises DatabaseUnavailable."""
        with self.database.read() as connection:
            counted = jobs.counted(connection)
            ledgers = gauges.of_ledgers(connection)
            alive = presence.alive(connection)
            said = presence.told(connection, "smtp@")
        yield from _of_mail(said)
        yield _family("dragoman_jobs", "Jobs by stage and state.", ("stage", "state"), counted.items())
        for name, words in (
            ("open", "Rows of a ledger that have not ended; in the outbox: deliveries that wait."),
            ("due", "Rows that may be claimed now."),
            ("oldest_due_s", "Seconds that the longest waiting due row has waited."),
            ("dead", "Dead letters."),
        ):
            values = [((ledger,), getattr(numbers, name)) for ledger, numbers in ledgers.items()]
            yield _family(f"dragoman_ledger_{name.replace('_s', '_seconds')}", words, ("ledger",), values)
        ages = [((service,), age) for service, age in alive.items()]
        yield _family("dragoman_heartbeat_age_seconds", "Seconds since a service was heard of.", ("service",), ages)


def _of_mail(said: Mapping[str, Mapping[str, Any]]) -> Iterator[CounterMetricFamily]:
    """What the mail doors have counted since they started, as they last told it."""
    for kind, label, words in (
        ("replies", "code", "Replies of the mail door by code, such as `250 2.0.0`."),
        ("dropped", "reason", "Messages that the mail door took and that are never answered."),
        ("refused", "reason", "Messages and recipients that the mail door refused."),
    ):
        family = CounterMetricFamily(f"dragoman_mail_{kind}", words, labels=("service", label))
        for service, facts in sorted(said.items()):
            for name, count in sorted(facts.get(kind, {}).items()):
                family.add_metric((service, name), count)
        yield family


def _family(
    name: str, words: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=labels)
    for label_values, value in sorted(values):
        family.add_metric(label_values, value)
    return family
