"""The buttons of a job's page.

Each is a form that is posted to the requester's own link, and leads back to a page.

The link's token is the credential, so that no page of another site can send these forms. A button
that comes too late (a second click, an old page) changes nothing and shows the job as it is.
"""

from __future__ import annotations

import uuid
from contextlib import suppress
from dataclasses import replace
from typing import Annotated

from fastapi import Form
from starlette.responses import RedirectResponse, Response

from dragoman.app.intake import Request
from dragoman.domain import language
from dragoman.domain.job import Options
from dragoman.domain.rows.job import Job
from dragoman.errors import Conflict, RequestError, UnsupportedTarget
from ingress.web.job_views.job_page import OpenPage
from ingress.web.requests.context import Door, DoorOf
from ingress.web.requests.guard import Router
from ingress.web.responses import problems
from ingress.web.responses.html import page

router = Router(prefix="/j/{token}", include_in_schema=False)
SEE_OTHER = 303
CHANNEL = "web"  # whatever it came in by: the answer to a button is a page
LONGEST_PASSWORD = 1000  # characters


@router.post("/approve")
def approve(token: str, door: DoorOf) -> Response:
    """Agree to the cost: it is translated."""
    row = door.own_page(token).job
    door.intake.approve(row.id, by=row.owner)
    return _back(token)


@router.post("/unlock")
def unlock(
    token: str, door: DoorOf, password: Annotated[str, Form(max_length=LONGEST_PASSWORD)] = ""
) -> Response:
    """Give the password of a locked PDF."""
    row = door.own_page(token).job
    if password:
        door.intake.unlock(row.id, password)
    return _back(token)


@router.post("/cancel")
def cancel(token: str, door: DoorOf) -> Response:
    """End the job."""
    door.intake.cancel(door.own_page(token).job.id)
    return _back(token)


@router.post("/retry")
def retry(token: str, door: DoorOf) -> Response:
    """Try a job again that failed or was cancelled."""
    row = door.own_page(token).job
    with suppress(Conflict):
        door.intake.retry(row.id)
    return _back(token)


@router.post("/another")
def another(
    token: str, door: DoorOf, target_lang: Annotated[str, Form(max_length=100)] = ""
) -> Response:
    """Have the same document translated into another language, and show that job's page."""
    known = door.own_page(token)
    try:
        new = translate_into(door, known.job, target_lang)
    except RequestError as error:
        facts = door.page_facts(OpenPage(known, token, may_change=True))
        problem = problems.of_error(error)
        return page("job", problem.status, **{**facts, "problem": problem, "chosen": target_lang})
    return _back(door.links.token("own", new))


@router.post("/delete")
def delete(token: str, door: DoorOf) -> Response:
    """Delete the job's files. That ends its links too, so the answer is a page of its own."""
    door.intake.purge(door.own_page(token).job.id)
    return RedirectResponse("/deleted", SEE_OTHER)


def translate_into(door: Door, row: Job, target_lang: str) -> Job:
    """A job for the same document and another language.

    The same wish again is the same job, as long as its files are there. Raises UnknownLanguage,
    UnsupportedTarget or LimitReached.
    """
    target = language.parse(target_lang)
    options = _options(door, row, target)
    door.intake.check_request(options, owner=row.owner, channel=CHANNEL)
    key = f"another:{row.id}:{target}"
    known = door.by_key(key)
    if known is not None and known.purged_at is None:
        return known
    if known is not None:  # it was deleted since: this is a new wish
        key = f"{key}:{uuid.uuid4().hex}"
    with door.intake.store.open(row.source) as body:
        pdf = door.intake.store_pdf(row.filename, body)
    receipt = door.intake.submit([Request(pdf, options, row.owner, CHANNEL, key)])
    return door.intake.find(receipt.job_ids[0]).job


def _options(door: Door, row: Job, target: str) -> Options:
    """What was asked for the first time.

    Terms belong to the other language; so may the engine. This page is its answer.
    """
    options = replace(
        row.options,
        target_lang=target,
        glossary=(),
        reply_by=None,
        reply_to=None,
    )
    try:
        door.check_engine(options.engine, target)
    except UnsupportedTarget:
        return replace(options, engine=None)
    return options


def _back(token: str) -> Response:
    return RedirectResponse(f"/j/{token}", SEE_OTHER)
