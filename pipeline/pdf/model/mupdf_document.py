"""PyMuPDF's document and MuPDF's own, which lies under it."""

from __future__ import annotations

import pymupdf
from pymupdf import mupdf


def beneath(pdf: pymupdf.Document) -> mupdf.PdfDocument:
    """MuPDF's own document of an open PDF, for what PyMuPDF has no words for; both see the same
    pages and objects.
    """
    return mupdf.PdfDocument(pdf.this)
