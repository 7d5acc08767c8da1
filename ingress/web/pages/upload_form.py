"""The upload form of the start page.

It works without JavaScript; with it, the page stays as it is when something is wrong.

Who may send is known before the file is read: the proxy has named the person, or a token is the
form's first field.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastapi import Request as HttpRequest
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Message

from dragoman.domain.rows.job import Job
from dragoman.errors import DragomanError, NotAllowed
from dragoman.settings import MIB
from ingress.web.requests import uploads
from ingress.web.requests.context import Door, DoorOf, address_of
from ingress.web.requests.guard import Router, reads_itself
from ingress.web.requests.signed_in import Person, PersonOf, check_form
from ingress.web.responses import problems
from ingress.web.responses.html import page
from ingress.web.security.api_tokens import Caller, TokenNeeded

router = Router(include_in_schema=False)
TOKEN, FORM_KEY = "token", "form_key"
FIRST_BYTES = 4096  # of the form: its first field is in them
FIRST_FIELD = re.compile(
    rb'--[^\r\n]*\r\n(?i:content-disposition): form-data; name="token"\r\n\r\n([^\r\n]*)\r\n'
)
NOT_KNOWN_HERE = "This server does not know that token."
ASK_FOR_ONE = (
    "Please check that you have copied all of it, or ask the admin of this server for one."
)


@router.post("/upload")
@reads_itself
async def upload(request: HttpRequest, door: DoorOf, person: PersonOf) -> Response:
    """Have a PDF translated, and go to its page."""
    typed: dict[str, str] = {}
    try:
        row = await _accepted(request, door, person, typed)
    except DragomanError as error:
        problem = problems.of_error(error)
        if not _wants_page(request):
            return problems.answer(request, problem)
        return start_page(door, person, problem=problem, typed=typed)
    path = door.links.path("own", row)
    return RedirectResponse(path, 303) if _wants_page(request) else JSONResponse({"page_url": path})


def start_page(
    door: Door,
    person: Person | None,
    *,
    problem: problems.Problem | None = None,
    typed: Mapping[str, str] = {},
) -> Response:
    """The start page; with `problem` and what was `typed`, for a form that could not be taken
    as it was.
    """
    return page(
        "start",
        problem.status if problem else 200,
        signed_in=person.owner if person else None,
        form_key=door.links.form_key(person.owner) if person else None,
        # Where a proxy signs people in, nobody has to know what a token is.
        asks_token=person is None
        and door.settings.remote_user_header is None
        and bool(door.settings.tokens),
        asks_sign_in=person is None and door.settings.remote_user_header is not None,
        mail_address=door.settings.mail_address,
        languages=door.language_names(),
        default_language=door.settings.default_target_lang,
        megabytes=door.settings.max_pdf_bytes // MIB,
        retention_days=door.settings.retention_days,
        problem=problem,
        typed=typed,
    )


async def _accepted(
    request: HttpRequest, door: Door, person: Person | None, typed: dict[str, str]
) -> Job:
    """The new job; `typed` gets the form's fields as soon as they are known."""
    caller: Caller | Person
    if person is None:
        request, caller = await _with_token(request, door)
    else:
        caller = person
    form = await uploads.read_form(request, door.settings.max_pdf_bytes)
    try:
        form.fields.pop(TOKEN, None)
        key = form.fields.pop(FORM_KEY, "")
        typed.update(form.fields)
        if person is not None:
            check_form(request, door, person, key)
        return await run_in_threadpool(uploads.accept, door, caller, form, None)
    finally:
        await form.close()


async def _with_token(request: HttpRequest, door: Door) -> tuple[HttpRequest, Caller]:
    """The request, to be read from its beginning, and the holder of the token in its form.

    Raises NotAllowed, TooManyTries.
    """
    begin, stream = b"", request.stream()
    while len(begin) < FIRST_BYTES and (piece := await anext(stream, None)) is not None:
        begin += piece
    found = FIRST_FIELD.match(begin)
    token = found[1].decode("utf-8", "replace").strip() if found else ""
    try:
        caller = door.named_by(f"Bearer {token}", address_of(request))
    except TokenNeeded:
        raise NotAllowed(NOT_KNOWN_HERE, advice=ASK_FOR_ONE) from None
    return HttpRequest(request.scope, _replayed(begin, stream)), caller


def _replayed(begin: bytes, stream: AsyncIterator[bytes]) -> Any:
    """A `receive` that gives what was read already, and then the rest."""
    pieces = [begin]

    async def receive() -> Message:
        piece = pieces.pop() if pieces else await anext(stream, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    return receive


def _wants_page(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("accept", "")
