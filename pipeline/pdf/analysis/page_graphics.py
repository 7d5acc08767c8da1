"""Rectangles found fast by where they lie, and the questions that text asks of the marks around
it.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property
from operator import itemgetter

from dragoman.domain.document import Rect
from pipeline.pdf.model.geometry import area, contains, overlap
from pipeline.pdf.model.text_rows import Marks

BAR_SLACK = 3.0  # points: MuPDF grows a hairline's box
BAND = 24.0  # points: two or three lines of text
_upper = itemgetter(1)  # of a rectangle


class Neighbours:
    """Rectangles by bands across and down the page."""

    def __init__(self, rects: Iterable[Rect]) -> None:
        self._rects = sorted(rects, key=_upper)
        self._across: dict[int, list[Rect]] = {}
        for rect in self._rects:
            for band in range(int(rect[1] // BAND), int(rect[3] // BAND) + 1):
                self._across.setdefault(band, []).append(rect)

    @cached_property
    def _down(self) -> dict[int, list[Rect]]:
        """Of bands down the page, which few ask for."""
        found: dict[int, list[Rect]] = {}
        for rect in self._rects:
            for band in range(int(rect[0] // BAND), int(rect[2] // BAND) + 1):
                found.setdefault(band, []).append(rect)
        return found

    def beside(self, y0: float, y1: float) -> Iterator[Rect]:
        """Those that share some height with the stretch from `y0` to `y1`; one of many bands
        comes more than once.
        """
        across = self._across
        if not across:
            return
        for band in _bands(y0, y1):
            for rect in across.get(band, ()):
                if rect[1] < y1 and rect[3] > y0:
                    yield rect

    def meets(self, rect: Rect) -> bool:
        """Whether the inside of one of them meets the inside of `rect`."""
        x0, y0, x1, y1 = rect
        for band in _bands(y0, y1):
            for other in self._across.get(band, ()):
                if other[0] < x1 and x0 < other[2] and other[1] < y1 and y0 < other[3]:
                    return True
        return False

    def meeting(self, rect: Rect) -> Iterator[Rect]:
        """Those whose inside meets the inside of `rect`; one of many bands comes more than once."""
        x0, y0, x1, y1 = rect
        for band in _bands(y0, y1):
            for other in self._across.get(band, ()):
                if other[0] < x1 and x0 < other[2] and other[1] < y1 and y0 < other[3]:
                    yield other

    def next_below(self, x0: float, x1: float, y: float) -> float | None:
        """The upper edge of the first one that begins at `y` or below it, between `x0` and
        `x1`; None: there is none.
        """
        first = math.inf
        for band in _bands(x0, x1):
            column = self._down.get(band, ())
            for rect in column[bisect_left(column, y, key=_upper) :]:
                if rect[1] >= first:
                    break
                if rect[0] < x1 and x0 < rect[2]:
                    first = rect[1]
        return None if first == math.inf else first

    def starting(self, x0: float, x1: float, y: float) -> Iterator[Rect]:
        """Those that begin at `y` and share some width with the stretch from `x0` to `x1`; some
        may come more than once.
        """
        for band in _bands(x0, x1):
            column = self._down.get(band, ())
            for rect in column[bisect_left(column, y, key=_upper) :]:
                if rect[1] > y:
                    break
                if min(rect[2], x1) > max(rect[0], x0):
                    yield rect


class Ground:
    """What text stands on and between."""

    def __init__(self, marks: Marks) -> None:
        self.marks = marks
        self._rules = Neighbours(marks.rules)
        self._walls = Neighbours(marks.walls)
        self._fills = Neighbours(marks.fills)
        self._fields = Neighbours(marks.fields)

    def fill_under(self, rect: Rect) -> Rect | None:
        """The smallest coloured or framed box around a rectangle."""
        around = (
            fill for fill in self._fills.beside(rect[1], rect[3]) if contains(fill, rect, slack=1)
        )
        return min(around, key=area, default=None)

    def rules_between(self, x0: float, x1: float, upper: float, lower: float) -> Iterator[Rect]:
        """The rules between two heights that cross most of the stretch from `x0` to `x1`."""
        for rule in self._rules.beside(upper, lower):
            middle = (rule[1] + rule[3]) / 2
            if upper < middle < lower and overlap(x0, x1, rule[0], rule[2]) > 0.5 * (x1 - x0):
                yield rule

    def walls_beside(self, upper: float, lower: float) -> Iterator[float]:
        """The x of the walls that share some height with the stretch between two heights."""
        return (wall[0] for wall in self._walls.beside(upper, lower))

    def has_bar(self, x0: float, x1: float, upper: float, lower: float) -> bool:
        """Whether a rule that is no longer than the stretch from `x0` to `x1` lies over it,
        between two heights.
        """
        return any(
            upper < (rule[1] + rule[3]) / 2 < lower
            and x0 - BAR_SLACK <= rule[0]
            and rule[2] <= x1 + BAR_SLACK
            for rule in self._rules.beside(upper, lower)
        )

    def fields_at(self, x0: float, x1: float, y: float) -> Iterator[Rect]:
        """The form fields that lie between `x0` and `x1` at the height `y`."""
        return (
            field
            for field in self._fields.beside(y - 0.1, y + 0.1)
            if overlap(x0, x1, field[0], field[2]) > 0
        )

    def cell(self, x0: float, x1: float, y: float) -> tuple[float, float] | None:
        """The nearest walls left and right at the height `y`, None without both."""
        walls = [(wall[0] + wall[2]) / 2 for wall in self._walls.beside(y - 0.1, y + 0.1)]
        walls += [
            edge for fill in self._fills.beside(y - 0.1, y + 0.1) for edge in (fill[0], fill[2])
        ]
        left = max((wall for wall in walls if wall <= x0 + 1), default=None)
        right = min((wall for wall in walls if wall >= x1 - 1), default=None)
        return None if left is None or right is None else (left, right)


def _bands(start: float, end: float) -> range:
    return range(int(start // BAND), int(end // BAND) + 1)
