"""What a translation costs: which engines cost anything, the estimated price, and how a price
is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from babel.numbers import format_currency

from dragoman.domain.job import NO_ENGINE
from dragoman.domain.specs import engine_specs

MILLION = 1_000_000
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Price:
    """An estimate. `amount` in `currency` (ISO 4217, such as `EUR`), not negative."""

    amount: float
    currency: str


def costs(engine: str | None) -> bool:
    """Whether an engine charges for what it does, in money or from a quota.

    One that is not known might.
    """
    spec = engine_specs.by_name(engine)
    return spec.costs if spec else engine not in (None, NO_ENGINE)


def price_of(characters: int, per_million: float, currency: str) -> Price | None:
    """The price of `characters` at `per_million` of `currency` for a million of them; None
    where that is nothing.
    """
    amount = per_million * characters / MILLION
    return Price(amount, currency) if amount > 0 else None


def in_words(price: Price, locale: str = "en") -> str:
    """`€12.62`, in the manner of a language; rounded up, so that nothing looks free which is
    not.
    """
    amount = Decimal(str(round(price.amount, 6))).quantize(CENT, ROUND_CEILING)
    return str(format_currency(amount, price.currency, locale=locale))
