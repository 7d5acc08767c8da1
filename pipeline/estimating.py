"""What a document will cost, known after it was read and before anything is paid for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dragoman import budget
from dragoman.db import memory
from dragoman.errors import QuotaUsedUp, TemporaryError
from dragoman.ports import Translator
from pipeline.engines.deepl import DeepL
from pipeline.run import Run
from pipeline.translation import estimate


@dataclass(frozen=True, slots=True)
class Cost:
    """`to_bill`: characters that the engine will charge for. `remembered`: the share of the text (0 to 1) that is known."""

    to_bill: int
    remembered: float


def cost(run: Run, texts: Iterable[str], source_lang: str | None, engine: Translator) -> Cost:
    """The estimate for the unique `texts` of a document. What an engine on this machine does costs nothing."""

    def recall(keys: Sequence[str]) -> dict[str, str]:
        with run.context.database.write() as connection:
            return memory.recall(connection, keys)

    options = run.options
    characters, known = estimate(texts, engine, source_lang, options.target_lang, tone=options.tone, recall=recall)
    to_bill = characters - known if isinstance(engine, DeepL) else 0
    return Cost(to_bill, round(known / characters, 4) if characters else 1.0)


def check(run: Run, pages: int, planned: Cost, engine: Translator) -> None:
    """Raise LimitReached or QuotaUsedUp if that is more than the sender may use, or than the engine has left."""
    with run.context.database.read() as connection:
        budget.check_work(connection, run.context.settings, run.job["owner"], pages, planned.to_bill)
    if not isinstance(engine, DeepL) or not planned.to_bill:
        return
    with suppress(TemporaryError):  # it does not answer now: translating will find out
        usage = engine.usage()
        if usage is not None:
            _check_quota(*usage, planned.to_bill)


def _check_quota(used: int, limit: int, to_bill: int) -> None:
    budget.tell("deepl", used, to_bill, limit)
    if used + to_bill > limit:
        raise QuotaUsedUp(
            "The quota at the translation service is not enough for this document.",
            detail=f"{to_bill} characters are needed, {max(limit - used, 0)} of {limit} are left",
        )
