"""Rows put right: what MuPDF cut is joined again, what a page prints twice is read once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from dragoman.domain.document import Rect, Span
from pipeline.pdf.model.geometry import joined
from pipeline.pdf.model.scripts import RIGHT_TO_LEFT
from pipeline.pdf.model.text_rows import Row

# dots after an entry, and perhaps its page's number
LEADER = re.compile(r"[.·…_\s]+(?:(?<=[.·…_\s]{8})\d{1,4}\s*)?")
# All of these are shares of the row's size. Spans further apart belong to two rows (cells, a marker
# and its text).
WIDE_GAP = 1.1  # MuPDF itself cuts at 0.8
LEAST_GAP = 0.15  # between words
LEADER_GAP = 3.0  # between an entry and its first dot
LEAST_BLANK = 0.2  # a blank is at least as wide in most typefaces
LEAST_STRETCHED = 4  # words of a line whose blanks are wide enough for cells
STRETCH_SLACK = 0.06  # how far the blanks of a stretched line may differ
WIDEST_STRETCH = 3.0
TWIN = 0.1  # how far two prints of one line may be apart
SENTENCE_GAP = 1.5  # what TeX leaves between sentences of a loose line


def gap_of(before: Rect, box: Rect) -> float:
    """The points between two spans, of which the second stands to the left in a text that is
    read from the right.
    """
    return box[0] - before[2] if box[0] >= before[0] else before[0] - box[2]


def trimmed(spans: list[Span]) -> tuple[Span, ...]:
    """Without blanks at the ends of the row; neighbours of one style joined."""
    kept = [spans[0]]
    for span in spans[1:]:
        last = kept[-1]
        if last.baseline == span.baseline and (
            last.style is span.style or last.style == span.style
        ):
            kept[-1] = Span(
                last.text + span.text, last.style, joined(last.bbox, span.bbox), last.baseline
            )
        else:
            kept.append(span)
    first = kept[0]
    if first.text[0].isspace():
        kept[0] = Span(first.text.lstrip(), first.style, first.bbox, first.baseline)
    last = kept[-1]
    if last.text[-1].isspace():
        x0, y0, x1, y1 = last.bbox
        end = max(x1 - LEAST_BLANK * last.style.size, x0)
        kept[-1] = Span(last.text.rstrip(), last.style, (x0, y0, end, y1), last.baseline)
    return tuple(kept)


def mended(rows: list[Row]) -> Iterator[Row]:
    """Rows that MuPDF cut at a wide blank of one sentence, joined again; a number before a
    heading stays apart.
    """
    held: Row | None = None
    stretched = _stretched(rows)
    for row in rows:
        if held is not None and (row.order in stretched or _is_one(held, row)):
            first = row.spans[0]
            if gap_of(held.rect, row.rect) > LEAST_GAP * row.size:
                first = Span(" " + first.text, first.style, first.bbox, first.baseline)
            spans = trimmed([*held.spans, first, *row.spans[1:]])
            held = replace(held, spans=spans, x0=min(held.x0, row.x0), x1=max(held.x1, row.x1))
            continue
        if held is not None:
            yield held
        held = row
    if held is not None:
        yield held


def _stretched(rows: Sequence[Row]) -> set[int]:
    """The words (by order) that go on with the row before them in lines stretched so far that each
    word became a row.

    What tells such a line from cells of a table: its blanks are all of one width, and its words are
    not.
    """
    found: set[int] = set()
    chain: list[Row] = []
    for row in [*rows, None]:
        if row is not None and chain and _is_next(chain, row):
            chain.append(row)
            continue
        widths = [one.x1 - one.x0 for one in chain]
        if len(chain) >= LEAST_STRETCHED and max(widths) - min(widths) > 0.5 * chain[0].size:
            found |= (
                {one.order for one in chain[1:]}
                if any(_has_word(one.text) for one in chain)
                else set()
            )
        chain = [row] if row is not None else []
    return found


def _is_next(chain: Sequence[Row], row: Row) -> bool:
    last = chain[-1]
    gap = row.x0 - last.x1
    even = len(chain) < 2 or abs(gap - (last.x0 - chain[-2].x1)) < STRETCH_SLACK * row.size  # noqa: PLR2004  # two make a gap
    level = row.block == last.block and abs(row.baseline - last.baseline) < 0.1 * row.size
    return (
        level
        and even
        and abs(row.size - last.size) < 0.05 * row.size
        and 0 < gap < WIDEST_STRETCH * row.size
    )


def _is_one(row: Row, following: Row) -> bool:
    if abs(row.baseline - following.baseline) >= 0.1 * row.size:
        return False
    gap = following.x0 - row.x1
    if gap < 0 and following.x0 < row.x0 and RIGHT_TO_LEFT.search(row.text + following.text):
        gap = row.x0 - following.x1  # MuPDF cuts lines where words from the left stand among others
    if LEADER.fullmatch(following.text):
        return -row.size < gap < LEADER_GAP * row.size and _has_word(row.text)
    return (
        row.block == following.block
        and abs(row.size - following.size) < 0.05 * row.size
        and -0.3 * row.size
        < gap
        < (SENTENCE_GAP if row.text[-1] in ".!?:" else WIDE_GAP) * row.size
        and _has_word(row.text)
        and _has_word(following.text)
    )


def once(rows: Iterable[Row]) -> list[Row]:
    """The rows without those that say the same at the same place, as some programs print bold
    letters: one stands for all.
    """
    found: dict[int, Row] = {}
    known: dict[tuple[str, int], Row] = {}
    for row in rows:
        text, place = row.text, round(row.baseline)
        alike = (
            known.get((text, place)) or known.get((text, place - 1)) or known.get((text, place + 1))
        )
        twin = alike if alike is not None and _is_twin(alike, row) else None
        if twin is not None:
            del found[twin.order]
            row = replace(row, prints=twin.prints + 1)
            if twin.x0 != row.x0 or twin.baseline != row.baseline:
                row = replace(row, spans=tuple(_bold(span) for span in row.spans))
        known[text, place] = found[row.order] = row
    return list(found.values())


def _is_twin(one: Row, other: Row) -> bool:
    off = TWIN * one.size
    return (
        abs(one.baseline - other.baseline) < off
        and abs(one.x0 - other.x0) < off
        and abs(one.x1 - other.x1) < off
        and abs(one.size - other.size) < off
    )


def _bold(span: Span) -> Span:
    return replace(span, style=replace(span.style, bold=True))


def _has_word(text: str) -> bool:
    return sum(map(str.isalpha, text)) > 1
