"""A direction of translation, as models are named by it, and the way from one language to
another through English.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from dragoman.domain import language
from dragoman.errors import UnknownLanguage, UnsupportedOption

PIVOT = "en"
# `en-pt`, `zh_hant-en`: what lists of models and folders are named by. The dash stands between the
# two.
_NAME = re.compile(r"([a-z]{2,3}(?:[_-][a-z]{4})?)-([a-z]{2,3}(?:[_-][a-z]{4})?)", re.IGNORECASE)


@dataclass(frozen=True, order=True, slots=True)
class Pair:
    """From one language into another, each by the code that models are named by: `pt`,
    `zh_hant`.
    """

    source: str
    target: str

    def __str__(self) -> str:
        """The name of its folder: `en-pt`."""
        return f"{self.source}-{self.target}"

    @property
    def spoken(self) -> str:
        """For people: `English → Portuguese`."""
        return f"{name_of(self.source)} → {name_of(self.target)}"


def name_of(code: str) -> str:
    """A language's English name."""
    return language.name(tag_of(code))


def tag_of(code: str) -> str:
    """The BCP 47 tag of a model's code: `zh-Hant` of `zh_hant`."""
    base, _, script = code.partition("_")
    return f"{base}-{script.title()}" if script else base


def code_of(tag: str) -> str:
    """The code that models have for a tag.

    Regions do not count (`pt` of `pt-BR`), simplified Chinese is plain `zh`.
    """
    base, script = language.base(tag), language.script(tag)
    return base if script in (None, "Hans") else f"{base}_{script.lower()}"


def from_folder_name(name: str) -> Pair | None:
    """The pair that a folder or an entry of a list is named after; None if it is named
    otherwise.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    source, target = (code.lower().replace("-", "_") for code in found.groups())
    return Pair(source, target)


def parse(text: str) -> Pair:
    """The pair that a person means by `en-pt`, `en-pt-BR` or `English-Portuguese`.

    Raises UnsupportedOption where it is no pair of two languages that we know.
    """
    wanted = text.strip().replace("→", "-")
    if named := from_folder_name(wanted):
        wanted = f"{tag_of(named.source)}-{tag_of(named.target)}"
    parts = [part.strip() for part in wanted.split("-")]
    for place in range(1, len(parts)):
        try:
            source = language.parse("-".join(parts[:place]))
            target = language.parse("-".join(parts[place:]))
        except UnknownLanguage:
            continue
        if code_of(source) != code_of(target):
            return Pair(code_of(source), code_of(target))
    raise UnsupportedOption(
        f"“{text.strip()[:40]}” is not a pair of two languages.",
        advice="Write it as SRC-TGT, for example en-pt for English into Portuguese.",
    )


def way(pair: Pair, known: Collection[Pair]) -> tuple[Pair, ...]:
    """The models that `pair` needs: one, or two through English; () where some of them are not
    among `known`.
    """
    if pair in known:
        return (pair,)
    steps = (Pair(pair.source, PIVOT), Pair(PIVOT, pair.target))
    return steps if all(step in known for step in steps) else ()


def through_english(known: Collection[Pair]) -> list[Pair]:
    """The pairs without a model of their own that two of the models `known` serve together."""
    sources = {pair.source for pair in known if pair.target == PIVOT}
    targets = {pair.target for pair in known if pair.source == PIVOT}
    found = (Pair(source, target) for source in sources for target in targets if source != target)
    return sorted(pair for pair in found if pair not in known)
