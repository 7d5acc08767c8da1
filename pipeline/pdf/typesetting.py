"""Words set into a block's box: broken into lines, fitted by growing, then closer leading, then a smaller size.

Pure arithmetic on advances, in points at full size; one unit of `scale` shrinks letters, blanks and leading alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from dragoman.domain.document import Align, Run, Style
from pipeline.pdf.fonts import Fonts, Glyph

FLOOR = 0.65  # of the original size: smaller is set only when nothing else helps, and is reported
LOWEST = 0.4
STEP = 0.02
TIGHTEST = (1.0, 0.95, 0.9)  # of the original leading, tried in turn before the size shrinks
LEAST_LEADING = 1.02  # of the size: closer lines touch
ASCENT, DESCENT = 0.75, 0.22  # of the size: what a line takes over and under its baseline
FULLEST_STRETCH = 0.7  # a justified line that is emptier than this keeps its natural blanks
SUPERSCRIPT_RISE = 0.33  # of the main size

_TOKEN = re.compile(r"\s+|[^\s\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]+|.")
_CJK = re.compile("[\u2e80-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
_BREAKS = re.compile(r"(?<=[-/\u2010\u2013\u2014_?&=.@])(?=\w)")
LONG_WORD = 18  # characters; only longer ones are broken after signs inside them
# Kinsoku: no line begins with these, none ends with those (JIS X 4051 4.3).
_NO_START = frozenset("、。，．：；！？）］｝〕〉》」』】〗’”…ー々〜ぁぃぅぇぉっゃゅょァィゥェォッャュョ％")
_NO_END = frozenset("（［｛〔〈《「『【〖‘“")


@dataclass(frozen=True, slots=True)
class Piece:
    """Glyphs of one face, size and colour. `rise` in points over the baseline; `width` in points, all at full size."""

    glyphs: tuple[Glyph, ...]
    size: float
    color: int
    rise: float
    width: float


@dataclass(frozen=True, slots=True)
class Word:
    """What is never broken: pieces without a blank. `blank`: the blank after it, None where a line may end without one."""

    pieces: tuple[Piece, ...]
    width: float
    blank: Piece | None


@dataclass(frozen=True, slots=True)
class Box:
    """Where a text may stand, in turned space.

    `left`, `right`: the edges that lines keep to; `original_right`: the original's right edge; `first`: what the first line is indented by, `hanging` the others;
    `baseline`: the first line's; `bottom`: the lowest y that a descender may reach; `leading` and `size` as in the
    original, in points; `single`: it was one line.
    """

    left: float
    right: float
    baseline: float
    bottom: float
    size: float
    leading: float
    first: float = 0.0
    hanging: float = 0.0
    align: Align = Align.LEFT
    single: bool = False
    original_right: float = 0.0


@dataclass(frozen=True, slots=True)
class SetLine:
    """Words on one baseline. `stretch`: points added to each blank, in page points."""

    words: tuple[Word, ...]
    x: float
    baseline: float
    stretch: float = 0.0


@dataclass(frozen=True, slots=True)
class Setting:
    """A fitted text. `scale`: of the original size; `fits`: whether it stays in its box."""

    lines: tuple[SetLine, ...]
    scale: float
    fits: bool


def words_of(runs: Sequence[Run], fonts: Fonts) -> list[Word]:
    """The words of styled runs; a word may change its style in the middle."""
    size = max((run.style.size for run in runs), default=0.0)
    words: list[Word] = []
    held: list[Piece] = []

    def flush(blank: Piece | None) -> None:
        if held:
            words.append(Word(tuple(held), sum(piece.width for piece in held), blank))
            held.clear()

    previous = ""
    for run in runs:
        for token in _tokens(run.text):
            if token.isspace():
                blank = _pieces(" ", run.style, size, fonts)
                flush(blank[0] if blank else None)
            else:
                if held and _may_break(previous, token):
                    flush(None)
                held.extend(_pieces(token, run.style, size, fonts))
            previous = token
    flush(None)
    return words


def fit(words: Sequence[Word], box: Box, *, largest: float = 1.0) -> Setting:
    """The words in the box, as large as they can be, at most `largest` of the original size."""
    width = box.right - box.left
    scale = largest
    while True:
        for tightness in TIGHTEST if scale > LOWEST else TIGHTEST[-1:]:
            leading = max(box.leading * tightness, min(box.leading, LEAST_LEADING * box.size)) * scale
            lines = wrap(words, width / scale, box.first / scale, box.hanging / scale)
            last = _baseline(box, len(lines), scale) + (len(lines) - 1) * leading
            fits = (
                last + DESCENT * box.size * scale <= box.bottom + 0.01 and _widest(words, lines) * scale <= width + 0.01
            )
            if fits or scale <= LOWEST:
                return Setting(tuple(_placed(words, lines, box, scale, leading)), scale, fits)
        scale = max(LOWEST, scale - STEP)


def wrap(words: Sequence[Word], width: float, first: float = 0.0, hanging: float = 0.0) -> list[tuple[int, int]]:
    """First and last + 1 word of each line: as many words as go into `width`, at least one."""
    lines: list[tuple[int, int]] = []
    start = 0
    filled = first
    for place, word in enumerate(words):
        before = words[place - 1].blank if place > start else None
        blank = before.width if before else 0.0
        if place > start and filled + blank + word.width > width + 0.001:
            lines.append((start, place))
            start, filled, blank = place, hanging, 0.0
        filled += blank + word.width
    return [*lines, (start, len(words))] if words else []


def _tokens(text: str) -> Iterator[str]:
    for token in _TOKEN.findall(text):
        if len(token) > LONG_WORD:
            yield from _BREAKS.split(token)
        else:
            yield token


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between two tokens with no blank between them."""
    if not before or before.isspace():
        return False
    if _CJK.match(after) or _CJK.match(before[-1]):
        return after[0] not in _NO_START and before[-1] not in _NO_END
    return bool(_BREAKS.search(before[-1] + after[0]))


def _pieces(text: str, style: Style, main_size: float, fonts: Fonts) -> list[Piece]:
    rise = SUPERSCRIPT_RISE * main_size if style.superscript else 0.0
    pieces: list[Piece] = []
    for _, same in groupby(fonts.glyphs(text, style), key=lambda glyph: id(glyph.face)):
        glyphs = tuple(same)
        width = sum(glyph.advance for glyph in glyphs) * style.size
        pieces.append(Piece(glyphs, style.size, style.color, rise, width))
    return pieces


def _baseline(box: Box, lines: int, scale: float) -> float:
    """The first baseline: smaller text of several lines keeps its upper edge, one line its baseline."""
    return box.baseline if lines == 1 else box.baseline - (1 - scale) * ASCENT * box.size


def _width(words: Sequence[Word]) -> float:
    blanks = sum(word.blank.width for word in words[:-1] if word.blank)
    return sum(word.width for word in words) + blanks


def _widest(words: Sequence[Word], lines: Sequence[tuple[int, int]]) -> float:
    return max((_width(words[start:end]) for start, end in lines), default=0.0)


def _placed(
    words: Sequence[Word], lines: Sequence[tuple[int, int]], box: Box, scale: float, leading: float
) -> Iterator[SetLine]:
    baseline = _baseline(box, len(lines), scale)
    for number, (start, end) in enumerate(lines):
        chosen = tuple(words[start:end])
        indent = box.first if number == 0 else box.hanging
        room = box.right - box.left - indent
        free = room - _width(chosen) * scale
        x, stretch = box.left + indent, 0.0
        if box.align is Align.RIGHT:
            x += free
        elif box.align is Align.CENTER:
            x += free / 2
        elif box.align is Align.JUSTIFY and number < len(lines) - 1 and 0 < free < (1 - FULLEST_STRETCH) * room:
            blanks = sum(word.blank is not None for word in chosen[:-1])
            stretch = free / blanks if blanks else 0.0
        yield SetLine(chosen, x, baseline + number * leading, stretch)
