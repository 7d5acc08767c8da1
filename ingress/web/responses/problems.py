"""Errors as answers: problem details (RFC 9457) for programs, a kind page for people."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from dragoman.domain.os_errors import named
from dragoman.errors import DragomanError, LimitReached, RequestError, TemporaryError
from ingress.web.responses import html, middleware
from ingress.web.security.api_tokens import TokenNeeded
from ingress.web.security.refusals import TooManyTries

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 30  # our own guess, where nobody asked for another delay
NEEDS_TOKEN = {"WWW-Authenticate": 'Bearer realm="dragoman"'}  # RFC 6750 3
OWN = {
    "unauthorized": "A token is needed.",
    "invalid": "The request is not well-formed.",
    "http": "We cannot handle this request.",
    "internal": "Something went wrong on our side.",
}


class Problem(BaseModel):
    """An error, as RFC 9457 wants it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "/docs#conflict",
                    "title": "The job's present state does not allow that.",
                    "status": 409,
                    "detail": "The job has ended already.",
                    "code": "conflict",
                    "advice": "Please check the job's status first.",
                    "job_id": "a2eb1c3d4e5f60718293a4b5c6d7e8f9",
                }
            ]
        }
    )

    type: str = Field(description="What kind of error it is: a section of `/docs`.")
    title: str
    status: int
    detail: str = Field(description="What happened, in words for people.")
    code: str = Field(description="A short name for programs; it never changes.")
    advice: str = Field(description="What can be done about it, in words for people.")
    job_id: str | None = None


RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Refused",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
    "5XX": {
        "description": "Not now",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    },
}


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem."""
    app.add_exception_handler(DragomanError, _dragoman)
    app.add_exception_handler(TokenNeeded, _token_needed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OSError, _trouble)
    app.add_exception_handler(ClientDisconnect, _gone_away)
    app.add_exception_handler(Exception, _unforeseen)


def kinds() -> Iterator[tuple[str, int, str]]:
    """Code, HTTP status and title of every problem, for the documentation."""
    waiting: list[type[DragomanError]] = [RequestError, TemporaryError]
    while waiting:
        kind = waiting.pop(0)
        # What the way back tells itself is no answer of this server's.
        waiting[:0] = [
            one for one in kind.__subclasses__() if not one.__module__.startswith("notifier.")
        ]
        yield kind.code, kind.http_status, str(kind())
    yield from (
        (code, status, OWN[code])
        for code, status in (
            ("unauthorized", 401),
            ("invalid", 422),
            ("http", 404),
            ("internal", 500),
        )
    )


def answer(
    request: Request, problem: Problem, headers: Mapping[str, str] | None = None
) -> Response:
    """`problem` in the form that the client reads: a page for a browser outside the API, else
    JSON.
    """
    if _is_page(request):
        return html.page("problem", problem.status, headers, problem=problem)
    body = problem.model_dump(exclude_none=True)
    return JSONResponse(body, problem.status, headers, MEDIA_TYPE)


def of_error(error: DragomanError, job_id: str | None = None) -> Problem:
    """The problem that tells of `error`; its `detail` is for the log only."""
    return Problem(
        type=f"/docs#{error.code}",
        title=str(type(error)()),
        status=error.http_status,
        detail=str(error),
        code=error.code,
        advice=error.advice,
        job_id=job_id,
    )


def _is_page(request: Request) -> bool:
    wants_html = "text/html" in request.headers.get("accept", "")
    return wants_html and not request.url.path.startswith("/api/")


def _own(code: str, status: int, detail: str, advice: str) -> Problem:
    return Problem(
        type=f"/docs#{code}",
        title=OWN[code],
        status=status,
        detail=detail,
        code=code,
        advice=advice,
    )


async def _dragoman(request: Request, error: Exception) -> Response:
    # for mypy: it is registered for this class only
    assert isinstance(error, DragomanError)  # noqa: S101
    headers = {}
    if isinstance(error, TooManyTries):  # the log has a line for it already
        headers["Retry-After"] = str(ceil(error.retry_after_s))
    elif isinstance(error, LimitReached) and error.limit and error.limit.again_at is not None:
        headers["Retry-After"] = str(max(ceil(error.limit.again_at - time.time()), 1))
    elif error.temporary:
        asked = error.retry_after_s if isinstance(error, TemporaryError) else None
        headers["Retry-After"] = str(round(asked or RETRY_AFTER_S))
        log.warning("not_now", code=error.code, detail=error.detail)
    return answer(request, of_error(error, request.path_params.get("job_id")), headers)


async def _trouble(request: Request, error: Exception) -> Response:
    """A full disk passes; every other trouble is one that nobody foresaw."""
    if isinstance(known := named(error), DragomanError):
        return await _dragoman(request, known)
    raise error


async def _token_needed(request: Request, error: Exception) -> Response:
    detail = "This address needs a token that this server knows."
    advice = (
        "Please send the header “Authorization: Bearer TOKEN”; the admin of this server gives out"
        " tokens."
    )
    return answer(request, _own("unauthorized", 401, detail, advice), NEEDS_TOKEN)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - for mypy, as above
    found = error.errors()[0]
    where = ".".join(str(part) for part in found["loc"][1:])
    return answer(
        request, _own("invalid", 422, f"{where}: {found['msg']}", "Please look at /docs.")
    )


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - for mypy, as above
    problem = _own(
        "http",
        error.status_code,
        f"{error.detail}.".replace("..", "."),
        "Please check the address.",
    )
    return answer(request, problem, error.headers)


async def _gone_away(request: Request, error: Exception) -> Response:
    log.info("client_gone")
    return Response(status_code=400)


async def _unforeseen(request: Request, error: Exception) -> Response:
    """A bug: the server logs it with its traceback after this answer."""
    advice = "Please try again later, or ask the admin of this server."
    # This answer is made outside of all middleware.
    return answer(request, _own("internal", 500, OWN["internal"], advice), middleware.HEADERS)
