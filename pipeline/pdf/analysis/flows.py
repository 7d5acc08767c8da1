"""Texts that go on in the next column or on the next page.

The last text of a column goes on in the first of the next one if its sentence is open, the next
word had no room behind its last row, and the other one is not indented. That the next word had no
room is the sign: capitals may follow, and Japanese has no small letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dragoman.domain.document import Block, BlockKind, Flow, Page
from pipeline.pdf.analysis.line_joining import HYPHENS, run_on
from pipeline.pdf.analysis.running_headers import running_headers
from pipeline.pdf.model.geometry import UPRIGHT

# Shares of the size, unless they say otherwise.
INDENT = 0.6  # what an indented first row is indented by at the least
BLANK = 0.3
INSIDE = 5.0  # how far within its column a text begins at the most
BEYOND = 2.0  # how far beyond it one may end
LARGEST = 1.25  # of the body's size: larger texts are headings
LEAST = 40  # letters: shorter last texts are labels, cells, stamps of drawings
MANY_ROWS = 2  # of a text without small letters that goes on or follows
SAME_X = 1.5  # points between rows of one column
COLUMN_ROWS = 4  # that begin at one x, and their share of all rows near by
COLUMN_SHARE = 0.04
EVEN = 0.3  # of the rows of a column: when as many end at one x, that is its edge
CLOSE_PAGES = 6  # where columns are looked for
AHEAD = 3  # texts of the next column that are looked at: a caption's end may stand over them
TEXT = frozenset({BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.CAPTION})
_TERMINAL = ".!?:;。！？：；…।۔؟؛"
_CLOSING = "”\"’')]}»›」』）】 \u00a0"
_OPENING = "“\"‘'([{«‹「『（【¿¡ "
_NOTE = re.compile(r"(?<=[.!?。])\d{1,3}$")  # "modem.1"
_LEADER = re.compile(r"(?:[.·…_]\s?){5,}\s*\S{0,8}$")
# "Figure 3. ", "Abb. 2: ", "Tab. 1 | ": a number, and a mark after it
_CAPTION = re.compile(r"\s*[^\W\d_]{1,12}\.?\s?[\dIVX]+[.\d]*\s?[.:|–—-]\s")

Column = tuple[float, float]


@dataclass(frozen=True, eq=False, slots=True)
class _Piece:
    """A block with what is asked of it. `rows`: the left and right edge of each."""

    page: int
    block: Block
    text: str
    size: float
    look: tuple[object, ...]
    rows: tuple[Column, ...]

    @property
    def left(self) -> float:
        return self.block.bbox[0]

    @property
    def top(self) -> float:
        return self.block.bbox[1]


def with_flows(pages: Sequence[Page], is_compound: Callable[[str, str], bool]) -> tuple[Page, ...]:
    """The pages with `Block.flow` set where texts go on; `pages` in order.

    `is_compound`: whether a hyphen between two texts is the word's own.
    """
    following = dict(_pairs(pages))
    if not following:
        return tuple(pages)
    blocks = {block.id: block for page in pages for block in page.blocks}
    flows: dict[str, Flow] = {}
    for first in following.keys() - set(following.values()):
        chain = [first]
        while chain[-1] in following:
            chain.append(following[chain[-1]])
        flows[first] = Flow(
            run_on((blocks[name].source for name in chain), is_compound), tuple(chain)
        )
    later = set(following.values())

    def linked(block: Block) -> Block:
        if block.id not in following and block.id not in later:
            return block
        return replace(
            block,
            flow=flows.get(block.id),
            goes_on=block.id in following,
            follows=block.id in later,
        )

    return tuple(replace(page, blocks=tuple(map(linked, page.blocks))) for page in pages)


def columns_of_text(pages: Sequence[Page]) -> dict[int, list[Column]]:
    """By page (0-based) the left and right edges of the columns that its running text has."""
    heads = running_headers(pages)
    return _columns_of([piece for page in pages for piece in _pieces(page, heads)])


def _pairs(pages: Sequence[Page]) -> Iterator[tuple[str, str]]:
    """The ids of blocks, and of those that they go on in."""
    heads = running_headers(pages)
    pieces = [piece for page in pages if not page.scanned for piece in _pieces(page, heads)]
    weights: Counter[float] = Counter()
    for piece in pieces:
        weights[piece.size] += len(piece.text) if len(piece.text) > LEAST else 0
    body = weights.most_common(1)[0][0] if weights else 0.0
    edges = _columns_of(pieces)
    # A chain a size: so footnotes over the end of a column are none of the text's.
    chains: dict[float, dict[tuple[int, int], list[_Piece]]] = defaultdict(dict)
    for piece in pieces:
        number = _column(piece, edges[piece.page])
        title = piece.size > LARGEST * body or (piece.look[1] and len(piece.rows) <= MANY_ROWS)
        if number is not None and not title:
            chains[piece.size].setdefault((piece.page, number), []).append(piece)
    for stacks in chains.values():
        for here, there in pairwise(sorted(stacks)):
            if there[0] - here[0] <= 1:
                one = max(stacks[here], key=lambda piece: piece.top)
                following = sorted(stacks[there], key=lambda piece: piece.top)
                column, next_column = edges[here[0]][here[1]], edges[there[0]][there[1]]
                found = _next(one, following, column, next_column)
                if found is not None:
                    yield one.block.id, found.block.id


def _pieces(page: Page, heads: frozenset[str]) -> Iterator[_Piece]:
    for block in page.blocks:
        if block.kind not in TEXT or not block.translatable or block.id in heads:
            continue
        if any(line.direction != UPRIGHT for line in block.lines) or page.from_right:
            continue  # columns from the right are untested
        if any(run.style.original for run in block.source) or _CAPTION.match(block.text):
            continue  # letters that are kept are bound to their page
        yield _piece(page.number, block)


def _piece(page: int, block: Block) -> _Piece:
    weights: Counter[tuple[float, tuple[object, ...]]] = Counter()
    for run in block.source:
        style = run.style
        if not style.superscript:
            weights[round(style.size * 2) / 2, (style.family, style.bold)] += len(run.text)
    size, look = max(weights, key=weights.__getitem__, default=(0.0, ("", False)))
    runs = list(block.source)
    while runs and runs[-1].style.superscript:  # a footnote's mark after the last word
        runs.pop()
    text = "".join(run.text for run in runs).strip()
    return _Piece(page, block, text, size, look, _rows(block, size))


def _rows(block: Block, size: float) -> tuple[Column, ...]:
    """The edges of each row: what MuPDF has apart on one baseline is one."""
    rows: list[tuple[float, float, float]] = []
    for line in block.lines:
        x0, _, x1, y1 = line.bbox
        if rows and abs(rows[-1][2] - y1) < 0.3 * size:
            rows[-1] = (min(rows[-1][0], x0), max(rows[-1][1], x1), y1)
        else:
            rows.append((x0, x1, y1))
    return tuple((x0, x1) for x0, x1, _ in rows)


def _columns_of(pieces: Sequence[_Piece]) -> dict[int, list[Column]]:
    """By page the columns of its running text, from left to right."""
    rows: dict[int, list[Column]] = defaultdict(list)
    for piece in pieces:
        if len(piece.rows) >= MANY_ROWS:
            rows[piece.page].extend(piece.rows)
    return {
        page: _columns(
            rows[page],
            # books have other margins on left pages than on right ones
            [
                row
                for shift in range(-CLOSE_PAGES, CLOSE_PAGES + 1, 2)
                for row in rows.get(page + shift, ())
            ],
        )
        for page in {piece.page for piece in pieces}
    }


def _columns(here: Sequence[Column], near: Sequence[Column]) -> list[Column]:
    found: list[Column] = []
    for x, _ in Counter(round(row[0]) for row in near).most_common(12):
        ends = [row[1] for row in near if abs(row[0] - x) <= SAME_X]
        if len(ends) < max(COLUMN_ROWS, COLUMN_SHARE * len(near)):
            continue
        own = [row[1] for row in here if abs(row[0] - x) <= SAME_X]
        right = _edge(own if len(own) > COLUMN_ROWS else ends)
        # lists within a column, an abstract over two
        if not any(x < column[1] and column[0] < right for column in found):
            found.append((float(x), right))
    return sorted(found)


def _edge(ends: Sequence[float]) -> float:
    """Where rows end: the commonest place of justified ones, else nearly the farthest."""
    place, count = Counter(map(round, ends)).most_common(1)[0]
    ordered = sorted(ends)
    return place + 1.0 if count > EVEN * len(ends) else ordered[-1 - len(ends) // 20]


def _column(piece: _Piece, columns: Sequence[Column]) -> int | None:
    """The number of its column; None: it is a cell, a part of a formula, or over two columns."""
    for number, (left, right) in enumerate(columns):
        begins = left - piece.size <= piece.left <= left + INSIDE * piece.size
        if begins and piece.block.bbox[2] <= right + BEYOND * piece.size:
            return number
    return None


def _next(
    one: _Piece, following: Sequence[_Piece], column: Column, next_column: Column
) -> _Piece | None:
    """Which of the texts of the next column goes on with the last of this one; None: none."""
    letters = sum(2 if unicodedata.category(sign) == "Lo" else 1 for sign in one.text)
    if letters < LEAST or not ends_open(one.text) or _LEADER.search(one.text):
        return None
    flush = [two for two in following[:AHEAD] if _is_flush(one, two, column, next_column)]
    for two in flush:
        if begins_small(two.text) and _goes_on(one, two, column):
            return two
    first = next((two for two in following if two in flush or len(two.rows) > 1), None)
    if first is None or first not in flush or begins_small(first.text):
        return None
    # Without a small letter both have to be running text.
    hyphen = one.text[-1] in HYPHENS
    text = len(one.rows) > MANY_ROWS and len(first.rows) >= MANY_ROWS
    return first if (hyphen or text) and _goes_on(one, first, column) else None


def _goes_on(one: _Piece, two: _Piece, column: Column) -> bool:
    """Whether the next word had no room behind the last row, and both look alike."""
    start, end = two.rows[0]
    word = two.text.split(maxsplit=1)[0]
    a_row = max(1.0, len(two.text) / len(two.rows))
    unbroken = unicodedata.category(word[0]) == "Lo"
    width = 2 * one.size if unbroken else (end - start) * min(1.0, len(word) / a_row)
    free = column[1] - one.rows[-1][1]
    return one.look == two.look and free <= width + BLANK * one.size


def _is_flush(one: _Piece, two: _Piece, column: Column, next_column: Column) -> bool:
    """Whether the second begins where its column does, or where rows of the first do."""
    shift = min((row[0] for row in one.rows[1:]), default=column[0]) - column[0]
    start = two.rows[0][0] - next_column[0]
    return min(abs(start), abs(start - shift)) <= INDENT * two.size


def ends_open(text: str) -> bool:
    """Whether a text stops within a sentence."""
    bare = _NOTE.sub("", text.rstrip(_CLOSING))
    return bool(bare) and bare[-1] not in _TERMINAL


def begins_small(text: str) -> bool:
    """Whether a text begins with a small letter."""
    return text.lstrip(_OPENING)[:1].islower()
