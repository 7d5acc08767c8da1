"""Whether an engine serves a pair of languages, and the plain words for it when it does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from dragoman.domain import language
from dragoman.errors import UnsupportedPair, UnsupportedTarget
from dragoman.ports import Capabilities

R = TypeVar("R", UnsupportedTarget, UnsupportedPair)


def into(capabilities: Capabilities, target_lang: str) -> bool:
    """Whether the engine translates into that language, from whatever source."""
    return any(language.same(target, target_lang) for target in capabilities.targets)


def serves(capabilities: Capabilities, source_lang: str | None, target_lang: str) -> bool:
    """Whether the engine can translate this pair; an engine with fixed pairs has to know the
    source.
    """
    if not into(capabilities, target_lang):
        return False
    pair = (language.base(source_lang or "und"), language.base(target_lang))
    return capabilities.pairs is None or pair in capabilities.pairs


def refuse_unserved(capabilities: Capabilities, source_lang: str | None, target_lang: str) -> None:
    """Raise UnsupportedTarget or UnsupportedPair, with what is possible, unless the engine
    serves the pair.
    """
    who = f"The engine {capabilities.engine} does not translate"
    if not serves(capabilities, source_lang, target_lang):
        raise refusal(who, [capabilities], source_lang, target_lang)


def refusal(
    who: str,
    known: Sequence[Capabilities],
    source_lang: str | None,
    target_lang: str,
    to_add: str = "",
) -> UnsupportedTarget | UnsupportedPair:
    """What to say where none of `known` serves the pair, with what is possible.

    `who` begins the sentence: `No engine here translates`.

    `to_add`: a sentence for the admin.
    """
    into_target = [one for one in known if into(one, target_lang)]
    if not into_target:
        targets = frozenset[str]().union(*(one.targets for one in known))
        possible = f"Possible: {language.listed(targets) or 'nothing, no language is installed'}."
        message = f"{who} into {language.name(target_lang)}."
        return _with(UnsupportedTarget(message, advice=possible), to_add)
    if source_lang is None:
        message = (
            "We could not tell which language the document is in, and this engine has to know it."
        )
        return UnsupportedPair(message, advice="Please name the language that it is in.")
    pairs = sorted(frozenset[tuple[str, str]]().union(*(one.pairs or () for one in known)))
    possible = ", ".join(
        f"{language.name(source)} → {language.name(target)}" for source, target in pairs
    )
    message = f"{who} {language.name(source_lang)} into {language.name(target_lang)}."
    advice = f"Possible: {possible}."
    return _with(UnsupportedPair(message, advice=advice), to_add)


def _with(error: R, to_add: str) -> R:
    """The error, with what an admin can do before what is possible."""
    error.for_admin = f"{to_add} {error.advice}" if to_add else ""
    return error
