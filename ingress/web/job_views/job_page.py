"""A job's page: what it shows, and which buttons its state needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dragoman.adapters.signed_links import Links
from dragoman.domain import language
from dragoman.domain.answers.job_status import JobStatus
from dragoman.domain.costs import approval, prices
from dragoman.domain.file_names import result_name
from dragoman.domain.job import ApprovalReason, RowState, Status, WaitingFor
from dragoman.domain.retry import retry_helps
from dragoman.domain.rows.job import Job
from dragoman.domain.specs import engine_specs
from ingress.web.job_views.views import (
    ENDED,
    HEADLINES,
    READY,
    READY_AS_PSEUDO,
    UNTOUCHED,
    WAITING,
    failure,
    remarks,
    steps,
)

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A job's page as somebody has opened it.

    `token` is the one that its forms and its events are addressed with. `may_change`: it was opened
    with the requester's own link, or by the requester; else the page shows and downloads only.
    """

    known: JobStatus
    token: str
    may_change: bool


@dataclass(frozen=True, slots=True)
class Cost:
    """What a document that waits for approval would cost, as far as it is known.

    `pages` and `characters` None: not known. `to_bill`: characters that the engine charges for.
    `remembered`: percent of the text that was paid for before. `price`: an estimate such as
    `€12.62`; None: nothing, or not known. `until`: the day after which it is given up.
    `over_budget`: it is asked since the month's budget is not enough. `others_decide`: the
    requester may not approve it.
    """

    pages: int | None
    characters: int | None
    to_bill: int
    remembered: int
    until: str
    price: str | None = None
    over_budget: bool = False
    others_decide: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """What a document came to: `characters` that were charged for, tokens of a language model, and
    `paid` such as `€0.31`; None: there is no price.
    """

    characters: int
    tokens_read: int
    tokens_written: int
    paid: str | None = None


def page_facts(
    page: OpenPage,
    links: Links,
    *,
    targets: Sequence[str] = (),
    retention_days: int = 7,
    approvers: Sequence[str] = (),
) -> dict[str, Any]:
    """What the template of a job's page needs.

    `targets`: tags of the languages that can be done now.

    `approvers`: who decides about costs; empty: the requester.
    """
    row = page.known.job
    word, waits = row.status, row.waits_for
    ended, pseudo = word in ENDED, not engine_specs.is_real(row.engine)
    return {
        "job": row,
        "eta_s": page.known.eta_s,
        "token": page.token,
        "may_change": page.may_change,
        "status": word.value,
        "ended": ended,
        "headline": _headline(word, waits, row),
        "waits_for": waits,
        "cost": cost(row, approvers) if waits is WaitingFor.APPROVAL else None,
        "steps": steps(row),
        "remarks": remarks(row),
        "bill": bill(row) if ended else None,
        "not_handed_over": page.known.is_not_handed_over,
        "failure": failure(row),
        "engine": engine_specs.title_of(row.engine),
        "pseudo": pseudo,
        "again": bool(row.error_code) and not ended,
        "retry": retry_label(row),
        "languages": other_languages(row, targets) if ended else [],
        "deleted_on": day(row.ended_at + retention_days * DAY_S)
        if ended and row.ended_at
        else None,
        "retention_days": retention_days,
        "download": links.path("download", row) if word is Status.COMPLETED else None,
        "result_name": result_name(row.filename, row.target_lang),
        "problem": None,
        "chosen": None,
    }


def listed(row: Job, links: Links) -> dict[str, Any]:
    """A job in the list of its owner: its name, where it leads, its languages, how it is doing,
    and the day it came.
    """
    waits, word = row.waits_for, row.status
    return {
        "name": row.filename,
        "path": links.path("own", row),
        "source_lang": row.source_lang,
        "target_lang": row.target_lang,
        "status": word.value,
        "headline": _headline(word, waits, row),
        "progress": row.progress if word not in ENDED and waits is None else None,
        "came": day(row.created_at),
    }


def cost(row: Job, approvers: Sequence[str] = ()) -> Cost:
    """The estimate of a job that waits for approval. `approvers` as in `page_facts`."""
    amount, currency = row.price, row.currency
    return Cost(
        pages=row.pages,
        characters=row.characters,
        to_bill=row.to_bill or 0,
        remembered=round(100 * (row.remembered or 0.0)),
        until=day(row.run_after),
        price=prices.in_words(prices.Price(amount, currency)) if amount and currency else None,
        over_budget=row.approval_reason == ApprovalReason.BUDGET,
        others_decide=not approval.may_approve(approvers, row.owner, row.owner),
    )


def bill(row: Job) -> Bill | None:
    """What a job came to; None: its engine charged for nothing."""
    if not row.characters_billed and not row.tokens_read:
        return None
    amount, currency = row.paid, row.paid_in
    return Bill(
        characters=row.characters_billed,
        tokens_read=row.tokens_read,
        tokens_written=row.tokens_written,
        paid=prices.in_words(prices.Price(amount, currency)) if amount and currency else None,
    )


def retry_label(row: Job) -> str | None:
    """What the button says that tries an ended job again; None: that would not help, or there
    is nothing to try.
    """
    if row.state == RowState.CANCELLED:
        return "Start again"
    if row.state == RowState.DEAD and retry_helps(row.error_code):
        return "Try again"
    return None


def other_languages(row: Job, targets: Sequence[str]) -> list[tuple[str, str]]:
    """Tags and names of the languages that the document can be translated into besides, by name."""
    left_out = (row.target_lang, row.source_lang)
    return sorted(
        ((tag, language.name(tag)) for tag in targets if tag not in left_out),
        key=lambda tag_and_name: tag_and_name[1],
    )


def day(seconds: float) -> str:
    """`6 December 2026`: the day of a time (seconds since 1970), in UTC."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.day} {at:%B} {at.year}"


def _headline(word: Status, waits: WaitingFor | None, row: Job) -> str:
    if waits is not None:
        return WAITING[waits]
    if word not in READY:
        return HEADLINES[word]
    if row.characters == 0:
        return UNTOUCHED
    return READY_AS_PSEUDO if not engine_specs.is_real(row.engine) else HEADLINES[word]
