"""Where the blocks of a page stand when it is read from the right: mirrored between the edges of
what holds them.

What holds a block is a column of text, a box, a table, or the page's text as a whole. Blocks beside
each other are mirrored together, so that a marker, a section's number or the first column of a
table comes to stand at the right; then all of them are, or, where a wall, a picture or text that
stays is among them, each within its own free stretch. Pure arithmetic in the turned space of one
direction.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from dragoman.domain.document import Align, Block, Page, Rect
from pipeline.pdf.analysis.block_relations import Item, bands, columns, units
from pipeline.pdf.model.geometry import Direction, area, contains, overlap, turned, union
from pipeline.pdf.model.text_rows import Marks

Edges = tuple[float, float]
OUT = 1.5  # of the size: how far a line sticks out of its column at most
ALIKE = 3.0  # points: what is mirrored onto another mark within these looks the same
NEAR = 0.6  # of the size: marks as near over and under a text belong to it
GAP = 4.0  # points kept to text that stays
# Points; of the size: how exactly, and how close under each other, figures of one column stand.
ALIGNED, FIGURE_ROWS = 1.5, 3.0
NARROW = 0.25  # of what holds it: a kept text as narrow may be a figure in a column of figures
# Blocks in a row of a table, rows and share of blocks that make a page one.
TABLE_ROW, TABLE_ROWS, TABLE_SHARE = 3, 4, 0.5
_FIGURE = re.compile(r"\d")


@dataclass(slots=True)
class Plan:
    """`edges`: by a block's id, what its box is mirrored between (turned space); a block without
    any stays.

    `ends`: blocks that begin or end where they did: those at the right of a row that is not
    mirrored, and those that run in another direction than the page. `moved`: kept blocks that are
    to be set anew at their new place, `homes`: where these were. `flipped`: the drawing of the page
    is mirrored along this direction; `lifts`: what runs across it then goes down by as many points
    (turned space).
    """

    edges: dict[str, Edges] = field(default_factory=dict)
    ends: set[str] = field(default_factory=set)
    moved: dict[str, Block] = field(default_factory=dict)
    lifts: dict[str, float] = field(default_factory=dict)
    flipped: Direction | None = None
    homes: dict[str, Edges] = field(default_factory=dict)

    def at_home(self) -> Plan:
        """Nothing mirrored: what was to be set anew stays where it was."""
        return Plan(dict(self.homes), moved=self.moved, homes=self.homes)

    def place(self, placed: Iterable[tuple[Item, Edges]]) -> None:
        """Note where blocks go that can."""
        for item, edges in placed:
            if item.moves:
                self.edges[item.block.id] = edges
            if item.moves and item.kept:
                self.moved[item.block.id] = item.block
                self.homes[item.block.id] = item.rect[0], item.rect[2]


def plan(page: Page, marks: Marks, *, may_flip: bool = True) -> Plan:
    """Where the blocks of a page go.

    `may_flip`: the page's drawing may be mirrored too where the page is a table or a form.

    A form that cannot be mirrored stays as it is: what people filled in would not be where its
    label has gone.
    """
    found = Plan()
    if not page.blocks:
        return found
    direction = _main_direction(page.blocks)
    others = [
        Item(block, block.lines[0].direction)
        for block in page.blocks
        if block.lines[0].direction != direction
    ]
    items = [
        Item(block, direction) for block in page.blocks if block.lines[0].direction == direction
    ]
    foreign = [
        turned(one, direction) for one in (*(item.block.bbox for item in others), *page.aslant)
    ]
    sheet = (0.0, 0.0, page.width, page.height)
    side = _Side(items, marks.turned(direction), foreign, turned(sheet, direction))
    if may_flip and not page.aslant and all(item.moves for item in others) and side.is_drawn():
        _flip(found, items, others, sheet)
        return found
    found.ends = {item.block.id for item in others}
    for row in [] if marks.fields else _with_figures(side.rows()):
        found.place(row.placed)
        found.ends |= {
            item.block.id for item in row.items if item.block.align is Align.RIGHT
        } - found.edges.keys()
    return found


def _flip(found: Plan, items: Sequence[Item], others: Sequence[Item], sheet: Rect) -> None:
    """Mirror all of a page along the direction of `items`; what runs across it goes to the
    other side, as it is.
    """
    direction = found.flipped = items[0].block.lines[0].direction
    left, _, right, _ = turned(sheet, direction)
    for row in _with_figures([_Row(items, (left, right))]):
        found.place(row.placed)
    for item in others:
        along = item.block.lines[0].direction
        x0, upper, x1, lower = turned(sheet, along)
        back_to_front = along == (-direction[0], -direction[1])
        found.place([(item, (x0, x1) if back_to_front else (item.rect[0], item.rect[2]))])
        found.ends.add(item.block.id)
        if not back_to_front:
            found.lifts[item.block.id] = upper + lower - item.rect[1] - item.rect[3]


def _main_direction(blocks: Iterable[Block]) -> Direction:
    """The direction of most letters."""
    letters = Counter[Direction]()
    for block in blocks:
        letters[block.lines[0].direction] += len(block.text)
    return letters.most_common(1)[0][0]


@dataclass(slots=True)
class _Row:
    """Blocks side by side, and the edges that they are mirrored between; None: each has its
    own, in `own`, or stays.
    """

    items: Sequence[Item]
    edges: Edges | None
    own: Sequence[tuple[Item, Edges]] = ()

    @property
    def placed(self) -> Iterable[tuple[Item, Edges]]:
        return [(item, self.edges) for item in self.items] if self.edges else self.own


class _Side:
    """The blocks of one direction. `foreign`: text in others; `sheet`: the page."""

    def __init__(
        self, items: Sequence[Item], marks: Marks, foreign: Sequence[Rect], sheet: Rect
    ) -> None:
        self.items = items
        self.marks = marks
        self._columns = columns(items)
        box = union([item.rect for item in items])
        margin = min(box[0] - sheet[0], sheet[2] - box[2])
        self._content = (sheet[0] + margin, box[1], sheet[2] - margin, box[3])
        self._stays = [*marks.walls, *marks.fills, *marks.pictures, *foreign]
        self._bands = list(bands(items))
        self._units = units(items)

    def is_drawn(self) -> bool:
        """Whether the page is a form, or a table that cannot be mirrored with its walls where
        they are, and has nothing but text and lines.
        """
        if self.marks.pictures or not self.items or not all(item.moves for item in self.items):
            return False
        return bool(self.marks.fields) or self._is_table()

    def _is_table(self) -> bool:
        """Whether most of the page is a table whose walls would not look the same mirrored."""
        wide = [band for band in self._bands if len(band) >= TABLE_ROW]
        held = sum(map(len, wide))
        parted = any(self.row(band, self._content).edges is None for band in wide)
        return len(wide) >= TABLE_ROWS and held >= TABLE_SHARE * len(self.items) and parted

    def rows(self) -> list[_Row]:
        found: list[_Row] = []
        for number, band in enumerate(self._bands):
            outer = number in {0, len(self._bands) - 1} and not any(item.is_flow for item in band)
            by_holder = {self._content: band} if outer else self._held(band)
            for holder, items in by_holder.items():
                found += [self.row(part, holder) for part in bands(items)]
        return found

    def _held(self, band: Sequence[Item]) -> dict[Rect, list[Item]]:
        """Blocks side by side, by what holds them.

        What stands beside a block that no column holds is in no column either.
        """
        found: dict[Rect, list[Item]] = {}
        for item in band:
            found.setdefault(self._holder(item), []).append(item)
        free = found.get(self._content, [])
        beside = [
            item
            for item in band
            if item not in free
            and any(
                overlap(item.core[1], item.core[3], one.core[1], one.core[3]) > 0 for one in free
            )
        ]
        if beside:
            found = {
                holder: [item for item in items if item not in beside]
                for holder, items in found.items()
            }
            found[self._content] += beside
        return {holder: items for holder, items in found.items() if items}

    def _holder(self, item: Item) -> Rect:
        """The narrowest of the column, the box and the page's text that the block stands in."""
        rect = self._units[item.block.id]
        fills = [fill for fill in self.marks.fills if contains(fill, rect, slack=1)]
        around = [min(fills, key=area)] if fills else []
        columns = [one for one in self._columns if self._holds(one, rect, item.size)]
        if columns:
            column = min(columns, key=lambda one: (_apart(one, rect), one[2] - one[0]))
            if not self._is_crossed(column, rect):
                around.append(column)
        return min(around, key=lambda one: one[2] - one[0], default=self._content)

    def _holds(self, column: Rect, rect: Rect, size: float) -> bool:
        """Whether a block stands in a column; its end may stick out a little where no other
        column is.
        """
        if rect[0] < column[0] - 1 or rect[2] > column[2] + OUT * size:
            return False
        others = [one for one in self._columns if one[0] >= column[2] - 1]
        return rect[2] <= column[2] + 1 or not any(
            overlap(rect[0], rect[2], one[0], one[2]) > 0 for one in others
        )

    def _is_crossed(self, column: Rect, rect: Rect) -> bool:
        """Whether something wider than the column stands between it and a block over or under
        it.
        """
        upper, lower = (rect[3], column[1]) if rect[3] <= column[1] else (column[3], rect[1])
        return any(
            other.core[1] >= upper - 1
            and other.core[3] <= lower + 1
            and overlap(other.rect[0], other.rect[2], column[0], column[2]) > 1
            and (other.rect[0] < column[0] - ALIKE or other.rect[2] > column[2] + ALIKE)
            for other in self.items
        )

    def row(self, items: Sequence[Item], holder: Rect) -> _Row:
        """Where blocks side by side are mirrored."""
        box = union([item.core for item in items])
        near = NEAR * min(item.size for item in items)
        reach = (holder[0], box[1] - near, holder[2], box[3] + near)
        edges = self._ruled(box, reach) or (holder[0], holder[2])
        mine = {item.block.id for item in items}
        stays = [
            rect
            for rect in self._stays
            if _meets(rect, (edges[0], *reach[1:2], edges[1], reach[3]))
            and not contains(rect, (edges[0], box[1], edges[1], box[3]), slack=1.5)
        ]
        texts = [
            item.rect
            for item in self.items
            if (item.block.id not in mine or not item.moves)
            and _meets(item.core, (edges[0], box[1], edges[1], box[3]))
        ]
        if all(_has_mirror(rect, edges, stays) for rect in stays) and not texts:
            return _Row(items, edges)
        free = [item for item in items if item.moves and self._is_free(item)]
        texts += [item.rect for item in items if item.moves and item not in free]
        return _Row(items, None, self._alone(free, edges, stays, texts))

    def _is_free(self, item: Item) -> bool:
        """Whether a block may be mirrored by itself: a text that does not end at the right, a
        marker with its text.
        """
        return (
            self._units[item.block.id] != item.rect
            if item.kept
            else item.block.align is not Align.RIGHT
        )

    def _alone(
        self, items: Sequence[Item], edges: Edges, stays: Sequence[Rect], texts: Sequence[Rect]
    ) -> list[tuple[Item, Edges]]:
        """Blocks among things that stay: those in one free stretch are mirrored within it, the
        others stay too.
        """
        taken = [(rect[0], rect[2], 0.0) for rect in stays] + [
            (rect[0], rect[2], GAP) for rect in texts
        ]
        placed = [(item, _stretch(self._units[item.block.id], edges, taken)) for item in items]
        found = [(item, stretch) for item, stretch in placed if stretch is not None]
        if len(found) < len(items) and found:
            left = [item.rect for item, stretch in placed if stretch is None]
            return self._alone([item for item, _ in found], edges, stays, [*texts, *left])
        return found

    def _ruled(self, box: Rect, reach: Rect) -> Edges | None:
        """The ends of the rules over and under blocks that stand between these ends."""
        rules = [rule for rule in self.marks.rules if _meets(rule, reach)]
        if not rules:
            return None
        x0, x1 = min(rule[0] for rule in rules), max(rule[2] for rule in rules)
        around = x0 - ALIKE <= box[0] and box[2] <= x1 + ALIKE
        inside = reach[0] - 2 * ALIKE <= x0 and x1 <= reach[2] + 2 * ALIKE
        return (x0, x1) if around and inside else None


def _stretch(rect: Rect, edges: Edges, taken: Sequence[tuple[float, float, float]]) -> Edges | None:
    """The free stretch that a box stands in, None where something begins or ends within it."""
    x0, x1 = rect[0] + 1, rect[2] - 1
    if any(x0 < edge < x1 for start, end, _ in taken for edge in (start, end)):
        return None
    # A box around the block holds it too.
    around = [(start, end) for start, end, _ in taken if start <= x0 and end >= x1]
    first, last = (
        (max(start for start, _ in around), min(end for _, end in around)) if around else edges
    )
    left = max([first, *(end + gap for _, end, gap in taken if end <= x0)])
    right = min([last, *(start - gap for start, _, gap in taken if start >= x1)])
    return min(left, rect[0]), max(right, rect[2])


def _has_mirror(rect: Rect, edges: Edges, others: Sequence[Rect]) -> bool:
    x0, x1 = edges[0] + edges[1] - rect[2], edges[0] + edges[1] - rect[0]
    return any(
        abs(other[0] - x0) < ALIKE
        and abs(other[2] - x1) < ALIKE
        and abs(other[1] - rect[1]) < ALIKE
        and abs(other[3] - rect[3]) < ALIKE
        for other in others
    )


def _with_figures(rows: Sequence[_Row]) -> Iterator[_Row]:
    """Figures that stand under each other stay so: the column that they make is mirrored as one."""
    columns: list[list[tuple[Item, Edges]]] = []
    for row in rows:
        for item, edges in row.placed:
            if not (item.kept and item.moves and _FIGURE.search(item.block.text)) or item.rect[
                2
            ] - item.rect[0] > NARROW * (edges[1] - edges[0]):
                continue
            for column in columns:
                last, same = column[-1]
                if same == edges and _are_aligned(last, item):
                    column.append((item, edges))
                    break
            else:
                columns.append([(item, edges)])
    shifted: dict[str, Edges] = {}
    for column in columns:
        x0, x1 = min(item.rect[0] for item, _ in column), max(item.rect[2] for item, _ in column)
        for item, edges in column:
            # Between these edges the figure lands as far from the column's left edge as it was.
            shift = edges[0] + edges[1] - x0 - x1
            shifted[item.block.id] = (item.rect[0] + shift, item.rect[2])
    for row in rows:
        yield _Row(
            row.items,
            None,
            [(item, shifted.get(item.block.id, edges)) for item, edges in row.placed],
        )


def _are_aligned(upper: Item, lower: Item) -> bool:
    """Whether a figure stands under another: begins, ends or has its middle there."""
    (x0, _, x1, y1), (other0, top, other1, _) = upper.rect, lower.rect
    close = (
        abs(x0 - other0) < ALIGNED
        or abs(x1 - other1) < ALIGNED
        or abs(x0 + x1 - other0 - other1) < 2 * ALIGNED
    )
    return close and overlap(x0, x1, other0, other1) > 0 and top - y1 < FIGURE_ROWS * upper.size


def _apart(one: Rect, other: Rect) -> float:
    return max(0.0, one[1] - other[3], other[1] - one[3])


def _meets(one: Rect, other: Rect) -> bool:
    """Whether they share some height, and more width than edges do that touch."""
    least = min(1.0, (one[2] - one[0]) / 2)
    return (
        overlap(one[0], one[2], other[0], other[2]) > least
        and overlap(one[1], one[3], other[1], other[3]) > 0
    )
