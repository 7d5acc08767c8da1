"""What reading finds on a page, as values: rows of text, and the marks around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from dragoman.domain.document import Line, Rect, Span
from pipeline.pdf.model.geometry import Direction, back, mirrored, reflected, turned

# Of a row's size: the height of the letters over the baseline and under it, in most Latin
# typefaces.
ASCENT, DESCENT = 0.75, 0.22


_T = TypeVar("_T")


class _once(Generic[_T]):  # noqa: N801  # as `cached_property` and `property`
    """As `functools.cached_property`, which takes a lock up to Python 3.11: these are asked for
    a hundred times a line.
    """

    def __init__(self, work_out: Callable[[Any], _T]) -> None:
        self._work_out = work_out
        self._name = work_out.__name__
        self.__doc__ = work_out.__doc__

    def __get__(self, row: Any, _kind: type) -> _T:
        value = row.__dict__[self._name] = self._work_out(row)
        return value


@dataclass(frozen=True)
class Row:
    """Text on one baseline without a wide gap, in the turned space of its direction.

    `order` is its place in the file, which no other row has. `maths` and `unknown` are the shares
    (0 to 1) of characters in maths fonts and of characters without a known meaning. `text_x`: where
    its second span begins, if the file sets the first one apart. `prints`: how many times the page
    has it at this place. `begins`: it is the first of a paragraph for sure. `also`: other sizes
    that many of its letters have.
    """

    spans: tuple[Span, ...]
    order: int
    x0: float
    x1: float
    baseline: float
    size: float
    maths: float = 0.0
    unknown: float = 0.0
    block: int = -1
    text_x: float | None = None
    prints: int = 1
    begins: bool = False
    also: tuple[float, ...] = ()

    @_once
    def text(self) -> str:
        """Its characters."""
        return "".join([span.text for span in self.spans])

    @_once
    def top(self) -> float:
        """The y over its letters."""
        return self.baseline - ASCENT * self.size

    @_once
    def bottom(self) -> float:
        """The y under its letters."""
        return self.baseline + DESCENT * self.size

    @_once
    def rect(self) -> Rect:
        """The box around its letters."""
        return self.x0, self.top, self.x1, self.bottom

    def mirrored(self, about: float) -> Row:
        """The row in a mirror that stands across it, see `geometry.mirrored`."""
        spans = tuple(replace(span, bbox=mirrored(span.bbox, about)) for span in self.spans)
        text_x = None if self.text_x is None else min(span.bbox[0] for span in spans[1:] or spans)
        return replace(self, spans=spans, x0=about - self.x1, x1=about - self.x0, text_x=text_x)

    def line(self, direction: Direction) -> Line:
        """The row as a line of the document; boxes stay in the turned space until the block is
        turned back.
        """
        return Line(self.spans, self.rect, direction)


@dataclass(frozen=True, slots=True)
class Marks:
    """What is on a page besides text: horizontal and vertical rules, coloured or framed boxes,
    pictures, form fields.
    """

    rules: tuple[Rect, ...] = ()
    walls: tuple[Rect, ...] = ()
    fills: tuple[Rect, ...] = ()
    pictures: tuple[Rect, ...] = ()
    fields: tuple[Rect, ...] = ()

    def turned(self, direction: Direction) -> Marks:
        """The same marks in the turned space of `direction`."""

        def all_turned(rects: tuple[Rect, ...]) -> tuple[Rect, ...]:
            return tuple(turned(rect, direction) for rect in rects)

        rules, walls = (self.rules, self.walls) if direction[0] else (self.walls, self.rules)
        return Marks(
            all_turned(rules),
            all_turned(walls),
            all_turned(self.fills),
            all_turned(self.pictures),
            all_turned(self.fields),
        )

    def reflected(self, direction: Direction, sheet: Rect) -> Marks:
        """The same marks in a mirror, see `geometry.reflected`."""
        sides = (self.rules, self.walls, self.fills, self.pictures, self.fields)
        return Marks(
            *(tuple(reflected(rect, direction, sheet) for rect in rects) for rects in sides)
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a page: rows by direction (axes only), and its marks.

    `aslant`: boxes of text in other directions. `blanks`: boxes of blanks before and after rows.
    `underlines`: of lines that are drawn under words.
    """

    rows: dict[Direction, list[Row]] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)
    aslant: tuple[Rect, ...] = ()
    blanks: tuple[Rect, ...] = ()
    underlines: tuple[Rect, ...] = ()

    def reflected(self, direction: Direction, sheet: Rect) -> Reading:
        """The rows of a direction in a mirror, see `geometry.reflected`, with all else there:
        rows in other directions as boxes.
        """
        left, _, right, _ = turned(sheet, direction)
        others = [
            back(row.rect, other)
            for other in self.rows
            if other != direction
            for row in self.rows[other]
        ]
        return Reading(
            {direction: [row.mirrored(left + right) for row in self.rows[direction]]},
            self.marks.reflected(direction, sheet),
            tuple(reflected(box, direction, sheet) for box in (*self.aslant, *others)),
        )
