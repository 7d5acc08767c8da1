"""How the rows of a text stand to each other: at the left, at the right, around a middle, or at
both edges.
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.domain.document import Align
from pipeline.pdf.model.text_rows import Row

# Shares of the row's size.
SAME_EDGE = 0.5
DEEPEST_INDENT = 4.0
ENOUGH_ROWS = 3  # to tell justified text from two rows that end alike by chance


def alignment(rows: Sequence[Row]) -> Align:
    """How rows of one text stand; one row alone counts as left."""
    if len(rows) == 1:
        return Align.LEFT
    slack = SAME_EDGE * rows[0].size
    lefts = [row.x0 for row in rows]
    rights = [row.x1 for row in rows]
    middles = [(row.x0 + row.x1) / 2 for row in rows]
    even_left = len(rows) >= ENOUGH_ROWS and max(lefts[1:]) - min(lefts[1:]) <= slack
    if max(middles) - min(middles) <= slack and max(lefts) - min(lefts) > slack:
        return Align.CENTER
    if max(rights) - min(rights) <= slack / 2 and max(lefts) - min(lefts) > 2 * slack:
        indented = (
            abs(lefts[0] - lefts[1]) <= DEEPEST_INDENT * rows[0].size and len(rows) < ENOUGH_ROWS
        )
        shared = sum(left - min(lefts) <= slack / 2 for left in lefts) > 1
        return Align.JUSTIFY if even_left or indented or shared else Align.RIGHT
    return (
        Align.JUSTIFY
        if len(rows) >= ENOUGH_ROWS and is_even(rights[:-1], rows[0].size)
        else Align.LEFT
    )


def is_even(edges: Sequence[float], size: float) -> bool:
    """Whether edges of rows are those of justified text. `size`: of its letters, in points."""
    return max(edges) - min(edges) <= SAME_EDGE / 2 * size
