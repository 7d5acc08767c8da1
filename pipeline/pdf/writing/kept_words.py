"""Kept words on both sides of a translated text, which the file draws in one go: those after it are
drawn again, after it.

Once the words between a section's number and that of its page are erased, both numbers follow each
other in the file, and all who copy from it take them for one text that runs across the new words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dragoman.domain.document import Block, Line, Rect, Span
from pipeline.pdf.analysis.block_relations import own_letters
from pipeline.pdf.model.geometry import Direction, overlap, turned

LEVEL = 0.3  # of the size: baselines as close are one line
CORE = 0.48  # of the size: what the least letters take over the baseline


@dataclass(frozen=True, slots=True)
class _Row:
    """A kept line in its turned space."""

    block: Block
    line: Line
    rect: Rect

    @property
    def baseline(self) -> float:
        return self.line.spans[0].baseline

    @property
    def size(self) -> float:
        return self.line.spans[0].style.size


def separated(blocks: Sequence[Block]) -> list[Block]:
    """Kept blocks that are to be drawn again where they stand: their target is the page's own
    letters, a run for each line.
    """
    by_direction: dict[Direction, list[_Row]] = {}
    for block in blocks:
        for line in block.lines if block.target is None else ():
            row = _Row(block, line, turned(line.bbox, line.direction))
            by_direction.setdefault(line.direction, []).append(row)
    set_anew = [block for block in blocks if block.target is not None]
    found: dict[str, Block] = {}
    for direction, rows in by_direction.items():
        taken = [
            turned(one.room or one.bbox, direction)
            for one in set_anew
            if one.lines[0].direction == direction
        ]
        for level in _levels(rows):
            found |= {row.block.id: row.block for row in _behind(level, taken)}
    return [replace(block, target=tuple(map(own_letters, block.lines))) for block in found.values()]


def _levels(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    """Rows of one baseline, from left to right, where there are more than one."""
    held: list[_Row] = []
    for row in sorted(rows, key=lambda row: row.baseline):
        if held and row.baseline - held[0].baseline > LEVEL * row.size:
            if len(held) > 1:
                yield sorted(held, key=lambda row: row.rect[0])
            held = []
        held.append(row)
    if len(held) > 1:
        yield sorted(held, key=lambda row: row.rect[0])


def _behind(level: Sequence[_Row], taken: Sequence[Rect]) -> Iterator[_Row]:
    """The rows of a level with one of their style before them, and a text that is set anew
    between both.
    """
    first = level[0]
    top, bottom = first.baseline - CORE * first.size, first.baseline
    beside = [rect for rect in taken if rect[1] < bottom and top < rect[3]]
    if not beside:
        return
    stays = [first]
    for row in level[1:]:
        before = [one for one in stays if _shares_style(one.line.spans, row.line.spans)]
        parted = any(
            overlap(rect[0], rect[2], before[-1].rect[2], row.rect[0]) > 0
            for rect in beside
            if before
        )
        if parted:
            yield row
        else:
            stays.append(row)


def _shares_style(some: Iterable[Span], others: Sequence[Span]) -> bool:
    """Whether one typeface, size and colour is in both."""
    return any(
        one.style == other.style for one in some for other in others if one.style.original is None
    )
