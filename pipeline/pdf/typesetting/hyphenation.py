"""Where words may be broken at a line's end, by Liang's patterns in the dictionaries that Pyphen
carries.

Pyphen's own reading of the German dictionary takes 0.7 s, a hundred times what a page takes
(measured); here a pattern's numbers are read when a word first meets it, so that loading takes some
30 ms and is done when the first line wants it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

LEAST_BEFORE, LEAST_AFTER = 2, 3  # letters of a word on each line
SHORTEST = 6  # letters: shorter words are not broken
# by whose patterns most programs break English words
AMERICAN = "en-US"
_DIGITS = re.compile(r"\d")
_DIRECTIVE = re.compile(r"^[A-Z]{4,}.*$|^%.*$|^#.*$", re.MULTILINE)


class Hyphenator:
    """The patterns of one language.

    Breaks that change the spelling (with `/` in the file) are never found.
    """

    def __init__(self, patterns: str) -> None:
        """`patterns`: one a line, numbers between letters, `.` for an edge of a word."""
        lines = _DIRECTIVE.sub("", patterns).split("\n")
        letters = _DIGITS.sub("", "\n".join(lines)).split("\n")
        self._patterns = dict(zip(letters, lines, strict=True))
        self._patterns.pop("", None)
        self._longest = max(map(len, self._patterns), default=0)
        self._known: dict[str, tuple[int, ...]] = {}

    def positions(self, word: str) -> tuple[int, ...]:
        """After how many letters a word (of letters only) may be broken; empty for a short one."""
        key = word.casefold() if len(word.casefold()) == len(word) else word
        if key not in self._known:
            self._known[key] = tuple(self._found(key)) if len(key) >= SHORTEST else ()
        return self._known[key]

    def _found(self, word: str) -> list[int]:
        edged = f".{word}."
        points = [0] * (len(edged) + 1)
        for start in range(len(edged) - 1):
            for end in range(start + 1, min(len(edged), start + self._longest) + 1):
                pattern = self._patterns.get(edged[start:end])
                if pattern is not None:
                    _raise(points, start, pattern)
        return [at for at in range(LEAST_BEFORE, len(word) - LEAST_AFTER + 1) if points[at + 1] % 2]


@lru_cache(maxsize=16)
def hyphenator(lang: str) -> Hyphenator | None:
    """That of a language (BCP 47), None where there are no patterns for it."""
    import pyphen

    names = (lang.replace("-", "_"), lang.partition("-")[0])
    name = next((found for one in names if (found := pyphen.language_fallback(one))), None)
    if name is None:
        return None
    data = pyphen.LANGUAGES[name].read_bytes()
    encoding, _, patterns = data.partition(b"\n")
    known = (
        "utf-8"
        if encoding.strip().upper() == b"UTF-8"
        else encoding.decode("ascii").strip().replace("microsoft-", "")
    )
    return Hyphenator(patterns.decode(known, errors="replace"))


def _raise(points: list[int], start: int, pattern: str) -> None:
    """Take over a pattern's numbers where they are larger.

    `a1bc` puts 1 before its second letter.
    """
    at = start
    for character in pattern:
        if character.isdigit():
            points[at] = max(points[at], int(character))
        else:
            at += 1


def breaks_of(lang: str) -> Callable[[str], Sequence[int]] | None:
    """After how many letters somebody may have broken a word of a language (BCP 47), None where
    there are no patterns for it.
    """
    found = hyphenator(AMERICAN if lang == "en" else lang)
    return found.positions if found else None
