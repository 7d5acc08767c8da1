"""Which paragraphs follow one another in a column and may move together: nothing is there that they have to keep level with."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from dragoman.domain.document import Rect
from pipeline.pdf.paragraphs import Paragraph
from pipeline.pdf.rooms import Rooms

SAME_EDGE, SAME_MIDDLE = 3.0, 2.0  # points that left edges, and middles, of one column may be apart
INDENT = 3.0  # of the size: how far a paragraph of one row may be indented
LEVEL = 1.5  # points: what begins as near to a baseline stands in a row with it
FARTHEST = 4.0  # of the size: what stands farther below belongs to something else


def over(paragraphs: Sequence[Paragraph], rooms: Rooms) -> dict[int, int]:
    """For the place of each paragraph that others may push down: the place of the one over it."""
    places = {paragraph.rect: place for place, paragraph in enumerate(paragraphs)}
    starts = sorted(paragraph.rows[0].baseline for paragraph in paragraphs)
    found = {}
    for place, upper in enumerate(paragraphs):
        rect = rooms.text_below(upper.rect)
        lower = places.get(rect) if rect else None
        if rect is None or lower is None or not _are_column(upper, paragraphs[lower]):
            continue
        if _is_alone(paragraphs[lower], starts) and rooms.are_by_themselves(upper.rect, rect):
            found[lower] = place
    return found


def _are_column(upper: Paragraph, lower: Paragraph) -> bool:
    if len(upper.rows) == len(lower.rows) == 1:
        return False  # entries of a list, lines of an address
    one, other, size = upper.rect, lower.rect, lower.rows[0].size
    if other[1] - one[3] > FARTHEST * size:
        return False
    indented = len(lower.rows) == 1 and 0 <= other[0] - one[0] < INDENT * size
    return indented or abs(one[0] - other[0]) < SAME_EDGE or abs(_middle(one) - _middle(other)) < SAME_MIDDLE


def _is_alone(paragraph: Paragraph, starts: Sequence[float]) -> bool:
    """Whether no other paragraph begins at the height of its first row."""
    first = paragraph.rows[0].baseline
    return bisect_left(starts, first + LEVEL) - bisect_left(starts, first - LEVEL) == 1


def _middle(rect: Rect) -> float:
    return (rect[0] + rect[2]) / 2
