"""Whether the process lives, whether it can take work, and how much there is to do."""

from __future__ import annotations

import io
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Protocol

import structlog
from celery import Celery
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import BaseModel
from starlette.responses import Response

from dragoman.broker import BROKER_ERRORS, refuses
from dragoman.db import presence, schema
from dragoman.errors import DatabaseUnavailable
from dragoman.intake import Intake
from dragoman.queues import waiting
from ingress.web import problems
from ingress.web.metrics import BrokerCollector, LedgerCollector

log = structlog.get_logger(__name__)

router = APIRouter(tags=["operations"])
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
    """Numbers for Prometheus, of this process and all others, taken from the database when asked.

    They need no token: they tell how many rows there are in which state and how the processes are, never whose or what.
    """
    door = request.app.state.door
    registry = CollectorRegistry()
    registry.register(LedgerCollector(door.intake.database))
    registry.register(BrokerCollector(door.broker.state(), door.broker.messages()))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def check_ready(intake: Intake) -> None:
    """Raise DatabaseUnavailable or StoreUnavailable unless both would keep what is accepted now."""
    found = schema.fit(intake.database)
    if found is not schema.Fit.CURRENT:
        raise DatabaseUnavailable(str(found))
    with intake.database.write() as connection:
        presence.check_writable(connection)
    key = f"probes/{uuid.uuid4().hex}/ready"
    intake.store.put(key, io.BytesIO(b"ready"))
    intake.store.delete(key)
