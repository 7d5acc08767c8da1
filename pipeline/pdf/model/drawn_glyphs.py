"""The glyphs of a piece of text that MuPDF draws, all at once.

PyMuPDF gives them one by one, and each of their fields by a call of its own: six for a letter.
MuPDF itself has them in an array, which is read as it lies in memory (`fz_text_item` in
mupdf/fitz/text.h; tests compare it with what PyMuPDF gives).
"""

from __future__ import annotations

import struct
from typing import Any

from pymupdf import mupdf

Drawn = tuple[float, float, float, int, int, int]
"""x, y and advance in the text's own space, glyph, character (-1: none of its own), code."""

_ITEM = struct.Struct("@fffiii")
_READ_ONLY = 0


def glyphs_of(span: Any) -> list[Drawn]:
    """The glyphs of a `fz_text_span`, while MuPDF has it."""
    count = span.len
    if not count:
        return []
    array = mupdf.python_memoryview_from_memory(span.items, count * _ITEM.size, _READ_ONLY)
    return list(_ITEM.iter_unpack(array))
