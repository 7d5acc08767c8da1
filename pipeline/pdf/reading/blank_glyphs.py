"""Blanks that a file's table for copying calls something else: without them, a line is one word.

A typeface in which a page has no blank but some character again and again is looked at: what it
draws without ink was a blank.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pymupdf
from pymupdf import mupdf

from pipeline.pdf.model.drawn_glyphs import glyphs_of
from pipeline.pdf.model.scripts import CJK
from pipeline.pdf.reading.letter_shapes import ink_of

ENOUGH = 24  # characters in a typeface: with fewer, words may be without blanks by chance
LEAST = 0.05  # of them: how often a character comes that may be a blank; in English 0.18 are
MOST_BLANKS = 0.01  # of them
_COMMON = ".,:;-–()/%·…"  # of figures and contents, which have no blanks
_CJK = re.compile(f"[{CJK.ranges}]")
UPRIGHT = mupdf.FzMatrix()


def tell_blanks(page: pymupdf.Page, blocks: Iterable[dict[str, Any]]) -> None:
    """Write blanks in the spans of MuPDF's text dictionary where others stand for them."""
    spans = [span for block in blocks for line in block.get("lines", ()) for span in line["spans"]]
    texts: dict[str, list[str]] = {}
    for span in spans:
        texts.setdefault(span["font"], []).append(span["text"])
    doubtful = {font: found for font, one in texts.items() if (found := doubts("".join(one)))}
    if not doubtful:
        return
    device = _Device(doubtful)
    mupdf.fz_run_page_contents(page.this, device, UPRIGHT, mupdf.FzCookie())
    mupdf.fz_close_device(device)
    for span in spans:
        blanks = device.blanks(span["font"])
        if blanks:
            span["text"] = span["text"].translate(dict.fromkeys(map(ord, blanks), " "))


def doubts(text: str) -> set[str]:
    """The characters of all that is in one typeface that may be its blanks."""
    if len(text) < ENOUGH or text.count(" ") > MOST_BLANKS * len(text):
        return set()
    if _CJK.search(text):
        return set()
    counts = Counter(text)
    return {one for one, count in counts.items() if count >= LEAST * len(text) and _may_be(one)}


def _may_be(character: str) -> bool:
    return not (character.isalnum() or character.isspace() or character in _COMMON)


class _Device(mupdf.FzDevice2):  # type: ignore[misc]  # MuPDF's classes have no types
    """Looks at the glyphs of `doubtful` characters, by the name of their typeface."""

    def __init__(self, doubtful: Mapping[str, set[str]]) -> None:
        super().__init__()
        self.use_virtual_fill_text()
        self._doubtful = doubtful
        self._inked: dict[tuple[str, int, int], bool] = {}

    def blanks(self, font: str) -> set[str]:
        """The characters of a typeface that are never drawn with ink."""
        found: dict[str, bool] = {}
        for (name, character, _), inked in self._inked.items():
            if name == font:
                found[chr(character)] = found.get(chr(character), False) or inked
        return {character for character, inked in found.items() if not inked}

    def fill_text(self, _context: Any, text: Any, *_paint: Any) -> None:
        """Called by MuPDF for each piece of text."""
        span = text.head
        while span:
            name = mupdf.ll_fz_font_name(span.font)
            name = name if name in self._doubtful else name.rpartition("+")[2]
            characters = self._doubtful.get(name)
            if characters:
                self._look(span, name, characters)
            span = span.next

    def _look(self, span: Any, name: str, characters: set[str]) -> None:
        for *_, glyph, character, _ in glyphs_of(span):
            key = name, character, glyph
            if character < 0 or key in self._inked or chr(character) not in characters:
                continue
            self._inked[key] = ink_of(span.font, glyph) != []
