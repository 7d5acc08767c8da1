"""Styled text as words that know their width: what is never broken at a line's end, and where it may be hyphenated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from dragoman.domain.document import Run, Style
from pipeline.pdf.bidi import levels
from pipeline.pdf.fonts import Fonts, clean
from pipeline.pdf.hyphenation import SHORTEST, Hyphenator, hyphenator
from pipeline.pdf.scripts import is_simple
from pipeline.pdf.typefaces import Glyph

SUPERSCRIPT_RISE = 0.33  # of the main size
LONG_WORD = 18  # characters; only longer ones are broken after signs inside them
_TOKEN = re.compile(r"\s+|[^\s\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]+|.")
_CJK = re.compile("[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
_BREAKS = re.compile(r"(?<=[-/\u2010\u2013\u2014_?&=.@])(?=\w)")
# Scripts of South-East Asia write no blanks between words (Unicode Standard, 16).
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]{2,}")
_THAI = re.compile("[\u0e00-\u0e7f]")
# Before a consonant that is not joined to the one before, nor follows a vowel that stands before it.
_SYLLABLE = re.compile("(?<![\u0ec0-\u0ec4\u1039\u17d2])(?=[\u0e81-\u0eae\u0ec0-\u0ec4\u1000-\u1021\u1780-\u17a2])")
_LETTERS = re.compile(rf"([^\w]*)([^\W\d_]{{{SHORTEST},}})([^\w]*)")
# Kinsoku: no line begins with these, none ends with those (JIS X 4051 4.3).
_NO_START = frozenset(
    "、。，．：；！？）］｝〕〉》」』】〗’”…ー々〜ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ％・,.:;!?)]}%‰℃"
)
_NO_END = frozenset("（［｛〔〈《「『【〖‘“([{¥＄￥£$")


@dataclass(slots=True, eq=False)
class Piece:
    """Glyphs of one face, size and colour. `rise` in points over the baseline; `width` in points, all at full size.

    `level`: of the text (UAX 9), odd from right to left. `codes`: the glyphs' ids in hexadecimal where they follow each other by their own
    widths and each stands for its own text, else empty.
    """

    glyphs: tuple[Glyph, ...]
    size: float
    color: int
    rise: float
    width: float
    level: int = 0
    codes: str = ""


@dataclass(slots=True, eq=False)
class Word:
    """What is never broken: pieces without a blank. `blank`: the blank after it, None where a line may end without one.

    `text` and `style` of a word that may be hyphenated, else empty.
    """

    pieces: tuple[Piece, ...]
    width: float
    blank: Piece | None
    text: str = ""
    style: Style | None = None


class Words:
    """Makes words of runs, with the fonts of one document. Words that come again are not measured again."""

    def __init__(self, fonts: Fonts) -> None:
        self.fonts = fonts
        self._words: dict[tuple[str, Style, float], Word] = {}
        self._pieces: dict[tuple[str, Style, float, int], tuple[Piece, ...]] = {}
        self._splits: dict[int, list[tuple[Word, Word]]] = {}
        self._hyphenator: Hyphenator | None = None
        self._looked = False

    def of(self, runs: Sequence[Run], *, rtl: bool = False) -> list[Word]:
        """The words of styled runs; a word may change its style in the middle. `rtl`: the paragraph begins at the right."""
        cleaned = [(clean(run.text), run.style) for run in runs]
        size = max((style.size for _, style in cleaned), default=0.0)
        found = levels("".join(text for text, _ in cleaned), rtl=rtl)
        words: list[Word] = []
        held: list[Piece] = []

        def flush(blank: Piece | None) -> None:
            if held:
                words.append(Word(tuple(held), sum(piece.width for piece in held), blank))
                held.clear()

        previous, at = "", 0
        for text, style in cleaned:
            rise = SUPERSCRIPT_RISE * size if style.superscript else 0.0
            tokens = _tokens(text)
            last = len(tokens) - 1
            for place, token in enumerate(tokens):
                if token.isspace():
                    blank = self._made(" ", style, rise, found[at] if found else 0)
                    flush(blank[0] if blank else None)
                elif found is None and not held and place < last and tokens[place + 1].isspace() and len(token) > 1:
                    words.append(self.word(token, style, rise))  # nearly all words come this way
                else:
                    if held and _may_break(previous, token):
                        flush(None)
                    held.extend(self._by_level(token, style, rise, found[at : at + len(token)] if found else None))
                previous = token
                at += len(token)
        flush(None)
        return words

    def word(self, text: str, style: Style, rise: float = 0.0) -> Word:
        """A word with a blank after it, from left to right."""
        key = (text, style, rise)
        word = self._words.get(key)
        if word is None:
            pieces = self._made(text, style, rise, 0)
            blank = self._made(" ", style, rise, 0)
            word = Word(pieces, sum(piece.width for piece in pieces), blank[0] if blank else None, text, style)
            self._words[key] = word
        return word

    def split(self, word: Word) -> list[tuple[Word, Word]]:
        """A word broken by the language's rules: its two parts, the first with a hyphen, for each place, last place first."""
        found = self._splits.get(id(word))
        if found is None:
            found = self._splits[id(word)] = self._split(word)
        return found

    def _split(self, word: Word) -> list[tuple[Word, Word]]:
        match = _LETTERS.fullmatch(word.text) if word.text and is_simple(word.text) else None
        if match is None or word.style is None:
            return []
        if not self._looked:
            self._hyphenator, self._looked = hyphenator(self.fonts.lang), True
        if self._hyphenator is None:
            return []
        start, rise = match.end(1), word.pieces[0].rise if word.pieces else 0.0
        parts = []
        for position in reversed(self._hyphenator.positions(match.group(2))):
            head = self.word(f"{word.text[: start + position]}-", word.style, rise)
            tail = self.word(word.text[start + position :], word.style, rise)
            parts.append((Word(head.pieces, head.width, None), tail if word.blank else _last(tail)))
        return parts

    def _by_level(self, token: str, style: Style, rise: float, found: Sequence[int] | None) -> Iterator[Piece]:
        if found is None:
            yield from self._made(token, style, rise, 0)
            return
        end = 0
        for level, same in groupby(found):
            start, end = end, end + sum(1 for _ in same)
            yield from self._made(token[start:end], style, rise, level)

    def _made(self, text: str, style: Style, rise: float, level: int) -> tuple[Piece, ...]:
        key = (text, style, rise, level)
        pieces = self._pieces.get(key)
        if pieces is None:
            glyphs = self.fonts.glyphs(text, style, rtl=bool(level % 2))
            alike = [
                _piece(tuple(same), style, rise, level) for _, same in groupby(glyphs, key=lambda one: one.face.name)
            ]
            # Pieces go in the order of the text; within one level that of the line turns them round.
            pieces = self._pieces[key] = tuple(reversed(alike) if level % 2 else alike)
        return pieces


def _piece(glyphs: tuple[Glyph, ...], style: Style, rise: float, level: int) -> Piece:
    used = glyphs[0].face.used
    width_of = glyphs[0].face.width
    plain = all(
        used[glyph.id] == glyph.text
        and not glyph.x
        and not glyph.y
        and abs(glyph.advance - width_of(glyph.id)) < 0.0005  # noqa: PLR2004  # half a unit
        for glyph in glyphs
    )
    codes = "".join([f"{glyph.id:04x}" for glyph in glyphs]) if plain else ""
    return Piece(
        glyphs, style.size, style.color, rise, sum([glyph.advance for glyph in glyphs]) * style.size, level, codes
    )


def _last(word: Word) -> Word:
    return Word(word.pieces, word.width, None, word.text, word.style)


def _tokens(text: str) -> list[str]:
    tokens: list[str] = _TOKEN.findall(text)
    if not any(len(token) > LONG_WORD for token in tokens) and not _UNSPACED.search(text):
        return tokens
    found: list[str] = []
    for token in tokens:
        if _UNSPACED.search(token):
            found += _phrases(token)
        elif len(token) > LONG_WORD:
            found += _BREAKS.split(token)
        else:
            found.append(token)
    return found


def _phrases(token: str) -> list[str]:
    """A stretch of Thai in words, of Lao, Khmer or Burmese in syllables."""
    if _THAI.search(token):
        return list(_thai().parse(token))
    return [part for part in _SYLLABLE.split(token) if part]


@cache
def _thai() -> Any:
    import budoux

    return budoux.load_default_thai_parser()


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between two tokens with no blank between them."""
    if not before or before.isspace():
        return False
    if _CJK.match(after) or _CJK.match(before[-1]):
        return after[0] not in _NO_START and before[-1] not in _NO_END
    if _UNSPACED.match(before[-1] * 2) and _UNSPACED.match(after[0] * 2):
        return True
    return bool(_BREAKS.search(before[-1] + after[0]))
