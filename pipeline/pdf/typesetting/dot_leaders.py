"""Dot leaders of tables of contents: the dots after an entry are set anew, as many as the
translation leaves room for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dragoman.domain.document import Run
from pipeline.pdf.typesetting.line_breaking import Box, SetLine, Setting
from pipeline.pdf.typesetting.shaping import Word, Words

LEAST_DOTS = 3  # kept between an entry and its page number, however long the entry
GAP = 0.3  # of the size, before the dots
# The dots (with or without blanks between them) and the number of the page, which may stand apart
# as text of its own.
_LEADER = re.compile(r"\s*((?:[.·…_] ?){4,})\s*(\S{0,8})\s*$")


@dataclass(frozen=True, slots=True)
class Leader:
    """What follows an entry: one dot with its blank, and the page number (None: it is no part of
    the text).

    `end`: the edge where it ends, the left one of a text from right to left.
    """

    dot: Word
    pitch: float
    number: Word | None
    end: float


def without_leader(
    runs: Sequence[Run], end: float, words: Words
) -> tuple[tuple[Run, ...], Leader | None]:
    """The runs without the leader at their end, and the leader, which ends at `end`.

    None: they have none.
    """
    text = "".join(run.text for run in runs)
    found = _LEADER.search(text)
    if found is None or found.start() == 0:
        return tuple(runs), None
    style = runs[-1].style
    dots = words.of([Run(found.group(1)[0], style)])
    blanks = words.of([Run("x ", style)])
    number = words.of([Run(found.group(2), style)])
    if not dots or len(number) > 1:
        return tuple(runs), None
    blank = blanks[0].blank if " " in found.group(1).strip() and blanks else None
    pitch = dots[0].width + (blank.width if blank else 0.0)
    return _first(runs, found.start()), Leader(dots[0], pitch, number[0] if number else None, end)


def shortened(box: Box, leader: Leader) -> Box:
    """The box without the room that the shortest leader takes."""
    taken = (leader.number.width if leader.number else 0.0) + (LEAST_DOTS + 1) * leader.pitch
    if box.rtl:
        return replace(box, left=min(leader.end + taken, box.right - 2 * leader.pitch))
    return replace(box, right=max(leader.end - taken, box.left + 2 * leader.pitch))


def with_leader(setting: Setting, leader: Leader, box: Box) -> Setting:
    """The setting with dots from the end of its last line to the page number."""
    last = setting.lines[-1]
    width = (
        sum(word.width + (word.blank.width if word.blank else 0.0) for word in last.words)
        * setting.across
    )
    number = leader.number.width * setting.across if leader.number else 0.0
    pitch, gap = leader.pitch * setting.across, GAP * box.size * setting.across
    free = last.x - leader.end if box.rtl else leader.end - last.x - width
    count = max(0, int((free - gap - number) / pitch))
    # Each dot has its place from the end, so that those of all entries stand under each other.
    start = leader.end + number - pitch if box.rtl else leader.end - number
    step = pitch if box.rtl else -pitch
    words = (leader.dot,)
    dots = tuple(
        [
            SetLine(words, start + (place + 1) * step, last.baseline)
            for place in reversed(range(count))
        ]
    )
    end = leader.end if box.rtl else leader.end - number
    tail = (SetLine((leader.number,), end, last.baseline),) if leader.number else ()
    return replace(setting, lines=(*setting.lines, *dots, *tail))


def _first(runs: Sequence[Run], count: int) -> tuple[Run, ...]:
    kept: list[Run] = []
    for run in runs:
        if count > 0:
            kept.append(replace(run, text=run.text[:count]))
        count -= len(run.text)
    return tuple(kept)
