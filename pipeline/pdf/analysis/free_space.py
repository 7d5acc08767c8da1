"""The room around each paragraph: how far its text may grow before it meets a neighbour, a
rule, a picture or the margin.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from dragoman.domain.document import Rect
from pipeline.pdf.analysis.page_graphics import Ground, Neighbours
from pipeline.pdf.model.geometry import contains, intersects, overlap, union

GAP = 4.0  # points kept to a neighbour's text
RULE_GAP = 1.5  # points kept to a rule or the edge of a fill
# of the page's width: what text takes at least to show its margins, and such a margin
SPARSE, WIDEST = 0.5, 0.12
MARGIN = 18.0  # points kept to the page's edge where the page has no text nearer to it
# of the space under a paragraph: what stays, so that paragraphs are still told apart
KEPT_GAP = 0.4
EDGE = 2.0  # points that right edges of one column may be apart
ENOUGH = 4  # texts that end at one x, for it to be the edge of a column
BESIDE = 40.0  # points: as far from a text stands what belongs to it
SUNK = 3.0  # points that lines may reach into one another, by the height of their typefaces
INSET = 0.12  # of the height: descenders that touch the next line's ascenders are no overlap


class Rooms:
    """The free areas of one page in one turned space.

    `rects`: all its text; `page`: the page's box there.

    `flow`: those of its text that end at the right edge of a column, such as justified paragraphs
    and entries of contents.
    """

    def __init__(
        self, rects: Sequence[Rect], ground: Ground, page: Rect, flow: Sequence[Rect] = ()
    ) -> None:
        marks = ground.marks
        self._ground = ground
        self._texts = Neighbours(rects)
        self._edges = Neighbours([*marks.walls, *marks.rules, *marks.fields])
        self._rules = Neighbours(marks.rules)
        self._pictures = marks.pictures
        self._limits = _content(rects, page)
        self._columns = _columns(flow)

    def around(self, rect: Rect, *, single: bool, title: bool = False) -> Rect:
        """The room of `rect`, which lies in it.

        A `single` row may grow sideways too, and a `title` of some rows with nothing beside it.

        Other paragraphs keep their width.
        """
        limits = self._in_box(rect)
        inset = INSET * (rect[3] - rect[1]) if single else 1.0
        pictures = [picture for picture in self._pictures if not contains(picture, rect, slack=2)]
        sideways = single or (
            title and all(one == rect for one in self._texts.beside(rect[1], rect[3]))
        )
        left, right = self._sides(rect, inset, pictures, limits) if sideways else (rect[0], rect[2])
        lowest = rect[3] - 2 * inset - 1
        tops = [
            self._texts.next_below(rect[0], right, lowest),
            self._edges.next_below(rect[0], right, lowest),
        ]
        tops += [
            one[1]
            for one in pictures
            if one[1] >= lowest and overlap(rect[0], right, one[0], one[2]) > 0
        ]
        next_top = min((top for top in tops if top is not None), default=None)
        bottom = limits[3] if next_top is None else min(limits[3], next_top - 1)
        if not single and next_top is not None:
            bottom = min(bottom, next_top - KEPT_GAP * (next_top - rect[3]))
        return left, rect[1], right, max(bottom, rect[3])

    def text_below(self, rect: Rect) -> Rect | None:
        """The text that begins next under `rect`; None: there is none, or more than one."""
        top = self._texts.next_below(rect[0], rect[2], rect[3] - SUNK)
        if top is None:
            return None
        near = set(self._texts.starting(rect[0], rect[2], top))
        return near.pop() if len(near) == 1 else None

    def are_by_themselves(self, upper: Rect, lower: Rect) -> bool:
        """Whether two texts stand on the same ground, with nothing between them, nor beside one
        of them within both.
        """
        core = (
            min(upper[0], lower[0]) + 1,
            upper[1] + SUNK,
            max(upper[2], lower[2]) - 1,
            lower[3] - SUNK,
        )
        others = (one for one in self._texts.beside(core[1], core[3]) if one not in (upper, lower))
        pictures = (one for one in self._pictures if not contains(one, core, slack=2))
        return (
            not self._edges.meets(core)
            and not any(intersects(one, core) for one in (*pictures, *others))
            and self._ground.fill_under(upper) == self._ground.fill_under(lower)
        )

    def has_mark(self, rect: Rect) -> bool:
        """Whether something of its own stands in or beside a text, no higher than that: a box
        to tick, an icon, a line to write on.
        """
        x0, y0, x1, y1 = rect
        reach = x0 - BESIDE, y0 - SUNK, x1 + BESIDE, y1 + SUNK
        if any(
            overlap(x0, x1, one[0], one[2]) > 0
            for one in self._rules.beside((y0 + y1) / 2, reach[3])
        ):
            return True  # a rule under it
        return any(contains(reach, mark) for mark in self._all_marks.beside(reach[1], reach[3]))

    @cached_property
    def _all_marks(self) -> Neighbours:
        marks = self._ground.marks
        return Neighbours(
            [*marks.walls, *marks.rules, *marks.fields, *marks.fills, *marks.pictures]
        )

    def _sides(
        self, rect: Rect, inset: float, pictures: Sequence[Rect], limits: Rect
    ) -> tuple[float, float]:
        left, right = limits[0], limits[2]
        upper, lower = rect[1] + inset, rect[3] - inset
        beside = [(other, GAP) for other in self._texts.beside(upper, lower)]
        beside += [(edge, RULE_GAP) for edge in self._edges.beside(upper, lower)]
        beside += [(one, RULE_GAP) for one in pictures if overlap(upper, lower, one[1], one[3]) > 0]
        for other, gap in beside:
            if other[0] >= rect[2] - 1:
                right = min(right, other[0] - gap)
            elif other[2] <= rect[0] + 1:
                left = max(left, other[2] + gap)
        # What is wide enough for a column stays in it: the gap to the next column is no free space.
        ends = (
            end for start, end in self._columns if start <= rect[2] and rect[2] - 1 <= end < right
        )
        return min(left, rect[0]), max(min(ends, default=right), rect[2])

    def _in_box(self, rect: Rect) -> Rect:
        """The limits of the page, or of the fill that the text stands on where that is smaller."""
        box = self._ground.fill_under(rect)
        x0, y0, x1, y1 = self._limits
        if box is None:
            return self._limits
        return (
            max(x0, box[0] + RULE_GAP),
            y0,
            min(x1, box[2] - RULE_GAP),
            min(y1, box[3] - RULE_GAP),
        )


def _columns(flow: Sequence[Rect]) -> list[tuple[float, float]]:
    """The columns of a page: where their text begins, and the right edge that enough of it has
    in common.
    """
    edges: dict[int, list[Rect]] = {}
    for rect in flow:
        edges.setdefault(round(rect[2] / EDGE), []).append(rect)
    found = []
    for place, rects in edges.items():
        alike = [*rects, *edges.get(place + 1, ())]
        if len(alike) >= ENOUGH:
            found.append((min(rect[0] for rect in alike), max(rect[2] for rect in alike)))
    return found


def _content(rects: Sequence[Rect], page: Rect) -> Rect:
    """Where text may stand on the page: as far out as its text does, and symmetrically at least."""
    x0, y0, x1, y1 = union(rects)
    # a page with a title, or a few words: they say nothing of its margins
    if x1 - x0 < SPARSE * (page[2] - page[0]):
        x0, x1 = (
            min(x0, page[0] + WIDEST * (page[2] - page[0])),
            max(x1, page[2] - WIDEST * (page[2] - page[0])),
        )
    left = max(page[0] + MARGIN, min(x0, page[0] + (page[2] - x1)))
    right = max(x1, page[2] - max(left - page[0], MARGIN))
    bottom = max(y1, page[3] - 2 * MARGIN)
    return min(left, x0), y0, min(right, max(x1, page[2] - MARGIN)), bottom
