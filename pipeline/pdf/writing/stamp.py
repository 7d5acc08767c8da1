"""A sentence printed in a band along the upper edge of a page, whichever way the page is turned."""

from __future__ import annotations

import pymupdf

from dragoman.domain.document import Family, Run, Style
from pipeline.pdf.typesetting.line_breaking import Box, fit
from pipeline.pdf.typesetting.shaping import Words
from pipeline.pdf.writing.content_stream import text_operators

HEIGHT, SIZE, MARGIN = 13.0, 8.0, 12.0  # points
PAPER = "1 0.93 0.6 rg"  # pale yellow: seen at once, and the ink stays readable
INK = 0x8A1F11


def stamp_operators(text: str, page: pymupdf.Page, words: Words) -> str:
    """The operators of the band, in the unrotated space of `page` (which still has its
    rotation).
    """
    shown, turn = page.rect, page.derotation_matrix
    band = pymupdf.Rect(0, 0, shown.width, HEIGHT) * turn
    right = pymupdf.Point(1, 0) * turn - pymupdf.Point(0, 0) * turn
    start = pymupdf.Point(MARGIN, HEIGHT - 3.5) * turn
    direction = (float(round(right.x)), float(round(right.y)))
    style = Style(Family.SANS, SIZE, INK, bold=True)
    shown_words = words.of((Run(text, style),))
    dx, dy = direction
    along, across = start.x * dx + start.y * dy, start.y * dx - start.x * dy
    box = Box(along, along + shown.width - 2 * MARGIN, across, across + 3, SIZE, SIZE, single=True)
    drawn = "\n".join(text_operators(fit(shown_words, box), direction))
    return f"{PAPER} {band.x0:.2f} {band.y0:.2f} {band.width:.2f} {band.height:.2f} re f\n{drawn}"
