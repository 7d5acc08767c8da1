"""A page as it is understood before its rows become texts: frozen values, built in named passes.

rows -> numbered margin -> lines (rows of one baseline) -> who stands under whom -> edges of running
text -> stacks (rows with a common edge, size and leading) -> tables (lines that share edges).
`row_joining` decides by them which rows are one text. All in the turned space of one direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.pdf.analysis.code_detection import MOSTLY, typewritten
from pipeline.pdf.analysis.page_graphics import Ground
from pipeline.pdf.analysis.structure.columns import body_size, edges_of_text, long_rows
from pipeline.pdf.analysis.structure.fills import Fills
from pipeline.pdf.analysis.structure.margins import numbered_leading, numbered_margin
from pipeline.pdf.analysis.structure.placed import Placed, lines_of
from pipeline.pdf.analysis.structure.stacks import Stack, rows_above, stacks_of, widest_leading
from pipeline.pdf.analysis.structure.tables import Table, tables_of
from pipeline.pdf.model.text_rows import Row


@dataclass(frozen=True, slots=True)
class PageModel:
    """The rows of one direction, from top to bottom and left to right, and how they stand.

    Rows are named by `Row.order`. `above`: the row right above; `margin`: those that number the
    lines; `prose`: how many rows of running text begin at (x, size), both rounded; `long`: by the
    rounded left edge the rows that show how wide their column is, the widest first. `body`: the
    size of most letters; `leading`: the widest that rows of one text have here, of their size;
    `right`: where the text ends; `typescript`: most letters are typewritten.
    """

    rows: tuple[Placed, ...]
    lines: tuple[tuple[Placed, ...], ...]
    above: Mapping[int, Placed]
    margin: frozenset[int]
    prose: Mapping[tuple[int, int], int]
    stacks: Mapping[int, Stack]
    tables: Mapping[int, Table]
    long: Mapping[int, Sequence[Placed]]
    body: float
    leading: float
    right: float
    typescript: bool
    ground: Ground
    fills: Fills

    def near(self, upper: Placed, lower: Placed, lines: int) -> Iterator[Placed]:
        """The rows at the height of two rows, and of so many lines over and under them."""
        for line in self.lines[max(0, upper.line - lines) : lower.line + lines + 1]:
            yield from line

    def beside(self, one: Placed) -> Iterator[Placed]:
        """The other rows of its line, but numbers of lines."""
        return (
            other
            for other in self.lines[one.line]
            if other is not one and other.row.order not in self.margin
        )


def page_model(rows: Iterable[Row], ground: Ground) -> PageModel:
    """The page with these rows and marks."""
    ordered = sorted(rows, key=lambda row: (row.baseline, row.x0))
    margin = numbered_margin(ordered)
    lines = lines_of(ordered)
    placed = tuple(one for line in lines for one in line)
    by_order = sorted(placed, key=lambda one: (one.y, one.x0))
    above = rows_above([one for one in by_order if one.row.order not in margin])
    leading = max(widest_leading(by_order, above), numbered_leading(ordered, margin))
    fills = Fills(ground)
    long = long_rows(placed)
    prose = edges_of_text(placed, above, long)
    return PageModel(
        rows=tuple(by_order),
        lines=lines,
        above=above,
        margin=margin,
        prose=prose,
        stacks=stacks_of(by_order, above, leading, fills),
        tables=tables_of(lines, margin, prose),
        long=long,
        body=body_size(placed),
        leading=leading,
        right=max((one.x1 for one in placed), default=0.0),
        typescript=typewritten(ordered) > MOSTLY,
        ground=ground,
        fills=fills,
    )
