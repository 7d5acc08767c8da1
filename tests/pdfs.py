"""PDFs that tests make as they need them."""

from __future__ import annotations

import uuid

import pymupdf

PARAGRAPHS = 300  # six requests of 50 texts


def long_pdf() -> bytes:
    """Twenty pages with sentences that are all different."""
    document = pymupdf.open()
    for number in range(PARAGRAPHS):
        if number % 15 == 0:
            page = document.new_page()
        words = f"The visitor with ticket {uuid.UUID(int=number).hex[-4:]} wanted a window seat in the morning train."
        page.insert_text((60, 60 + 45 * (number % 15)), words.replace("0", "o"), fontsize=11)
    return bytes(document.tobytes())
