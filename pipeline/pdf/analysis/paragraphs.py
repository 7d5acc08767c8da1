"""Rows to paragraphs, by geometry and words, in the turned space of one direction.

Rows are taken from top to bottom; each joins the paragraph whose last row stands right above it, or
begins a new one, as `row_joining` decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dragoman.domain.document import Align, Rect
from pipeline.pdf.analysis.alignment import ENOUGH_ROWS, alignment, is_even
from pipeline.pdf.analysis.page_graphics import Ground
from pipeline.pdf.analysis.structure.page_model import PageModel, page_model
from pipeline.pdf.analysis.structure.row_joining import Decision, decisions
from pipeline.pdf.analysis.structure.row_wording import LEADER
from pipeline.pdf.model.text_rows import Row

EDGE_ROWS = 4  # rows that begin at one x, for it to be the edge of a column


@dataclass(slots=True)
class Paragraph:
    """Rows that are one text. `align`: how they stand; one row alone counts as left."""

    rows: list[Row]
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
    model = page_model(rows, ground)
    return paragraphs_of(model, decisions(model))


def paragraphs_of(model: PageModel, decided: Mapping[int, Decision]) -> list[Paragraph]:
    """The rows as texts, by what was decided of each (by its order) and the row above it."""
    edges = Counter(round(one.x0) for one in model.rows)
    owner: dict[int, Paragraph] = {}
    paragraphs: list[Paragraph] = []
    for one in model.rows:
        order = one.row.order
        above = model.above.get(order)
        found = None if above is None else owner[above.row.order]
        # A row that another one goes on with already has its text below it.
        if found is not None and above and found.last is above.row and decided[order].joined:
            found.rows.append(one.row)
        else:
            found = Paragraph([one.row])
            paragraphs.append(found)
        owner[order] = found
    for paragraph in paragraphs:
        paragraph.align = _align(paragraph.rows, edges)
    return sorted(paragraphs, key=lambda paragraph: min(row.order for row in paragraph.rows))


def _align(rows: Sequence[Row], edges: Mapping[int, int]) -> Align:
    """How rows stand.

    Where the second begins at an edge that many rows of the page have, it is no chance middle.
    """
    found = alignment(rows)
    if LEADER.search(rows[-1].text):
        return Align.LEFT
    if found is Align.CENTER and any(_is_edge(row.x0, edges) for row in rows[1:]):
        even = len(rows) >= ENOUGH_ROWS and is_even([row.x1 for row in rows[:-1]], rows[0].size)
        return Align.JUSTIFY if even else Align.LEFT
    return found


def _is_edge(x: float, edges: Mapping[int, int]) -> bool:
    place = round(x)
    return sum(edges.get(place + shift, 0) for shift in (-1, 0, 1)) >= EDGE_ROWS
