"""How the pages of source and translation stand together in the file that is sent.

Both are made from one file, in which the translated pages are the source's own: outline, labels,
links, fields and comments lead to them and stay alive. What the pages drew before is drawn again
beside or before them, from the same typefaces and pictures, so that a file with both is little
larger than one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import pymupdf
from pymupdf import mupdf

from dragoman.domain.job import Layout
from pipeline.pdf.model.mupdf_document import beneath

Drawn = dict[str, str]
"""What a page draws: the source texts of its `Contents` and its `Resources`, its own or
inherited.
"""

Places = dict[str, str]
"""Where a link is: the source texts of its keys in `_OF_LINKS`, empty for none."""

_OF_LINKS = ("Rect", "QuadPoints")
_INHERITED = ("Resources", "MediaBox", "CropBox", "Rotate")  # ISO 32000-1 7.7.3.4
# Keys of annotations that hold coordinates (ISO 32000-1 tables 164, 173 to 182), x and y in turn.
_PLACES = ("Rect", "QuadPoints", "Vertices", "L", "CL", "InkList")
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")
_PIECE = re.compile(r"[\[\]]|" + _NUMBER.pattern)
# flags of annotations: hidden, no view; print, read-only, locked (12.5.3)
UNSEEN, FIXED = 2 | 32, 4 | 64 | 128
# keys that a second page of the same kind must not have
_OF_THE_OTHER = ("StructParents", "StructParent", "AA", "B")


@dataclass(frozen=True, slots=True)
class Originals:
    """What pages drew before they were translated, by 0-based number, and the labels of all pages
    (none: no labels).

    `links`: where the links were, by their object numbers; they move when their words are
    translated.
    """

    pages: dict[int, Drawn]
    labels: tuple[str, ...]
    links: dict[int, Places] = field(default_factory=dict)


def remember(pdf: pymupdf.Document) -> Originals:
    """Note what the pages draw now.

    Nothing of it may be changed in place afterwards, only replaced.
    """
    labels = (
        tuple(pdf[number].get_label() for number in range(pdf.page_count))
        if pdf.get_page_labels()
        else ()
    )
    pages = {number: pdf.page_xref(number) for number in range(pdf.page_count)}
    annotations = [annotation for page in pages.values() for annotation in _annotations(pdf, page)]
    links = [
        annotation for annotation in annotations if _value(pdf, annotation, "Subtype") == "/Link"
    ]
    return Originals(
        {number: _drawn(pdf, page) for number, page in pages.items()},
        labels,
        {link: {key: _value(pdf, link, key) for key in _OF_LINKS} for link in links},
    )


def arrange(pdf: pymupdf.Document, originals: Originals, layout: Layout) -> None:
    """Put the originals beside or before the pages of `pdf`, which are translated."""
    if layout is Layout.SIDE_BY_SIDE:
        for number, drawn in originals.pages.items():
            _beside(pdf, pdf.page_xref(number), drawn, originals.links)
        # tags name pieces of a page's own stream, which is a form now
        for key in ("StructTreeRoot", "MarkInfo"):
            pdf.xref_set_key(pdf.pdf_catalog(), key, "null")
    elif layout is Layout.ALTERNATING:
        for number, drawn in originals.pages.items():
            _before(pdf, number, drawn, originals.links)
        if originals.labels:
            pdf.set_page_labels(
                [
                    {"startpage": 2 * number, "prefix": text, "style": "", "firstpagenum": 1}
                    for number, text in enumerate(originals.labels)
                ]
            )


def save(pdf: pymupdf.Document, out: Path) -> None:
    """Write the file, unused objects left out, without a password."""
    pdf.save(out, garbage=3, deflate=True, encryption=pymupdf.mupdf.PDF_ENCRYPT_NONE)


def _drawn(pdf: pymupdf.Document, page: int) -> Drawn:
    return {
        "Contents": _value(pdf, page, "Contents"),
        "Resources": _inherited(pdf, page, "Resources"),
    }


def _value(pdf: pymupdf.Document, xref: int, key: str) -> str:
    kind, value = pdf.xref_get_key(xref, key)
    return "" if kind == "null" else str(value)


def _inherited(pdf: pymupdf.Document, page: int, key: str) -> str:
    """A page's value, or that of the nearest node above it; empty: there is none."""
    node, seen = page, set[int]()
    while node not in seen:
        seen.add(node)
        if value := _value(pdf, node, key):
            return value
        parent = _value(pdf, node, "Parent")
        if not parent.endswith(" R"):
            break
        node = int(parent.split()[0])
    return ""


def _beside(pdf: pymupdf.Document, page: int, original: Drawn, links: Mapping[int, Places]) -> None:
    """Make a page twice as wide, as it is shown: the original on the left, the page with all
    that is on it on the right.
    """
    for key in _INHERITED:
        pdf.xref_set_key(page, key, _inherited(pdf, page, key) or "null")
    box = _box(pdf, page)
    x0, y0, x1, y1 = box
    turn = int(float(_value(pdf, page, "Rotate") or 0)) % 360
    # Where the right half begins, seen from the left one, before the page is turned.
    dx, dy = {0: (x1 - x0, 0.0), 90: (0.0, y1 - y0), 180: (x0 - x1, 0.0), 270: (0.0, y0 - y1)}.get(
        turn, (x1 - x0, 0.0)
    )
    left, right = _form(pdf, page, original, box), _form(pdf, page, _drawn(pdf, page), box)
    contents = _stream(pdf, f"q /L Do Q q 1 0 0 1 {dx:g} {dy:g} cm /R Do Q".encode(), "")
    wide = f"[{min(x0, x0 + dx):g} {min(y0, y0 + dy):g} {max(x1, x1 + dx):g} {max(y1, y1 + dy):g}]"
    copies = _copies(pdf, page, links)
    for annotation in _annotations(pdf, page):
        _move(pdf, annotation, dx, dy)
    if copies:
        both = " ".join(f"{number} 0 R" for number in (*_annotations(pdf, page), *copies))
        pdf.xref_set_key(page, "Annots", f"[{both}]")
    changes = {
        "Contents": f"{contents} 0 R",
        "Resources": f"<</XObject<</L {left} 0 R/R {right} 0 R>>>>",
        "MediaBox": wide,
    }
    gone = dict.fromkeys(("CropBox", "TrimBox", "BleedBox", "ArtBox", *_OF_THE_OTHER), "null")
    for key, value in (changes | gone).items():
        pdf.xref_set_key(page, key, value)


def _before(
    pdf: pymupdf.Document, number: int, original: Drawn, links: Mapping[int, Places]
) -> None:
    """Put a page with the original, and with what lies on it, before page `number` of those
    that were translated.
    """
    place = 2 * number
    page = pdf.page_xref(place)
    copies = " ".join(f"{copy} 0 R" for copy in _copies(pdf, page, links))
    twin = _object(pdf, pdf.xref_object(page, compressed=True))
    changes = {"Annots": f"[{copies}]" if copies else "null"} | {
        key: value or "null" for key, value in original.items()
    }
    for key, value in (changes | dict.fromkeys(_OF_THE_OTHER, "null")).items():
        pdf.xref_set_key(twin, key, value)
    document = beneath(pdf)
    mupdf.pdf_insert_page(document, place, mupdf.pdf_new_indirect(document, twin, 0))


def _box(pdf: pymupdf.Document, page: int) -> tuple[float, float, float, float]:
    """The part of a page that is shown, in its own coordinates (y upwards)."""
    media, crop = (_numbers(pdf, _value(pdf, page, key)) for key in ("MediaBox", "CropBox"))
    rect = pymupdf.Rect(media).normalize() if len(media) == 4 else pymupdf.Rect(0, 0, 612, 792)  # noqa: PLR2004  # a rectangle
    if len(crop) == 4:  # noqa: PLR2004
        cut = pymupdf.Rect(crop).normalize() & rect
        rect = rect if cut.is_empty else cut
    return rect.x0, rect.y0, rect.x1, rect.y1


def _form(pdf: pymupdf.Document, page: int, drawn: Drawn, box: Iterable[float]) -> int:
    """What is drawn as a form (ISO 32000-1 8.10)."""
    data = b"\n".join(_streams(pdf, drawn["Contents"]))
    edges = " ".join(f"{side:g}" for side in box)
    group = _value(pdf, page, "Group")
    entries = f"/Type/XObject/Subtype/Form/BBox[{edges}]/Resources {drawn['Resources'] or '<<>>'}"
    return _stream(pdf, data, entries + (f"/Group {group}" if group else ""))


def _streams(pdf: pymupdf.Document, contents: str) -> Iterable[bytes]:
    for number in _references(pdf, contents):
        if pdf.xref_is_stream(number):
            yield pdf.xref_stream(number) or b""


def _references(pdf: pymupdf.Document, text: str) -> list[int]:
    """The numbers in an array of references, or in the object with such an array that `text`
    refers to.
    """
    numbers = [int(one) for one in re.findall(r"(\d+) \d+ R", text)]
    if not text.startswith("[") and len(numbers) == 1:
        inner = pdf.xref_object(numbers[0], compressed=True)
        if inner.startswith("["):
            return _references(pdf, inner)
    return numbers


def _annotations(pdf: pymupdf.Document, page: int) -> list[int]:
    return _references(pdf, _value(pdf, page, "Annots"))


def _copies(pdf: pymupdf.Document, page: int, links: Mapping[int, Places]) -> list[int]:
    """What lies on a page, for its original: links that work, where they were, and the looks of
    fields and comments.
    """
    return [copy for number in _annotations(pdf, page) if (copy := _copy(pdf, number, links))]


def _copy(pdf: pymupdf.Document, annotation: int, links: Mapping[int, Places]) -> int | None:
    if _value(pdf, annotation, "Subtype") == "/Link":
        if annotation not in links:
            return None
        link = _object(pdf, pdf.xref_object(annotation, compressed=True))
        for key, value in (
            links[annotation] | dict.fromkeys(("P", "StructParent", "NM"), "")
        ).items():
            pdf.xref_set_key(link, key, value or "null")
        return link
    look = _value(pdf, annotation, "AP/N")
    if look.endswith(" R") and not pdf.xref_is_stream(int(look.split()[0])):
        look = _value(pdf, int(look.split()[0]), _value(pdf, annotation, "AS").lstrip("/") or "N")
    elif look.startswith("<<"):
        look = _value(pdf, annotation, f"AP/N{_value(pdf, annotation, 'AS') or '/N'}")
    flags = _numbers(pdf, _value(pdf, annotation, "F"))
    if not look.endswith(" R") or (flags and int(flags[0]) & UNSEEN):
        return None
    rect = _value(pdf, annotation, "Rect")
    return _object(pdf, f"<</Type/Annot/Subtype/Stamp/Rect {rect}/F {FIXED}/AP<</N {look}>>>>")


def _move(pdf: pymupdf.Document, annotation: int, dx: float, dy: float) -> None:
    for key in _PLACES:
        value = _value(pdf, annotation, key)
        if value.endswith(" R"):
            value = pdf.xref_object(int(value.split()[0]), compressed=True)
        if value.startswith("["):
            steps = cycle((dx, dy))
            moved = [
                f"{float(text) + next(steps):g}" if text not in "[]" else text
                for text in _PIECE.findall(value)
            ]
            pdf.xref_set_key(annotation, key, " ".join(moved))


def _numbers(pdf: pymupdf.Document, text: str) -> list[float]:
    if text.endswith(" R"):
        text = pdf.xref_object(int(text.split(maxsplit=1)[0]), compressed=True)
    return [float(one) for one in _NUMBER.findall(text)]


def _object(pdf: pymupdf.Document, text: str) -> int:
    number: int = pdf.get_new_xref()
    pdf.update_object(number, text)
    return number


def _stream(pdf: pymupdf.Document, data: bytes, entries: str) -> int:
    number = _object(pdf, f"<<{entries}>>")
    pdf.update_stream(number, data)
    return number
