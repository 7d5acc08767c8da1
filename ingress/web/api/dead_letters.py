"""The dead letters over the API, for tokens with the admin scope: seen, and tried again."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from dragoman.db.queries import dead_letters, short_ids
from dragoman.domain.moments import iso
from ingress.web.requests.context import AdminOf, DoorOf
from ingress.web.requests.guard import Router
from ingress.web.requests.list_filters import LONGEST, WantedOf
from ingress.web.responses import problems

router = Router(prefix="/api/v1/dead", tags=["dead letters"], responses=problems.RESPONSES)


EXAMPLE: dict[str, JsonValue] = {
    "id": "a2eb1c3d4e5f60718293a4b5c6d7e8f9",
    "what": "job",
    "of": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "owner": "ann@example.org",
    "channel": "email",
    "filename": "report.pdf",
    "stage": "translate",
    "attempts": 1,
    "losses": 0,
    "code": "quota_used_up",
    "message": "The quota at the translation service is used up.",
    "detail": "456",
    "trace_id": "0123456789abcdef0123456789abcdef",
    "ended_at": "2026-11-24T20:00:00+00:00",
}


class LetterView(BaseModel):
    """A job, a message or a delivery that failed for good."""

    id: str
    what: Literal["job", "message", "delivery"]
    of: str | None = Field(
        description="The job or message that a delivery answers, the message that a job came in."
    )
    owner: str | None = Field(
        description="Whose job it is, or who sent the message; null: not known any more."
    )
    channel: str
    filename: str | None = Field(description="Of a job, and of a delivery that answers one.")
    stage: str | None = Field(description="The step at which a job failed.")
    attempts: int
    losses: int = Field(description="How many workers died while working on it.")
    code: str | None = Field(description="The error class.")
    message: str | None
    detail: str | None
    trace_id: str | None
    ended_at: str = Field(description="ISO 8601, UTC.")


class LetterList(BaseModel):
    """Dead letters, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"dead": [EXAMPLE], "next": None}]})

    dead: list[LetterView]
    next: str | None = Field(description="`cursor` of the next page; null at the end.")


class Which(BaseModel):
    """Which dead letters are tried again."""

    model_config = ConfigDict(extra="forbid")

    code: str | None = Field(
        default=None, description="Only those with this error code; null: all."
    )
    limit: int = Field(
        default=1000, ge=1, le=10_000, description="How many at most; the newest first."
    )
    from_start: bool = Field(default=False, description="Start jobs again at their first step.")


class Retried(BaseModel):
    """What is tried again."""

    retried: list[str]


@router.get("")
def list_dead_letters(
    door: DoorOf,
    caller: AdminOf,
    wanted: WantedOf,
    code: Annotated[
        str | None, Query(max_length=LONGEST, description="Only those with this error code.")
    ] = None,
) -> LetterList:
    """The newest dead letters of all three ledgers; `since` is when they gave up."""
    with door.intake.database.read() as connection:
        page = dead_letters.page(connection, replace(wanted, error=code))
    letters = [
        LetterView(**{**asdict(letter), "ended_at": iso(letter.ended_at)}) for letter in page.rows
    ]
    return LetterList(dead=letters, next=page.next and str(page.next))


@router.post("/retry")
def retry_dead_letters(which: Which, door: DoorOf, caller: AdminOf) -> Retried:
    """Try dead letters again, all of one error class or all."""
    return Retried(
        retried=door.intake.retry_dead(which.code, which.limit, from_start=which.from_start)
    )


@router.post("/{row_id}/retry")
def retry_dead_letter(
    row_id: Annotated[
        str, Path(description="The id of a job, a message or a delivery, or the beginning of it.")
    ],
    door: DoorOf,
    caller: AdminOf,
) -> Retried:
    """Try one job, message or delivery again."""
    with door.intake.database.read() as connection:
        found = short_ids.any_id(connection, row_id)
    door.intake.retry(found)
    return Retried(retried=[found])
