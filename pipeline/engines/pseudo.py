"""No engine at all: text that is visibly not translated, but longer and accented as a translation
would be.

It shows what a document will look like, needs no key and no network, and must be stamped wherever
it is shown.
"""

from __future__ import annotations

import re
from functools import cache

from babel import Locale

from dragoman.ports import Answer, Batch, Capabilities, Limits
from pipeline.engines.settings import EngineSettings
from pipeline.engines.specs.pseudo import STAMP

__all__ = ["NAME", "STAMP", "Pseudo", "build", "pseudo"]
NAME = "pseudo"
VERSION = "1"  # rises when the same text gets other letters
LONGER = 0.3  # translations from English are about 30 % longer (W3C, "Text size in translation")
_ACCENTS = str.maketrans("aceinoszuyACEINOSZUY", "áçéíñóšžúýÁÇÉÍÑÓŠŽÚÝ")
_TAG_OR_ENTITY = re.compile(r"(<[^<>]*>|&#?\w+;)")
_VOWEL = re.compile(r"[aeiou]", re.IGNORECASE)
_PADDING = "~"


class Pseudo:
    """The `Translator` that only plays one: any language into any other."""

    name = NAME
    version = VERSION
    parallel = 1
    takes_hints = False
    limits = Limits(texts=500, size=200_000)

    def takes_terms(self, source_lang: str | None, target_lang: str) -> bool:
        """See `Translator.takes_terms`."""
        return False

    def capabilities(self) -> Capabilities:
        """Everything."""
        return Capabilities(NAME, _all_languages())

    def translate(self, batch: Batch) -> Answer:
        """The texts in brackets, accented, about 30 % longer; tags and escapes stay."""
        return Answer(tuple(map(pseudo, batch.texts)), 0)


def pseudo(text: str) -> str:
    """One text, always the same for the same text."""
    if not text.strip():
        return text
    parts = _TAG_OR_ENTITY.split(text)
    words = [part if index % 2 else _stretched(part) for index, part in enumerate(parts)]
    grown = sum(map(len, words)) - len(text)
    padding = _PADDING * max(0, round(LONGER * sum(map(len, parts[::2]))) - grown - len("[]"))
    return f"[{''.join(words)}{padding}]"


def _stretched(text: str) -> str:
    return _VOWEL.sub(lambda match: match.group() + match.group().lower(), text).translate(_ACCENTS)


@cache
def _all_languages() -> frozenset[str]:
    return frozenset(tag for tag in map(str, Locale("en").languages) if "_" not in tag)


def build(settings: EngineSettings) -> Pseudo:
    """It is always there."""
    return Pseudo()
