"""What a typeface is where its name says nothing: told by the ink of its letters.

A serif stands on feet: at the baseline its uprights are wider than at half height. Descriptor flags
cannot be relied on, since many files call every typeface a serif (ISO 32000-1 table 123).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

import pymupdf
from pymupdf import mupdf

from pipeline.pdf.model.drawn_glyphs import glyphs_of
from pipeline.pdf.model.styles import FLAG_MEASURED, FLAG_SERIF, family_by_name

LETTERS = "nhmrkHIFTPfipNMK"  # they stand on uprights, in all typefaces
ENOUGH = 5  # letters of a typeface that are measured
SIZE = 64  # pixels to the em
SCISSOR = mupdf.FzIrect(-2 * SIZE, -2 * SIZE, 2 * SIZE, 2 * SIZE)
SMOOTH = 8  # bits
INKED = 0x80  # of 255: what counts as ink in a pixel
# of a letter's height, from its lower edge: where a serif is, and where uprights are alone
FOOT, SHAFT = (0.0, 0.08), (0.2, 0.4)
# times: how much more ink the feet of a serif have than its uprights. Of 30 sans faces in use all
# have 1.0; serifs have 1.7 to 3.5, their italics 1.1 to 2.8, but for the boldest Times
FEET = 1.08
LEAST_ROWS = 12  # pixels: letters of less height tell nothing


def tell_serifs(page: pymupdf.Page, blocks: Iterable[dict[str, Any]]) -> None:
    """Note in the spans of MuPDF's text dictionary what typefaces without a telling name are.

    Sets FLAG_MEASURED where that could be told, and FLAG_SERIF by it.
    """
    spans = [
        span
        for block in blocks
        for line in block.get("lines", ())
        for span in line["spans"]
        if family_by_name(span["font"]) is None and not span["text"].isspace()
    ]
    if not spans:
        return
    found = _serifs(page, {span["font"] for span in spans})
    for span in spans:
        serif = found.get(span["font"])
        if serif is not None:
            flags = span["flags"] | FLAG_SERIF if serif else span["flags"] & ~FLAG_SERIF
            span["flags"] = flags | FLAG_MEASURED


def feet(ink: Sequence[int]) -> float | None:
    """How many times more ink the feet of a letter have than its uprights.

    `ink`: its pixels by row, from top to bottom. None: it is too low to tell.
    """
    height = len(ink)
    if height < LEAST_ROWS:
        return None
    from_below = list(reversed(ink))
    foot = from_below[round(FOOT[0] * height) : max(2, round(FOOT[1] * height))]
    shaft = median(from_below[round(SHAFT[0] * height) : round(SHAFT[1] * height)])
    return max(foot) / shaft if shaft else None


def _serifs(page: pymupdf.Page, fonts: set[str]) -> dict[str, bool]:
    """Whether typefaces are serifs, by the names that MuPDF's text dictionary has for them."""
    device = _Device(fonts)
    mupdf.fz_run_page_contents(page.this, device, mupdf.FzMatrix(), mupdf.FzCookie())
    mupdf.fz_close_device(device)
    return {name: median(shapes.values()) > FEET for name, shapes in device.feet.items() if shapes}


class _Device(mupdf.FzDevice2):  # type: ignore[misc]  # MuPDF's classes have no types
    """Measures letters of the typefaces `fonts`."""

    def __init__(self, fonts: Iterable[str]) -> None:
        super().__init__()
        self.use_virtual_fill_text()
        self.feet: dict[str, dict[int, float]] = {name: {} for name in fonts}
        self._seen: set[tuple[str, int]] = set()

    def fill_text(self, _context: Any, text: Any, *_paint: Any) -> None:
        """Called by MuPDF for each piece of text."""
        span = text.head
        while span:
            name = mupdf.ll_fz_font_name(span.font)
            known = self.feet.get(name, self.feet.get(name.rpartition("+")[2]))
            if known is not None and len(known) < ENOUGH:
                self._measure(span, name, known)
            span = span.next

    def _measure(self, span: Any, name: str, known: dict[int, float]) -> None:
        for *_, glyph, character, _ in glyphs_of(span):
            if glyph < 0 or character < 0 or chr(character) not in LETTERS:
                continue
            if (name, glyph) in self._seen:
                continue
            self._seen.add((name, glyph))
            found = feet(ink_of(span.font, glyph) or [])
            if found is not None:
                known[glyph] = found


def ink_of(font: Any, glyph: int) -> list[int] | None:
    """The inked pixels of a glyph by row; None: it cannot be drawn by itself."""
    if glyph < 0 or mupdf.ll_fz_font_t3_procs(font):
        return None
    kept = mupdf.FzFont(mupdf.ll_fz_keep_font(font))
    up = mupdf.FzMatrix(SIZE, 0, 0, -SIZE, 0, 0)
    try:
        drawn = mupdf.fz_render_glyph_pixmap(kept, glyph, up, SCISSOR, SMOOTH)
    except mupdf.FzErrorBase:
        return None
    if drawn.m_internal is None:
        return None
    width, stride = drawn.w(), drawn.stride()
    if not width or not stride:
        return []
    pixels = mupdf.fz_pixmap_samples_memoryview(drawn)
    rows = [
        sum(pixel > INKED for pixel in pixels[start : start + width])
        for start in range(0, stride * drawn.h(), stride)
    ]
    return _trimmed(rows)


def _trimmed(rows: list[int]) -> list[int]:
    """Without empty rows over and under the letter."""
    inked = [place for place, ink in enumerate(rows) if ink]
    return rows[inked[0] : inked[-1] + 1] if inked else []
