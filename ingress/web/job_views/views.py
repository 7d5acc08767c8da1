"""A job's row as others see it: the JSON of the API, and the words of its page."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from dragoman.adapters.signed_links import Links
from dragoman.domain.answers.arrival import Arrival, Arrived
from dragoman.domain.answers.job_status import JobStatus
from dragoman.domain.job import STAGES, RowState, Stage, Status, WaitingFor
from dragoman.domain.rows.job import Job

ENDED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
STEPS = {
    Stage.EXTRACT: "Read the document",
    Stage.TRANSLATE: "Translate the text",
    Stage.TONE: "Adjust the tone",
    Stage.RECONSTRUCT: "Rebuild the pages",
}
HEADLINES = {
    Status.PENDING: "Waiting in line",
    Status.EXTRACTING: "Reading the document",
    Status.TRANSLATING: "Translating the text",
    Status.CUSTOMIZING_TONE: "Adjusting the tone",
    Status.RECONSTRUCTING: "Rebuilding the pages",
    Status.COMPLETED: "Your translation is ready",
    Status.FAILED: "This document could not be translated",
    Status.CANCELLED: "This translation was cancelled",
}
READY, READY_AS_PSEUDO = (Status.COMPLETED,), "Your file is ready"
UNTOUCHED = "There was no text to translate"
WAITING = {
    WaitingFor.APPROVAL: "Waiting for approval",
    WaitingFor.PASSWORD: "Waiting for its password",
    WaitingFor.LANGUAGE: "Waiting for a language",
}


EXAMPLE: dict[str, JsonValue] = {
    "job_id": "a2eb1c3d4e5f60718293a4b5c6d7e8f9",
    "owner": "web:anna",
    "channel": "web",
    "status": "TRANSLATING",
    "stage": "translate",
    "stage_started_at": "2026-11-23T23:42:11+00:00",
    "progress": 40,
    "eta_s": 12,
    "filename": "report.pdf",
    "pages": 20,
    "source_lang": "en",
    "target_lang": "de",
    "engine": "deepl",
    "characters": 41_318,
    "characters_billed": 12_004,
    "to_bill": 39_870,
    "price": 0.7974,
    "currency": "EUR",
    "paid": 0.2401,
    "tokens_read": 0,
    "tokens_written": 0,
    "approval_reason": None,
    "waiting_for": None,
    "remembered": 0.03,
    "warnings": [],
    "error": None,
    "delivery": None,
    "created_at": "2026-11-23T23:42:10+00:00",
    "ended_at": None,
    "result_url": None,
    "page_url": "/j/eyJqb2IiOiJhMmViIn0.c2lnbmF0dXJl",
    "deleted": False,
}


class WarningView(BaseModel):
    """Something the reader of the result should know."""

    code: str
    page: int | None = Field(description="The page, counting from 1; null: the whole document.")
    message: str


class ErrorView(BaseModel):
    """Why a job failed, and what can be done about it."""

    code: str
    message: str
    advice: str


class DeliveryView(BaseModel):
    """What became of the answer to a job, apart from the work itself."""

    state: Arrival = Field(
        description=(
            "`sending`: not seen to have arrived; `delivered`; `instead`: the file could not be"
            " handed over, and the sender was told why, with a link if this server has a public"
            " address; `failed`: it could not be delivered in any way; `dropped`: nobody is left to"
            " tell."
        )
    )
    code: str | None = Field(
        description="Why it is `instead` or `failed`: the other side's word, or ours."
    )


class ReplyFieldView(BaseModel):
    """A field of an upload that says where the answer is sent."""

    name: str
    default: str | None = Field(description="Where it goes if the field is absent; null: nowhere.")
    secret: str | None = Field(
        description="What the receiver checks the signature with; this token's alone."
    )


class ReplyFields(BaseModel):
    """All such fields."""

    fields: list[ReplyFieldView]


class JobView(BaseModel):
    """A job as the API tells of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    job_id: str
    owner: str = Field(
        description=(
            "`web:NAME` of a token, an address, or `slack:TEAM:USER`; a short hash once it was"
            " forgotten."
        )
    )
    channel: str = Field(description="Where it came from, such as `web` or `email`.")
    status: Status
    stage: Stage = Field(description="The step that the job is at, or was at when it ended.")
    stage_started_at: str = Field(description="When it came to that step, ISO 8601, UTC.")
    progress: int = Field(ge=0, le=100, description="Percent.")
    eta_s: int | None = Field(
        description=(
            "Seconds until it will end, as far as past jobs tell; null when it has ended or waits"
            " for a person."
        )
    )
    filename: str = Field(description="Empty once the job's files have been deleted.")
    pages: int | None
    source_lang: str | None = Field(description="A BCP 47 tag; null until it was detected.")
    target_lang: str
    engine: str | None = Field(description="What translates; null until it was chosen.")
    characters: int | None
    characters_billed: int
    to_bill: int | None = Field(
        description="Characters that it was expected to cost, known after reading it."
    )
    waiting_for: str | None = Field(
        description=(
            "What a person has to answer first: `approval` of the cost, `password` or `language`."
        )
    )
    price: float | None = Field(
        description=(
            "What they are expected to cost, in `currency`; null: nothing, or it is not known."
        )
    )
    currency: str | None = Field(description="ISO 4217, such as `EUR`.")
    paid: float | None = Field(
        description="What it has come to, in `currency`; null: nothing, or there is no price."
    )
    tokens_read: int = Field(description="Tokens that a language model has read for it.")
    tokens_written: int = Field(description="Tokens that it has written.")
    approval_reason: str | None = Field(
        description=(
            "Why somebody has to approve the cost: `pages`, `characters` or `budget`; null: nobody"
            " has to."
        )
    )
    remembered: float | None = Field(
        description="The share of its text that was paid for before, 0 to 1."
    )
    warnings: list[WarningView]
    error: ErrorView | None = Field(description="Only when the job has FAILED.")
    delivery: DeliveryView | None = Field(
        description=(
            "What became of the answer by email or in Slack; null while the job is at work, and for"
            " an upload."
        )
    )
    created_at: str = Field(description="ISO 8601, UTC.")
    ended_at: str | None
    result_url: str | None = Field(
        description="Path of the download when COMPLETED: `POST` it, no token needed."
    )
    page_url: str | None = Field(
        description="Path of the job's page; whoever has it may also cancel, try again and delete."
    )
    deleted: bool = Field(description="Whether the job's files have been deleted.")


class JobList(BaseModel):
    """Jobs, newest first."""

    jobs: list[JobView]
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


class Accepted(BaseModel):
    """The answer to an upload that is kept durably."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": EXAMPLE["job_id"],
                    "status_url": f"/api/v1/status/{EXAMPLE['job_id']}",
                    "page_url": EXAMPLE["page_url"],
                }
            ]
        }
    )

    job_id: str
    status_url: str = Field(description="Path of the job's status; needs the token.")
    page_url: str = Field(
        description="Path of the job's page; whoever has it may also cancel, try again and delete."
    )


@dataclass(frozen=True, slots=True)
class Step:
    """A stage on the job's page."""

    label: str
    state: Literal["done", "now", "failed", "waiting"]


def job_view(known: JobStatus, links: Links) -> JobView:
    """The API's view of a job."""
    job = known.job
    gone = job.purged_at is not None
    return JobView(
        **{name: getattr(job, name) for name in _COPIED},
        job_id=job.id,
        currency=job.currency or job.paid_in,
        status=job.status,
        eta_s=known.eta_s,
        waiting_for=job.waits_for,
        warnings=warnings(job),
        error=failure(job),
        delivery=delivery(known.arrival),
        stage_started_at=_iso(job.stage_since) or "",
        created_at=_iso(job.created_at) or "",
        ended_at=_iso(job.ended_at),
        result_url=links.path("download", job)
        if job.status is Status.COMPLETED and not gone
        else None,
        page_url=None if gone else links.path("own", job),
        deleted=gone,
    )


_COPIED = (
    "owner",
    "channel",
    "stage",
    "progress",
    "filename",
    "pages",
    "source_lang",
    "target_lang",
    "engine",
    "characters",
    "characters_billed",
    "to_bill",
    "remembered",
    "price",
    "paid",
    "tokens_read",
    "tokens_written",
    "approval_reason",
)


def warnings(job: Job) -> list[WarningView]:
    """The job's warnings; pages count from 0 there and from 1 here."""
    return [
        WarningView(
            code=one.code, page=None if one.page is None else one.page + 1, message=one.message
        )
        for one in job.warnings
    ]


def remarks(job: Job) -> list[tuple[str, str]]:
    """The job's warnings for people: each sentence once, after the pages that it is about
    (`Pages 2–4, 9`, or nothing).
    """
    pages: dict[str, set[int]] = {}
    for warning in warnings(job):
        pages.setdefault(warning.message, set()).update(
            () if warning.page is None else (warning.page,)
        )
    return [(_page_list(sorted(numbers)), message) for message, numbers in pages.items()]


def failure(job: Job) -> ErrorView | None:
    """What went wrong, for a job that has failed; one that is tried again has not failed yet."""
    if job.state is not RowState.DEAD:
        return None
    return ErrorView(
        code=job.error_code or "error",
        message=job.error_message or "",
        advice=job.error_advice or "",
    )


def delivery(arrival: Arrived | None) -> DeliveryView | None:
    """What became of the answer, where one is owed."""
    return DeliveryView(state=arrival.state, code=arrival.code) if arrival else None


def steps(job: Job) -> list[Step]:
    """A step for each stage, in order; the tone is one only where one was asked for."""
    word, present = job.status, job.stage
    shown = [one for one in STAGES if one is present or one is not Stage.TONE or job.is_toned]
    at = shown.index(present)

    def state(number: int) -> Literal["done", "now", "failed", "waiting"]:
        if word is Status.COMPLETED or number < at:
            return "done"
        if number > at or word in (Status.PENDING, Status.CANCELLED):
            return "waiting"
        return "failed" if word is Status.FAILED else "now"

    return [Step(STEPS[stage], state(number)) for number, stage in enumerate(shown)]


def attachment(filename: str) -> str:
    """A `Content-Disposition` that keeps any name: plain for old clients, RFC 8187 for all
    others (RFC 6266 4.3).
    """
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    plain = "".join("_" if c in '"\\/%' or not c.isprintable() else c for c in plain)
    plain = plain if plain.split(".", 1)[0].strip() else "document.pdf"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _page_list(numbers: list[int]) -> str:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    listed = ", ".join("–".join(map(str, run)) for run in runs)
    return f"Page{'s' if len(numbers) > 1 else ''} {listed}" if numbers else ""


def _iso(seconds: float | None) -> str | None:
    return (
        datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
        if seconds is not None
        else None
    )
