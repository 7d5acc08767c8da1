"""Bullets and numbers before the text of an item: they stay on the page as they are, so that
the text keeps its indent.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pymupdf

from dragoman.domain.document import Family, Span
from pipeline.pdf.model.scripts import SIGNS
from pipeline.pdf.model.text_rows import Row

MARKER = re.compile(
    rf"(?:[•▪▫●○■□◦‣⁃➢➤–—*\-·►▶◆◇{SIGNS}]|\(?\d{{1,3}}[.)]|\(?[a-zA-Z][.)]|\(?[ivxIVX]{{1,4}}[.)])(?:\s|$)"
)
HANGING = 0.5  # of the size: the least by which later rows are indented
FARTHEST = 4.0  # of the size: a second span that begins later is no text after a marker
_METRICS = {Family.SANS: "helv", Family.SERIF: "tiro", Family.MONO: "cour"}


def split(rows: list[Row]) -> tuple[Row | None, list[Row]]:
    """The marker of a list item as a row of its own (None: there is none), and the rows without it.

    An item whose later rows begin under its marker keeps it in the text.
    """
    first = rows[0]
    found = MARKER.match(first.text)
    if found is None or found.end() >= len(first.text):
        return None, rows
    hanging = len(rows) > 1 and rows[1].x0 - first.x0 > HANGING * first.size
    if len(rows) > 1 and not hanging:
        return None, rows
    apart = first.text_x is not None and first.text_x - first.x0 < FARTHEST * first.size
    start = first.text_x if apart else rows[1].x0 if hanging else _place(first, found.end())
    if start is None:
        return None, rows
    if not first.x0 < start < first.x1:
        return None, rows
    marker, text = _cut(first, found.end(), start)
    return marker, [text, *rows[1:]]


def _place(row: Row, count: int) -> float:
    """Where character `count` of a row begins, as the widths of a common typeface have it."""
    metrics = _METRICS[row.spans[0].style.family]
    before = pymupdf.get_text_length(row.text[:count], metrics, 1.0)
    return row.x0 + (row.x1 - row.x0) * before / max(
        pymupdf.get_text_length(row.text, metrics, 1.0), 0.01
    )


def _cut(row: Row, count: int, x: float) -> tuple[Row, Row]:
    before: list[Span] = []
    after: list[Span] = []
    for span in row.spans:
        left, right = span.text[:count], span.text[max(count, 0) :]
        x0, y0, x1, y1 = span.bbox
        if count > 0 and left.strip():
            before.append(replace(span, text=left.rstrip(), bbox=(x0, y0, min(x1, x - 1), y1)))
        if right:
            after.append(
                replace(
                    span,
                    text=right if after else right.lstrip(),
                    bbox=(max(x0, x), y0, max(x1, x), y1),
                )
            )
        count -= len(span.text)
    return replace(row, spans=tuple(before), x1=x - 1), replace(row, spans=tuple(after), x0=x)
