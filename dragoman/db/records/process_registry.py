"""What the services say of themselves: what engines can do, and that a service is alive and
works.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, cast

from sqlalchemy import Connection, Table, delete, func, select, update

from dragoman.db import clock
from dragoman.db.clock import now_s
from dragoman.db.statements import upsert
from dragoman.db.tables import CapabilityRow, HeartbeatRow, PulseRow
from dragoman.ports import Capabilities

CAPABILITIES = cast("Table", CapabilityRow.__table__)
HEARTBEATS = cast("Table", HeartbeatRow.__table__)
PULSES = cast("Table", PulseRow.__table__)
EXPIRES_S = 600.0  # a worker publishes every minute
NOTHING = ""  # what a worker says that has none: its row shows that it was asked
PULSE_SHOWN_S = 300.0  # a process says every 15 s how it is


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a process said of itself `age_s` seconds ago."""

    service: str
    pid: int
    facts: dict[str, Any]
    age_s: float


def publish(connection: Connection, worker: str, capabilities: list[Capabilities]) -> None:
    """Replace what `worker` (as `worker@host`) has said of its engines; what others said stays."""
    capabilities = capabilities or [Capabilities(NOTHING, frozenset())]
    known = [one.engine for one in capabilities]
    own = CAPABILITIES.c.worker == worker
    connection.execute(delete(CAPABILITIES).where(own, CAPABILITIES.c.engine.not_in(known)))
    for one in capabilities:
        values = {"worker": worker, "engine": one.engine, "facts": _facts(one), "seen_at": now_s()}
        upsert(connection, CAPABILITIES, ("worker", "engine"), **values)


def stand_by(connection: Connection, worker: str) -> None:
    """What `worker` said of its engines still counts, though they could not be asked again."""
    connection.execute(
        update(CAPABILITIES).where(CAPABILITIES.c.worker == worker).values(seen_at=now_s())
    )


def said_ago(connection: Connection, worker: str) -> float | None:
    """Seconds since `worker` published; None if it never did."""
    seen = (
        select(func.max(CAPABILITIES.c.seen_at))
        .where(CAPABILITIES.c.worker == worker)
        .scalar_subquery()
    )
    return connection.scalar(select(func.abs(now_s() - seen)))


def published(connection: Connection) -> list[Capabilities]:
    """What some worker can do, by engine; empty before the first worker came up (see `is_known`),
    or where none has an engine.

    A worker that the others have outlived by `EXPIRES_S` no longer counts. Where all are silent,
    the last word stands.
    """
    newest = select(func.max(CAPABILITIES.c.seen_at)).scalar_subquery()
    fresh = select(CAPABILITIES).where(
        CAPABILITIES.c.seen_at > newest - EXPIRES_S, CAPABILITIES.c.engine != NOTHING
    )
    by_engine: dict[str, list[Capabilities]] = {}
    for row in connection.execute(fresh.order_by(CAPABILITIES.c.engine)).mappings():
        by_engine.setdefault(row["engine"], []).append(_capabilities(row["engine"], row["facts"]))
    return [reduce(_either, ones) for ones in by_engine.values()]


def is_known(connection: Connection) -> bool:
    """Whether some worker has said which engines it has, be it none."""
    return connection.scalar(select(func.count()).select_from(CAPABILITIES)) != 0


def targets(connection: Connection, engines: frozenset[str] | None = None) -> frozenset[str] | None:
    """The languages that can be translated into now; empty: no engine is set up; None: no worker
    has said anything yet.

    `engines`: by those of these names, None: by any.
    """
    if not is_known(connection):
        return None
    return frozenset[str]().union(
        *(one.targets for one in published(connection) if engines is None or one.engine in engines)
    )


def beat(connection: Connection, service: str, facts: dict[str, Any] | None = None) -> None:
    """Say that `service` (a name such as `worker@host`) is alive now."""
    upsert(
        connection, HEARTBEATS, ("service",), service=service, facts=facts or {}, seen_at=now_s()
    )


def said(connection: Connection, service: str) -> dict[str, Any]:
    """The facts that a service gave with its last beat; empty if there was none."""
    return (
        connection.scalar(select(HEARTBEATS.c.facts).where(HEARTBEATS.c.service == service)) or {}
    )


def told(connection: Connection, prefix: str) -> dict[str, dict[str, Any]]:
    """The facts of each service whose name begins with `prefix`."""
    rows = connection.execute(select(HEARTBEATS.c.service, HEARTBEATS.c.facts))
    return {service: facts for service, facts in rows if service.startswith(prefix)}


def alive(connection: Connection) -> dict[str, float]:
    """Seconds since each service was last heard of."""
    rows = connection.execute(select(HEARTBEATS.c.service, clock.age_s(HEARTBEATS.c.seen_at)))
    return {service: float(age) for service, age in rows}


def check_writable(connection: Connection) -> None:
    """Change nothing, in a transaction that may write.

    Raises where rows are only read: a follower, a file without leave to write.
    """
    connection.execute(update(HEARTBEATS).where(HEARTBEATS.c.service == "").values(service=""))


def pulse(connection: Connection, service: str, pid: int, facts: dict[str, Any]) -> None:
    """What process `pid` of `service` says of itself now."""
    upsert(
        connection,
        PULSES,
        ("service", "pid"),
        service=service,
        pid=pid,
        facts=facts,
        seen_at=now_s(),
    )


def end_pulse(connection: Connection, service: str, pid: int) -> None:
    """The process ends in peace: it is not missed."""
    connection.execute(delete(PULSES).where(PULSES.c.service == service, PULSES.c.pid == pid))


def pulses(connection: Connection, within_s: float = PULSE_SHOWN_S) -> list[Pulse]:
    """The processes that were heard of in the last `within_s` seconds."""
    age_s = clock.age_s(PULSES.c.seen_at).label("age_s")
    statement = select(PULSES.c.service, PULSES.c.pid, PULSES.c.facts, age_s).where(
        age_s < within_s
    )
    rows = connection.execute(statement.order_by(PULSES.c.service, PULSES.c.pid)).mappings()
    return [Pulse(**row) for row in rows]


def forget_silent(connection: Connection, days: int) -> None:
    """Drop services that were not heard of for `days` days, and processes and workers likewise."""
    for table in (HEARTBEATS, PULSES):
        connection.execute(delete(table).where(table.c.seen_at < now_s() - days * 86400))
    newest = select(func.max(CAPABILITIES.c.seen_at)).scalar_subquery()
    connection.execute(delete(CAPABILITIES).where(CAPABILITIES.c.seen_at < newest - EXPIRES_S))


def _facts(known: Capabilities) -> dict[str, Any]:
    return {
        "targets": sorted(known.targets),
        "pairs": sorted(map(list, known.pairs)) if known.pairs is not None else None,
        "formality": sorted(known.formality),
        "styles": sorted(known.styles),
    }


def _either(one: Capabilities, other: Capabilities) -> Capabilities:
    """What at least one of two workers can do with the same engine."""
    return Capabilities(
        engine=one.engine,
        targets=one.targets | other.targets,
        pairs=None if one.pairs is None or other.pairs is None else one.pairs | other.pairs,
        formality=one.formality | other.formality,
        styles=one.styles | other.styles,
    )


def _capabilities(engine: str, facts: dict[str, Any]) -> Capabilities:
    pairs = facts.get("pairs")
    return Capabilities(
        engine=engine,
        targets=frozenset(facts["targets"]),
        pairs=frozenset((source, target) for source, target in pairs)
        if pairs is not None
        else None,
        formality=frozenset(facts.get("formality", ())),
        styles=frozenset(facts.get("styles", ())),
    )
