"""A text cut into pieces: words, marks of punctuation, names of files (pure).

Scripts without spaces between words are cut by what the vocabulary knows, the longest first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_FILE = r"[^\s,;:<>\"'“”„«»()（）、。，；：]+?\.(?:pdf|docx?|zip|csv|tsv|xlsx?)(?![A-Za-z0-9])"
_PIECE = re.compile(
    rf"(?P<file>{_FILE})"
    r"|(?P<link>https?://\S+|www\.\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|<[@#!][^>]*>|(?<!\w)@[\w.-]+)"
    r"|(?P<flag>[\U0001f1e6-\U0001f1ff]{2}|:(?:flag-)?[a-z]{2}:)"
    r"|(?P<arrow>[-=–]+>|[→⇒➜➔>»]+)"
    r"|(?P<space>\s+)"
    r"|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af〜～]")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'"})
_NUKTA = "\u093c"


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is folded, `raw` as written. `kind`: word, mark, file, flag or arrow."""

    text: str
    raw: str
    kind: str


def fold(text: str) -> str:
    """A word as it is looked up: one case, one apostrophe, one way to write each letter."""
    lower = unicodedata.normalize("NFC", text.translate(_APOSTROPHES)).casefold()
    return unicodedata.normalize("NFC", lower.replace("i\u0307", "i").replace(_NUKTA, ""))


def bare(text: str) -> str:
    """A folded word without accents, as on a keyboard that has none."""
    parts = unicodedata.normalize("NFD", text.translate(_PLAIN))
    return "".join(part for part in parts if not "\u0300" <= part <= "\u036f")


_PLAIN = str.maketrans({"ł": "l", "ø": "o", "æ": "ae", "ß": "ss", "ı": "i", "œ": "oe", "đ": "d"})


def is_unspaced(text: str) -> bool:
    """Whether a word is of a script without spaces (or, as in Korean, with endings glued on)."""
    return _UNSPACED.search(text) is not None


def tokens(text: str, known: Collection[str], longest: int) -> list[Token]:
    """The pieces of a text.

    `known`: words of scripts without spaces, none longer than `longest`.
    """
    found: list[Token] = []
    word = ""
    for match in _PIECE.finditer(unicodedata.normalize("NFC", text.translate(_APOSTROPHES))):
        kind, raw = match.lastgroup or "", match[0]
        if kind == "other" and _is_of_word(raw, word):
            word += raw
            if raw == "'":
                found.append(Token(fold(word), word, "word"))
                word = ""
            continue
        found += _cut(word, known, longest)
        word = ""
        if kind == "other":
            found.append(Token(raw, raw, "mark"))
        elif kind not in ("space", "link"):
            found.append(_special(kind, raw))
    return [*found, *_cut(word, known, longest)]


def _special(kind: str, raw: str) -> Token:
    if kind == "file":
        # A particle of a script without spaces may stand before the name: 把a.pdf
        raw = re.sub(r"^[\u3040-\u9fff]+(?=[A-Za-z0-9])", "", raw)
        return Token(raw, raw, "file")
    return Token(fold(raw), raw, kind)


def _is_of_word(char: str, word: str) -> bool:
    category = unicodedata.category(char)
    return category[0] in "LMN" or (char == "'" and bool(word)) or char in "〜～"


def _cut(word: str, known: Collection[str], longest: int) -> Iterator[Token]:
    """A word as it is, or, of a script without spaces, the known words in it and what is
    between.
    """
    if not word:
        return
    if not is_unspaced(word):
        yield Token(fold(word), word, "word")
        return
    for run in re.findall(r"[0-9０-９]+|[A-Za-z]+|[^0-9０-９A-Za-z]+", word):
        yield from _cut_run(run, known, longest)


def _cut_run(run: str, known: Collection[str], longest: int) -> Iterator[Token]:
    at, unknown = 0, ""
    folded = fold(run)
    while at < len(folded):
        sizes = range(min(longest, len(folded) - at), 0, -1)
        size = next((size for size in sizes if folded[at : at + size] in known), 0)
        if size == 0:
            unknown += folded[at]
            at += 1
            continue
        if unknown:
            yield Token(unknown, unknown, "word")
            unknown = ""
        yield Token(folded[at : at + size], folded[at : at + size], "word")
        at += size
    if unknown:
        yield Token(unknown, unknown, "word")
