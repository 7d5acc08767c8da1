"""Rectangles, and the turning of text that runs in another direction into plain left to right.

A direction is one of the four unit vectors along the axes. In the turned space of a direction text
runs along x, and lines follow each other down y, as in a page that is not turned at all.
"""

from __future__ import annotations

from collections.abc import Iterable

from dragoman.domain.document import Rect

Direction = tuple[float, float]
UPRIGHT: Direction = (1.0, 0.0)
# How far a direction may be off an axis: a scan set straight by half a degree is still upright (sin
# 0.6°).
SLANT = 0.01


def axis(direction: Direction) -> Direction | None:
    """The axis that a line runs along, None for one that runs aslant."""
    x, y = direction
    if abs(y) < SLANT:
        return (1.0 if x > 0 else -1.0, 0.0)
    if abs(x) < SLANT:
        return (0.0, 1.0 if y > 0 else -1.0)
    return None


def turned_point(x: float, y: float, direction: Direction) -> tuple[float, float]:
    """A point of the page in the turned space of `direction`."""
    dx, dy = direction
    return x * dx + y * dy, y * dx - x * dy


def point_back(x: float, y: float, direction: Direction) -> tuple[float, float]:
    """A point of the turned space on the page."""
    dx, dy = direction
    return x * dx - y * dy, x * dy + y * dx


def turned(rect: Rect, direction: Direction) -> Rect:
    """A rectangle of the page in the turned space of `direction`."""
    if direction == UPRIGHT:
        return rect
    return _around(
        turned_point(rect[0], rect[1], direction), turned_point(rect[2], rect[3], direction)
    )


def back(rect: Rect, direction: Direction) -> Rect:
    """A rectangle of the turned space on the page."""
    if direction == UPRIGHT:
        return rect
    return _around(point_back(rect[0], rect[1], direction), point_back(rect[2], rect[3], direction))


def reflected(rect: Rect, direction: Direction, sheet: Rect) -> Rect:
    """A rectangle of the page mirrored between the edges of the `sheet` that a line of
    `direction` runs to and from.
    """
    about = turned(sheet, direction)
    return back(mirrored(turned(rect, direction), about[0] + about[2]), direction)


def mirrored(rect: Rect, about: float) -> Rect:
    """A rectangle mirrored along x. `about`: the sum of an x and that of its mirror image."""
    return about - rect[2], rect[1], about - rect[0], rect[3]


def union(rects: Iterable[Rect]) -> Rect:
    """The smallest rectangle around all. Raises ValueError for none."""
    x0s, y0s, x1s, y1s = zip(*rects, strict=True)
    return min(x0s), min(y0s), max(x1s), max(y1s)


def joined(one: Rect, other: Rect) -> Rect:
    """The smallest rectangle around two."""
    return (
        min(other[0], one[0]),
        min(other[1], one[1]),
        max(other[2], one[2]),
        max(other[3], one[3]),
    )


def overlap(start: float, end: float, other_start: float, other_end: float) -> float:
    """The length that two stretches share; 0 or less where they are apart."""
    return min(end, other_end) - max(start, other_start)


def intersects(one: Rect, other: Rect) -> bool:
    """Whether the insides of two rectangles meet."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def contains(outer: Rect, inner: Rect, slack: float = 0.0) -> bool:
    """Whether `inner` lies in `outer`, grown by `slack` points on all sides."""
    return (
        outer[0] - slack <= inner[0]
        and outer[1] - slack <= inner[1]
        and outer[2] + slack >= inner[2]
        and outer[3] + slack >= inner[3]
    )


def area(rect: Rect) -> float:
    """In square points."""
    return (rect[2] - rect[0]) * (rect[3] - rect[1])


def _around(one: tuple[float, float], other: tuple[float, float]) -> Rect:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[0], other[0]),
        max(one[1], other[1]),
    )
