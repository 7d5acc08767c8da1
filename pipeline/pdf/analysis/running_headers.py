"""Headers and footers that go on from page to page: they are no part of any text that does."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from dragoman.domain.document import Block, Page

BAND = 0.14  # of the page's height: where headers and footers stand
SIDE = 0.05  # of the page's width: the same for texts at its sides
SAME_HEIGHT = 3.0  # points between the places of one header on two pages
NEAR = 12  # pages: farther apart it is another one
MOST_LINES = 3
SHORT = 8  # letters: a shorter text has to be there more than once to be one
LONGEST = 90  # letters of one that is known by its place and look alone
LOOKS = 3  # headers that stand at one height and look alike
_NUMBER = re.compile(r"\d+|\b[ivxlc]+\b")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A text near an edge. `said`: its words, numbers as "#"; `look`: what others of its kind
    have in common with it.
    """

    page: int
    block: str
    said: str
    y: float
    look: tuple[object, ...]


def running_headers(pages: Sequence[Page]) -> frozenset[str]:
    """The ids of blocks near an edge that say what another page's say there, numbers aside, or
    stand and look as several of those do.
    """
    entries = [entry for page in pages for block in page.blocks if (entry := _entry(page, block))]
    places: dict[tuple[object, ...], list[_Entry]] = defaultdict(list)
    for entry in entries:
        places[entry.said, entry.look].append(entry)
    found = {
        entry.block: entry
        for same in places.values()
        for entry in same
        if len(_near(entry, same)) >= (1 if len(entry.said) > SHORT else 2)
    }
    heights = Counter((round(entry.y), entry.look) for entry in found.values())
    alike = {
        entry.block
        for entry in entries
        if len(entry.said) < LONGEST
        and sum(heights[round(entry.y) + shift, entry.look] for shift in (-1, 0, 1)) >= LOOKS
    }
    return frozenset(found) | alike


def _near(entry: _Entry, same: Sequence[_Entry]) -> set[int]:
    """The other pages on which it stands at its height."""
    return {
        one.page
        for one in same
        if abs(one.y - entry.y) <= SAME_HEIGHT and 0 < abs(one.page - entry.page) <= NEAR
    }


def _entry(page: Page, block: Block) -> _Entry | None:
    x0, y0, x1, y1 = block.bbox
    upper, lower = y1 < BAND * page.height, y0 > (1 - BAND) * page.height
    beside = x1 < SIDE * page.width or x0 > (1 - SIDE) * page.width
    text = block.text.strip()
    if not (upper or lower or beside) or not text or len(block.lines) > MOST_LINES:
        return None
    style = block.source[0].style
    look = (lower, page.height, round(style.size), style.bold, style.italic)
    return _Entry(page.number, block.id, _NUMBER.sub("#", text), y1 if lower else y0, look)
