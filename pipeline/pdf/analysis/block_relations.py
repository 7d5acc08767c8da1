"""How the blocks of one direction stand to each other: columns of running text, blocks side by
side, markers before texts.

Everything is in the turned space of the direction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from dragoman.domain.document import (
    KEPT,
    Block,
    BlockKind,
    Line,
    Original,
    Rect,
    Run,
    Span,
    Style,
)
from pipeline.pdf.model.geometry import Direction, contains, overlap, turned, union
from pipeline.pdf.model.scripts import SIGNS
from pipeline.pdf.model.styles import is_maths_font

FLOW_LINES = 3  # a block with as many lines is running text, whose edges are those of its column
FLOW_WIDTH = 10.0  # of its size: the least width of running text
FLOW_SHARE = 0.5  # of a column's lines that are running text
# of the size: how far a marker stands before its text, how wide it is at most
MARKER_GAP, MARKER_WIDTH = 4.0, 4.0
# of the size: how far the edges of one column's paragraphs are apart
SAME_RIGHT, SAME_LEFT = 2.0, 5.0
INSET = 0.1  # of the size: lines that follow each other closely do not stand side by side
# Kept text that our typefaces can set as well as the source's: figures, units, plain signs and
# bullets.
_PLAIN = re.compile(
    r"[ -~\u0660-\u0669\u06f0-\u06f9\u00a0-\u00ff\u2010-\u2026\u2030-\u203a\u20ac\u2022\u25a0-\u25cf\u25e6\u2043\u2122\u2190-\u2193\u2212\u2713\u2714\u27a2\u27a4]+"  # noqa: E501
)
_SIGNS = re.compile(rf"[\s{SIGNS}]*[{SIGNS}][\s{SIGNS}]*")
_WORD = re.compile(r"[^\W\d_]{2}")
_NUMBER = re.compile(r"\(?\w{1,4}(?:\.\w{1,3})*[.)]")


class Item:
    """A block in its turned space.

    `kept`: it is not translated; `moves`: it is set anew anyway, or can be.
    """

    def __init__(self, block: Block, direction: Direction) -> None:
        self.block = block
        self.rect = turned(block.bbox, direction)
        self.size = max(run.style.size for run in block.source)
        self.kept = block.target is None
        self.moves = not self.kept or is_plain(block)

    @property
    def is_flow(self) -> bool:
        """Whether it is running text."""
        return (
            len(self.block.lines) >= FLOW_LINES
            and self.rect[2] - self.rect[0] >= FLOW_WIDTH * self.size
        )

    @cached_property
    def core(self) -> Rect:
        """Its box without the upper and lower edge."""
        x0, y0, x1, y1 = self.rect
        inset = INSET * self.size
        return x0, y0 + inset, x1, y1 - inset

    def is_before(self, text: Item) -> bool:
        """Whether it is a marker of `text`: kept, narrow, and close before its first line."""
        x0, y0, x1, y1 = self.rect
        return (
            self.kept
            and -1 <= text.rect[0] - x1 < MARKER_GAP * text.size
            and x1 - x0 < MARKER_WIDTH * text.size
            and overlap(y0, y1, text.rect[1], text.rect[1] + text.size) > 0
        )


def is_number(text: str) -> bool:
    """Whether a text is the number of an item or a section, whose dot or bracket is turned
    towards its text.
    """
    return bool(_NUMBER.fullmatch(text.strip()))


def kept_runs(block: Block) -> tuple[Run, ...]:
    """The source's text as it is set at another place, on the baseline where it stood.

    Signs stand there as on the page, since their codes mean nothing elsewhere.
    """
    if _SIGNS.fullmatch(block.text):
        return tuple(map(own_letters, block.lines))
    return tuple(
        Run(run.text, replace(run.style, superscript=False, original=None)) for run in block.source
    )


def own_letters(line: Line) -> Run:
    """A line's own letters, as they stand on the page."""
    main = line.spans[0]
    parts = tuple(part for span in line.spans for part in _parts(span, line.direction))
    style = replace(main.style, superscript=False, original=Original(parts, main.baseline))
    return Run(line.text, style)


def _parts(span: Span, direction: Direction) -> Sequence[tuple[float, float, float, int]]:
    if span.style.original:
        return span.style.original.parts
    left, _, right, _ = turned(span.bbox, direction)
    return [(left, right, span.baseline, len("".join(span.text.split())))]


def columns(items: Sequence[Item]) -> list[Rect]:
    """The columns of running text, with the markers before their paragraphs."""
    found: list[Rect] = []
    for item in items:
        if not item.is_flow:
            continue
        rect = item.rect
        near, far = SAME_LEFT * item.size, SAME_RIGHT * item.size
        for place, column in enumerate(found):
            if abs(column[2] - rect[2]) < far and abs(column[0] - rect[0]) < near:
                found[place] = union([column, rect])
                break
        else:
            found.append(rect)
    common = units(items)
    return [
        union(
            [
                column,
                *(
                    (rect[0], column[1], column[2], column[3])
                    for rect in _in_width(column, items, common)
                ),
            ]
        )
        for column in found
        if _is_running([item for item in items if contains(column, item.rect, slack=1)])
    ]


def _in_width(column: Rect, items: Sequence[Item], common: Mapping[str, Rect]) -> Iterator[Rect]:
    """The common boxes of texts and markers, of those texts that are as wide as a column at
    most, over, in or under it.
    """
    for item in items:
        if not item.kept and column[0] - 1 <= item.rect[0] and item.rect[2] <= column[2] + 1:
            yield common[item.block.id]


def _is_running(items: Sequence[Item]) -> bool:
    """Whether running text has most of the lines; a long entry of a list or a table makes no
    column.
    """
    flowing = sum(len(item.block.lines) for item in items if item.is_flow)
    return flowing >= FLOW_SHARE * sum(len(item.block.lines) for item in items)


def units(items: Sequence[Item]) -> dict[str, Rect]:
    """By a block's id its box, of a text and the marker before it the common one, for both."""
    found = {item.block.id: item.rect for item in items}
    markers = [item for item in items if item.kept and item.moves]
    for text in items:
        for marker in () if text.kept else markers:
            if marker.is_before(text):
                found[marker.block.id] = found[text.block.id] = union([marker.rect, text.rect])
    return found


def bands(items: Iterable[Item]) -> Iterator[list[Item]]:
    """The blocks from top to bottom, those side by side together."""
    held: list[Item] = []
    bottom = 0.0
    for item in sorted(items, key=lambda item: item.core[1]):
        if held and item.core[1] >= bottom:
            yield held
            held = []
        bottom = max(bottom, item.core[3]) if held else item.core[3]
        held.append(item)
    if held:
        yield held


def _is_maths(style: Style) -> bool:
    return style.original is not None or bool(style.font and is_maths_font(style.font))


def is_plain(block: Block) -> bool:
    """Whether a kept block is one that our typefaces can set anew: a figure, a marker, a sign."""
    text = block.text
    one_row = len(block.lines) == 1 or block.kind not in KEPT
    words = _WORD.search(text) is not None and not is_number(text)
    if any(map(str.isalpha, text)) and any(
        _is_maths(span.style) for line in block.lines for span in line.spans
    ):
        return False  # a formula, whose parts belong together
    return (
        block.kind is not BlockKind.UNREADABLE
        and one_row
        and not words
        and bool(_PLAIN.fullmatch(text) or _SIGNS.fullmatch(text))
    )
