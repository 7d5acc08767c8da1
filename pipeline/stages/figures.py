"""Whether the figures and signs of a text are in its translation too.

Pure, and the same for every engine.

Languages write one number in different ways (1,234.5 and 1.234,5; Arabic digits), so numbers are
compared by their digits. A number that became a word, or another one, is not found: that is said,
since nobody reads a translation for its figures' sake.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from dragoman.domain.document import Document, DocumentWarning

_NUMBER = re.compile(r"\d+(?:[.,:/٫٬][\d]+)*")
_RUN = re.compile(r"\d+")
# A separator of thousands, before three digits and no more.
_THOUSANDS = re.compile(r"(?<=\d)[.,٬'’\u00a0\u202f](?=\d{3}(?!\d))")
_COMMON = ".,;:!?'\"()[]/-"
_QUOTES = "“”„‘’«»‹›‚`´"
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015"
SHOWN = 5  # numbers that a warning names
CODE = "figures_differ"


@dataclass(frozen=True, slots=True)
class Lost:
    """What a translation lacks: `numbers` as they are written in the source, and `signs`, each
    as often as it is missing.
    """

    numbers: tuple[str, ...] = ()
    signs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is missing."""
        return bool(self.numbers or self.signs)


def lost(source: str, translation: str) -> Lost:
    """What `source` has and `translation` lacks.

    Dashes, quotation marks and common punctuation do not count as signs.
    """
    return Lost(
        tuple(lost_numbers(source, translation)),
        tuple((_signs(source) - _signs(translation)).elements()),
    )


def as_written(source: str, translation: str) -> str:
    """The translation with its numbers written as in the source: 1,234.5 where it has 1.234,5.

    A document's tables and pictures keep their numbers as they are, and beside them the other way
    would be misread.
    """
    written = {tuple(_RUN.findall(one)): one for one in _NUMBER.findall(source)}
    return _NUMBER.sub(
        lambda match: written.get(tuple(_RUN.findall(match.group())), match.group()), translation
    )


def differing(document: Document) -> tuple[DocumentWarning, ...]:
    """A warning for each page of `document` on which the targets lack numbers or signs of the
    sources.
    """
    return tuple(_of_pages(document))


def _of_pages(document: Document) -> Iterator[DocumentWarning]:
    missing: dict[int, list[str]] = {}
    for passage in document.passages():
        target = passage.target
        if target is not None:
            found = lost(passage.text, "".join(run.text for run in target))
            missing.setdefault(passage.page, []).extend([*found.numbers, *found.signs])
    for page, signs in missing.items():
        if signs:
            yield DocumentWarning(CODE, _message(list(dict.fromkeys(signs))), page)


def _message(missing: list[str]) -> str:
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    named = ", ".join(missing[:SHOWN]) + more
    return f"Not found in the translation: {named}. Please compare the figures with the original."


def lost_numbers(source: str, translation: str) -> Iterator[str]:
    """The numbers of which not all digits came back, in the way of the source."""
    if not any(map(str.isdigit, source)):
        return
    source, translation = _digits(source), _digits(translation)
    if not _runs(source) - _runs(translation):
        return
    joined = _runs(_THOUSANDS.sub("", translation))
    left = Counter(joined)
    for match in _NUMBER.finditer(source):
        needed = _runs(_THOUSANDS.sub("", match.group()))
        if needed - left:
            yield match.group()
        else:
            left -= needed


def _runs(text: str) -> Counter[str]:
    """Stretches of digits; zeros before a number do not change it (05, 5)."""
    return Counter(run.lstrip("0") or "0" for run in _RUN.findall(text))


def _digits(text: str) -> str:
    """The text with the digits of all scripts as 0 to 9."""
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.digit(one)) if one.isdecimal() and not one.isascii() else one
        for one in text
    )


def _signs(text: str) -> Counter[str]:
    """Symbols and rare punctuation, as often as they stand there."""
    return Counter(filter(is_sign, text))


def is_sign(one: str) -> bool:
    """Whether a character is a symbol or rare punctuation, which translations keep: &, §, €, •,
    ©.
    """
    if one.isalnum() or one.isspace() or one in _COMMON or one in _QUOTES or one in _DASHES:
        return False
    return unicodedata.category(one)[0] in "SP" and not _is_east_asian_punctuation(one)


def _is_east_asian_punctuation(one: str) -> bool:
    return "\u3000" <= one <= "\u303f" or "\uff00" <= one <= "\uff65"
