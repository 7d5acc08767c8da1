"""Tables by the edges that their lines share, ruled or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.pdf.analysis.structure import limits
from pipeline.pdf.analysis.structure.placed import Placed, common_edge


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """Lines that share edges. `pitch`: the upper median from line to line, in points."""

    number: int
    lines: tuple[int, ...]
    pitch: float


def tables_of(
    lines: Sequence[Sequence[Placed]],
    margin: frozenset[int],
    prose: Mapping[tuple[int, int], int],
) -> dict[int, Table]:
    """The table of each row that is in one, by its order: runs of lines that share edges.

    Some lines may lie between: cells that go on. Columns of running text (`prose`) side by side
    share lines and edges as well.
    """
    found: dict[int, Table] = {}
    run: list[int] = []
    for place, line in enumerate([*lines, ()]):
        cells = [one for one in line if one.row.order not in margin]
        near = bool(run and cells) and _is_near(lines[run[-1]], cells, place - run[-1])
        if near and len(cells) > 1 and _shared_edges(lines[run[-1]], cells) >= limits.TABLE_EDGES:
            run.append(place)
        elif not near:
            if len(run) >= limits.TABLE_LINES and not _are_text([lines[one] for one in run], prose):
                gaps = sorted(lines[low][0].y - lines[up][0].y for up, low in pairwise(run))
                number = len({table.number for table in found.values()})
                table = Table(number, tuple(run), gaps[len(gaps) // 2])
                found.update((row.row.order, table) for one in run for row in lines[one])
            run = [place] if len(cells) > 1 else []
    return found


def _are_text(lines: Iterable[Sequence[Placed]], prose: Mapping[tuple[int, int], int]) -> bool:
    """Whether lines that share edges are columns of text side by side: most of their cells are
    at edges of running text, or are long and begin with a small letter.
    """
    cells = [row for line in lines for row in line]
    in_text = sum(
        prose.get((round(row.x0), round(row.size)), 0) >= limits.TEXT_ROWS for row in cells
    )
    if 2 * in_text > len(cells):
        return True
    long = [row for row in cells if len(row.text) >= limits.TEXT_LETTERS]
    return 2 * len(long) > len(cells) and 2 * sum(row.small for row in long) > len(long)


def _is_near(last: Sequence[Placed], line: Sequence[Placed], apart: int) -> bool:
    return apart <= limits.BETWEEN + 1 and line[0].y - last[0].y < limits.TABLE_GAP * line[0].size


def _shared_edges(last: Sequence[Placed], line: Sequence[Placed]) -> int:
    return sum(any(common_edge(upper, row) for upper in last) for row in line)
