"""Connections to the web door: how many there may be, and how long each may let us wait.

A connection that has asked for nothing yet gives way to a new one as soon as there are too many. So
silent connections, however many, keep nobody out; only those that are being answered can, and then
the newcomer is told to come back.
"""

from __future__ import annotations

import asyncio
import functools
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from dragoman.adapters import connection_limits
from dragoman.errors import DragomanError
from ingress.web.responses import problems
from ingress.web.security.refusals import Busy, SlowRequest

log = structlog.get_logger(__name__)

SOON_S = 5  # when a client that was sent away may come back
CALM_S = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much clients may take; `_s` are seconds.

    `per_address`: connections of one IP address; a proxy in front is one address, so it is most of
    all `connections`. `head_s`: for the headers of a request, from the connection or the answer
    before. `body_idle_s`: between two pieces of a body. `body_s`: for a whole body. `unread_s`: for
    a client that reads nothing of its answer.
    """

    connections: int
    per_address: int
    head_s: float = 10.0
    body_idle_s: float = 30.0
    body_s: float = 1800.0
    unread_s: float = 60.0


def limits() -> Limits:
    """For this process, by the number of files that it may have open."""
    most = connection_limits.most_connections(1000)
    return Limits(most, per_address=most * 3 // 4)


class Connections:
    """All that are open, the ones that wait for a request in the order in which they began to."""

    def __init__(self, limits: Limits) -> None:
        """Nobody is connected yet."""
        self.limits = limits
        self.open: set[Connection] = set()
        self.by_address: Counter[str] = Counter()
        self.waiting: dict[Connection, None] = {}
        self.refused = 0
        self._said_at = float("-inf")

    def admits(self, new: Connection) -> bool:
        """Count a connection, in place of the one that has waited longest if there are too many.

        False: there is no room.
        """
        if self.by_address[new.address] >= self.limits.per_address:
            leaving = next((one for one in self.waiting if one.address == new.address), None)
        elif len(self.open) >= self.limits.connections:
            leaving = next(iter(self.waiting), None)
        else:
            return self._enter(new)
        if leaving is None:
            self._refuse(new)
            return False
        self.leave(leaving)
        leaving.give_way()
        return self._enter(new)

    def leave(self, one: Connection) -> None:
        """Count it no more; safe to repeat."""
        self.waiting.pop(one, None)
        if one in self.open:
            self.open.discard(one)
            self.by_address[one.address] -= 1
            if not self.by_address[one.address]:
                del self.by_address[one.address]

    def _enter(self, one: Connection) -> bool:
        self.open.add(one)
        self.by_address[one.address] += 1
        return True

    def _refuse(self, one: Connection) -> None:
        self.refused += 1
        now = asyncio.get_running_loop().time()
        if now - self._said_at >= CALM_S:
            self._said_at = now
            log.warning(
                "connection_refused", peer=one.address, refused=self.refused, open=len(self.open)
            )


class Connection(H11Protocol):
    """uvicorn's, with an end to each of its waits.

    `address`: the IP address of the other side, "" of a Unix socket.
    """

    def __init__(self, connections: Connections, **options: Any) -> None:
        """`options` as uvicorn gives them."""
        super().__init__(**options)
        self.address = ""
        self._all = connections
        self._is_in = False
        self._has_said = False  # anything since it began to wait for a request
        self._body_begun_at = self._heard_at = 0.0
        self._looked_at: object = None  # the request that is timed
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it, or send it away."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        self._is_in = self._all.admits(self)
        if self._is_in:
            self._wait_for_head()
        else:
            self._say_and_close(Busy(retry_after_s=SOON_S))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._all.leave(self)
        for timer in (self._timer, self._unread):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Nothing is heard from a client that was sent away."""
        if not self._is_in or self.transport.is_closing():
            return
        self._heard_at = self.loop.time()
        self._has_said = True
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        """The client reads too slowly, or not at all."""
        super().pause_writing()
        self._unread = self.loop.call_later(self._all.limits.unread_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        if self._unread:
            self._unread.cancel()
            self._unread = None
        super().resume_writing()

    def give_way(self) -> None:
        """Close, for somebody else; whoever has begun to ask is told."""
        if self._has_said:
            self._say_and_close(Busy(retry_after_s=SOON_S))
        else:
            self.transport.close()

    @property
    def _is_waiting(self) -> bool:
        return cast("Any", self.cycle) is None or self.cycle.response_complete

    def _look(self) -> None:
        """See what is waited for now, and until when."""
        if self.transport.is_closing():
            return
        if self._is_waiting:
            if self not in self._all.waiting:
                self._wait_for_head()
        elif self.cycle is not self._looked_at:  # a new request
            self._looked_at = self.cycle
            self._all.waiting.pop(self, None)
            self._body_begun_at = self._heard_at
            limits = self._all.limits
            self._set_timer(min(limits.body_idle_s, limits.body_s), self._look_at_body)

    def _wait_for_head(self) -> None:
        self._all.waiting[self] = None
        self._has_said = bool(self.conn.trailing_data[0])  # sent before the answer was there
        self._set_timer(self._all.limits.head_s, self._head_late)

    def _head_late(self) -> None:
        if self._has_said:
            self._say_and_close(SlowRequest())
        else:
            self.transport.close()

    def _look_at_body(self) -> None:
        """Close where the body has not come on; a client that we do not listen to ourselves is
        not at fault.
        """
        if self._is_waiting or not self.cycle.more_body or self.transport.is_closing():
            return
        now, limits = self.loop.time(), self._all.limits
        if self.flow.read_paused:
            self._heard_at = now
        left = min(self._heard_at + limits.body_idle_s, self._body_begun_at + limits.body_s) - now
        if left > 0:
            self._set_timer(left, self._look_at_body)
        elif self.cycle.response_started:
            self.transport.close()
        else:
            self._say_and_close(SlowRequest())

    def _set_timer(self, seconds: float, then: Any) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, then)

    def _say_and_close(self, error: DragomanError) -> None:
        """Answer in place of the application."""
        self.transport.write(raw(error))
        self.transport.close()


def raw(error: DragomanError) -> bytes:
    """The bytes of a whole HTTP/1.1 answer that tells of `error` and closes the connection."""
    body = json.dumps(problems.of_error(error).model_dump(exclude_none=True)).encode()
    status = error.http_status
    retry = f"Retry-After: {SOON_S}\r\n" if error.temporary else ""
    words = {408: "Request Timeout", 503: "Service Unavailable"}[status]
    return (
        f"HTTP/1.1 {status} {words}\r\nContent-Type: {problems.MEDIA_TYPE}\r\nContent-Length:"
        f" {len(body)}\r\n{retry}Connection: close\r\n\r\n"
    ).encode() + body


def protocol(limits: Limits) -> type[asyncio.Protocol]:
    """What uvicorn makes its connections with; all that it makes are counted together."""
    return cast("type[asyncio.Protocol]", functools.partial(Connection, Connections(limits)))


class Server(uvicorn.Server):
    """uvicorn's, which takes few connections at once and keeps the others waiting in the kernel."""

    async def startup(self, sockets: Any = None) -> None:
        """Begin to listen."""
        connection_limits.quieten(asyncio.get_running_loop())
        await super().startup(sockets)
        for server in self.servers:
            connection_limits.let_wait(server)
