"""The pages for people: the start page, a job's page behind its link, the download page, the API's documentation.

They work without JavaScript; with it, progress comes live. A GET never changes or downloads anything, since previews of
mail programs and chats follow links.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from sse_starlette import EventSourceResponse
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from dragoman.db import presence
from dragoman.domain import language
from dragoman.errors import Conflict
from dragoman.settings import MIB
from ingress.web import downloads, events, problems
from ingress.web.door import Door, DoorOf
from ingress.web.html import page
from ingress.web.views import page_facts, result_name

router = APIRouter(include_in_schema=False)
READ = ["GET", "HEAD"]


@router.api_route("/", methods=READ)
def start(door: DoorOf) -> HTMLResponse:
    """What this is, and how to use it; nothing about any job."""
    return page(
        "start",
        mail_address=door.settings.mail_address,
        languages=_languages(door),
        megabytes=door.settings.max_pdf_bytes // MIB,
        retention_days=door.settings.retention_days,
    )


@router.api_route("/docs", methods=READ)
def docs(request: Request) -> HTMLResponse:
    """The API in words: the operations of `/openapi.json`, and every problem."""
    schema = request.app.openapi()
    return page("docs", operations=list(_operations(schema)), problems=sorted(set(problems.kinds())))


@router.api_route("/j/{token}", methods=READ)
def job_page(token: str, door: DoorOf) -> HTMLResponse:
    """The job's page, for whoever has the link."""
    return page("job", **page_facts(door.open_page(token), door.links))


@router.get("/j/{token}/events")
def job_page_events(token: str, door: DoorOf) -> EventSourceResponse:
    """What changes on the job's page, while it changes."""
    door.open_page(token)
    return events.stream(events.of_page(door, token))


@router.post("/j/{token}/cancel")
def cancel(token: str, door: DoorOf) -> Response:
    """End the job; one that has ended in the meantime is shown as it is."""
    door.intake.cancel(door.own_page(token)["id"])
    return RedirectResponse(f"/j/{token}", 303)


@router.post("/j/{token}/delete")
def delete(token: str, door: DoorOf) -> HTMLResponse:
    """Delete the job's files, which ends its links too: this is the last page that the link shows."""
    door.intake.purge(door.own_page(token)["id"])
    return page("deleted")


@router.api_route("/d/{token}", methods=READ)
def download_page(token: str, door: DoorOf) -> HTMLResponse:
    """Offers the file; nothing is downloaded yet."""
    row = door.offered(token)
    if row["result"] is None:
        raise Conflict("There is no translated file yet.", advice="Please try again later.")
    return page("download", job=row, token=token, result_name=result_name(row))


@router.post("/d/{token}")
def download(token: str, door: DoorOf) -> StreamingResponse:
    """The translated PDF."""
    return downloads.result(door.offered(token), door.intake.store)


def _languages(door: Door) -> list[str]:
    """English names of the languages that some engine here can translate into; empty before the first worker is up."""
    with door.intake.database.read() as connection:
        known = presence.published(connection)
    return sorted({language.name(tag) for one in known for tag in one.targets})


def _operations(schema: dict[str, Any]) -> Any:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data", {}).get("schema", {})
            yield {
                "method": method.upper(),
                "path": path,
                "description": operation.get("description", ""),
                "parameters": operation.get("parameters", []),
                "fields": body.get("properties", {}),
                "required": body.get("required", []),
                "token": bool(operation.get("security")),
            }
