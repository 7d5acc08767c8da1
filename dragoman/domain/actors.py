"""Who acts just now: a front end says so once, and whatever is noted below it knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

SYSTEM = "system"


class Action(StrEnum):
    """What is kept in the audit trail."""

    SENT = "sent"
    APPROVED = "approved"
    DOWNLOADED = "downloaded"
    RETRIED = "retried"
    CANCELLED = "cancelled"
    DELETED = "deleted"


@dataclass(slots=True)
class Actor:
    """By which channel somebody acts (`email`, `slack`, `web`, `command`, or `system`: nobody asked
    for it).

    `who`: an address, `slack:TEAM:USER`, `web:NAME` of a token, `link` and `shared link` for
    whoever has one, or the user of a command; None: not known yet. `address`: where from, an IP
    address. It may be filled in while the request goes on.
    """

    channel: str = SYSTEM
    who: str | None = None
    address: str | None = None


_present: ContextVar[Actor | None] = ContextVar("actor", default=None)


def present() -> Actor:
    """Who acts in this context; the system, where nobody has said."""
    return _present.get() or Actor()


@contextmanager
def acting(channel: str, who: str | None = None, address: str | None = None) -> Iterator[Actor]:
    """The block does what somebody asks for."""
    actor = Actor(channel, who, address or None)
    token = _present.set(actor)
    try:
        yield actor
    finally:
        _present.reset(token)
