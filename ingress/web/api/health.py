"""Whether the process lives, whether it can take work, and how much there is to do."""

from __future__ import annotations

import structlog
from fastapi import Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import BaseModel, Field
from starlette.responses import Response

from ingress.web.monitoring.metrics import BrokerCollector, Known, LedgerCollector, TriesCollector
from ingress.web.monitoring.readiness import check_ready
from ingress.web.requests.guard import Router
from ingress.web.responses import problems

log = structlog.get_logger(__name__)

WAITS = (
    "The broker accepts nothing at the moment. Documents are still accepted, and wait until it is"
    " back."
)

router = Router(tags=["operations"])


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"


class Readiness(BaseModel):
    """Uploads can be taken.

    The broker may be away: what is accepted meanwhile is worked on later.
    """

    status: str = "ready"
    database: str = "reachable"
    store: str = "writable"
    broker: str
    notice: str | None = Field(
        default=None, description="What is wrong, and what that means; null: nothing is wrong."
    )


@router.get("/healthz")
async def healthz() -> Health:
    """Whether this process is alive; it says nothing about anything else."""
    return Health()


@router.get("/readyz", responses=problems.RESPONSES)
def readyz(request: Request) -> Readiness:
    """Whether an upload would be accepted now: the database answers and has our schema, and the
    store accepts files.
    """
    door = request.app.state.door
    door.readiness.seen(lambda: check_ready(door.intake))
    broker = door.broker.state()
    return Readiness(broker=broker, notice=WAITS if broker in ("unreachable", "refusing") else None)


@router.get("/metrics", response_class=Response)
def metrics(request: Request) -> Response:
    """Numbers for Prometheus, of this process and all others, taken from the database every few
    seconds at most.

    They need no token: they tell how many rows there are in which state and how the processes are,
    never whose or what.
    """
    door = request.app.state.door
    registry = CollectorRegistry()
    ledgers = LedgerCollector(door.intake.database)
    registry.register(Known(door.ledgers.seen(lambda: list(ledgers.collect()))))
    registry.register(BrokerCollector(door.broker.state(), door.broker.messages()))
    registry.register(TriesCollector(door.tries.by_kind))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
