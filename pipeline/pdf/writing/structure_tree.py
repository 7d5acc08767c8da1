"""The structure of a tagged file (ISO 32000-1 14.7 and 14.8): translated words belong to the
element whose words they replace.

MuPDF tells which elements the words of a page belong to, as the way to them from the root. Each
block that is set becomes a piece of marked content of its own, added to its paragraph's element, so
that readers hear the translation where the original was.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pymupdf
from pymupdf import mupdf

from dragoman.domain.document import Block, Rect
from pipeline.pdf.analysis.page_graphics import BAND
from pipeline.pdf.fonts.embedding import stream
from pipeline.pdf.model.mupdf_document import beneath

FLAGS = (
    pymupdf.TEXT_COLLECT_STRUCTURE | pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP
)
STRUCTURE_BLOCK, TEXT_BLOCK = 2, 0
# Elements within a paragraph (ISO 32000-1 14.8.4.4): the paragraph around them takes the words.
INLINE = frozenset(
    [
        "Span",
        "Link",
        "Em",
        "Strong",
        "Quote",
        "Code",
        "Sub",
        "Reference",
        "Annot",
        "Ruby",
        "Warichu",
        "Private",
    ]
)
STALE = ("ActualText", "E")  # of an element: its words in the old language, written out
ARTIFACT = "/Artifact BMC"  # what is in no element: 14.8.2.2
_ARTIFACT = re.compile(
    rb"/Artifact\s*(?:BMC|<<[^<>]*(?:<<[^<>]*>>[^<>]*)*>>\s*BDC|/[^\s<>]+\s+BDC)"
)
DEEPEST = 100  # levels of elements


@dataclass(slots=True)
class Tags:
    """The tags of one page that is being set.

    `elements`: object numbers of those that the blocks set so far belong to.

    `free`: the first number of marked content that the page does not use; None: the page is not
    tagged.
    """

    free: int | None = None
    elements: list[int] = field(default_factory=list)
    _lines: list[tuple[Rect, int]] = field(default_factory=list)
    _bands: dict[int, list[tuple[Rect, int]]] | None = None

    def within(self, operators: Iterable[str], block: Block) -> Iterator[str]:
        """The operators of a block that is set, as a piece of its element; as they are where
        the page is not tagged.
        """
        if self.free is None:
            yield from operators
            return
        owner = self._owner(block)
        if owner is None:
            yield ARTIFACT
        else:
            yield f"/P <</MCID {self.free + len(self.elements)}>> BDC"
            self.elements.append(owner)
        yield from operators
        yield "EMC"

    def _at(self, y: float) -> Sequence[tuple[Rect, int]]:
        """The lines that may be at a height, in their order: a form has hundreds of them, and
        asks for each of its words.
        """
        if self._bands is None:
            self._bands = {}
            for line in self._lines:
                for band in range(int(line[0][1] // BAND), int(line[0][3] // BAND) + 1):
                    self._bands.setdefault(band, []).append(line)
        return self._bands.get(int(y // BAND), ())

    def _owner(self, block: Block) -> int | None:
        """The element of most of a block's lines, told by what lies in their middle."""
        found: Counter[int] = Counter()
        for line in block.lines:
            for span in line.spans:
                x, y = (span.bbox[0] + span.bbox[2]) / 2, (span.bbox[1] + span.bbox[3]) / 2
                owner = next((number for box, number in self._at(y) if _holds(box, x, y)), None)
                if owner is not None:
                    found[owner] += len(span.text)
        return max(found, key=found.__getitem__) if found else None


def tags_of(page: pymupdf.Page) -> Tags:
    """The tags of a page whose words are still there."""
    pdf = page.parent
    root = pdf.xref_get_key(pdf.pdf_catalog(), "StructTreeRoot")
    kind, value = pdf.xref_get_key(page.xref, "StructParents")
    if root[0] != "xref" or kind != "int":
        return Tags()
    known = _parents(pdf, int(value))
    if known is None:
        return Tags()
    blocks = _blocks(page)
    document = beneath(pdf)
    top = mupdf.pdf_load_object(document, int(root[1].split()[0]))
    return Tags(mupdf.pdf_array_len(known), [], list(_owned(blocks, top, None)))


def _blocks(page: pymupdf.Page) -> list[dict[str, Any]]:
    """The words by elements, without artifacts: MuPDF counts these to the element before them,
    unless they have no text.
    """
    pdf, contents = page.parent, page.read_contents()
    kind, value = pdf.xref_get_key(page.xref, "Contents")
    silent = _ARTIFACT.sub(b"/Artifact <</ActualText()>> BDC", contents)
    if silent != contents:
        pdf.xref_set_key(page.xref, "Contents", f"{stream(pdf, silent)} 0 R")
    try:
        return list(page.get_text("dict", flags=FLAGS)["blocks"])
    finally:
        if silent != contents and kind != "null":
            pdf.xref_set_key(page.xref, "Contents", value)


def attach(pdf: pymupdf.Document, page: int, elements: Sequence[int], lang: str) -> None:
    """Give `elements` the new pieces of marked content of page number `page`, in their order.

    They are in `lang` now.
    """
    xref = pdf.page_xref(page)
    known = _parents(pdf, int(pdf.xref_get_key(xref, "StructParents")[1])) if elements else None
    if known is None:
        return
    document = beneath(pdf)
    for element in elements:
        _add_kid(pdf, element, f"<</Type/MCR/Pg {xref} 0 R/MCID {mupdf.pdf_array_len(known)}>>")
        mupdf.pdf_array_push(known, mupdf.pdf_new_indirect(document, element, 0))
        pdf.xref_set_key(element, "Lang", pymupdf.get_pdf_str(lang))
    for element in set(elements):
        _freshen(mupdf.pdf_load_object(document, element))


def _freshen(element: mupdf.PdfObj) -> None:
    """Take the old words out of an element and the ones right in it.

    MuPDF leaves an empty description where it erased some.
    """
    kids = mupdf.pdf_dict_gets(element, "K")
    inner = [mupdf.pdf_array_get(kids, place) for place in range(mupdf.pdf_array_len(kids))]
    for one in (element, *(kid for kid in inner if mupdf.pdf_is_dict(kid))):
        for key in STALE:
            mupdf.pdf_dict_dels(one, key)
        if mupdf.pdf_to_text_string(mupdf.pdf_dict_gets(one, "Alt")) == "":
            mupdf.pdf_dict_dels(one, "Alt")


def _add_kid(pdf: pymupdf.Document, element: int, kid: str) -> None:
    kind, value = pdf.xref_get_key(element, "K")
    if kind == "xref" and pdf.xref_object(int(value.split()[0]), compressed=True).startswith("["):
        kind, value = "array", pdf.xref_object(int(value.split()[0]), compressed=True)
    inner = value.strip()[1:-1] if kind == "array" else "" if kind == "null" else value
    pdf.xref_set_key(element, "K", f"[{inner} {kid}]")


def _parents(pdf: pymupdf.Document, key: int) -> mupdf.PdfObj | None:
    """The array that gives the elements of a page's marked content, by its key in the tree of
    parents (14.7.4.4).
    """
    if pdf.xref_get_key(pdf.pdf_catalog(), "StructTreeRoot/ParentTree")[0] not in {"xref", "dict"}:
        return None
    document = beneath(pdf)
    root = int(pdf.xref_get_key(pdf.pdf_catalog(), "StructTreeRoot")[1].split()[0])
    tree = mupdf.pdf_dict_gets(mupdf.pdf_load_object(document, root), "ParentTree")
    found = mupdf.pdf_lookup_number(tree, key)
    return found if mupdf.pdf_is_array(found) else None


def _owned(
    blocks: Iterable[dict[str, Any]], above: mupdf.PdfObj | None, owner: int | None, depth: int = 0
) -> Iterator[tuple[Rect, int]]:
    """The lines of text and the element of each: the nearest one that is no part of a line."""
    for block in blocks if depth < DEEPEST else ():
        if block["type"] == TEXT_BLOCK and owner is not None:
            for line in block["lines"]:
                yield line["bbox"], owner
        elif block["type"] == STRUCTURE_BLOCK:
            element = _kid(above, block["index"], block["raw"]) if above is not None else None
            number = mupdf.pdf_to_num(element) if element is not None else 0
            inline = block["std"] in INLINE and owner is not None
            yield from _owned(
                block["blocks"], element, owner if inline or not number else number, depth + 1
            )


def _kid(element: mupdf.PdfObj, index: int, name: str) -> mupdf.PdfObj | None:
    kids = mupdf.pdf_dict_gets(element, "K")
    found = mupdf.pdf_array_get(kids, index) if mupdf.pdf_is_array(kids) else kids
    known = mupdf.pdf_dict_gets(found, "S") if mupdf.pdf_is_dict(found) else None
    return found if known is not None and mupdf.pdf_to_name(known) == name else None


def _holds(box: Rect, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]
