"""Which paragraphs follow one another in a column and may move together: nothing is there that
they have to keep level with.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from dragoman.domain.document import Rect
from pipeline.pdf.analysis.free_space import Rooms
from pipeline.pdf.analysis.paragraphs import Paragraph
from pipeline.pdf.model.text_rows import Row

SAME_EDGE, SAME_MIDDLE = 3.0, 2.0  # points that left edges, and middles, of one column may be apart
ENOUGH = 4  # texts that begin at one x
SAME_ROWS = 1.0  # points: the same for the rows of one title
TITLE_MIDDLE = 0.15  # of the size: the same for titles
INDENT = 3.0  # of the size: how far a paragraph of one row may be indented
LEVEL = 1.5  # points: what begins as near to a baseline stands in a row with it
# Of the size: what stands farther below belongs to something else; of a title that is centred too.
FARTHEST, FARTHEST_TITLE = 4.0, 8.0


Pairs = Sequence[tuple[int, int]]


def pairs(paragraphs: Sequence[Paragraph], rooms: Rooms) -> Pairs:
    """The places of each paragraph and of the one that begins next under it."""
    rects = [paragraph.rect for paragraph in paragraphs]
    places = {rect: place for place, rect in enumerate(rects)}
    below = [rooms.text_below(rect) for rect in rects]
    return [(place, places[rect]) for place, rect in enumerate(below) if rect in places]


def over(paragraphs: Sequence[Paragraph], found: Pairs, rooms: Rooms) -> dict[int, int]:
    """For the place of each paragraph that others may push down: the place of the one over it."""
    starts = sorted(paragraph.rows[0].baseline for paragraph in paragraphs)
    one_under_the_other = [
        (place, below)
        for place, below in found
        if _are_column(paragraphs[place], paragraphs[below])
    ]
    return {
        below: place
        for place, below in one_under_the_other
        if _is_alone(paragraphs[below], starts)
        and rooms.are_by_themselves(paragraphs[place].rect, paragraphs[below].rect)
        and not rooms.has_mark(paragraphs[below].rect)
    }


def centred(paragraphs: Sequence[Paragraph], found: Pairs) -> set[int]:
    """The places of texts that have their middle in common with what is near over or under them,
    and their beginning with none.

    Where as many begin as at an edge of a column, a common middle is chance.
    """
    middle, edge = set[int](), set[int]()
    rects = [paragraph.rect for paragraph in paragraphs]
    for pair in found:
        upper, lower = (rects[place] for place in pair)
        size = paragraphs[pair[1]].rows[0].size
        if lower[1] - upper[3] > FARTHEST_TITLE * size:
            continue
        if abs(upper[0] - lower[0]) < SAME_EDGE:
            edge.update(pair)
        elif abs(_middle(upper) - _middle(lower)) < max(SAME_MIDDLE, TITLE_MIDDLE * size):
            middle.update(pair)
    starts = Counter(round(rect[0]) for rect in rects)
    free = (place for place in middle - edge if _is_around_a_middle(paragraphs[place].rows))
    return {
        place
        for place in free
        if sum(starts[round(rects[place][0]) + shift] for shift in (-1, 0, 1)) < ENOUGH
    }


def _is_around_a_middle(rows: Sequence[Row]) -> bool:
    """Whether rows have their middle in common and do not all begin at one x; a row alone has."""
    starts, middles = [row.x0 for row in rows], [(row.x0 + row.x1) / 2 for row in rows]
    return len(rows) == 1 or (max(middles) - min(middles) < SAME_ROWS < max(starts) - min(starts))


def _are_column(upper: Paragraph, lower: Paragraph) -> bool:
    if len(upper.rows) == len(lower.rows) == 1:
        return False  # entries of a list, lines of an address
    one, other, size = upper.rect, lower.rect, lower.rows[0].size
    if other[1] - one[3] > FARTHEST * size:
        return False
    indented = len(lower.rows) == 1 and 0 <= other[0] - one[0] < INDENT * size
    return (
        indented
        or abs(one[0] - other[0]) < SAME_EDGE
        or abs(_middle(one) - _middle(other)) < SAME_MIDDLE
    )


def _is_alone(paragraph: Paragraph, starts: Sequence[float]) -> bool:
    """Whether no other paragraph begins at the height of its first row."""
    first = paragraph.rows[0].baseline
    return bisect_left(starts, first + LEVEL) - bisect_left(starts, first - LEVEL) == 1


def _middle(rect: Rect) -> float:
    return (rect[0] + rect[2]) / 2
