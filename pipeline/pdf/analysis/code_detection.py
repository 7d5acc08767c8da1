"""Code told from text by its typewriter letters and by what it says: a letter or a note may be
typewritten too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dragoman.domain.document import Family
from pipeline.pdf.model.text_rows import Row

# of its letters: with a larger share of typewriter letters a text may be code, and a page is a
# typescript
MOSTLY = 0.6
LEAST_WORDS = 6  # of a typewritten sentence: shorter ones look like commands
LEAST_CJK = 4  # characters of a typewritten sentence without blanks
PLAIN_SHARE = 0.85  # of the tokens of a sentence that are words and numbers
# Addresses are typewritten in running text, so that they say nothing about the text around them.
_ADDRESS = re.compile(r"://|@|^www\.|\w/\w")
# What sentences do without (`*` and `§` mark footnotes, quotes and dashes are common).
_SIGNS = re.compile(r"[{}<>=\\|$#@_~^`+&\[\]]|\w[./:]\w|(?<!\w)-{1,2}\w|\w\(|\(\)|//")
_PLAIN = re.compile(r"[(\"'“‘«„¿¡]*(?:[^\W\d_]+(?:['’-][^\W\d_]+)*|\d[\d.,]*)[.,;:!?)\"'”’»…]*")
_STOP, _COMMA = (
    re.compile(r"\w{2}[\"'”’»)]*[.!?][\"'”’»)]*(?:\s|$)"),
    re.compile(r"[^\W\d_]{2}[,;]\s"),
)
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")


def is_code(rows: Sequence[Row], *, heading: bool = False) -> bool:
    """Whether rows are a listing, a command or an address.

    `heading`: their letters are larger than the page's text.
    """
    if typewritten(rows) <= MOSTLY or _is_about_an_address(rows):
        return False
    text = " ".join(row.text for row in rows)
    return not (is_sentence(text) or (heading and _is_title(text)))


def typewritten(rows: Sequence[Row]) -> float:
    """The share (0 to 1) of typewriter letters."""
    letters = mono = 0
    for row in rows:
        for span in row.spans:
            count = len(span.text)
            letters += count
            if span.style.family is Family.MONO:
                mono += count
    return mono / letters if letters else 0.0


def is_sentence(text: str) -> bool:
    """Whether a text reads as a sentence and not as code, in any language: words and numbers with a
    comma or a stop among them.

    Code is written in ASCII, so that letters outside of it count as well.
    """
    if _SIGNS.search(text):
        return False
    if len(_CJK.findall(text)) >= LEAST_CJK:
        return True
    tokens = text.split()
    plain = [token for token in tokens if _PLAIN.fullmatch(token)]
    if sum(len(token) > 1 for token in plain) < LEAST_WORDS or len(plain) < PLAIN_SHARE * len(
        tokens
    ):
        return False
    foreign = any(character.isalpha() for character in text if not character.isascii())
    punctuated = _STOP.search(text) or (text[0].isupper() and _COMMA.search(text))
    return foreign or bool(punctuated)


def _is_title(text: str) -> bool:
    tokens = text.split()
    return (
        len(tokens) > 1 and text[0].isupper() and all(_PLAIN.fullmatch(token) for token in tokens)
    )


def _is_about_an_address(rows: Sequence[Row]) -> bool:
    """Whether rows are an address and words around it that are not typewritten; the address
    counts for neither.
    """
    mono = other = 0
    found = False
    for row in rows:
        for span in row.spans:
            if span.style.family is not Family.MONO:
                other += sum(map(str.isalpha, span.text))
                continue
            tokens = span.text.split()
            plain = [token for token in tokens if not _ADDRESS.search(token)]
            found = found or len(plain) < len(tokens)
            mono += sum(map(len, plain))
    return found and other > 1 and mono <= MOSTLY * (mono + other)
