"""Rows to paragraphs, by geometry alone, in the turned space of one direction.

Rows are taken from top to bottom; each joins the paragraph whose last row stands right above it, or
begins a new one. So columns grow side by side without being looked for. What keeps two rows apart:
another size, weight or colour, another leading, an indent, a list marker, a rule or the edge of a
fill between them, a row that ends before it had to.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from dragoman.domain.document import Align, Rect
from pipeline.pdf.analysis.alignment import (
    DEEPEST_INDENT,
    ENOUGH_ROWS,
    SAME_EDGE,
    alignment,
    is_even,
)
from pipeline.pdf.analysis.line_joining import HYPHENS
from pipeline.pdf.analysis.list_markers import MARKER
from pipeline.pdf.analysis.page_graphics import Ground
from pipeline.pdf.analysis.row_style import alike
from pipeline.pdf.model.geometry import overlap
from pipeline.pdf.model.text_rows import Row

# All of these are shares of the row's size, unless said otherwise.
SAME_SIZE = 0.1
WIDEST_FIRST_LEADING = 1.7  # single-spaced text has 1.0 to 1.5
WIDEST_LEADING = 2.1  # where the sentence plainly goes on
WIDEST_SPACING = 3.0
SAME_LEADING = 0.18
CLOSER_LEADING = 0.45
EDGE_ROWS = 4  # rows that begin at one x, for it to be the edge of a column
RAGGED = 6.0  # how much shorter than the next a full row may be
MARKER_GAP = 3.0
ENDING_SLACK = 0.6  # a blank, and the error of guessing a word's width by its letters
NARROW_CELL = 12.0
LABEL_WIDTH = 16.0
SHORT_CELL_WORDS = 3
LONG_CELL_WORDS = 8
# characters; how many such rows in a row show how far rows are set apart
LONG_ROW, SPACED_ROWS = 40, 5
LINE_WORDS, LONG_LINE_WORDS = 4, 8  # of an address, a list of names, a title
LONG_LINE = 80  # characters
# times: what text with the same edge is at least, where short rows end on purpose
WIDER, FAR_WIDER = 2.5, 1.8
CLOSE_ROWS = 12  # rows that are looked at above and below
WIDE_TABLE = 4  # columns
LONGEST_MARKER = 6  # characters

# a row that ends in dots, and perhaps a page number, is an entry
LEADER = re.compile(r"(?:[.·…_]\s?){5,}\s*\S{0,8}$")
LABELLED = ":："  # what a label ends with
_CLAUSE = re.compile(r"[.,;]\s")
_END_OF_SENTENCE = ".!?:;。！？：；…"
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")


@dataclass(slots=True)
class Paragraph:
    """Rows that are one text.

    `marked`: a list marker or number stands before its first row, as a row of its own.

    `align`: how its rows stand; one row alone counts as left.
    """

    rows: list[Row]
    marked: bool = False
    align: Align = Align.LEFT

    @property
    def last(self) -> Row:
        """Its lowest row."""
        return self.rows[-1]

    @property
    def rect(self) -> Rect:
        """The box around its letters."""
        if len(self.rows) == 1:
            return self.last.x0, self.last.top, self.last.x1, self.last.bottom
        return (
            min([row.x0 for row in self.rows]),
            self.rows[0].top,
            max([row.x1 for row in self.rows]),
            self.last.bottom,
        )

    @property
    def left(self) -> float:
        """The left edge of its rows but the first, which may be indented; of the first where it
        is alone.
        """
        return min(row.x0 for row in self.rows[1:]) if len(self.rows) > 1 else self.rows[0].x0

    @property
    def leading(self) -> float | None:
        """Points from baseline to baseline, None for one row."""
        if len(self.rows) == 1:
            return None
        gaps = sorted([after.baseline - before.baseline for before, after in pairwise(self.rows)])
        return (gaps[(len(gaps) - 1) // 2] + gaps[len(gaps) // 2]) / 2


def group(rows: Sequence[Row], ground: Ground) -> list[Paragraph]:
    """The paragraphs of the rows (of one direction), in the order in which the file draws them."""
    layout = _Layout(rows, ground)
    paragraphs: list[Paragraph] = []
    for row in layout.rows:
        found = None if layout.is_figure(row) else layout.paragraph_above(row)
        if found is not None and layout.continues(found, row):
            found.rows.append(row)
        else:
            found = Paragraph([row], marked=layout.is_marked(row))
            paragraphs.append(found)
        layout.owner[row.order] = found
    for paragraph in paragraphs:
        paragraph.align = layout.align(paragraph.rows)
    return sorted(paragraphs, key=lambda paragraph: min(row.order for row in paragraph.rows))


class _Layout:
    """The rows of a page from top to bottom, and who stands beside and above whom."""

    def __init__(self, rows: Sequence[Row], ground: Ground) -> None:
        self.rows = sorted(rows, key=lambda row: (row.baseline, row.x0))
        self.ground = ground
        self.owner: dict[int, Paragraph] = {}
        self._mates = _mates(self.rows)
        self._place = {row.order: place for place, row in enumerate(self.rows)}
        self._fills: dict[int, Rect | None] = {}
        self._edges = Counter(round(row.x0) for row in rows)
        # The farthest right edge of the rows that begin at one x: of several, the last one counts.
        self._ends = {round(row.x0): row.x1 for row in sorted(rows, key=lambda row: row.x1)}
        self._around = {
            round(row.x0 + row.x1): row.x1 - row.x0
            for row in sorted(rows, key=lambda row: row.x1 - row.x0)
        }
        self._spacing = _spacing(self.rows)

    def is_marked(self, row: Row) -> bool:
        """Whether a short row without words, such as a bullet or a number, or a form field
        stands right before it.
        """
        y = row.baseline - 0.3 * row.size
        return self.ground.has_field(row.x0 - MARKER_GAP * row.size, row.x0, y) or any(
            mate.x1 <= row.x0 and row.x0 - mate.x1 < MARKER_GAP * row.size and _is_marker(mate.text)
            for mate in self._mates[row.order]
        )

    def is_figure(self, row: Row) -> bool:
        """Whether it is a number in a row of a wide table, which goes on with nothing."""
        return len(self._mates[row.order]) > WIDE_TABLE and _is_number(row.text)

    def paragraph_above(self, row: Row) -> Paragraph | None:
        """The paragraph of the nearest row above that shares some width with `row`."""
        best: Row | None = None
        for place in range(self._place[row.order] - 1, -1, -1):
            other = self.rows[place]
            if row.baseline - other.baseline > 3 * row.size or (
                best and best.baseline - other.baseline > 0.2 * row.size
            ):
                break
            shared = overlap(row.x0, row.x1, other.x0, other.x1)
            if row.baseline - other.baseline < 0.5 * min(row.size, other.size):
                continue
            if shared > 0.3 * min(row.x1 - row.x0, other.x1 - other.x0) and (
                best is None or shared > overlap(row.x0, row.x1, best.x0, best.x1)
            ):
                best = other
        if best is None:
            return None
        found = self.owner[best.order]
        return found if found.last is best else None

    def continues(self, paragraph: Paragraph, row: Row) -> bool:
        """Whether `row` goes on with the text of `paragraph`."""
        last = paragraph.last
        return (
            not row.begins
            and _is_text(last)
            and not LEADER.search(last.text)
            and _is_text(row)
            and _sizes_fit(last, row)
            and _leading_fits(paragraph, row, self._spacing)
            and alike(last, row)
            and not self.is_marked(row)
            and not self._is_item(paragraph, row)
            and not self._is_answered(last)
            and not self._is_parted(last, row)
            and not self._is_label(paragraph)
            and not self._are_cells(last, row)
            and self._edges_fit(paragraph, row)
            and not self._ended(paragraph, row)
            and not self._are_lines(last, row)
        )

    def align(self, rows: Sequence[Row]) -> Align:
        """How rows stand.

        Where the second begins at an edge that many rows of the page have, it is no chance middle.
        """
        found = alignment(rows)
        if LEADER.search(rows[-1].text):
            return Align.LEFT
        if found is Align.CENTER and any(self._is_edge(row.x0) for row in rows[1:]):
            return (
                Align.JUSTIFY
                if len(rows) >= ENOUGH_ROWS and is_even([row.x1 for row in rows[:-1]], rows[0].size)
                else Align.LEFT
            )
        return found

    def _is_edge(self, x: float) -> bool:
        place = round(x)
        return sum(self._edges[place + shift] for shift in (-1, 0, 1)) >= EDGE_ROWS

    def _is_answered(self, row: Row) -> bool:
        """Whether a form field follows the row: it is a label."""
        y = row.baseline - 0.3 * row.size
        return self.ground.has_field(row.x1, row.x1 + MARKER_GAP * row.size, y)

    def _is_item(self, paragraph: Paragraph, row: Row) -> bool:
        """Whether a row begins with a list marker, and not by the chance of where a sentence
        was broken.
        """
        if not MARKER.match(row.text):
            return False
        within = (
            not MARKER.match(paragraph.rows[0].text)
            and paragraph.last.text[-1] not in _END_OF_SENTENCE
        )
        return not (
            within and row.text[0] in "(0123456789" and paragraph.last.x1 >= row.x1 - 2 * row.size
        )

    def _is_parted(self, last: Row, row: Row) -> bool:
        """Whether a rule lies between two rows, or they stand on different fills."""
        upper, lower = last.baseline, row.baseline - 0.3 * row.size
        x0, x1 = max(last.x0, row.x0), min(last.x1, row.x1)
        return self.ground.is_ruled(x0, x1, upper, lower) or self._fill_of(last) != self._fill_of(
            row
        )

    def _fill_of(self, row: Row) -> Rect | None:
        if row.order not in self._fills:
            middle = (row.x0, row.baseline - 0.4 * row.size, row.x1, row.baseline - 0.2 * row.size)
            self._fills[row.order] = self.ground.fill_under(middle)
        return self._fills[row.order]

    def _is_label(self, paragraph: Paragraph) -> bool:
        """Whether it is one short row that ends as a label does, with something beside it."""
        last = paragraph.last
        if len(paragraph.rows) > 1 or last.text[-1] not in LABELLED or not self._mates[last.order]:
            return False
        return last.x1 - last.x0 < LABEL_WIDTH * last.size and not _CLAUSE.search(last.text)

    def _are_cells(self, last: Row, row: Row) -> bool:
        """Whether the two are cells of two rows of a table without rules."""
        mates, other_mates = self._mates[last.order], self._mates[row.order]
        if not mates or not other_mates:
            return False
        if _has_label(last, mates) and _has_label(row, other_mates):
            return True
        words = max(len(last.text.split()), len(row.text.split()))
        if any(_is_number(mate.text) for mate in mates) and any(
            _is_number(mate.text) for mate in other_mates
        ):
            return words <= LONG_CELL_WORDS
        if words > SHORT_CELL_WORDS or not _are_narrow([last, row]):
            return False
        return len(mates) > 1 or (_begins_line(row) and _are_narrow([*mates, *other_mates]))

    def _are_lines(self, last: Row, row: Row) -> bool:
        """Whether two short rows are lines of a list of names, an address or a title: text with
        the same edge or middle is far wider here.
        """
        if len(row.text) > LONG_LINE or len(last.text) > LONG_LINE:
            return False
        if (
            not _begins_line(row)
            or last.text[-1] in f",{HYPHENS}"
            or self._mates[last.order]
            or self._mates[row.order]
        ):
            return False
        words = max(len(last.text.split()), len(row.text.split()))
        wider = (
            WIDER
            if words <= LINE_WORDS and _begins_line(last)
            else FAR_WIDER
            if words <= LONG_LINE_WORDS
            else 0.0
        )
        if not wider:
            return False
        if abs(last.x0 - row.x0) > SAME_EDGE * row.size:
            return self._widest_around(row) > FAR_WIDER * max(last.x1 - last.x0, row.x1 - row.x0)
        right = max(last.x1, row.x1)
        end = max(self._ends.get(round(row.x0) + shift, right) for shift in (-1, 0, 1))
        return end - row.x0 > wider * (right - row.x0) and not self._is_beside_text(
            last, row, right, end
        )

    def _widest_around(self, row: Row) -> float:
        """The width of the widest row with the same middle, in points; 0 where it has none near
        it.
        """
        place = round(row.x0 + row.x1)
        return max(self._around.get(place + shift, 0.0) for shift in range(-2, 3))

    def _is_beside_text(self, last: Row, row: Row, x0: float, x1: float) -> bool:
        """Whether text or a picture stands between `x0` and `x1` at the height of two rows or
        close to it: they are in a column of their own.
        """
        near = self.rows[
            max(0, self._place[last.order] - CLOSE_ROWS) : self._place[row.order] + CLOSE_ROWS
        ]
        top, bottom = last.top - row.size, row.bottom + row.size
        pictures = (
            one for one in self.ground.marks.pictures if overlap(one[1], one[3], top, bottom) > 0
        )
        return any(
            overlap(one.top, one.bottom, top, bottom) > 0 and x0 < one.x0 < x1 for one in near
        ) or any(x0 < one[0] < x1 for one in pictures)

    def _edges_fit(self, paragraph: Paragraph, row: Row) -> bool:
        slack = SAME_EDGE * row.size
        rows = paragraph.rows
        if abs(row.x0 - paragraph.left) <= slack:
            return True
        if len(rows) == 1:
            first = rows[0]
            indented = (
                0 < first.x0 - row.x0 <= DEEPEST_INDENT * row.size
                and first.x1 >= row.x1 - RAGGED * row.size
            )
            hanging = (
                0 < row.x0 - first.x0 <= DEEPEST_INDENT * row.size
                and first.x1 >= row.x1 - RAGGED * row.size
                and (bool(MARKER.match(first.text)) or _hangs(first, row))
            )
            if indented or hanging:
                return True
        return self.align([*rows, row]) in (Align.CENTER, Align.RIGHT)

    def _ended(self, paragraph: Paragraph, row: Row) -> bool:
        """Whether the last row was the paragraph's end: the next word would still have fitted
        into it.
        """
        last = paragraph.last
        if last.text[-1] in HYPHENS:
            return False
        if self.align([*paragraph.rows, row]) in (Align.CENTER, Align.RIGHT):
            return (
                _free(
                    last,
                    row,
                    max(one.x1 - one.x0 for one in [*paragraph.rows, row]) - (last.x1 - last.x0),
                )
                > 0
            )
        if _CJK.search(row.text):
            return row.x1 - last.x1 > 2 * row.size or (
                last.text[-1] in _END_OF_SENTENCE
                and max(one.x1 for one in paragraph.rows) - last.x1 > 2 * row.size
            )
        right = max([row.x1, *(one.x1 for one in paragraph.rows)])
        free = _free(last, row, right - last.x1)
        if free <= 0:
            return False
        goes_on = row.text[0].islower() and last.text[-1] not in _END_OF_SENTENCE
        return not (goes_on and free < 0.4 * (right - paragraph.rect[0]))


def _hangs(first: Row, row: Row) -> bool:
    """Whether a row that is indented goes on with the one over it, which has no marker: it does
    not end a sentence.
    """
    return first.x1 - first.x0 > NARROW_CELL * row.size and first.text[-1] not in _END_OF_SENTENCE


def _are_narrow(rows: Sequence[Row]) -> bool:
    return all(row.x1 - row.x0 < NARROW_CELL * row.size for row in rows)


def _has_label(row: Row, mates: Sequence[Row]) -> bool:
    """Whether a label stands before it on its baseline."""
    return any(mate.text[-1] in LABELLED and mate.x1 <= row.x0 for mate in mates)


def _mates(rows: Sequence[Row]) -> dict[int, list[Row]]:
    """For each row (by order) the others on its baseline."""
    mates: dict[int, list[Row]] = {row.order: [] for row in rows}
    for place, row in enumerate(rows):
        for other in rows[place + 1 :]:
            if other.baseline - row.baseline > 0.3 * row.size:
                break
            if row.x1 <= other.x0 or other.x1 <= row.x0:
                mates[row.order].append(other)
                mates[other.order].append(row)
    return mates


def _begins_line(row: Row) -> bool:
    """Whether it can be a line of a list of names: it begins with a capital or a figure."""
    return not row.text[0].islower() and row.text[0].isalnum()


def _is_text(row: Row) -> bool:
    return len(row.text) > 1 or bool(_CJK.match(row.text))


def _is_marker(text: str) -> bool:
    return len(text) <= LONGEST_MARKER and sum(map(str.isalpha, text)) <= 1


def _is_number(text: str) -> bool:
    return any(map(str.isdigit, text)) and not any(map(str.isalpha, text))


def _sizes_fit(last: Row, row: Row) -> bool:
    """Whether two rows have a size in common."""
    if abs(last.size - row.size) <= SAME_SIZE * row.size:
        return True
    return bool(last.also or row.also) and any(
        abs(one - other) <= SAME_SIZE * other
        for one in (last.size, *last.also)
        for other in (row.size, *row.also)
    )


def _spacing(rows: Sequence[Row]) -> float:
    """The leading that most long rows have, of their size, where they are set apart as in a
    typescript; 0 where they are not.
    """
    long = [row for row in rows if len(row.text) >= LONG_ROW]
    gaps = Counter(
        round((lower.baseline - upper.baseline) / lower.size, 1)
        for upper, lower in pairwise(long)
        if overlap(upper.x0, upper.x1, lower.x0, lower.x1) > 0
    )
    spacing, number = gaps.most_common(1)[0] if gaps else (0.0, 0)
    return (
        spacing
        if number >= SPACED_ROWS and WIDEST_FIRST_LEADING < spacing < WIDEST_SPACING
        else 0.0
    )


def _leading_fits(paragraph: Paragraph, row: Row, spacing: float) -> bool:
    """Whether a row is as far under a paragraph as its next one would be.

    `spacing`: what the page's rows are set apart by, of their size.
    """
    gap = row.baseline - paragraph.last.baseline
    leading = paragraph.leading
    if leading is None:
        goes_on = row.text[0].islower() and paragraph.last.text[-1] not in _END_OF_SENTENCE
        widest = WIDEST_LEADING if goes_on else WIDEST_FIRST_LEADING
        return gap <= max(widest, spacing + SAME_LEADING) * row.size
    # A mark over the line, such as that of a footnote, may have pushed the second row down.
    closer = CLOSER_LEADING if len(paragraph.rows) < ENOUGH_ROWS else SAME_LEADING
    return -closer * row.size <= gap - leading <= SAME_LEADING * row.size


def _free(last: Row, row: Row, space: float) -> float:
    """What of `space` is left behind the last row once the next row's first word and a blank
    are put there.
    """
    word = row.text.split(maxsplit=1)[0]
    return space - (row.x1 - row.x0) * len(word) / len(row.text) - ENDING_SLACK * row.size
