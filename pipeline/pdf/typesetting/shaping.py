"""Styled text as words that know their width: what is never broken at a line's end, and where
it may be hyphenated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Any

from dragoman.domain.document import Original, Run, Style
from pipeline.pdf.fonts.bidi import levels
from pipeline.pdf.fonts.fallback_fonts import Fonts, clean, known
from pipeline.pdf.fonts.source_glyphs import Returned
from pipeline.pdf.fonts.typefaces import Glyph
from pipeline.pdf.model.scripts import PRIVATE, is_simple
from pipeline.pdf.reading.formulas import NOTHING
from pipeline.pdf.typesetting.hyphenation import SHORTEST, Hyphenator, hyphenator

SUPERSCRIPT_RISE = 0.33  # of the main size
SLANT = 0.21  # the tangent of 12 degrees, as in most italics
LONG_WORD = 18  # characters; only longer ones are broken after signs inside them
FAR = 1.6  # times the room: a part of a word that seems wider than that is not measured
PLAIN = Style()
_PRIVATE = re.compile(f"[{PRIVATE}]")
_CODE = {2: "%02x", 4: "%04x"}  # twice as fast as other ways to write a number
_TOKEN = re.compile(r"\s+|[^\s\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]+|.")
_CJK = re.compile("[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
# not within 100.00
_BREAKS = re.compile(
    r"(?<=[-/\u2010\u2013\u2014_?&=@])(?=\w)|(?<=\.)(?=[^\W\d])|(?<=[^\W\d]\.)(?=\d)"
)
# Scripts of South-East Asia write no blanks between words (Unicode Standard, 16).
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]{2,}")
_THAI = re.compile("[\u0e00-\u0e7f]")
# Before a consonant that is not joined to the one before, nor follows a vowel that stands before
# it.
_SYLLABLE = re.compile(
    "(?<![\u0ec0-\u0ec4\u1039\u17d2])(?=[\u0e81-\u0eae\u0ec0-\u0ec4\u1000-\u1021\u1780-\u17a2])"
)
_LETTERS = re.compile(rf"([^\w]*)([^\W\d_]{{{SHORTEST},}})([^\w]*)")
# Kinsoku: no line begins with these, none ends with those (JIS X 4051 4.3).
_NO_START = frozenset(
    "、。，．：；！？）］｝〕〉》」』】〗’”…ー々〜ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ％・,.:;!?)]}%‰℃"
)
_NO_END = frozenset("（［｛〔〈《「『【〖‘“([{¥＄￥£$")


@dataclass(slots=True, eq=False)
class Piece:
    """Glyphs of one face, size and colour.

    `rise` in points over the baseline; `width` in points, all at full size.

    `slant`: what uprights lean to the right by, of their height, where the face has no italic cut.
    `level`: of the text (UAX 9), odd from right to left. `codes`: the glyphs' ids in hexadecimal
    where they follow each other by their own widths and each stands for its own text, else empty.
    `original`: no glyphs, but letters of the source's page. `style`: of its run, which says how it
    is painted.
    """

    glyphs: tuple[Glyph, ...]
    size: float
    color: int
    rise: float
    width: float
    level: int = 0
    codes: str = ""
    slant: float = 0.0
    original: Original | None = None
    style: Style = PLAIN


@dataclass(slots=True, eq=False)
class Word:
    """What is never broken: pieces without a blank.

    `blank`: the blank after it, None where a line may end without one.

    `text` and `look` of a word that may be hyphenated, else empty.
    """

    pieces: tuple[Piece, ...]
    width: float
    blank: Piece | None
    text: str = ""
    look: Look | None = None


class Words:
    """Makes words of runs, with the fonts of one document.

    Words that come again are not measured again.

    `originals`: the letters of the source's page that can stand in them; what is not among these is
    set as text.
    """

    def __init__(self, fonts: Fonts) -> None:
        self.fonts = fonts
        self.originals: Mapping[Original, Returned] = {}
        self._looks: dict[tuple[Style, str | None, float], Look] = {}
        self._hyphenator: Hyphenator | None = None
        self._looked = False

    def of(self, runs: Sequence[Run], *, rtl: bool = False) -> list[Word]:
        """The words of styled runs; a word may change its style in the middle.

        `rtl`: the paragraph begins at the right.
        """
        cleaned = [(_plain(run), run.style) for run in runs]
        size = max((style.size for _, style in cleaned), default=0.0)
        found = levels("".join([text for text, _ in cleaned]), rtl=rtl)
        self._note_private(runs)
        line = _Line()
        at = 0
        for text, style in cleaned:
            if style.original and style.original in self.originals:
                self._add_original(line, text, style, found[at] if found else 0)
            else:
                look = self._look(style, SUPERSCRIPT_RISE * size if style.superscript else 0.0)
                line.add(look, text, found[at : at + len(text)] if found else None)
            at += len(text)
        line.flush(None)
        return line.words

    def _note_private(self, runs: Sequence[Run]) -> None:
        """Say of codes that mean something in the source's typeface only that they are left out."""
        for run in runs:
            if run.text.isascii() or run.style.original in self.originals:
                continue
            self.fonts.missing.update(_PRIVATE.findall(known(run.text)))

    def _add_original(self, line: _Line, text: str, style: Style, level: int) -> None:
        """A formula, which reads from left to right, whatever is around it."""
        original = style.original
        if original is None:
            return
        blank = next(iter(self._look(replace(style, original=None), 0.0).pieces(" ", 0)), None)
        if text[:1].isspace():
            line.flush(blank)
        width = self.originals[original].width
        line.alone = "", None
        line.held.append(
            Piece(
                (),
                style.size,
                style.color,
                0.0,
                width,
                level + level % 2,
                original=original,
                style=style,
            )
        )
        line.previous = text
        if text[-1:].isspace():
            line.flush(blank)

    def split(self, word: Word, room: float) -> tuple[Word, Word] | None:
        """A word broken by the language's rules where its first part, with a hyphen, goes into
        `room` points; None: nowhere.
        """
        match = (
            _LETTERS.fullmatch(word.text)
            if word.look is not None and is_simple(word.text)
            else None
        )
        if match is None or word.look is None:
            return None
        if not self._looked:
            self._hyphenator, self._looked = hyphenator(self.fonts.lang), True
        for position in reversed(
            self._hyphenator.positions(match.group(2)) if self._hyphenator else ()
        ):
            end = match.end(1) + position
            # The part is measured by its share of the letters first: most places are plainly too
            # far.
            if word.width * (end + 1) / len(word.text) > FAR * room:
                continue
            head = word.look.word(f"{word.text[:end]}-")
            if head.width <= room:
                tail = word.look.word(word.text[end:])
                return Word(head.pieces, head.width, None), tail if word.blank else _last(tail)
        return None

    def _look(self, style: Style, rise: float) -> Look:
        look = self._looks.get((style, style.font, rise))
        if look is None:
            look = self._looks[style, style.font, rise] = Look(self.fonts, style, rise)
        return look


def _plain(run: Run) -> str:
    """The text of a run as it can be set; a character without a meaning is a blank, most often
    it was one.
    """
    text = clean(run.text)
    return text if run.style.original else text.replace(NOTHING, " ")


class _Line:
    """Words as they are made, and the pieces of the one that is not ended."""

    def __init__(self) -> None:
        self.words: list[Word] = []
        self.held: list[Piece] = []
        self.previous = ""
        self.alone: tuple[str, Look | None] = "", None
        """What is held, where it is one word of one look, and that look."""

    def flush(self, blank: Piece | None) -> None:
        """End the word that is held, with the blank after it."""
        if self.held:
            width = sum([piece.width for piece in self.held])
            self.words.append(Word(tuple(self.held), width, blank, *self.alone))
            self.held.clear()

    def add(self, look: Look, text: str, found: Sequence[int] | None) -> None:
        """The words of a text of one look.

        `found`: the levels of its characters; None: it is all plain.
        """
        tokens = _tokens(text)
        last, at, held = len(tokens) - 1, 0, self.held
        for place, token in enumerate(tokens):
            if (
                found is None
                and not held
                and place < last
                and tokens[place + 1].isspace()
                and len(token) > 1
            ):
                self.words.append(look.word(token))  # nearly all words come this way
            elif token.isspace():
                if held:
                    blank = look.pieces(" ", found[at] if found else 0)
                    self.flush(blank[0] if blank else None)
            else:
                if held and _may_break(self.previous, token):
                    self.flush(None)
                self.alone = ("", None) if held or found else (token, look)
                held.extend(look.by_level(token, found[at : at + len(token)] if found else None))
            self.previous = token
            at += len(token)


class Look:
    """A style on its height over the baseline (points), and all that was made in it."""

    def __init__(self, fonts: Fonts, style: Style, rise: float) -> None:
        self._fonts = fonts
        self._style = style
        self._rise = rise
        self._words: dict[str, Word] = {}
        self._pieces: dict[tuple[str, int], tuple[Piece, ...]] = {}

    def word(self, text: str) -> Word:
        """A word with a blank after it, from left to right."""
        word = self._words.get(text)
        if word is None:
            pieces, blank = self.pieces(text, 0), self.pieces(" ", 0)
            width = sum([piece.width for piece in pieces])
            word = self._words[text] = Word(pieces, width, blank[0] if blank else None, text, self)
        return word

    def by_level(self, token: str, found: Sequence[int] | None) -> Iterator[Piece]:
        """The pieces of a token whose characters have the levels `found`; None: all of it is
        plain left to right.
        """
        if found is None:
            yield from self.pieces(token, 0)
            return
        end = 0
        for level, same in groupby(found):
            start, end = end, end + sum(1 for _ in same)
            yield from self.pieces(token[start:end], level)

    def pieces(self, text: str, level: int) -> tuple[Piece, ...]:
        """The pieces of a text of one level, in the order of the text."""
        key = (text, level)
        pieces = self._pieces.get(key)
        if pieces is None:
            glyphs = self._fonts.glyphs(text, self._style, rtl=bool(level % 2))
            if glyphs and all([one.face is glyphs[0].face for one in glyphs]):  # noqa: C419  # a list is faster
                alike = [_piece(tuple(glyphs), self._style, self._rise, level)]
            else:
                parts = groupby(glyphs, key=lambda one: one.face.name)
                alike = [_piece(tuple(same), self._style, self._rise, level) for _, same in parts]
            pieces = self._pieces[key] = tuple(reversed(alike) if level % 2 else alike)
        return pieces


def _piece(glyphs: tuple[Glyph, ...], style: Style, rise: float, level: int) -> Piece:
    plain = all([glyph.plain and glyph.face.used[glyph.id] == glyph.text for glyph in glyphs])  # noqa: C419  # a list is faster
    form = _CODE[glyphs[0].face.digits]
    codes = "".join([form % glyph.id for glyph in glyphs]) if plain else ""
    slant = SLANT if style.italic and not glyphs[0].face.italic else 0.0
    width = sum([glyph.advance for glyph in glyphs]) * style.size
    return Piece(glyphs, style.size, style.color, rise, width, level, codes, slant, None, style)


def _last(word: Word) -> Word:
    return Word(word.pieces, word.width, None, word.text, word.look)


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
