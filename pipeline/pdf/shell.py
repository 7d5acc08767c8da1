"""What a file says outside its pages: outline, title and language."""

from __future__ import annotations

import pymupdf

from dragoman.domain.document import Document


def label(pdf: pymupdf.Document, document: Document, target_lang: str) -> None:
    """Set the translated labels and the document's language; nothing else of outline and metadata changes."""
    outline = pdf.get_outline_xrefs()
    for one in document.labels:
        if one.target is None:
            continue
        name, _, place = one.key.partition(".")
        if name == "title":
            _set_title(pdf, one.target)
        elif int(place) < len(outline):
            pdf.xref_set_key(outline[int(place)], "Title", pymupdf.get_pdf_str(one.target))
    pdf.xref_set_key(pdf.pdf_catalog(), "Lang", pymupdf.get_pdf_str(target_lang))


def _set_title(pdf: pymupdf.Document, title: str) -> None:
    kind, value = pdf.xref_get_key(-1, "Info")
    if kind == "xref":
        pdf.xref_set_key(int(value.split()[0]), "Title", pymupdf.get_pdf_str(title))
    else:
        pdf.set_metadata({"title": title})
