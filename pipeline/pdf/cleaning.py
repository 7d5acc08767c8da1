"""A file without what acts or hides: scripts, launch actions and embedded files go; links to the web and within the file stay.

Every object is looked at, whether or not anything leads to it today. What does nothing by itself (forms, comments, layers,
tags, page labels, destinations) is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

import pymupdf
from pymupdf import mupdf

from dragoman.domain.document import DocumentWarning

# Actions that run code, start programs, or send or fetch data without being a link (ISO 32000-1 table 198).
ACTIONS = frozenset(
    ["JavaScript", "Launch", "GoToE", "SubmitForm", "ImportData", "Movie", "Sound", "Rendition", "RichMediaExecute"]
)
SCRIPTS = frozenset(["JavaScript", "JS", "XFA", "Requirements"])  # keys of dictionaries
TRIGGERS = frozenset(["AA"])  # actions that nobody clicks on: opening, printing, entering a field (12.6.3)
FILES = frozenset(["EmbeddedFiles", "EF", "AF", "Collection", "RichMediaContent"])
# Copies of the original: an application's own data (14.5), small pictures of pages (12.3.4), rights bound to the old bytes.
COPIES = frozenset(["PieceInfo", "Thumb", "Perms"])
KEYS = SCRIPTS | TRIGGERS | FILES | COPIES
ANNOTATIONS = frozenset(["FileAttachment", "RichMedia", "Screen", "Movie", "Sound", "3D"])
SCHEMES = frozenset(["http", "https", "mailto", "tel", "ftp", "ftps", "news"])
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")  # RFC 3986 3.1
_ELSEWHERE = re.compile(r"\s*(?:[\\/]|[A-Za-z][A-Za-z0-9+.-]*:)")  # a file of another host, an absolute path, a URL
_SUSPECT = re.compile(
    "/(?:"
    + "|".join(sorted(KEYS | ACTIONS | ANNOTATIONS | {"GoToR", "URI", "Sig", "SigFlags", "OpenAction"}))
    + r")(?![A-Za-z0-9])"
)
DEEPEST = 100  # levels of nesting within one object


def clean(pdf: pymupdf.Document) -> tuple[DocumentWarning, ...]:
    """Take out of `pdf` what acts or hides. Gives what its reader should know of that."""
    cleaner = _Cleaner(pdf)
    for xref in range(1, pdf.xref_length()):
        # An object that cannot be read is one that no reader reads either.
        with suppress(RuntimeError, ValueError, mupdf.FzErrorBase):
            if _SUSPECT.search(pdf.xref_object(xref, compressed=True)):
                cleaner.clean(xref)
    cleaner.drop_annotations()
    return tuple(_warnings(cleaner.found))


def _warnings(found: set[str]) -> Iterator[DocumentWarning]:
    if found & {"script", "file"}:
        what = {"script": "scripts and automatic actions", "file": "attached files"}
        named = " and ".join(words for kind, words in what.items() if kind in found)
        yield DocumentWarning("active_content_removed", f"For safety, {named} of the document were left out.")
    if "signature" in found:
        message = "The digital signature was left out: it is valid for the original only."
        yield DocumentWarning("signature_removed", message)


class _Cleaner:
    """`found`: what was taken out, as `script`, `file` or `signature`."""

    def __init__(self, pdf: pymupdf.Document) -> None:
        self.found: set[str] = set()
        self._pdf = pdf
        self._document = pymupdf._as_pdf_document(pdf)  # noqa: SLF001  # PyMuPDF has no other way to its mupdf.PdfDocument
        self._catalog: int = pdf.pdf_catalog()
        self._annotations: set[int] = set()

    def clean(self, xref: int) -> None:
        thing = mupdf.pdf_load_object(self._document, xref)
        if xref == self._catalog:
            self._clean_catalog(thing)
        if _name(thing, "Subtype") in ANNOTATIONS and mupdf.pdf_dict_gets(thing, "Rect").m_internal:
            popup = mupdf.pdf_dict_gets(thing, "Popup")
            self._annotations |= {xref, mupdf.pdf_to_num(popup)} if popup.m_internal else {xref}
            self.found.add("file")
        if self._is_wrong(thing):
            self._pdf.update_object(xref, "null")  # a reference to null is an absent entry (ISO 32000-1 7.3.9)
        else:
            self._clean(thing)

    def drop_annotations(self) -> None:
        """Take annotations that only open what is gone off their pages."""
        gone = re.compile(rf"\b(?:{'|'.join(map(str, self._annotations))}) 0 R")
        for number in range(self._pdf.page_count if self._annotations else 0):
            page = self._pdf.page_xref(number)
            kind, value = self._pdf.xref_get_key(page, "Annots")
            if kind == "xref":
                value = self._pdf.xref_object(int(value.split()[0]), compressed=True)
            if gone.search(value):
                self._pdf.xref_set_key(page, "Annots", gone.sub("", value))
        for xref in self._annotations - {0}:
            self._pdf.update_object(xref, "null")

    def _clean_catalog(self, catalog: mupdf.PdfObj) -> None:
        action = mupdf.pdf_dict_gets(catalog, "OpenAction")
        if mupdf.pdf_is_dict(action) and _name(action, "S") not in {"GoTo", "Named"}:
            mupdf.pdf_dict_dels(catalog, "OpenAction")
            self.found.add("script")

    def _clean(self, thing: mupdf.PdfObj, depth: int = 0) -> None:
        """Clean an object and what it holds directly; what it refers to is cleaned as an object of its own."""
        if depth > DEEPEST:
            raise RecursionError
        if mupdf.pdf_is_array(thing):
            for place in reversed(range(mupdf.pdf_array_len(thing))):
                self._clean_member(mupdf.pdf_array_get(thing, place), depth)
            return
        if not mupdf.pdf_is_dict(thing):
            return
        self._unsign(thing)
        for place in reversed(range(mupdf.pdf_dict_len(thing))):
            key = mupdf.pdf_to_name(mupdf.pdf_dict_get_key(thing, place))
            value = mupdf.pdf_dict_get_val(thing, place)
            if key in KEYS or (not mupdf.pdf_is_indirect(value) and self._is_wrong(value)):
                mupdf.pdf_dict_dels(thing, key)
                self._note(key)
            else:
                self._clean_member(value, depth)

    def _clean_member(self, value: mupdf.PdfObj, depth: int) -> None:
        if not mupdf.pdf_is_indirect(value):
            self._clean(value, depth + 1)

    def _is_wrong(self, thing: mupdf.PdfObj) -> bool:
        """Whether it is an action that must go."""
        if (
            not mupdf.pdf_is_dict(thing) or mupdf.pdf_dict_gets(thing, "P").m_internal
        ):  # a structure element has S and P
            return False
        kind = _name(thing, "S")
        wrong = (
            kind in ACTIONS
            or (kind == "GoToR" and bool(_ELSEWHERE.match(_file(thing))))
            or (kind == "URI" and not _is_web(_text(thing, "URI")))
        )
        if wrong:
            self.found.add("script")
        return wrong

    def _unsign(self, thing: mupdf.PdfObj) -> None:
        if _name(thing, "FT") == "Sig" and mupdf.pdf_dict_gets(thing, "V").m_internal:
            mupdf.pdf_dict_dels(thing, "V")
            self.found.add("signature")
        if mupdf.pdf_dict_gets(thing, "SigFlags").m_internal:
            mupdf.pdf_dict_dels(thing, "SigFlags")

    def _note(self, key: str) -> None:
        if key in FILES:
            self.found.add("file")
        elif key in SCRIPTS | TRIGGERS:
            self.found.add("script")


def _is_web(address: str) -> bool:
    scheme = _SCHEME.match(address)
    return scheme is None or scheme[1].lower() in SCHEMES


def _file(action: mupdf.PdfObj) -> str:
    """The file that a remote go-to action names (ISO 32000-1 7.11)."""
    named = mupdf.pdf_dict_gets(action, "F")
    if mupdf.pdf_is_dict(named):
        return _text(named, "UF") or _text(named, "F")
    return str(mupdf.pdf_to_text_string(named)) if named.m_internal else ""


def _text(thing: mupdf.PdfObj, key: str) -> str:
    value = mupdf.pdf_dict_gets(thing, key)
    return str(mupdf.pdf_to_text_string(value)) if value.m_internal else ""


def _name(thing: mupdf.PdfObj, key: str) -> str:
    value = mupdf.pdf_dict_gets(thing, key) if mupdf.pdf_is_dict(thing) else None
    return str(mupdf.pdf_to_name(value)) if value is not None and value.m_internal else ""
