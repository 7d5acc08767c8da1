"""How to get from one language to another with the models that are there: directly, or through
English. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from dragoman.domain import language
from dragoman.ports import Capabilities
from pipeline.engines.local.folder import Model

NAME = "local"
HUB = "en"  # nearly every model has it on one side


def capabilities(models: Iterable[Model]) -> Capabilities:
    """Every pair that one model serves, or two through English."""
    known = list(models)
    direct = {(language.base(one.source), language.base(one.target)) for one in known}
    into_hub = {source for source, target in direct if target == HUB}
    from_hub = {target for source, target in direct if source == HUB}
    both = {(source, target) for source in into_hub for target in from_hub if source != target}
    return Capabilities(NAME, frozenset(one.target for one in known), frozenset(direct | both))


def route(models: Iterable[Model], source_lang: str, target_lang: str) -> tuple[Model, ...]:
    """The models to ask one after the other; none where there is no way."""
    known = list(models)
    direct = _best(known, source_lang, target_lang)
    if direct:
        return (direct,)
    first, second = _best(known, source_lang, HUB), _best(known, HUB, target_lang)
    return (first, second) if first and second else ()


def _best(models: Iterable[Model], source_lang: str, target_lang: str) -> Model | None:
    """The model for a pair, that of the very tags first: `zh-Hant` before `zh`."""
    fitting = [
        one
        for one in models
        if language.base(one.source) == language.base(source_lang)
        and language.same(one.target, target_lang)
    ]
    return max(
        fitting,
        key=lambda one: (one.target == target_lang, one.source == source_lang),
        default=None,
    )
