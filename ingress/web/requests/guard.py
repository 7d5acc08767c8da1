"""What every route does before it reads a body: it looks at the credentials, and it bounds the
body.

FastAPI reads a body before it asks the dependencies, so that a stranger's bytes would be kept
before anybody asks who sends them. Routes of this class ask first. What they read then is small; a
route that takes more says so with `reads_itself`, and reads the body on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from fastapi import APIRouter, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Message, Receive

from dragoman.adapters.signed_links import PATHS, WrongLink
from dragoman.domain.actors import acting
from dragoman.errors import TooLarge
from ingress.web.requests.context import Door, address_of, admin_of, caller_of, door_of
from ingress.web.security import failed_attempts

Answering = Callable[[Request], Coroutine[Any, Any, Response]]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

MOST_BYTES = 64 * 1024  # of JSON or a form without a file
SEND_LESS = "Please send a smaller request; only an upload may be larger."
SAFE = ("GET", "HEAD")
LINK, SHARED_LINK = "link", "download link"  # whoever has one: in the audit trail
_READS_ITSELF = "reads_body_itself"


class GuardedRoute(APIRoute):
    """A route that knows who asks before it reads what they send."""

    def get_route_handler(self) -> Answering:
        """As FastAPI wants it: what answers a request to this route."""
        answer = super().get_route_handler()
        reads_itself = getattr(self.endpoint, _READS_ITSELF, False)

        async def guarded(request: Request) -> Response:
            address = address_of(request)
            if "token" not in request.path_params:
                with acting("web", address=address):
                    return await checked(request)
            who = SHARED_LINK if request.url.path.startswith(PATHS["download"]) else LINK
            with (
                acting("web", who, address),
                door_of(request).tries.watching(address, failed_attempts.LINK, WrongLink),
            ):
                return await checked(request)

        async def checked(request: Request) -> Response:
            if not has_body(request):
                return await answer(request)
            await self._check_credentials(request)
            # No GET reads a body here; a route that takes uploads reads its own.
            if request.method in SAFE or reads_itself:
                return await answer(request)
            body = await read_small(request, MOST_BYTES)
            return await answer(Request(request.scope, _replayed(body, request.receive)))

        return guarded

    async def _check_credentials(self, request: Request) -> None:
        """Raise whatever the endpoint would raise for a stranger, before anything is read."""
        door = door_of(request)
        if _asks(self.dependant, caller_of):
            caller = caller_of(request, door, None)
            if _asks(self.dependant, admin_of):
                admin_of(caller)
        elif "token" in request.path_params:
            await run_in_threadpool(_check_link, door, request)


class Router(APIRouter):
    """A router whose routes are guarded."""

    def __init__(self, **options: Any) -> None:
        """`options` as FastAPI's routers take them."""
        super().__init__(route_class=GuardedRoute, **options)


def reads_itself(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint that takes more than `MOST_BYTES`: it takes the request, and bounds what
    it reads of it.
    """
    setattr(endpoint, _READS_ITSELF, True)
    return endpoint


def has_body(request: Request) -> bool:
    """Whether the headers announce a body of at least one byte (RFC 9112 6.3)."""
    return (
        "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
    )


async def read_small(request: Request, most: int) -> bytes:
    """The body.

    Raises TooLarge as soon as more than `most` bytes are announced or have come, ClientDisconnect.
    """
    too_large = TooLarge(f"The request is larger than {most // 1024} KiB.", advice=SEND_LESS)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise too_large
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise too_large
    return bytes(body)


def _check_link(door: Door, request: Request) -> None:
    """Raise NotFound, Gone or NotAllowed for a link that does not lead to what is asked for."""
    token = str(request.path_params["token"])
    if request.url.path.startswith(PATHS["download"]):
        door.offered(token)
    elif request.method in SAFE:
        door.open_page(token)
    else:
        door.own_page(token)


def _asks(dependant: Dependant, dependency: Callable[..., Any]) -> bool:
    """Whether a route depends on `dependency`, directly or by others."""
    return any(one.call is dependency or _asks(one, dependency) for one in dependant.dependencies)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives what was read already; then only the client's going is heard."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return cast("Receive", replay)
