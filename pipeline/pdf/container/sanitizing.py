"""A file without what acts or hides: only actions that `pipeline.pdf.container.allowed_actions`
lists stay; scripts and embedded files go.

Every object is looked at, whether or not anything leads to it today. What does nothing by itself
(forms, comments, layers, tags, page labels, destinations) is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

import pymupdf
from pymupdf import mupdf

from dragoman.domain.document import DocumentWarning
from pipeline.pdf.container.allowed_actions import (
    AUTOMATIC,
    HOLDERS,
    TYPES,
    harmless_part,
    is_action,
    is_harmless,
    is_held_action,
    name_of,
)
from pipeline.pdf.model.mupdf_document import beneath

SCRIPTS = frozenset(["JavaScript", "JS", "XFA", "Requirements"])  # keys of dictionaries
# actions that nobody clicks on: opening, printing, entering a field (12.6.3)
TRIGGERS = frozenset(["AA"])
FILES = frozenset(["EmbeddedFiles", "EF", "AF", "Collection", "RichMediaContent"])
# Copies of the original: an application's own data (14.5), small pictures of pages (12.3.4), rights
# bound to the old bytes.
COPIES = frozenset(["PieceInfo", "Thumb", "Perms"])
# What a reader would fetch from elsewhere: pictures of a print shop (14.11.7), the source of what
# was read from the web (14.10.4).
ELSEWHERE = frozenset(["OPI", "SpiderInfo"])
KEYS = SCRIPTS | TRIGGERS | FILES | COPIES | ELSEWHERE
# The contents of a stream may lie in another file, also one on another host (7.3.8.2).
OF_OTHER_FILES = frozenset(["F", "FFilter", "FDecodeParms"])
ANNOTATIONS = frozenset(["FileAttachment", "RichMedia", "Screen", "Movie", "Sound", "3D"])
_NAMES = (
    KEYS | HOLDERS | ANNOTATIONS | OF_OTHER_FILES | {"Ref", "URI", "Sig", "SigFlags", "Type/Action"}
)
# Nearly all objects of a large file have none of this in them, and are not taken apart.
_SUSPECT = re.compile(
    f"/(?:{'|'.join(sorted(_NAMES))}|S/(?:{'|'.join(sorted(TYPES))}))(?![A-Za-z0-9])"
)
# Most suspects are links like these, with nothing else in them: they need not be taken apart
# either, which takes longest.
_PLAIN_LINK = re.compile(
    r"/A<<(?:/Type/Action)?(?:"
    r"/S/GoTo/D(?:\([\w .:-]*\)|\[\d+ 0 R/[A-Za-z]+[\d .-]*(?:null)?\])"
    r"|/S/URI/URI\(https?://[\w./?=&%#~+,:;@!-]+\)|/URI\(https?://[\w./?=&%#~+,:;@!-]+\)/S/URI"
    r")(?:/Type/Action)?>>",
    re.ASCII,
)
DEEPEST = 100  # levels of nesting within one object


def clean(pdf: pymupdf.Document) -> tuple[DocumentWarning, ...]:
    """Take out of `pdf` what acts or hides. Gives what its reader should know of that."""
    cleaner = _Cleaner(pdf)
    for xref in range(1, pdf.xref_length()):
        # An object that cannot be read is one that no reader reads either.
        with suppress(RuntimeError, ValueError, mupdf.FzErrorBase):
            if _SUSPECT.search(_PLAIN_LINK.sub("", pdf.xref_object(xref, compressed=True))):
                cleaner.clean(xref)
    cleaner.drop_actions()
    cleaner.drop_annotations()
    return tuple(_warnings(cleaner.found))


def _warnings(found: set[str]) -> Iterator[DocumentWarning]:
    if "link" in found:
        message = (
            "For safety, links that lead neither to a place in the document nor to the web were"
            " left out."
        )
        yield DocumentWarning("links_removed", message)
    if found & {"script", "file"}:
        what = {"script": "scripts and automatic actions", "file": "attached files"}
        named = " and ".join(words for kind, words in what.items() if kind in found)
        yield DocumentWarning(
            "active_content_removed", f"For safety, {named} of the document were left out."
        )
    if "signature" in found:
        message = "The digital signature was left out: it is valid for the original only."
        yield DocumentWarning("signature_removed", message)


class _Cleaner:
    """`found`: what was taken out, as `link`, `script`, `file` or `signature`."""

    def __init__(self, pdf: pymupdf.Document) -> None:
        self.found: set[str] = set()
        self._pdf = pdf
        self._document = beneath(pdf)
        self._catalog: int = pdf.pdf_catalog()
        self._annotations: set[int] = set()
        self._actions: list[int] = []

    def clean(self, xref: int) -> None:
        thing = mupdf.pdf_load_object(self._document, xref)
        if xref == self._catalog:
            self._clean_catalog(thing)
        if (
            name_of(thing, "Subtype") in ANNOTATIONS
            and mupdf.pdf_dict_gets(thing, "Rect").m_internal
        ):
            popup = mupdf.pdf_dict_gets(thing, "Popup")
            self._annotations |= {xref, mupdf.pdf_to_num(popup)} if popup.m_internal else {xref}
            self.found.add("file")
        if is_action(thing) and not is_harmless(thing):
            # Whoever refers to it holds a copy of what may stay, or will when its turn comes. A
            # reference to null is an absent entry (ISO 32000-2 7.3.9).
            self._actions.append(xref)
        else:
            self._clean(thing)
        if self._pdf.xref_is_stream(xref):
            self._keep_inside(thing)

    def drop_actions(self) -> None:
        """Take away the actions that stand as objects of their own, once those that may stay in
        part are copied.
        """
        for xref in self._actions:
            self._pdf.update_object(xref, "null")

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
        # what addresses without a scheme begin with (12.6.4.8)
        if mupdf.pdf_dict_gets(catalog, "URI").m_internal:
            mupdf.pdf_dict_dels(catalog, "URI")

    def _keep_inside(self, stream: mupdf.PdfObj) -> None:
        """Take away what makes a reader fetch the contents of a stream, or a page for it
        (8.10.4), from another file.
        """
        entries = [
            key for key in sorted(OF_OTHER_FILES) if mupdf.pdf_dict_gets(stream, key).m_internal
        ]
        if mupdf.pdf_is_dict(mupdf.pdf_dict_gets(stream, "Ref")):
            entries.append("Ref")
        for key in entries:
            mupdf.pdf_dict_dels(stream, key)
            self.found.add("link")

    def _clean(self, thing: mupdf.PdfObj, depth: int = 0) -> None:
        """Clean an object and what it holds directly; what it refers to is cleaned as an object
        of its own.
        """
        if depth > DEEPEST:
            raise RecursionError
        if mupdf.pdf_is_array(thing):
            self._clean_array(thing, depth)
            return
        if not mupdf.pdf_is_dict(thing):
            return
        self._unsign(thing)
        for place in reversed(range(mupdf.pdf_dict_len(thing))):
            key = mupdf.pdf_to_name(mupdf.pdf_dict_get_key(thing, place))
            value = mupdf.pdf_dict_get_val(thing, place)
            if key in KEYS:
                mupdf.pdf_dict_dels(thing, key)
                self._note(key)
            elif key in HOLDERS and is_held_action(value):
                self._clean_action(thing, key, value)
            elif not _holds_things(value):
                continue
            elif key not in HOLDERS and is_action(value):
                self._clean_action(thing, key, value)
            else:
                self._clean(value, depth + 1)

    def _clean_array(self, things: mupdf.PdfObj, depth: int) -> None:
        for place in reversed(range(mupdf.pdf_array_len(things))):
            member = mupdf.pdf_array_get(things, place)
            if not _holds_things(member):
                continue
            if is_action(member) and not is_harmless(member):
                mupdf.pdf_array_delete(things, place)
                self.found.add("script")
            else:
                self._clean(member, depth + 1)

    def _clean_action(self, holder: mupdf.PdfObj, key: str, action: mupdf.PdfObj) -> None:
        """Leave under `key` only what may stay of its action, said unless all that it does
        stays.
        """
        may_stay = mupdf.pdf_is_dict(action) and (
            key not in AUTOMATIC or name_of(action, "S") == "GoTo"
        )
        if may_stay and is_harmless(action):
            return
        kept = harmless_part(self._document, action) if may_stay else None
        if kept is None:
            mupdf.pdf_dict_dels(holder, key)
        else:
            mupdf.pdf_dict_puts(holder, key, kept)
        if kept is None or mupdf.pdf_dict_gets(action, "Next").m_internal:
            is_script = key in AUTOMATIC or name_of(action, "S") == "JavaScript"
            self.found.add("script" if is_script else "link")

    def _unsign(self, thing: mupdf.PdfObj) -> None:
        if name_of(thing, "FT") == "Sig" and mupdf.pdf_dict_gets(thing, "V").m_internal:
            mupdf.pdf_dict_dels(thing, "V")
            self.found.add("signature")
        if mupdf.pdf_dict_gets(thing, "SigFlags").m_internal:
            mupdf.pdf_dict_dels(thing, "SigFlags")

    def _note(self, key: str) -> None:
        if key in FILES:
            self.found.add("file")
        elif key in SCRIPTS | TRIGGERS:
            self.found.add("script")


def _holds_things(value: mupdf.PdfObj) -> bool:
    """Whether a dictionary or an array stands right here; what is referred to is looked at as
    an object of its own.
    """
    return not mupdf.pdf_is_indirect(value) and bool(
        mupdf.pdf_is_dict(value) or mupdf.pdf_is_array(value)
    )
