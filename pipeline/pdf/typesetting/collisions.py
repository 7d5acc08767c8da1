"""A page looked at after its texts were set: which of them lie on others or leave the page, and
what could not be erased.

Lines are compared by their cores, the band that nearly every letter fills: closely set lines do not
touch there. A text is to blame where it left the original's box, or was set over something that
stands between the original's lines; two that lie on each other in the original may do so in the
translation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dragoman.domain.document import Block, Rect
from pipeline.pdf.analysis.page_graphics import Neighbours
from pipeline.pdf.model.geometry import Direction, area, back, contains, overlap
from pipeline.pdf.typesetting.line_breaking import Setting

CORE_TOP, CORE_BOTTOM = 0.48, 0.04  # of the size, over and under the baseline
INSET = 0.4  # points at both ends of a line
SHARE = 0.2  # of the smaller of two lines: with less they touch at a corner only
OFF = 2.0  # points that a line may reach over the page's edge


@dataclass(frozen=True, slots=True)
class Placed:
    """A set text on the page.

    `home`: the original's box, None: it has none there; `lines`: its cores, `was`: the original's.
    """

    lines: tuple[Rect, ...]
    home: Rect | None
    was: tuple[Rect, ...] = ()


def placed(
    setting: Setting,
    size: float,
    direction: Direction,
    home: Rect | None,
    was: tuple[Rect, ...] = (),
) -> Placed:
    """A setting of text of `size` (points, before it was scaled) as what it covers of the page."""
    found: dict[float, tuple[float, float]] = {}
    scale, across = setting.scale, setting.across
    for line in setting.lines:
        words = line.words
        if len(words) == 1:  # entries of contents have hundreds of dots
            end = line.x + words[0].width * across
        else:
            blanks = [word.blank.width for word in words[:-1] if word.blank]
            width = (sum([word.width for word in words]) + sum(blanks)) * across
            end = line.x + width + line.stretch * (len(words) - 1 if line.spread else len(blanks))
        start, last = found.get(line.baseline, (line.x, end))
        found[line.baseline] = min(start, line.x), max(last, end)
    covered = [_core(x0, x1, baseline, size * scale) for baseline, (x0, x1) in found.items()]
    return Placed(tuple([back(core, direction) for core in covered]), home, was)


def cores(blocks: Iterable[Block]) -> Iterator[Rect]:
    """The cores of the lines of blocks that stay as they are."""
    for block in blocks:
        for line in block.lines:
            x0, y0, x1, y1 = line.bbox
            height = y1 - y0 if line.direction[0] else x1 - x0
            inset = 0.25 * height
            yield (
                (x0 + INSET, y0 + inset, x1 - INSET, y1 - inset)
                if line.direction[0]
                else (x0 + inset, y0 + INSET, x1 - inset, y1 - INSET)
            )


def misplaced(texts: Sequence[Placed], kept: Iterable[Rect], sheet: Rect) -> set[int]:
    """The places of the texts that are to blame for lying on another one, on what is `kept`, or
    off the `sheet`.
    """
    stays = Neighbours(kept)
    owners: dict[Rect, list[int]] = {}
    for number, text in enumerate(texts):
        for line in text.lines:
            owners.setdefault(line, []).append(number)
    others = Neighbours(owners)
    found = set()
    for number, text in enumerate(texts):
        for line, strayed in _suspects(text):
            if (
                (strayed and not contains(sheet, line, slack=OFF))
                or any(
                    _meets(line, other) and not _met(text, other) for other in stays.meeting(line)
                )
                or any(
                    _meets(line, other)
                    and any(
                        _is_to_blame(text, texts[one], strayed=strayed)
                        for one in owners[other]
                        if one != number
                    )
                    for other in others.meeting(line)
                )
            ):
                found.add(number)
    return found


def unerased(words: Iterable[Rect], blocks: Sequence[Block]) -> set[int]:
    """The places of the blocks of whose original lines some of the page's `words` (boxes, after
    erasing) are still there.
    """
    lines = [(number, core) for number, block in enumerate(blocks) for core in cores([block])]
    owners = {core: number for number, core in lines}
    near = Neighbours(owners)
    found = set()
    for x0, y0, x1, y1 in words:
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        for core in near.beside(y - 0.1, y + 0.1):
            if core[0] < x < core[2] and core[1] < y < core[3]:
                found.add(owners[core])
    return found


def _suspects(text: Placed) -> Iterator[tuple[Rect, bool]]:
    """The lines that may lie on something that the original did not: whether each left the
    original's box.
    """
    home = text.home
    if home is None:
        return
    for line in text.lines:
        strayed = not contains(home, line, slack=1.0)
        if strayed or len(text.was) > 1:
            yield line, strayed


def _met(text: Placed, other: Rect) -> bool:
    return any(_meets(line, other) for line in text.was)


def _is_to_blame(text: Placed, other: Placed, *, strayed: bool) -> bool:
    """Whether of two texts that lie on each other this one is wrong.

    `strayed`: it left its original's box there.
    """
    if any(_met(text, line) for line in other.was):
        return False
    if strayed or text.home is None or other.home is None:
        return strayed
    return all(contains(other.home, line, slack=1.0) for line in other.lines) and area(
        text.home
    ) >= area(other.home)


def _core(x0: float, x1: float, baseline: float, size: float) -> Rect:
    return (
        x0 + INSET,
        baseline - CORE_TOP * size,
        max(x1 - INSET, x0 + INSET),
        baseline + CORE_BOTTOM * size,
    )


def _meets(one: Rect, other: Rect) -> bool:
    if one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]:
        return False  # as most are; no call is needed to know this
    width = overlap(one[0], one[2], other[0], other[2])
    height = overlap(one[1], one[3], other[1], other[3])
    return width > 0 and height > 0 and width * height > SHARE * min(area(one), area(other))
