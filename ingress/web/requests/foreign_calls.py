"""Requests that another front end answers: its receiver blocks, so it runs in a thread and the
loop stays free.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from dragoman.app.intake import Intake
from dragoman.domain.specs.channel_specs import channels
from dragoman.domain.specs.loading import load
from dragoman.settings import MIB, Settings
from ingress.web.requests.guard import read_small, reads_itself

Receiver = Callable[[str, str, Mapping[str, str]], tuple[int, dict[str, str], str]]
"""Takes body, query and headers of a POST; gives status, headers and body."""
Make = Callable[[Settings, Intake], Receiver]
MOST_BYTES = MIB  # more than anybody's news are


def here(settings: Settings) -> dict[str, Make]:
    """The paths that other channels have on this web server, by what is set, each with what
    makes its receiver.
    """
    served = [one for channel in channels() for one in channel.served if load(one.wanted)(settings)]
    return {one.path: load(one.make) for one in served}


def mount(app: FastAPI, path: str, receive: Receiver) -> None:
    """Answer POST requests to `path` with `receive`."""

    # What they sign is the body, so it has to be read before anybody knows who sends it.
    @reads_itself
    async def answer(request: Request) -> Response:
        body = (await read_small(request, MOST_BYTES)).decode("utf-8", "replace")
        status, headers, text = await run_in_threadpool(
            receive, body, request.url.query, dict(request.headers)
        )
        return Response(text, status_code=status, headers=headers)

    app.add_api_route(path, answer, methods=["POST"], include_in_schema=False)
