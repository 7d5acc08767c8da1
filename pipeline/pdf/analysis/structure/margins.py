"""Numbers of a page's lines, as transcripts and laws have them: no row of a text."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from pipeline.pdf.analysis.structure import limits
from pipeline.pdf.model.text_rows import Row


def numbered_margin(rows: Sequence[Row]) -> frozenset[int]:
    """The rows (by order) that number the lines of a page: numbers that end or begin at one x and
    count up by one, as in transcripts and laws.
    """
    numbers = [row for row in rows if row.text.isdecimal()]
    found: set[int] = set()
    for edge in ("x0", "x1"):
        run: list[Row] = []
        for row in [*numbers, None]:
            if row is not None and (
                run
                and int(row.text) == int(run[-1].text) + 1
                and abs(getattr(row, edge) - getattr(run[-1], edge)) < limits.NUMBER_EDGE
            ):
                run.append(row)
                continue
            if len(run) >= limits.NUMBERED_LINES and _all_begin_text(run, rows):
                found.update(one.order for one in run)
            run = [row] if row is not None else []
    return frozenset(found)


def _all_begin_text(run: Sequence[Row], rows: Sequence[Row]) -> bool:
    """Whether text follows most of the numbers, which goes on from one line to the next in small
    letters: entries of a list do not.
    """
    baselines = [row.baseline for row in rows]
    texts = []
    for number in run:
        near = rows[
            bisect_left(baselines, number.baseline - 1) : bisect_right(
                baselines, number.baseline + 1
            )
        ]
        after = [row for row in near if row.x0 >= number.x1]
        if after:
            texts.append(min(after, key=lambda row: row.x0).text)
    small = sum(text[0].islower() for text in texts)
    return len(texts) > len(run) / 2 and small >= limits.SMALL / 2 * len(texts)


def numbered_leading(rows: Iterable[Row], margin: frozenset[int]) -> float:
    """What numbered lines are apart, of their size; 0 without any."""
    numbers = [row for row in rows if row.order in margin]
    gaps = sorted((low.baseline - up.baseline) / low.size for up, low in pairwise(numbers))
    return gaps[len(gaps) // 2] + limits.LEADING_SLACK if gaps else 0.0
