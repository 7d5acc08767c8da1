"""What DeepL says of its languages: targets, tones, and between which it takes glossaries."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.domain import language
from dragoman.ports import Capabilities

if TYPE_CHECKING:
    from deepl import DeepLClient
    from deepl.api_data import GlossaryLanguagePair

NAME = "deepl"
# Which of a language's variants a plain tag means; DeepL takes no plain EN or PT as a target.
_NEEDS_VARIANT = ("en", "pt")
VARIANTS = {"en": "en-US", "pt": "pt-BR", "zh": "zh-Hans"}
INSTRUCTED = ("de", "en", "es", "fr", "it", "ja", "ko", "zh")  # languages with custom instructions


@dataclass(frozen=True, slots=True)
class Listed:
    """What DeepL says of its languages; `glossaries`: base languages that they may be of."""

    capabilities: Capabilities
    glossaries: frozenset[str]


def listed(found: object) -> Listed | None:
    """What the answer of `/v3/languages` says; None: it is no such answer."""
    if not isinstance(found, list) or not found:
        return None
    formality: dict[str, bool] = {}
    glossaries: set[str] = set()
    for one in found:
        if not isinstance(one, dict) or "lang" not in one or "usable_as_target" not in one:
            return None
        features = one.get("features") or {}
        tag = _tag(str(one["lang"]))
        if one["usable_as_target"]:
            formality[tag] = "formality" in features
        if "glossary" in features:
            glossaries.add(language.base(tag))
    for base in _NEEDS_VARIANT:  # deprecated as a target, where its variants are
        if VARIANTS[base] in formality:
            formality.pop(base, None)
    return Listed(_capabilities(formality), frozenset(glossaries))


def before(client: DeepLClient) -> Listed:
    """The same from the deprecated lists, for a server that has no other."""
    from deepl.exceptions import DeepLException

    listed = client.get_target_languages()
    formality = {_tag(one.code): bool(one.supports_formality) for one in listed}
    pairs: list[GlossaryLanguagePair] = []
    with suppress(DeepLException):
        pairs = client.get_glossary_languages()
    return Listed(
        _capabilities(formality),
        frozenset(language.base(one.source_lang.lower()) for one in pairs)
        & frozenset(language.base(one.target_lang.lower()) for one in pairs),
    )


def _capabilities(formality: Mapping[str, bool]) -> Capabilities:
    """Of targets, and whether they have a formal and an informal tone."""
    return Capabilities(
        NAME,
        frozenset(formality),
        formality=frozenset(tag for tag, is_formal in formality.items() if is_formal),
        styles=frozenset(tag for tag in formality if language.base(tag) in INSTRUCTED),
    )


def _tag(code: str) -> str:
    """Our tag for DeepL's code: `zh-Hans` of `ZH-HANS`."""
    base, _, rest = code.partition("-")
    return (
        "-".join([base.lower(), rest.title() if len(rest) == language.SCRIPT_LETTERS else rest])
        if rest
        else base.lower()
    )
