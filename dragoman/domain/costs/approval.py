"""Whether somebody has to agree to the cost of a document before it is translated, and who may
(pure).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from dragoman.domain.costs import prices
from dragoman.domain.job import ApprovalReason

# pages: a longer document waits where nothing else is set and the engine costs something
LONG_PAGES = 100
ANYBODY = "*"


@dataclass(frozen=True, slots=True)
class Rules:
    """What an admin has set; 0: never a reason.

    `pages` None: `LONG_PAGES`, and only where the engine costs something; a number: for every
    engine. `characters`: those that are to be paid for.
    """

    pages: int | None
    characters: int


def reason(
    rules: Rules, *, engine: str, pages: int, to_bill: int, over_budget: bool = False
) -> ApprovalReason | None:
    """Why a document of so many pages, of which `to_bill` characters are to be paid for, has to
    wait; None: it need not.

    What costs nothing is never asked about, but for a number of pages that the admin has set.
    """
    to_pay = prices.costs(engine) and to_bill > 0
    if to_pay and over_budget:
        return ApprovalReason.BUDGET
    if to_pay and rules.characters and to_bill > rules.characters:
        return ApprovalReason.CHARACTERS
    longest = LONG_PAGES if rules.pages is None else rules.pages
    asked_by_pages = to_pay or rules.pages is not None
    return ApprovalReason.PAGES if asked_by_pages and longest and pages > longest else None


def users_of_team(approvers: Collection[str], team: str) -> list[str]:
    """The ids of the Slack users of a workspace among the approvers."""
    entries = [
        entry.split(":")
        for entry in approvers
        if entry.casefold().startswith(f"slack:{team.casefold()}:")
    ]
    return sorted(parts[2].upper() for parts in entries)


def addresses(approvers: Collection[str]) -> list[str]:
    """The email addresses among the approvers, to which a question can be sent."""
    return sorted(entry for entry in approvers if "@" in entry and not entry.startswith("@"))


def may_approve(approvers: Collection[str], who: str, owner: str) -> bool:
    """Whether `who` may agree to the cost of a job of `owner`.

    Both are an address, `slack:TEAM:USER` or `web:NAME`. Without approvers that is the owner. With
    them only they may, for their own documents too. An entry is such a name, a domain behind `@`,
    or `*` for anybody.
    """
    if not approvers:
        return who == owner
    name = who.casefold()
    at = name.rpartition("@")
    domain = f"@{at[2]}" if at[1] else None
    entries = {entry.casefold() for entry in approvers}
    return bool(entries & {ANYBODY, name, domain})
