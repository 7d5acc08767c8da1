"""Is a service of this host alive, and does it answer? What compose asks every minute."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

from dragoman.adapters.probe import TIMEOUT_S, local
from dragoman.domain.specs.channel_specs import Process, processes
from dragoman.errors import BrokerUnavailable, NotFound, OperatorError
from dragoman.settings import Settings, host_port

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from dragoman.db.records.process_registry import Pulse

FRESH_S = 60.0  # each says every 15 s that it works
# it rings for itself after 30 s in which it took nothing: twice in vain, and a pulse
SILENT_S = 75.0
HEARERS = ("worker", "notifier")


class Unhealthy(OperatorError):
    """What `dragoman health` ends with where a service is not well."""

    message = "The service does not answer."
    code = "unhealthy"
    exit_code = 1
    advice = "Please restart it; its log may say what went wrong."


def check(settings: Settings, service: str) -> str:
    """A sentence about a service that is well.

    Raises Unhealthy, or NotFound for a name that is none.
    """
    checks: dict[str, Callable[[], None]] = {
        **{name: lambda name=name: _hears(settings, name) for name in HEARERS},  # type: ignore[misc]
        "beat": lambda: _ping(settings, "celerybeat"),
        "sweeper": lambda: _was_heard(settings, "sweeper"),
        **{one.name: lambda one=one: _examine(settings, one) for one in processes()},  # type: ignore[misc]
        "flower": lambda: _answers(settings.flower_listen, "/healthcheck"),
    }
    if service not in checks:
        raise NotFound(
            f"There is no service “{service}”.", advice=f"Possible: {', '.join(checks)}."
        )
    checks[service]()
    return f"{service} is healthy"


def _examine(settings: Settings, process: Process) -> None:
    """Ask a channel's process how it is, in the way that its spec says."""
    health = process.health
    if health is None:
        _was_heard(settings, process.name)
    elif health.path:
        _answers(getattr(settings, health.listen), health.path)
    else:
        _greets(getattr(settings, health.listen), health.greeting)


def _ping(settings: Settings, name: str) -> None:
    """A round trip through the broker to the very process on this host: one that is alive but
    deaf fails it.
    """
    # a second of imports that the doors' checks have no use for
    from dragoman.adapters.queues import (
        BROKER_ERRORS,
        make_app,
    )

    node = f"{name}@{socket.gethostname()}"
    try:
        answers = make_app(settings).control.ping(destination=[node], timeout=TIMEOUT_S, limit=1)
    except BROKER_ERRORS as error:
        raise BrokerUnavailable(detail=str(error)[:200]) from error
    if not answers:
        raise Unhealthy(f"{node} does not answer.")


def _hears(settings: Settings, name: str) -> None:
    """A process that takes tasks says in its pulse whether it does: one that lives and is deaf
    fails. Raises DatabaseUnavailable.
    """
    service = f"{name}@{socket.gethostname()}"
    known = [one for one in _pulses(settings) if one.service == service]
    if not known or min(one.age_s for one in known) > FRESH_S:
        raise Unhealthy(detail=f"{service} sent no heartbeat for a minute")
    if silent := [
        one for one in known if one.age_s <= FRESH_S and one.facts.get("silent_s", 0.0) > SILENT_S
    ]:
        raise Unhealthy(
            detail=(
                f"{service} has taken no task for {silent[0].facts['silent_s']:.0f} s, though it"
                " was sent some"
            )
        )


def _pulses(settings: Settings) -> list[Pulse]:
    from dragoman.db.records import process_registry

    with _reading(settings) as connection:
        return process_registry.pulses(connection)


def _was_heard(settings: Settings, name: str) -> None:
    """A row that the process on this host keeps fresh as long as it does its work.

    Raises DatabaseUnavailable.
    """
    from dragoman.db.records import process_registry

    service = f"{name}@{socket.gethostname()}"
    with _reading(settings) as connection:
        age_s = process_registry.alive(connection).get(service)
    if age_s is None or age_s > FRESH_S:
        raise Unhealthy(
            detail=f"{service} sent no heartbeat" + ("" if age_s is None else f" for {age_s:.0f} s")
        )


@contextmanager
def _reading(settings: Settings) -> Iterator[Connection]:
    from dragoman.db.engine import Database

    database = Database(settings.database)
    try:
        with database.read() as connection:
            yield connection
    finally:
        database.close()


def _greets(listen: str, greeting: bytes) -> None:
    host, port = host_port(listen)
    try:
        with socket.create_connection((local(host), port), TIMEOUT_S) as connection:
            first = connection.recv(64)
    except OSError as error:
        raise Unhealthy(detail=str(error)) from error
    if not first.startswith(greeting):
        raise Unhealthy(detail=f"it said {first!r}")


def _answers(listen: str, path: str) -> None:
    host, port = host_port(listen)
    try:
        with urlopen(f"http://{local(host)}:{port}{path}", timeout=TIMEOUT_S) as answer:
            answer.read()
    except (URLError, OSError) as error:
        raise Unhealthy(detail=str(error)) from error
