"""The API for programs: `/api/v1`, with a token."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import Header, Query, Request
from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from dragoman.app import audit_trail
from dragoman.domain.job import Layout, Status, Tone
from dragoman.domain.specs.channel_specs import channels
from dragoman.domain.specs.loading import load
from dragoman.errors import Conflict
from ingress.web.job_views.views import (
    Accepted,
    JobList,
    JobView,
    ReplyFields,
    ReplyFieldView,
    job_view,
)
from ingress.web.requests import events, uploads
from ingress.web.requests.context import CallerOf, DoorOf
from ingress.web.requests.guard import Router, reads_itself
from ingress.web.requests.list_filters import LONGEST, JobId, WantedOf
from ingress.web.responses import downloads, problems
from ingress.web.security.stream_limit import Stream

router = Router(prefix="/api/v1", tags=["jobs"], responses=problems.RESPONSES)

UPLOAD_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "The PDF."},
        "target_lang": {
            "type": "string",
            "description": "The language wanted: a tag (`de`, `pt-BR`) or a name.",
        },
        "source_lang": {
            "type": "string",
            "description": "The document's language; absent or `auto`: detected.",
        },
        "tone": {"type": "string", "enum": list(Tone)},
        "layout": {"type": "string", "enum": list(Layout)},
        "pages": {
            "type": "string",
            "description": "Such as `1-5,9`, counting from 1; absent: all.",
        },
        "engine": {
            "type": "string",
            "description": "Such as `deepl`; absent or `auto`: the server's choice.",
        },
        "glossary": {
            "type": "string",
            "format": "binary",
            "description": "Terms for this document: CSV, TSV or XLSX with a term and its"
            " translation in its first two columns.",
        },
        "in_house": {
            "type": "string",
            "enum": ["true", "false"],
            "description": "`true`: no engine may have it that sends texts to somebody else.",
        },
        **{
            spec.reply_field.name: {"type": "string", "description": spec.reply_field.described}
            for spec in channels()
            if spec.reply_field
        },
    },
}
UPLOAD_BODY = {
    "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": UPLOAD_FORM}}}
}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`progress` on each change, `end` at the end",
        "content": {"text/event-stream": {}},
    }
}
PDF: dict[int | str, dict[str, Any]] = {
    200: {"description": "The translated PDF", "content": {"application/pdf": {}}}
}


@router.post("/upload", status_code=202, openapi_extra=UPLOAD_BODY)
@reads_itself
async def upload(
    request: Request,
    door: DoorOf,
    caller: CallerOf,
    idempotency_key: Annotated[
        str | None,
        Header(alias="Idempotency-Key", description="Makes it safe to repeat an upload."),
    ] = None,
) -> Accepted:
    """Have a PDF translated. 202 means that it is stored safely, even if a process fails later."""
    form = await uploads.read_form(request, door.settings.max_pdf_bytes)
    try:
        reply = uploads.take_reply(door.settings, caller.owner, form.fields)
        row = await run_in_threadpool(
            uploads.accept, door, caller, form, idempotency_key, reply=reply
        )
    finally:
        await form.close()
    status_url = router.url_path_for("job_status", job_id=row.id)
    return Accepted(job_id=row.id, status_url=status_url, page_url=door.links.path("own", row))


@router.get("/reply-fields")
def reply_fields(door: DoorOf, caller: CallerOf) -> ReplyFields:
    """The fields of an upload that say where its answer is sent, with this token's secret to
    check such an answer with.
    """
    known = [one.reply_field for one in channels() if one.reply_field]
    views = [
        ReplyFieldView(
            name=one.name,
            default=load(one.read)("", door.settings, caller.owner),
            secret=load(one.secret)(door.settings, caller.owner),
        )
        for one in known
    ]
    return ReplyFields(fields=views)


@router.get("/status/{job_id}")
def job_status(job_id: JobId, door: DoorOf, caller: CallerOf) -> JobView:
    """The status of a job."""
    return job_view(door.own_job(caller, job_id), door.links)


@router.get("/jobs")
def list_jobs(
    door: DoorOf,
    caller: CallerOf,
    wanted: WantedOf,
    status: Annotated[Status | None, Query(description="Only jobs in this status.")] = None,
    error: Annotated[
        str | None,
        Query(
            max_length=LONGEST, description="Only those with this error, such as `quota_used_up`."
        ),
    ] = None,
) -> JobList:
    """The newest jobs of this token, newest first; with the admin scope, of everybody."""
    found, further = door.own_jobs(caller, replace(wanted, status=status, error=error))
    return JobList(jobs=[job_view(one, door.links) for one in found], next=further and str(further))


@router.get("/jobs/{job_id}/events", response_class=EventSourceResponse, responses=EVENTS)
async def job_events(job_id: JobId, door: DoorOf, caller: CallerOf) -> EventSourceResponse:
    """Progress as server-sent events; the data of each is the job as `status` gives it."""
    link = f"{caller.name}/{job_id}"
    door.streams.check(link)  # before the database is asked
    known = await run_in_threadpool(door.own_job, caller, job_id)
    return Stream(events.of_job(door, known.job.id), door.streams, link)


@router.get("/jobs/{job_id}/result", response_class=StreamingResponse, responses=PDF)
def job_result(job_id: JobId, door: DoorOf, caller: CallerOf) -> StreamingResponse:
    """The translated PDF."""
    row = door.own_job(caller, job_id).job
    answer = downloads.result(row, door.intake.store)
    audit_trail.fetched(row)
    return answer


@router.post("/jobs/{job_id}/cancel")
def cancel_job(job_id: JobId, door: DoorOf, caller: CallerOf) -> JobView:
    """End a job that has not ended."""
    found = door.own_job(caller, job_id).job.id
    if not door.intake.cancel(found):
        raise Conflict("The job has ended already.")
    return job_view(door.own_job(caller, found), door.links)


@router.post("/jobs/{job_id}/retry")
def retry_job(
    job_id: JobId,
    door: DoorOf,
    caller: CallerOf,
    from_start: Annotated[
        bool, Query(description="Start again at the first step, not after the last good one.")
    ] = False,
) -> JobView:
    """Try a job again that failed or was cancelled; it goes on from its last good step."""
    found = door.own_job(caller, job_id).job.id
    door.intake.retry(found, from_start=from_start)
    return job_view(door.own_job(caller, found), door.links)


@router.post("/jobs/{job_id}/approve")
def approve_job(job_id: JobId, door: DoorOf, caller: CallerOf) -> JobView:
    """Approve the cost of a long document that waits for it (`waiting_for` is `approval`)."""
    found = door.own_job(caller, job_id).job.id
    if not door.intake.approve(found, by=caller.sees):
        raise Conflict("This job is not waiting for approval.")
    return job_view(door.own_job(caller, found), door.links)


@router.delete("/jobs/{job_id}", status_code=204)
def delete_job(job_id: JobId, door: DoorOf, caller: CallerOf) -> Response:
    """Delete the job's files now: source, result and all between.

    Its links stop working; safe to repeat.
    """
    door.intake.purge(door.own_job(caller, job_id).job.id)
    return Response(status_code=204)


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI schema with what FastAPI cannot know: the form of problems."""
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = problems.Problem.model_json_schema()
    return schema
