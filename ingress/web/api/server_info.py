"""What this server can do, and what it has done for whom: over the API, for every token."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from dragoman.db.queries import usage
from dragoman.db.records import process_registry
from dragoman.domain import language
from dragoman.ports import Capabilities
from ingress.web.requests import list_filters
from ingress.web.requests.context import CallerOf, DoorOf
from ingress.web.requests.guard import Router
from ingress.web.responses import problems

router = Router(prefix="/api/v1", tags=["server"], responses=problems.RESPONSES)


class LanguageView(BaseModel):
    """A language that can be asked for."""

    tag: str = Field(description="A BCP 47 tag.")
    name: str = Field(description="Its English name.")


class EngineView(BaseModel):
    """What one engine can do."""

    engine: str
    targets: list[str] = Field(description="Tags that it translates into.")
    pairs: list[tuple[str, str]] | None = Field(
        description=(
            "The languages (source, target) that it translates between; null: any source into any"
            " target."
        )
    )
    formality: list[str] = Field(
        description="Targets for which the tones `formal` and `informal` are honoured."
    )
    styles: list[str] = Field(description="Targets for which the other tones are honoured.")


class Languages(BaseModel):
    """What can be asked for now. Empty lists: no worker has said yet what it can do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "targets": [{"tag": "de", "name": "German"}],
                    "engines": [
                        {
                            "engine": "deepl",
                            "targets": ["de"],
                            "pairs": None,
                            "formality": ["de"],
                            "styles": [],
                        }
                    ],
                }
            ]
        }
    )

    targets: list[LanguageView] = Field(
        description="All that some engine translates into, by name."
    )
    engines: list[EngineView]


class UsageView(BaseModel):
    """What one owner had done in one month."""

    month: str = Field(description="Such as `2026-11`, in UTC: when the jobs were made.")
    owner: str = Field(description="As in a job; a short hash once the address was forgotten.")
    jobs: int
    completed: int
    failed: int
    pages: int
    characters: int = Field(description="Of the documents.")
    characters_billed: int = Field(description="Those that an engine charges for.")
    tokens_read: int = Field(description="Of language models.")
    tokens_written: int
    paid: float | None = Field(description="In `currency`, at the prices that are set.")
    currency: str | None


class UsageList(BaseModel):
    """Usage by month and owner, newest month first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "usage": [
                        {
                            "month": "2026-11",
                            "owner": "web:anna",
                            "jobs": 12,
                            "completed": 11,
                            "failed": 1,
                            "pages": 140,
                            "characters": 301_211,
                            "characters_billed": 212_004,
                            "tokens_read": 0,
                            "tokens_written": 0,
                            "paid": 4.2401,
                            "currency": "EUR",
                        }
                    ]
                }
            ]
        }
    )

    usage: list[UsageView]


@router.get("/languages")
def list_languages(door: DoorOf, caller: CallerOf) -> Languages:
    """What can be asked for now: target languages, and what each engine can do, as the workers
    say.
    """
    with door.intake.database.read() as connection:
        known = process_registry.published(connection)
    tags = frozenset[str]().union(*(one.targets for one in known))
    targets = [LanguageView(tag=tag, name=language.name(tag)) for tag in tags]
    return Languages(
        targets=sorted(targets, key=lambda one: (one.name, one.tag)),
        engines=[_engine(one) for one in known],
    )


@router.get("/usage")
def list_usage(
    door: DoorOf,
    caller: CallerOf,
    owner: Annotated[
        str | None,
        Query(
            max_length=list_filters.LONGEST,
            description="Only of this owner; `*` stands for any part.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        Query(
            max_length=list_filters.LONGEST,
            description="Only jobs made since then, such as `90d` or `2026-01-01`.",
        ),
    ] = None,
) -> UsageList:
    """Jobs, pages and characters by month: of this token; with the admin scope, of everybody."""
    earliest = list_filters.earliest(door, since)
    with door.intake.database.read() as connection:
        found = usage.by_month(connection, owner=owner, seen_by=caller.sees, since=earliest)
    return UsageList(usage=[UsageView(**asdict(one)) for one in found])


def _engine(known: Capabilities) -> EngineView:
    return EngineView(
        engine=known.engine,
        targets=sorted(known.targets),
        pairs=sorted(known.pairs) if known.pairs is not None else None,
        formality=sorted(known.formality),
        styles=sorted(known.styles),
    )
