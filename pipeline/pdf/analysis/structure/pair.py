"""A row and the one right above it, with what the rules of joining ask of them."""

from __future__ import annotations

from functools import cached_property

from pipeline.pdf.analysis.structure import limits
from pipeline.pdf.analysis.structure.page_model import PageModel
from pipeline.pdf.analysis.structure.placed import Placed, common_edge
from pipeline.pdf.analysis.structure.row_wording import ADDRESS
from pipeline.pdf.analysis.structure.stacks import Stack
from pipeline.pdf.model.geometry import overlap


class Pair:
    """A row and the one right above it, with what several rules ask of them."""

    def __init__(self, model: PageModel, upper: Placed, lower: Placed) -> None:
        self.model = model
        self.upper = upper
        self.lower = lower
        self.gap = lower.y - upper.y
        self.in_stack = model.stacks[upper.row.order] is model.stacks[lower.row.order]

    @cached_property
    def stack(self) -> Stack:
        """The stack of both; of the two rows alone, if they are in none together."""
        if self.in_stack:
            return self.model.stacks[self.lower.row.order]
        upper, lower = self.upper, self.lower
        left, right = min(upper.x0, lower.x0), max(upper.x1, lower.x1)
        return Stack((upper, lower), left, right, self.gap, float(lower.small))

    @cached_property
    def edge(self) -> str:
        """The edge that the two share."""
        return common_edge(self.upper, self.lower)

    @cached_property
    def goes_on(self) -> bool:
        """Whether the words say so: no sentence ended, and a small letter follows."""
        return self.lower.small and self.upper.open and not ADDRESS.match(self.lower.text)

    @cached_property
    def is_prose(self) -> bool:
        """Whether running text begins where the lower row does."""
        place = round(self.lower.x0), round(self.lower.size)
        return self.model.prose.get(place, 0) >= limits.TEXT_ROWS

    @cached_property
    def right(self) -> float:
        """The right edge of their column: the stack's, or that of long rows with the same left
        edge, as far as nothing is in the way.
        """
        stack, lower = self.stack, self.lower
        like = (
            row.x1
            for shift in (-1, 0, 1)
            for row in self.model.long.get(round(lower.x0) + shift, ())
            if abs(row.size - lower.size) < 0.25 * lower.size
        )
        farthest = max(like, default=stack.right)
        if farthest <= stack.right:
            return stack.right
        return max(stack.right, min(farthest, self.room(2)))

    @cached_property
    def free(self) -> float:
        """Points left behind the upper row once the first word of the lower one is put there;
        above 0 it ended early.
        """
        return self._free_to(self.right, from_left=self.edge not in {"centre", "right"})

    @cached_property
    def free_in_cell(self) -> float:
        """The same up to the table's next column."""
        upper, lower, tables = self.upper, self.lower, self.model.tables
        own = tables.get(lower.row.order)
        right = max(row.x1 for row in self.model.stacks[upper.row.order].rows)
        others = (
            row.x0
            for row in self.model.near(upper, lower, 4)
            if row.x0 > right - 1 and tables.get(row.row.order) is own
        )
        gutter = limits.GUTTER * lower.size
        return self._free_to(
            max(right, min(others, default=right + gutter) - gutter), from_left=True
        )

    def _free_to(self, right: float, *, from_left: bool) -> float:
        end = self.upper.x1 if from_left else self.stack.left + self.upper.width
        return right - end - self.lower.first - limits.BLANK * self.lower.size

    def room(self, lines: int) -> float:
        """The x where something stands to the right of both rows, within so many lines, or where
        the page's text ends.
        """
        upper, lower = self.upper, self.lower
        right = max(upper.x1, lower.x1) - 1
        top, bottom = upper.y - upper.size, lower.y
        ends = [self.model.right]
        ends += [
            row.x0 - limits.GAP * lower.size
            for row in self.model.near(upper, lower, lines)
            if row.x0 > right
        ]
        ends += [x for x in self.model.ground.walls_beside(top, bottom) if x > right]
        ends += [
            box[0]
            for box in (*self.model.ground.marks.pictures, *self.model.ground.marks.fields)
            if box[0] > right and overlap(box[1], box[3], top, bottom) > 0
        ]
        box = self.model.fills.under(upper)
        return min([*ends, box[2]] if box else ends)
