"""Large initials that a paragraph begins with: they are read as the first letter of its first
word, and set as that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dragoman.domain.document import Span
from pipeline.pdf.model.text_rows import Row

LARGE = 1.7  # of the text's size: the least that an initial is
LETTERS = 2  # a letter and a quotation mark before it
CAPITAL = 0.7  # of the size: the height of a capital
# Of the text's size: how far the initial's top is from that of the first row, and how far the rows
# beside it are from it.
SAME_TOP, NEAR, TOUCHING = 0.6, 1.2, 0.5


def with_initials(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows (of one direction) with each initial in the row that it begins, and the rows
    beside it as wide as the text.
    """
    found = [
        (row, first)
        for row in rows
        if _is_letter(row.text) and (first := _first(row, rows)) is not None
    ]
    if not found:
        return rows
    gone = {initial.order for initial, _ in found}
    changed = {row.order: row for row in rows if row.order not in gone}
    for initial, first in found:
        for row in rows:
            if row.order in changed and _is_beside(initial, row, first):
                changed[row.order] = replace(changed[row.order], x0=initial.x0)
        changed[first.order] = _begun(initial, first)
    return list(changed.values())


def _is_letter(text: str) -> bool:
    return len(text) <= LETTERS and text[-1:].isupper()


def _first(initial: Row, rows: Sequence[Row]) -> Row | None:
    """The row that an initial begins: beside its top, and higher than its foot.

    None: it begins none.
    """
    return next(
        (
            row
            for row in rows
            if initial.size >= LARGE * row.size
            and row.text[0].isalpha()
            and row.baseline < initial.baseline - TOUCHING * row.size
            and _is_near(initial, row)
            and abs(_top(initial) - _top(row)) < SAME_TOP * row.size
        ),
        None,
    )


def _is_beside(initial: Row, row: Row, first: Row) -> bool:
    in_height = first.baseline <= row.baseline <= initial.baseline + TOUCHING * first.size
    return (
        in_height and abs(row.size - first.size) < TOUCHING * first.size and _is_near(initial, row)
    )


def _is_near(initial: Row, row: Row) -> bool:
    return -TOUCHING * row.size < row.x0 - initial.x1 < NEAR * row.size


def _top(row: Row) -> float:
    return row.baseline - CAPITAL * row.size


def _begun(initial: Row, first: Row) -> Row:
    """The first row with its initial, which looks like the text after it."""
    span = first.spans[0]
    box = (initial.x0, span.bbox[1], span.bbox[2], span.bbox[3])
    joined = Span(initial.text + span.text, span.style, box, span.baseline)
    return replace(first, spans=(joined, *first.spans[1:]), x0=initial.x0, begins=True)
