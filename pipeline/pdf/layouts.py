"""How the pages of source and result stand together in the file that is sent."""

from __future__ import annotations

from pathlib import Path

import pymupdf

from dragoman.domain.document import DocumentWarning
from dragoman.domain.job import Layout
from pipeline.pdf.cleaning import clean
from pipeline.pdf.opening import opened


def save(
    pdf: pymupdf.Document, source: Path, out: Path, layout: Layout, password: str | None
) -> tuple[DocumentWarning, ...]:
    """Write the translated `pdf` to `out` in a layout, unused objects left out, without a password.

    Gives what got lost on the way. Raises what opening the source raises.
    """
    if layout is Layout.TRANSLATED:
        _write(pdf, out)
        return ()
    with opened(source, password) as original:
        clean(original)
        return (_side_by_side if layout is Layout.SIDE_BY_SIDE else _alternating)(original, pdf, out)


def _write(pdf: pymupdf.Document, out: Path) -> None:
    pdf.save(out, garbage=3, deflate=True, encryption=pymupdf.mupdf.PDF_ENCRYPT_NONE)


def _side_by_side(source: pymupdf.Document, result: pymupdf.Document, out: Path) -> tuple[DocumentWarning, ...]:
    """Each page of the source with its translation to the right of it, on a sheet of double width.

    Web links and links between pages are carried over; form fields and other annotations are not.
    """
    translated = pymupdf.open("pdf", result.tobytes(garbage=3))
    dropped = False
    with pymupdf.open() as book, translated:
        for number in range(source.page_count):
            left, right = source[number], translated[number]
            width = left.rect.width
            sheet = book.new_page(width=2 * width, height=left.rect.height)
            half = pymupdf.Rect(0, 0, width, left.rect.height)
            # A page is shown as it is stored; its rotation is undone by turning it the other way.
            sheet.show_pdf_page(half, source, number, rotate=-left.rotation)
            sheet.show_pdf_page(
                pymupdf.Rect(width, 0, 2 * width, left.rect.height), translated, number, rotate=-left.rotation
            )
            dropped = dropped or next(right.annots(), None) is not None or next(right.widgets(), None) is not None
        for number in range(source.page_count):
            _copy_links(source[number], book[number], 0.0)
            _copy_links(translated[number], book[number], source[number].rect.width)
        book.set_toc(translated.get_toc(simple=True))
        book.set_metadata({key: value or "" for key, value in (translated.metadata or {}).items() if key in _METADATA})
        _write(book, out)
    if not dropped:
        return ()
    message = "Side by side, form fields and comments are shown as they look, but cannot be filled in or opened."
    return (DocumentWarning("fields_flattened", message),)


_METADATA = frozenset({"title", "author", "subject", "keywords"})
_KINDS = frozenset({pymupdf.LINK_URI, pymupdf.LINK_GOTO, pymupdf.LINK_NAMED})


def _copy_links(page: pymupdf.Page, sheet: pymupdf.Page, shift: float) -> None:
    for link in page.get_links():
        if link["kind"] not in _KINDS:
            continue
        area = link["from"] * page.rotation_matrix + (shift, 0, shift, 0)
        new = {"kind": pymupdf.LINK_GOTO, "from": area}
        if link["kind"] == pymupdf.LINK_URI:
            new |= {"kind": pymupdf.LINK_URI, "uri": link["uri"]}
        elif 0 <= link.get("page", -1) < sheet.parent.page_count:
            new |= {"page": link["page"], "to": pymupdf.Point(0, 0)}
        else:
            continue
        sheet.insert_link(new)


def _alternating(source: pymupdf.Document, result: pymupdf.Document, out: Path) -> tuple[DocumentWarning, ...]:
    """Each page of the source, followed by its translation; the outline leads to the translations."""
    count = result.page_count
    result.insert_pdf(source, start_at=count, annots=True, links=True)
    result.select([number + half for number in range(count) for half in (count, 0)])
    _write(result, out)
    return ()
