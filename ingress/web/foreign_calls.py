"""Requests that another front end answers: its receiver blocks, so it runs in a thread and the loop stays free."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from dragoman.intake import Intake
from dragoman.settings import MIB, Settings

Receiver = Callable[[str, str, Mapping[str, str]], tuple[int, dict[str, str], str]]
"""Takes body, query and headers of a POST; gives status, headers and body."""
Make = Callable[[Settings, Intake], Receiver]
MOST_BYTES = MIB


def mount(app: FastAPI, path: str, receive: Receiver) -> None:
    """Answer POST requests to `path` with `receive`."""

    async def answer(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        status, headers, text = await run_in_threadpool(receive, body, request.url.query, dict(request.headers))
        return Response(text, status_code=status, headers=headers)

    app.add_api_route(path, answer, methods=["POST"], include_in_schema=False)


async def _body(request: Request) -> str | None:
    """The body as text, None if it is larger than anybody's news are."""
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES:
            return None
        parts.append(chunk)
    return b"".join(parts).decode("utf-8", "replace")
