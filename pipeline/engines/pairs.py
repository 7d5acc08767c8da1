"""Whether an engine serves a pair of languages, and the plain words for it when it does not."""

from __future__ import annotations

from dragoman.domain import language
from dragoman.errors import UnsupportedPair, UnsupportedTarget
from dragoman.ports import Capabilities


def into(capabilities: Capabilities, target_lang: str) -> bool:
    """Whether the engine translates into that language, from whatever source."""
    return any(language.same(target, target_lang) for target in capabilities.targets)


def serves(capabilities: Capabilities, source_lang: str | None, target_lang: str) -> bool:
    """Whether the engine can translate this pair; an engine with fixed pairs has to know the source."""
    if not into(capabilities, target_lang):
        return False
    pair = (language.base(source_lang or "und"), language.base(target_lang))
    return capabilities.pairs is None or pair in capabilities.pairs


def refuse_unserved(capabilities: Capabilities, source_lang: str | None, target_lang: str) -> None:
    """Raise UnsupportedTarget or UnsupportedPair, with what is possible, unless the engine serves the pair."""
    engine = capabilities.engine
    if not into(capabilities, target_lang):
        raise UnsupportedTarget(
            f"The engine {engine} does not translate into {language.name(target_lang)}.",
            advice=f"Possible: {language.listed(capabilities.targets) or 'nothing, no language is installed'}.",
        )
    if serves(capabilities, source_lang, target_lang):
        return
    if source_lang is None:
        message = f"The document's language could not be told, and the engine {engine} has to know it."
        raise UnsupportedPair(message, advice="Please name the language that it is in.")
    pairs = sorted(capabilities.pairs or ())
    possible = ", ".join(f"{language.name(source)} → {language.name(target)}" for source, target in pairs)
    wanted = f"{language.name(source_lang)} into {language.name(target_lang)}"
    raise UnsupportedPair(f"The engine {engine} does not translate {wanted}.", advice=f"Possible: {possible}.")
