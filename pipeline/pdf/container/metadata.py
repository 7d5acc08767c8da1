"""What a file says outside its pages: outline, title, language and the metadata that repeat
them, hints of fields, descriptions of figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pymupdf
from pymupdf import mupdf

from dragoman.domain.document import Document, Label
from pipeline.pdf.container import xmp
from pipeline.pdf.container.mark import Mark
from pipeline.pdf.model.mupdf_document import beneath

# Kind of label -> the tree in the catalog, the key of its kids, and what they say: ISO 32000-1
# tables 220 and 323.
_TREES = {"field": ("AcroForm/Fields", "Kids", "TU"), "figure": ("StructTreeRoot", "K", "Alt")}
MOST_OBJECTS = 50_000


def labels_of(pdf: pymupdf.Document) -> tuple[Label, ...]:
    """The texts outside the pages, in the source's words; those without any left out."""
    title = (pdf.metadata or {}).get("title") or ""
    entries = [("title", title)]
    entries += [
        (f"outline.{place}", entry[1]) for place, entry in enumerate(pdf.get_toc(simple=True))
    ]
    for kind, (tree, kids, key) in _TREES.items():
        entries += [(f"{kind}.{number}", text) for number, text in _said(pdf, tree, kids, key)]
    return tuple(Label(name, text.strip()) for name, text in entries if text.strip())


def _said(pdf: pymupdf.Document, tree: str, kids: str, key: str) -> Iterator[tuple[int, str]]:
    """The objects of a tree that say something under `key`, and what.

    Circles and what is absurdly large end.
    """
    if pdf.xref_get_key(pdf.pdf_catalog(), tree)[0] not in {"xref", "dict", "array"}:
        return
    document = beneath(pdf)
    open_ends, seen = (
        [mupdf.pdf_dict_getp(mupdf.pdf_load_object(document, pdf.pdf_catalog()), tree)],
        set[int](),
    )
    while open_ends and len(seen) < MOST_OBJECTS:
        thing = open_ends.pop()
        number = mupdf.pdf_to_num(thing)
        if number in seen:
            continue
        seen |= {number} - {0}
        text = mupdf.pdf_dict_gets(thing, key) if mupdf.pdf_is_dict(thing) else thing
        if number and mupdf.pdf_is_string(text):
            yield number, mupdf.pdf_to_text_string(text)
        open_ends += reversed([*_members(thing, kids)])


def _members(thing: mupdf.PdfObj, kids: str) -> Iterator[mupdf.PdfObj]:
    held = thing if mupdf.pdf_is_array(thing) else mupdf.pdf_dict_gets(thing, kids)
    if mupdf.pdf_is_array(held):
        found: Iterable[mupdf.PdfObj] = (
            mupdf.pdf_array_get(held, place) for place in range(mupdf.pdf_array_len(held))
        )
        yield from (one for one in found if mupdf.pdf_is_dict(one) or mupdf.pdf_is_array(one))
    elif mupdf.pdf_is_dict(held):
        yield held


def label(pdf: pymupdf.Document, document: Document, target_lang: str, mark: Mark) -> None:
    """Set the translated labels and the document's language, and say in its XMP metadata what
    is so now, and who made the words.
    """
    outline = pdf.get_outline_xrefs()
    for one in document.labels:
        if one.target is None:
            continue
        name, _, place = one.key.partition(".")
        if name == "title":
            _set_title(pdf, one.target)
        elif name in _TREES:
            pdf.xref_set_key(int(place), _TREES[name][2], pymupdf.get_pdf_str(one.target))
        elif int(place) < len(outline):
            pdf.xref_set_key(outline[int(place)], "Title", pymupdf.get_pdf_str(one.target))
    catalog = pdf.pdf_catalog()
    pdf.xref_set_key(catalog, "Lang", pymupdf.get_pdf_str(target_lang))
    title = next((one.target for one in document.labels if one.key == "title"), None)
    xmp.renew(pdf, xmp.Told(title, document.source_lang, target_lang, mark))


def _set_title(pdf: pymupdf.Document, title: str) -> None:
    kind, value = pdf.xref_get_key(-1, "Info")
    if kind == "xref":
        pdf.xref_set_key(int(value.split()[0]), "Title", pymupdf.get_pdf_str(title))
    else:
        pdf.set_metadata({"title": title})
