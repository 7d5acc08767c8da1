"""What the services say of themselves: what engines can do, and that a service is alive and works."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Connection, Table, delete, select

from dragoman.db.clock import now_s
from dragoman.db.models import CapabilityRow, HeartbeatRow
from dragoman.db.statements import upsert
from dragoman.ports import Capabilities

CAPABILITIES = cast("Table", CapabilityRow.__table__)
HEARTBEATS = cast("Table", HeartbeatRow.__table__)


def publish(connection: Connection, capabilities: list[Capabilities]) -> None:
    """Replace what is known of the engines by what this worker knows."""
    connection.execute(delete(CAPABILITIES).where(CAPABILITIES.c.engine.not_in([c.engine for c in capabilities])))
    for known in capabilities:
        facts = {
            "targets": sorted(known.targets),
            "pairs": sorted(map(list, known.pairs)) if known.pairs is not None else None,
            "formality": sorted(known.formality),
            "styles": sorted(known.styles),
        }
        upsert(connection, CAPABILITIES, "engine", engine=known.engine, facts=facts, seen_at=now_s())


def published(connection: Connection) -> list[Capabilities]:
    """What the workers last said of their engines; empty before the first worker came up."""
    rows = connection.execute(select(CAPABILITIES).order_by(CAPABILITIES.c.engine)).mappings()
    return [_capabilities(row["engine"], row["facts"]) for row in rows]


def beat(connection: Connection, service: str, facts: dict[str, Any] | None = None) -> None:
    """Say that `service` (a name such as `worker@host`) is alive now."""
    upsert(connection, HEARTBEATS, "service", service=service, facts=facts or {}, seen_at=now_s())


def said(connection: Connection, service: str) -> dict[str, Any]:
    """The facts that a service gave with its last beat; empty if there was none."""
    return connection.scalar(select(HEARTBEATS.c.facts).where(HEARTBEATS.c.service == service)) or {}


def told(connection: Connection, prefix: str) -> dict[str, dict[str, Any]]:
    """The facts of each service whose name begins with `prefix`."""
    rows = connection.execute(select(HEARTBEATS.c.service, HEARTBEATS.c.facts))
    return {service: facts for service, facts in rows if service.startswith(prefix)}


def alive(connection: Connection) -> dict[str, float]:
    """Seconds since each service was last heard of."""
    rows = connection.execute(select(HEARTBEATS.c.service, now_s() - HEARTBEATS.c.seen_at))
    return {service: float(age) for service, age in rows}


def forget_silent(connection: Connection, days: int) -> None:
    """Drop services that were not heard of for `days` days."""
    connection.execute(delete(HEARTBEATS).where(HEARTBEATS.c.seen_at < now_s() - days * 86400))


def _capabilities(engine: str, facts: dict[str, Any]) -> Capabilities:
    pairs = facts.get("pairs")
    return Capabilities(
        engine=engine,
        targets=frozenset(facts["targets"]),
        pairs=frozenset((source, target) for source, target in pairs) if pairs is not None else None,
        formality=frozenset(facts.get("formality", ())),
        styles=frozenset(facts.get("styles", ())),
    )
