"""What holds for every request: headers that keep browsers safe, a log line without tokens,
answers that wait for nothing.
"""

from __future__ import annotations

import asyncio
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

# Nothing comes from another host, no script or style stands in a page. Pico's icons are `data:`
# pictures.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src"
    " 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
# asked every few seconds, or of no interest
QUIET = ("/healthz", "/readyz", "/metrics", "/static/")
LINGER_S = 10.0


class SafeHeaders:
    """Sets `HEADERS` on each answer that does not say otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI wants it."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)


class RequestLog:
    """One line for each request.

    It names the route (`/j/{token}`), never the path: paths hold tokens.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI wants it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, begin = 500, time.monotonic()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            if not scope["path"].startswith(QUIET):
                route = getattr(scope.get("route"), "path", "unknown")
                seconds = round(time.monotonic() - begin, 3)
                log.info(
                    "request", method=scope["method"], route=route, status=status, seconds=seconds
                )


class EarlyAnswers:
    """Sends an answer that does not need the body at once, and closes the connection.

    Closing with unread bytes resets a connection, and the client would see “connection reset”
    instead of the answer. So what is still sent is read and forgotten: `limit` bytes, or some
    seconds. A client that waits for `100 Continue` has sent nothing yet.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI wants it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        ended = "transfer-encoding" not in headers and headers.get("content-length", "0") == "0"

        async def watched() -> Message:
            nonlocal ended
            message = await receive()
            ended = (
                ended or message["type"] != "http.request" or not message.get("more_body", False)
            )
            return message

        async def forget_rest() -> None:
            left = self.limit
            while not ended and left > 0:
                left -= len((await watched()).get("body", b""))

        async def early(message: Message) -> None:
            if ended:
                await send(message)
            elif message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
                await send(message)
            elif message.get("more_body", False) or "expect" in headers:
                await send(message)
            else:
                await send({**message, "more_body": True})
                try:
                    await asyncio.wait_for(forget_rest(), LINGER_S)
                except TimeoutError:
                    log.info("body_left_unread")
                await send({"type": "http.response.body", "body": b""})

        await self.app(scope, watched, early)
