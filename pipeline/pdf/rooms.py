"""The room around each paragraph: how far its text may grow before it meets a neighbour, a rule, a picture or the margin."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.domain.document import Rect
from pipeline.pdf.geometry import contains, overlap, union
from pipeline.pdf.reading import Marks

GAP = 4.0  # points kept to a neighbour's text
RULE_GAP = 1.5  # points kept to a rule or the edge of a fill
MARGIN = 18.0  # points kept to the page's edge where the page has no text nearer to it
INSET = 0.12  # of the height: descenders that touch the next line's ascenders are no overlap


def rooms(rects: Sequence[Rect], single: Sequence[bool], marks: Marks, page: Rect) -> list[Rect]:
    """The room of each rectangle, which lies in it.

    `single` says which are one row: those may grow sideways, a paragraph of several keeps its width. All in one turned
    space; `page` is the page's box there.
    """
    if not rects:
        return []
    limits = _content(rects, page)
    edges = sorted([*marks.walls, *marks.rules], key=lambda edge: edge[0])
    return [
        _room(
            rect, single[number], [other for place, other in enumerate(rects) if place != number], marks, edges, limits
        )
        for number, rect in enumerate(rects)
    ]


def _content(rects: Sequence[Rect], page: Rect) -> Rect:
    """Where text may stand on the page: as far out as its text does, and symmetrically at least."""
    x0, y0, x1, y1 = union(rects)
    left = max(page[0] + MARGIN, min(x0, page[0] + (page[2] - x1)))
    right = max(x1, page[2] - max(left - page[0], MARGIN))
    bottom = max(y1, page[3] - 2 * MARGIN)
    return min(left, x0), y0, min(right, max(x1, page[2] - MARGIN)), bottom


def _room(rect: Rect, single: bool, others: Sequence[Rect], marks: Marks, edges: Sequence[Rect], limits: Rect) -> Rect:
    left, _, right, bottom = _in_box(rect, marks, limits)
    x0, y0, x1, y1 = rect
    inset = INSET * (y1 - y0) if single else 1.0
    if single:
        beside = [(other, GAP) for other in others] + [(edge, RULE_GAP) for edge in edges]
        beside += [(picture, RULE_GAP) for picture in marks.pictures if not contains(picture, rect, slack=2)]
        for other, gap in beside:
            if overlap(y0 + inset, y1 - inset, other[1], other[3]) <= 0:
                continue
            if other[0] >= x1 - 1:
                right = min(right, other[0] - gap)
            elif other[2] <= x0 + 1:
                left = max(left, other[2] + gap)
    else:
        left, right = x0, x1
    left, right = min(left, x0), max(right, x1)
    below = [*others, *edges, *(picture for picture in marks.pictures if not contains(picture, rect, slack=2))]
    for other in below:
        if other[1] >= y1 - 2 * inset - 1 and overlap(x0, right, other[0], other[2]) > 0:
            bottom = min(bottom, other[1] - 1)
    return left, y0, right, max(bottom, y1)


def _in_box(rect: Rect, marks: Marks, limits: Rect) -> Rect:
    """The limits, or the fill that the text stands on where that is smaller."""
    boxes = [fill for fill in marks.fills if contains(fill, rect, slack=1)]
    if not boxes:
        return limits
    box = min(boxes, key=lambda fill: (fill[2] - fill[0]) * (fill[3] - fill[1]))
    return (
        max(limits[0], box[0] + RULE_GAP),
        limits[1],
        min(limits[2], box[2] - RULE_GAP),
        min(limits[3], box[3] - RULE_GAP),
    )
