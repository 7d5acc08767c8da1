"""What a document will cost, known after it was read and before anything is paid for, and
whether somebody has to agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dragoman.app import quotas
from dragoman.db.ledgers import alarms
from dragoman.db.records import translation_memory
from dragoman.domain.costs import approval, prices
from dragoman.domain.job import ApprovalReason
from dragoman.domain.owner import sharing
from dragoman.domain.specs import engine_specs
from dragoman.domain.specs.loading import load
from dragoman.errors import QuotaUsedUp, TemporaryError
from dragoman.ports import Translator
from dragoman.settings import Settings
from pipeline.attempt.stage_run import Run
from pipeline.translation import engine_calls
from pipeline.translation.batches import Hints, estimate


@dataclass(frozen=True, slots=True)
class Cost:
    """The estimate, as columns of the job's row.

    `to_bill`: characters that the engine will charge for. `remembered`: the share of the text (0 to
    1) that is known. `price` in `currency`: what they cost; None: nothing, or not known.
    `approval_reason`: why somebody has to agree first.
    """

    to_bill: int
    remembered: float
    price: float | None = None
    currency: str | None = None
    approval_reason: str | None = None


def plan(
    run: Run, pages: int, texts: Iterable[str], source_lang: str | None, engine: Translator
) -> Cost:
    """What the unique `texts` of a document cost, and whether somebody has to agree to that.

    Raises LimitReached if that is more than the sender may use.
    """
    settings = run.context.settings
    to_bill, remembered = _characters(run, texts, source_lang, engine)
    with run.context.database.read() as connection:
        quotas.check_work(connection, settings, run.job.owner, pages, to_bill)
    over_budget = bool(to_bill) and _is_over_budget(run, engine, to_bill)
    rules = approval.Rules(settings.approval_pages, settings.approval_characters)
    why = approval.reason(
        rules, engine=engine.name, pages=pages, to_bill=to_bill, over_budget=over_budget
    )
    price = _price(settings, engine, to_bill)
    amount, currency = (round(price.amount, 4), price.currency) if price else (None, None)
    return Cost(to_bill, remembered, amount, currency, why and why.value)


def must_wait(run: Run) -> bool:
    """Whether somebody has to agree to the job's cost and has not yet.

    Raises QuotaUsedUp for a job that was agreed to and that the engine's own quota is still too
    small for: nothing is paid for a part of a document.
    """
    why = run.job.approval_reason
    if why is None:
        return False
    if run.job.approved_at is None:
        return True
    if why == ApprovalReason.BUDGET:
        _check_quota(run)
    return False


def _characters(
    run: Run, texts: Iterable[str], source_lang: str | None, engine: Translator
) -> tuple[int, float]:
    """Characters to pay for (0 where the engine costs nothing), and the share of the text that
    is known.
    """

    def recall(keys: Sequence[str]) -> dict[str, str]:
        with run.context.database.write() as connection:
            return translation_memory.recall(connection, keys)

    options = run.options
    characters, known = estimate(
        texts,
        engine,
        source_lang,
        options.target_lang,
        tone=options.tone,
        team=sharing(run.job.owner),
        hints=Hints(glossary=run.glossary.of(source_lang)),
        recall=recall,
    )
    to_bill = (
        characters - known
        if prices.costs(engine.name) and not _is_free(run.context.settings, engine)
        else 0
    )
    return to_bill, round(known / characters, 4) if characters else 1.0


def _is_free(settings: Settings, engine: Translator) -> bool:
    """Whether a server costs nothing: it is said so, or it is the house's own and no price is
    set.
    """
    spec, in_house = engine_specs.by_name(engine.name), engine.name in settings.in_house_engines
    return (
        bool(load(spec.is_free)(engine, settings, in_house=in_house))
        if spec and spec.is_free
        else in_house
    )


def _price(settings: Settings, engine: Translator, to_bill: int) -> prices.Price | None:
    """An estimate at the price that the settings give; None: it costs no money, or nobody knows."""
    spec = engine_specs.by_name(engine.name)
    amount: float | None = (
        load(spec.price)(engine, to_bill, settings) if spec and spec.price else None
    )
    return prices.Price(amount, settings.currency) if amount else None


def _is_over_budget(run: Run, engine: Translator, to_bill: int) -> bool:
    """Whether it is more than what is left of the month's budget: the admin's, else what the
    engine itself says.
    """
    most = run.context.settings.budget_characters
    if most:
        with run.context.database.read() as connection:
            used = quotas.billed_this_month(connection)
        _tell(run, "month", used, to_bill, most)
        if used + to_bill > most:
            return True
    usage = _usage(engine)
    if usage is None:
        return False
    _tell(run, engine.name, usage[0], to_bill, usage[1])
    return usage[0] + to_bill > usage[1]


def _tell(run: Run, what: str, used: int, adding: int, most: int) -> None:
    """Tell the admin once 80 % of a budget are used, and when it is not enough for `adding`
    more.
    """
    quotas.tell(what, used, adding, most)
    if used + adding < quotas.WARNED_AT * most:
        return
    cause = alarms.Cause.QUOTA_GONE if used + adding > most else alarms.Cause.QUOTA_NEAR
    with run.context.database.write() as connection:
        alarms.tell(
            connection,
            cause,
            f"{what}: {used:,} of {most:,} characters are used, {adding:,} more are asked for",
        )


def _check_quota(run: Run) -> None:
    usage = _usage(engine_calls.choose(run, run.options, run.job.source_lang, run.job.engine))
    needed = max((run.job.to_bill or 0) - run.job.characters_billed, 0)
    if usage is not None and usage[0] + needed > usage[1]:
        used, limit = usage
        raise QuotaUsedUp(
            "The quota at the translation service is not enough for this document.",
            detail=f"{needed} characters are needed, {max(limit - used, 0)} of {limit} are left",
        )


def _usage(engine: Translator) -> tuple[int, int] | None:
    """Characters used and allowed by the engine's own count; None where it counts none, or does
    not answer now.
    """
    spec = engine_specs.by_name(engine.name)
    if spec and spec.usage:
        with suppress(TemporaryError):  # translating will find out
            usage: tuple[int, int] | None = load(spec.usage)(engine)
            return usage
    return None
