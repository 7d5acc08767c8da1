"""What an engine's answers came to, at the prices that are set."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dragoman.domain.costs.prices import Price
from dragoman.domain.specs import engine_specs
from dragoman.domain.specs.loading import load
from dragoman.ports import Tokens, Translator
from pipeline.engines.settings import EngineSettings

if TYPE_CHECKING:
    from dragoman.settings import Settings

Bill = Callable[[int, Tokens], Price | None]
"""The price of so many characters and tokens; None: nothing, or there is no price."""


def of_engine(engine: Translator, settings: Settings) -> Bill:
    """How answers of `engine` are billed."""

    def bill(characters: int, tokens: Tokens) -> Price | None:
        paid = amount(engine, characters, tokens, settings)
        return Price(paid, settings.currency) if paid else None

    return bill


def amount(
    engine: Translator, characters: int, tokens: Tokens, settings: EngineSettings
) -> float | None:
    """What so many characters and tokens came to, in the server's currency; None: nothing, or
    there is no price.
    """
    spec = engine_specs.by_name(engine.name)
    if spec is None:
        return None
    if spec.bill:
        found: float | None = load(spec.bill)(engine, characters, tokens, settings)
    else:
        found = load(spec.price)(engine, characters, settings) if spec.price else None
    return found
