"""Streams of events: how many there may be, since each looks at the database again and again."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Receive, Scope, Send

from ingress.web.security.refusals import Busy

PING_S = 15  # below the idle time-outs of the usual proxies (60 s)
MOST, MOST_PER_LINK = 200, 10
AGAIN_S = 20.0


class Streams:
    """Counts those that are open, by what was asked for and in all."""

    def __init__(self, most: int = MOST, per_link: int = MOST_PER_LINK) -> None:
        """None is open yet."""
        self._most, self._per_link = most, per_link
        self._open: Counter[str] = Counter()
        self._in_all = 0

    def check(self, link: str) -> None:
        """Raise Busy if there is no room for one more that shows `link`."""
        if self._open[link] >= self._per_link or self._in_all >= self._most:
            raise Busy(retry_after_s=AGAIN_S)

    def enter(self, link: str) -> None:
        """Count one. Raises as `check`."""
        self.check(link)
        self._open[link] += 1
        self._in_all += 1

    def leave(self, link: str) -> None:
        """Count one less."""
        self._in_all -= 1
        self._open[link] -= 1
        if not self._open[link]:
            del self._open[link]


class Stream(EventSourceResponse):
    """The answer that sends `events` until they end, the client goes, or the server stops.

    Raises Busy when it begins.
    """

    def __init__(self, events: AsyncIterator[ServerSentEvent], streams: Streams, link: str) -> None:
        """`link`: what is counted together."""
        super().__init__(events, ping=PING_S)
        self._streams, self._link = streams, link

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI wants it."""
        self._streams.enter(self._link)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.leave(self._link)
