"""The dead letters over the API, for tokens with the admin scope: seen, and tried again."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from dragoman.db import dead_letters
from dragoman.errors import NotAllowed, NotFound
from ingress.web import problems
from ingress.web.callers import Caller
from ingress.web.door import JOB_ID, CallerOf, DoorOf

router = APIRouter(prefix="/api/v1/dead", tags=["dead letters"], responses=problems.RESPONSES)


class LetterView(BaseModel):
    """A job, a message or a delivery that gave up."""

    id: str
    what: Literal["job", "message", "delivery"]
    of: str | None = Field(description="The job or message that a delivery answers, the message that a job came in.")
    stage: str | None = Field(description="The step that a job gave up at.")
    attempts: int
    losses: int = Field(description="Workers that died at it.")
    code: str | None = Field(description="The error class.")
    message: str | None
    detail: str | None
    trace_id: str | None
    ended_at: float | None = Field(description="Seconds since 1970.")


class LetterList(BaseModel):
    """Dead letters, newest first."""

    dead: list[LetterView]


class Which(BaseModel):
    """Which dead letters are tried again."""

    model_config = ConfigDict(extra="forbid")

    code: str | None = Field(default=None, description="Those of this error class; null: all.")
    limit: int = Field(default=1000, ge=1, le=10_000, description="The newest so many.")
    from_start: bool = Field(default=False, description="Jobs begin with their first step.")


class Retried(BaseModel):
    """What is tried again."""

    retried: list[str]


@router.get("")
def list_dead(
    door: DoorOf,
    caller: CallerOf,
    code: Annotated[str | None, Query(description="Only those of this error class.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many.")] = 50,
) -> LetterList:
    """The newest dead letters of all three ledgers."""
    _admins_only(caller)
    with door.intake.database.read() as connection:
        return LetterList(dead=[LetterView(**letter) for letter in dead_letters.listed(connection, limit, code)])


@router.post("/retry")
def retry_many(which: Which, door: DoorOf, caller: CallerOf) -> Retried:
    """Try dead letters again, all of one error class or all."""
    _admins_only(caller)
    return Retried(retried=door.intake.retry_dead(which.code, which.limit, from_start=which.from_start))


@router.post("/{row_id}/retry")
def retry_one(row_id: str, door: DoorOf, caller: CallerOf) -> Retried:
    """Try one job, message or delivery again."""
    _admins_only(caller)
    if not JOB_ID.fullmatch(row_id):
        raise NotFound("There is no dead letter with that id.")
    door.intake.retry(row_id)
    return Retried(retried=[row_id])


def _admins_only(caller: Caller) -> None:
    if not caller.admin:
        raise NotAllowed("Only a token with the admin scope may do that.")
