"""Rows with what is asked of them again and again, and the lines of one baseline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.pdf.analysis.structure import limits
from pipeline.pdf.model.text_rows import Row

CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
END_OF_SENTENCE = ".!?:;。！？：；…"
OPENING = "“\"‘'([{«‹„¿¡"
# How wide letters are beside each other in common typefaces, of a middling one.
_NARROW = dict.fromkeys("iljtfr.,;:!|'’‘()[]I /-", 0.6)
_WIDE = dict.fromkeys("mwMW@%—", 1.6) | dict.fromkeys("ABCDEFGHKLNOPQRSTUVXYZ", 1.3)


class _Widths(dict[str, float]):
    """Of letters; 1 for those of middling width."""

    def __missing__(self, sign: str) -> float:
        self[sign] = 1.0
        return 1.0


_width_of = _Widths(_NARROW | _WIDE).__getitem__


@dataclass(frozen=True, eq=False, slots=True)
class Placed:
    """A row with what the rules ask of it again and again.

    `line`: the number of its line, from the top. `first`: the width of its first word in points.
    `small`: it begins with a small letter; `open`: it ends within a sentence.
    """

    row: Row
    line: int
    text: str
    x0: float
    x1: float
    y: float
    size: float
    first: float
    small: bool
    open: bool

    @property
    def width(self) -> float:
        """From its first letter to its last, in points."""
        return self.x1 - self.x0


def lines_of(rows: Sequence[Row]) -> tuple[tuple[Placed, ...], ...]:
    """The rows of each baseline, from left to right; `rows` from top to bottom."""
    held: list[list[Row]] = []
    for row in rows:
        if not held or row.baseline - held[-1][0].baseline > 0.35 * row.size:
            held.append([])
        held[-1].append(row)
    return tuple(
        tuple(_placed(row, number) for row in sorted(line, key=lambda row: row.x0))
        for number, line in enumerate(held)
    )


def common_edge(upper: Placed, lower: Placed) -> str:
    """The edge that two rows share: "left", "centre", "right", or "" for none."""
    slack = limits.SAME_EDGE * lower.size
    if abs(upper.x0 - lower.x0) <= slack:
        return "left"
    if abs(upper.x0 + upper.x1 - lower.x0 - lower.x1) <= 2 * slack:
        return "centre"
    return "right" if abs(upper.x1 - lower.x1) <= slack else ""


def one_size(upper: Row, lower: Row) -> bool:
    """Whether two rows have a size in common."""
    if abs(upper.size - lower.size) <= limits.SAME_SIZE * lower.size:
        return True
    return bool(upper.also or lower.also) and any(
        abs(one - other) <= limits.SAME_SIZE * other
        for one in (upper.size, *upper.also)
        for other in (lower.size, *lower.also)
    )


def _placed(row: Row, line: int) -> Placed:
    text = row.text
    return Placed(
        row=row,
        line=line,
        text=text,
        x0=row.x0,
        x1=row.x1,
        y=row.baseline,
        size=max(row.size, *row.also) if row.also else row.size,  # small capitals
        first=_first_word(row, text),
        small=_begins_small(text),
        open=text[-1:] not in END_OF_SENTENCE,
    )


def _first_word(row: Row, text: str) -> float:
    """The width of its first word in points, guessed by common widths of letters."""
    if CJK.match(text):
        return limits.UNBROKEN * row.size
    word, _, rest = text.partition(" ")
    if not rest:
        return row.x1 - row.x0
    return (row.x1 - row.x0) * sum(map(_width_of, word)) / sum(map(_width_of, text))


def _begins_small(text: str) -> bool:
    """Whether its first word, brackets and quotes aside, is one with a small first letter."""
    bare = text.lstrip(OPENING)
    return bare[:1].islower() and not any(map(str.isdigit, bare[:3].partition(" ")[0]))
