"""Where running text begins on a page, and how wide its columns are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pipeline.pdf.analysis.structure import limits
from pipeline.pdf.analysis.structure.placed import CJK, Placed


def edges_of_text(
    rows: Iterable[Placed],
    above: Mapping[int, Placed],
    long: Mapping[int, Sequence[Placed]],
) -> Counter[tuple[int, int]]:
    """How many rows of running text begin near each (x, size), both rounded.

    Those count that begin with a small letter under a row as wide as the column, more or less:
    labels in small letters stand under short ones.
    """
    found: Counter[tuple[int, int]] = Counter()
    begun: set[tuple[int, int, str]] = set()
    for row in rows:
        if len(row.text) < limits.TEXT_LETTERS or not (row.small or CJK.match(row.text)):
            continue
        x, size = round(row.x0), round(row.size)
        begin = (x, size, row.text[:3])
        # Entries of a list may begin with one word.
        if begin in begun or not _is_under_full_row(row, above.get(row.row.order), long.get(x, ())):
            continue
        begun.add(begin)
        for shift in (-1, 0, 1):
            found[x + shift, size] += 1
    return found


def _is_under_full_row(row: Placed, upper: Placed | None, long: Sequence[Placed]) -> bool:
    """Whether the row above ends near the edge of the column, and no sentence."""
    if upper is None or not upper.open:
        return False
    right = max(long[0].x1 if long else row.x1, row.x1)
    return right - upper.x1 < limits.FULL * (right - row.x0)


def long_rows(rows: Iterable[Placed]) -> dict[int, list[Placed]]:
    """By their rounded left edge the rows that may show how wide a column is, the widest first."""
    found: dict[int, list[Placed]] = {}
    for row in sorted(rows, key=lambda row: -row.x1):
        if len(row.text) >= limits.COLUMN_LETTERS:
            found.setdefault(round(row.x0), []).append(row)
    return found


def body_size(rows: Iterable[Placed]) -> float:
    """The size of most letters in points, 0 without any."""
    weights: Counter[float] = Counter()
    for row in rows:
        weights[row.size] += 1 + len(row.text) // 8
    half, held = weights.total() / 2, 0
    for size in sorted(weights):
        held += weights[size]
        if held > half:
            return size
    return 0.0
