"""The pages for people: the start page, a job's page behind its link, the download page, the API's
documentation.

They work without JavaScript; with it, progress comes live. A GET never changes or downloads
anything, since mail scanners and previews of chats follow links. What the buttons do is in
`actions`, the upload form in `sending`.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response, StreamingResponse

from dragoman.app import audit_trail
from dragoman.domain.file_names import result_name
from dragoman.errors import Conflict, NotAllowed
from ingress.web.job_views.job_page import listed
from ingress.web.pages.upload_form import start_page
from ingress.web.requests import events
from ingress.web.requests.context import DoorOf
from ingress.web.requests.guard import Router
from ingress.web.requests.signed_in import PersonOf
from ingress.web.responses import downloads, problems
from ingress.web.responses.html import page
from ingress.web.security.stream_limit import Stream

router = Router(include_in_schema=False)
READ = ["GET", "HEAD"]
SHOWN = 100  # jobs in a person's list
NOT_SIGNED_IN = "Your documents are listed here once you are signed in."
HOW_TO_SIGN_IN = (
    "Please open this page at the address that goes through your organisation's sign-in; the admin"
    " of this server knows whether there is one. The link in an email leads to its document"
    " without it."
)


@router.api_route("/", methods=READ)
def start(door: DoorOf, person: PersonOf) -> Response:
    """What this is, and how to use it; nothing about any job."""
    return start_page(door, person)


@router.api_route("/jobs", methods=READ)
def own_jobs(door: DoorOf, person: PersonOf) -> HTMLResponse:
    """The newest documents of whoever is signed in, however they came in."""
    if person is None:
        raise NotAllowed(NOT_SIGNED_IN, advice=HOW_TO_SIGN_IN)
    rows = [listed(row, door.links) for row in door.jobs_of(person.owner, SHOWN)]
    return page(
        "jobs", signed_in=person.owner, jobs=rows, retention_days=door.settings.retention_days
    )


@router.api_route("/deleted", methods=READ)
def deleted() -> HTMLResponse:
    """Where the button that deletes leads."""
    return page("deleted")


@router.api_route("/docs", methods=READ)
def docs(request: Request) -> HTMLResponse:
    """The API in words: the operations of `/openapi.json`, and every problem."""
    schema = request.app.openapi()
    return page(
        "docs", operations=list(_operations(schema)), problems=sorted(set(problems.kinds()))
    )


@router.api_route("/j/{token}", methods=READ)
def job_page(token: str, door: DoorOf, person: PersonOf) -> HTMLResponse:
    """The job's page, for whoever has the link."""
    signed_in = person.owner if person else None
    return page("job", signed_in=signed_in, **door.page_facts(door.open_page(token, signed_in)))


@router.get("/j/{token}/events")
async def job_page_events(token: str, door: DoorOf) -> EventSourceResponse:
    """What changes on the job's page, while it changes."""
    # before the database is asked, and without a thread: there may be thousands
    door.streams.check(token)
    await run_in_threadpool(door.open_page, token)
    return Stream(events.of_page(door, token), door.streams, token)


@router.api_route("/d/{token}", methods=READ)
def download_page(token: str, door: DoorOf) -> HTMLResponse:
    """Offers the file; nothing is downloaded yet."""
    row = door.offered(token)
    if row.result is None:
        raise Conflict("There is no translated file yet.", advice="Please try again later.")
    return page(
        "download",
        job=row,
        token=token,
        result_name=result_name(row.filename, row.target_lang),
    )


@router.post("/d/{token}")
def download(token: str, door: DoorOf) -> StreamingResponse:
    """The translated PDF."""
    row = door.offered(token)
    answer = downloads.result(row, door.intake.store)
    audit_trail.downloaded(door.intake.database, row)
    return answer


def _operations(schema: dict[str, Any]) -> Any:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            body = (
                operation.get("requestBody", {})
                .get("content", {})
                .get("multipart/form-data", {})
                .get("schema", {})
            )
            yield {
                "method": method.upper(),
                "path": path,
                "description": operation.get("description", ""),
                "parameters": operation.get("parameters", []),
                "fields": body.get("properties", {}),
                "required": body.get("required", []),
                "token": bool(operation.get("security")),
            }
