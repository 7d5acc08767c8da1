"""The query parameters of lists, as what the database is asked for."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query

from dragoman.db import clock
from dragoman.db.queries import lists
from dragoman.db.queries.lists import Wanted
from dragoman.domain import moments
from dragoman.domain.specs import channel_specs
from ingress.web.requests.context import DoorOf

CHANNELS = " or ".join(f"`{name}`" for name in channel_specs.senders())
LONGEST = 320  # characters of an address; nothing that is asked for is longer
# An id is 32 digits and letters from a to f; its first characters will do where no other job of the
# caller begins so.
JobId = Annotated[
    str, Path(description="The job's id, or the beginning of it (four characters at least).")
]


def wanted(  # noqa: PLR0917 - FastAPI passes them by name
    door: DoorOf,
    owner: Annotated[
        str | None,
        Query(
            max_length=LONGEST,
            description=(
                "Only of this owner: an address, `web:NAME` or `slack:TEAM:USER`; `*` stands for"
                " any part."
            ),
            examples=["*@example.org"],
        ),
    ] = None,
    channel: Annotated[
        str | None,
        Query(max_length=LONGEST, description=f"Only of {CHANNELS}.", examples=["email"]),
    ] = None,
    file: Annotated[
        str | None,
        Query(
            max_length=LONGEST,
            description="Only files with this in their name.",
            examples=["report"],
        ),
    ] = None,
    since: Annotated[
        str | None,
        Query(
            max_length=LONGEST,
            description=(
                "Not older than that: `45m`, `2h`, `3d`, or ISO 8601 (UTC, if no zone is named)."
            ),
            examples=["2026-11-24"],
        ),
    ] = None,
    cursor: Annotated[
        str | None,
        Query(
            max_length=LONGEST, description="To get the next page: `next` of this one, unchanged."
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 50,
) -> Wanted:
    """What these parameters ask for. Raises UnsupportedOption."""
    return Wanted(
        owner=owner,
        channel=channel,
        file=file,
        since=earliest(door, since),
        after=lists.cursor(cursor),
        limit=limit,
    )


def earliest(door: DoorOf, since: str | None) -> float | None:
    """The moment that `since` names, by the database's clock. Raises UnsupportedOption."""
    if since is None:
        return None
    with door.intake.database.read() as connection:
        return moments.since(since, clock.now(connection))


WantedOf = Annotated[Wanted, Depends(wanted)]
