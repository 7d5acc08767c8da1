"""Rows under each other: who stands above whom, how far apart, with which common edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.pdf.analysis.structure import limits
from pipeline.pdf.analysis.structure.fills import Fills
from pipeline.pdf.analysis.structure.placed import Placed, common_edge, one_size


@dataclass(frozen=True, eq=False, slots=True)
class Stack:
    """Rows under each other with a common edge, or an indent, a size and a leading.

    `leading`: the lower median from baseline to baseline in points, 0 for one row. `small`: the
    share of its rows, but for the first, that begin with a small letter.
    """

    rows: tuple[Placed, ...]
    left: float
    right: float
    leading: float
    small: float


def rows_above(rows: Sequence[Placed]) -> dict[int, Placed]:
    """By a row's order the nearest row above that shares some width with it; `rows` from top to
    bottom.
    """
    found: dict[int, Placed] = {}
    for place, row in enumerate(rows):
        best: Placed | None = None
        most = 0.0
        x0, x1, size = row.x0, row.x1, row.size
        highest, lowest = row.y - 3 * size, row.y - 0.5 * size
        for before in range(place - 1, -1, -1):
            other = rows[before]
            if other.y < highest:
                break
            # Most stand beside it: the cheapest questions come first.
            if other.x0 >= x1 or other.x1 <= x0:
                continue
            if other.y > lowest and row.y - other.y < 0.5 * other.size:
                continue
            shared = (min(other.x1, x1)) - (max(other.x0, x0))
            if shared > most and shared > 0.3 * min(x1 - x0, other.x1 - other.x0):
                best, most = other, shared
                highest = max(highest, other.y - 0.2 * size)
        if best is not None:
            found[row.row.order] = best
    return found


def widest_leading(rows: Sequence[Placed], above: Mapping[int, Placed]) -> float:
    """What rows of one text are apart at the most, of their size: more in a typescript."""
    gaps = sorted(
        round((row.y - above[row.row.order].y) / row.size, 1)
        for row in rows
        if row.row.order in above
        and min(len(row.text), len(above[row.row.order].text)) >= limits.LONG_ROW
    )
    spacing = gaps[len(gaps) // 2] if len(gaps) >= limits.SPACED_ROWS else 0.0
    if spacing >= limits.WIDEST_LEADING:
        return limits.LEADING
    return max(limits.LEADING, spacing + limits.LEADING_SLACK)


def stacks_of(
    rows: Sequence[Placed], above: Mapping[int, Placed], leading: float, fills: Fills
) -> dict[int, Stack]:
    """The stack of each row, by its order; a row alone is one."""
    chains: dict[int, list[Placed]] = {row.row.order: [row] for row in rows}
    taken: set[int] = set()
    for row in rows:
        upper = above.get(row.row.order)
        if upper is None or upper.row.order in taken:
            continue
        close = row.y - upper.y <= leading * row.size
        edge = common_edge(upper, row) or abs(upper.x0 - row.x0) < limits.HANG * row.size
        if close and edge and one_size(upper.row, row.row) and not fills.part(upper, row):
            taken.add(upper.row.order)
            chain = chains[upper.row.order]
            chain.append(row)
            chains[row.row.order] = chain
    built: dict[int, Stack] = {}
    for chain in chains.values():
        if chain[0].row.order not in built:
            stack = _stack(chain)
            built.update((one.row.order, stack) for one in chain)
    return built


def _stack(rows: Sequence[Placed]) -> Stack:
    gaps = sorted(lower.y - upper.y for upper, lower in pairwise(rows))
    small = sum(row.small for row in rows[1:]) / (len(rows) - 1) if len(rows) > 1 else 0.0
    return Stack(
        tuple(rows),
        min(row.x0 for row in rows),
        max(row.x1 for row in rows),
        gaps[(len(gaps) - 1) // 2] if gaps else 0.0,
        small,
    )
