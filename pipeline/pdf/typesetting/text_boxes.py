"""The box that a block's translation is set in, from the lines of the original and the room
around them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from dragoman.domain.document import Align, Block, Line, Rect, Run, Span
from pipeline.pdf.analysis.free_space import GAP
from pipeline.pdf.model.geometry import turned, union
from pipeline.pdf.typesetting.line_breaking import ASCENT, Box

MARGIN = 12.0  # points from the page's edge, for a text that left the page
TOO_NEAR = 4.0  # points from the edge: such a text left the page
LEAST_ON = 0.5  # of its width: what is mostly off the page is not to be read
LEADING = 1.2  # of the size, where the original has one line only
# times: how much wider than the original a longer text around a middle is set, to have as many
# lines
TITLE = 1.1
WIDER = 0.3  # of the width: how much wider than the source's our typeface may be
# of the size: room for a word, for a line that was made smaller
LEAST_WIDTH, LEAST_HEIGHT = 3.0, 0.7
LEAST_INDENT = 0.3  # of the size: less is a side bearing


def box_of(block: Block, runs: tuple[Run, ...], *, rtl: bool = False) -> Box:
    """The box for `runs`, in the turned space of the block's direction.

    `rtl`: they begin at the right.
    """
    direction = block.lines[0].direction
    lines = [turned(line.bbox, direction) for line in block.lines]
    room = turned(block.room or block.bbox, direction)
    baselines = [_main_span(line).baseline for line in block.lines]
    size = max(run.style.size for run in runs)
    single = len(lines) == 1
    left, right = min(line[0] for line in lines), max(line[2] for line in lines)
    original_right = right
    first, hanging = (
        (0.0, 0.0) if block.align in (Align.CENTER, Align.RIGHT) else _indents(lines, left, size)
    )
    if single:
        left, right = _grown(block.align, left, right, room)
    elif block.align is Align.CENTER:
        longer = sum(len(run.text) for run in runs) / max(len(block.text), 1)
        left, right = _grown(block.align, left, right, room, most=TITLE * longer * (right - left))
    gaps = [below - above for above, below in pairwise(baselines) if below > above]
    return Box(
        left=left,
        right=right,
        baseline=baselines[0],
        last=baselines[-1],
        bottom=max(room[3], lines[-1][3]),
        size=size,
        leading=median(gaps) if gaps else LEADING * size,
        first=first,
        hanging=hanging,
        align=block.align,
        single=single,
        original_right=original_right,
        rtl=rtl,
        goes_on=block.goes_on,
    )


def on_sheet(box: Box, sheet: Rect) -> Box:
    """The box of a text that leaves the page, as far as it is on it (turned space).

    What is beyond the edge is not read, so that the box ends close to it.
    """
    left, right = max(box.left, sheet[0] + MARGIN), min(box.right, sheet[2] - MARGIN)
    off = box.left < sheet[0] + TOO_NEAR or box.right > sheet[2] - TOO_NEAR
    if not off or right - left < LEAST_ON * (box.right - box.left):
        return box
    return replace(box, left=left, right=right, original_right=min(box.original_right, right))


def box_of_kept(block: Block) -> Box:
    """The box for a block's own text, which keeps its right edge where our typeface is wider or
    narrower.
    """
    box = box_of(replace(block, room=None), block.source)
    return replace(box, first=0.0, hanging=0.0, align=Align.RIGHT)


def mirrored(box: Box, edges: tuple[float, float]) -> Box:
    """The box on the other side of the stretch between `edges`, which hold it.

    What is within it is mirrored by `Box.rtl`.
    """
    right = max(min(box.right, edges[1]), box.original_right)
    moved = edges[0] + edges[1] - box.left - right
    return replace(
        box, left=box.left + moved, right=right + moved, original_right=box.original_right + moved
    )


def lifted(box: Box, down: float) -> Box:
    """The box `down` points lower in its turned space."""
    return (
        replace(box, baseline=box.baseline + down, last=box.last + down, bottom=box.bottom + down)
        if down
        else box
    )


def widened(box: Box) -> Box:
    """The box with some room at its left, for text that was not translated, in a typeface that
    may be wider than the source's.
    """
    return replace(box, left=box.left - WIDER * (box.right - box.left))


def cut(box: Box, taken: Sequence[Rect]) -> Box | None:
    """The largest part of the box that is free of what is `taken` (turned space), None: there
    is none for a word.
    """
    if not taken:
        return box
    x0, y0, x1, y1 = union(taken)
    top = box.baseline - ASCENT * box.size
    lower = y1 + GAP + ASCENT * box.size
    parts = [
        replace(box, right=min(box.right, x0 - GAP)),
        replace(box, left=max(box.left, x1 + GAP)),
        replace(box, bottom=min(box.bottom, y0 - 1)),
        replace(box, baseline=max(box.baseline, lower)),
    ]
    best = max(parts, key=lambda part: _room(part, top))
    return best if _room(best, top) > 0 else None


def _room(box: Box, top: float) -> float:
    width, height = (
        box.right - box.left - box.first,
        box.bottom - max(top, box.baseline - ASCENT * box.size),
    )
    return (
        width * height
        if width > LEAST_WIDTH * box.size and height > LEAST_HEIGHT * box.size
        else 0.0
    )


def _main_span(line: Line) -> Span:
    return max(line.spans, key=lambda span: len(span.text) * span.style.size)


def _indents(
    lines: list[tuple[float, float, float, float]], left: float, size: float
) -> tuple[float, float]:
    if len(lines) == 1:
        return 0.0, 0.0
    first, rest = lines[0][0] - left, min(line[0] for line in lines[1:]) - left
    return (first if first > LEAST_INDENT * size else 0.0), (
        rest if rest > LEAST_INDENT * size else 0.0
    )


def _grown(
    align: Align,
    left: float,
    right: float,
    room: tuple[float, float, float, float],
    most: float = math.inf,
) -> tuple[float, float]:
    """The edges of one line, or of several around a middle, moved out as far as the room, the
    alignment and the `most` points allow.
    """
    if align is Align.RIGHT:
        return min(left, room[0]), right
    if align is Align.CENTER:
        half = max(
            (right - left) / 2,
            min((left + right) / 2 - room[0], room[2] - (left + right) / 2, most / 2),
        )
        return (left + right) / 2 - half, (left + right) / 2 + half
    return left, max(right, room[2])
