"""What may be spent at engines that cost something, who is asked, and what a price is reckoned
from.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, Field, field_validator
from pydantic_settings import NoDecode

from dragoman.settings.values import listed_in_lower_case

# An address, a domain behind `@`, a Slack user, a token's name, or anybody.
_APPROVER = re.compile(r"\*|[^\s@]*@[^\s@]+|slack:[^\s:]+:[^\s:]+|web:[^\s:]+")


class CostSettings(BaseModel):
    """When somebody has to agree to a document's cost, who that is, and what a million
    characters cost.
    """

    approval_pages: int | None = Field(default=None, ge=0)
    approval_characters: int = Field(default=300_000, ge=0)
    approval_wait_s: int = Field(default=3 * 86400, ge=60)
    approvers: Annotated[tuple[str, ...], NoDecode] = ()
    budget_characters: int = Field(default=0, ge=0)
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")

    @field_validator("approvers", mode="before")
    @classmethod
    def _approvers_listed(cls, value: object) -> object:
        return listed_in_lower_case(value)

    @field_validator("approvers")
    @classmethod
    def _approvers_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not _APPROVER.fullmatch(entry):
                forms = "ana@example.com, @example.org, slack:TEAM:USER, web:NAME of a token, or *"
                raise ValueError(f"{entry!r} is nobody; write {forms}")
        return value
