"""A page with its translated blocks: the original words erased, once per paragraph, and one stream of new text on top."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import pymupdf
from pymupdf import mupdf

from dragoman.domain.document import Block, Rect
from pipeline.pdf.fonts import UNITS
from pipeline.pdf.geometry import Direction, back, intersects, point_back, turned
from pipeline.pdf.typesetting import Piece, SetLine, Setting

# Of a line's size over and under its baseline: a band that every letter of the line crosses, and no letter of its
# neighbours, whose boxes MuPDF takes from the font's ascender and descender.
BAND_TOP, BAND_BOTTOM = 0.42, 0.15
BAND_INSET = 0.4  # points at both ends
_OUTLINED = re.compile(rb"(?<![\w.])2\s+Tr\b")  # fill, then stroke: ISO 32000-1 9.3.6
_STROKE_COLOR = re.compile(rb"\b(?:RG|G|K|SCN?|CS)\b")  # ISO 32000-1 8.6.8


def erase(page: pymupdf.Page, blocks: Iterable[Block], kept: Sequence[Rect]) -> None:
    """Take the words of `blocks` off the page; pictures and drawings stay. `kept`: boxes of text that must stay too."""
    bands = [band for block in blocks for band in _bands(block, kept)]
    if not bands:
        return
    _thin(page)
    # PyMuPDF's own wrappers around these calls cost three times as much as the calls (measured on a tax form).
    pdf_page = mupdf.pdf_page_from_fz_page(page.this)
    for band in bands:
        annotation = mupdf.pdf_create_annot(pdf_page, mupdf.PDF_ANNOT_REDACT)
        mupdf.pdf_set_annot_rect(annotation, mupdf.FzRect(*band))
    options = mupdf.PdfRedactOptions()
    options.black_boxes = 0
    options.text = mupdf.PDF_REDACT_TEXT_REMOVE
    options.image_method = mupdf.PDF_REDACT_IMAGE_NONE
    options.line_art = mupdf.PDF_REDACT_LINE_ART_NONE
    mupdf.pdf_redact_page(pdf_page.doc(), pdf_page, options)


def _thin(page: pymupdf.Page) -> None:
    """Letters made bold by an outline are made plain where the outline is sure to be black.

    MuPDF loses the outline's width when it takes text off a page, and would draw one point.
    """
    contents = page.read_contents()
    if not _OUTLINED.search(contents) or _STROKE_COLOR.search(contents):
        return
    pdf = page.parent
    pdf.xref_set_key(page.xref, "Contents", f"{_stream(pdf, _OUTLINED.sub(b'0 Tr', contents))} 0 R")


def _bands(block: Block, kept: Sequence[Rect]) -> list[Rect]:
    """One rectangle for the paragraph, or one per line where that would meet text that stays."""
    direction = block.lines[0].direction
    bands = []
    for line in block.lines:
        x0, _, x1, _ = turned(line.bbox, direction)
        main = max(line.spans, key=lambda span: len(span.text))
        size = main.style.size
        inset = min(BAND_INSET, (x1 - x0) / 4)
        bands.append((x0 + inset, main.baseline - BAND_TOP * size, x1 - inset, main.baseline - BAND_BOTTOM * size))
    whole = (
        min(band[0] for band in bands),
        bands[0][1],
        max(band[2] for band in bands),
        bands[-1][3],
    )
    found = back(whole, direction)
    if len(bands) == 1 or not any(intersects(found, box) for box in kept):
        return [found]
    return [back(band, direction) for band in bands]


def text_operators(setting: Setting, direction: Direction) -> Iterator[str]:
    """A set text as operators, in a space like the page's own: origin top left, y downwards."""
    dx, dy = direction
    yield "BT"
    state: tuple[str, float, int] | None = None
    for line in setting.lines:
        x = line.x
        for piece, stretched in _pieces(line):
            face = piece.glyphs[0].face
            size = piece.size * setting.scale
            if state is None or state[2] != piece.color:
                yield _color(piece.color)
            if state is None or state[:2] != (face.name, size):
                yield f"/{face.name} {size:.3f} Tf"
            state = (face.name, size, piece.color)
            px, py = point_back(x, line.baseline - piece.rise * setting.scale, direction)
            yield f"{dx:g} {dy:g} {dy:g} {-dx:g} {px:.2f} {py:.2f} Tm {_shown(piece, stretched, line.stretch, size)}"
            x += piece.width * setting.scale + stretched * line.stretch
    yield "ET"


def _pieces(line: SetLine) -> Iterator[tuple[Piece, int]]:
    """The pieces of a line, those of one look joined, with the number of stretched blanks in each."""
    held: list[Piece] = []
    blanks = 0
    for number, word in enumerate(line.words):
        parts = [(piece, False) for piece in word.pieces]
        if word.blank and number < len(line.words) - 1:
            parts.append((word.blank, True))
        for piece, is_blank in parts:
            if held and not _alike(held[0], piece):
                yield _one(held), blanks
                held, blanks = [], 0
            held.append(piece)
            blanks += is_blank
    if held:
        yield _one(held), blanks


def _alike(one: Piece, other: Piece) -> bool:
    return (
        one.glyphs[0].face is other.glyphs[0].face
        and one.size == other.size
        and one.color == other.color
        and one.rise == other.rise
    )


def _one(pieces: Sequence[Piece]) -> Piece:
    first = pieces[0]
    glyphs = tuple(glyph for piece in pieces for glyph in piece.glyphs)
    return Piece(glyphs, first.size, first.color, first.rise, sum(piece.width for piece in pieces))


def _shown(piece: Piece, blanks: int, stretch: float, size: float) -> str:
    """The operator that shows the glyphs; blanks are widened by TJ, since Tw means nothing to two-byte codes (9.3.3)."""
    codes = [f"{glyph.id:04x}" for glyph in piece.glyphs]
    if not blanks or not stretch:
        return f"<{''.join(codes)}> Tj"
    face = piece.glyphs[0].face
    blank = face.glyph(" ")
    wider = f"> {-stretch / size * UNITS:.1f} <"
    shown = "".join(
        code + (wider if blank is not None and glyph.id == blank.id else "")
        for code, glyph in zip(codes, piece.glyphs, strict=True)
    )
    return f"[<{shown}>] TJ".replace("<>", "")


def _color(color: int) -> str:
    red, green, blue = (color >> shift & 0xFF for shift in (16, 8, 0))
    if red == green == blue:
        return f"{red / 255:.3g} g"
    return f"{red / 255:.3g} {green / 255:.3g} {blue / 255:.3g} rg"


def add_content(page: pymupdf.Page, operators: str, fonts: dict[str, int]) -> None:
    """Draw `operators` over what the page holds. They count y downwards from the top left of the unrotated page.

    `fonts`: names used in them -> object numbers. The page must not be rotated at the moment.
    """
    pdf = page.parent
    a, b, c, d, e, f = ~page.transformation_matrix
    shown = f"\nQ\nq {a:g} {b:g} {c:g} {d:g} {e:g} {f:g} cm\n{operators}\nQ\n"
    kind, value = pdf.xref_get_key(page.xref, "Contents")
    old = value.strip("[]") if kind in ("xref", "array") else ""
    before, after = _stream(pdf, b"q\n"), _stream(pdf, shown.encode())
    pdf.xref_set_key(page.xref, "Contents", f"[{before} 0 R {old} {after} 0 R]")
    _add_fonts(pdf, page.xref, fonts)


def _add_fonts(pdf: pymupdf.Document, page: int, fonts: dict[str, int]) -> None:
    kind, value = pdf.xref_get_key(page, "Resources")
    if kind == "null":
        pdf.xref_set_key(page, "Resources", _inherited(pdf, page))
        kind, value = pdf.xref_get_key(page, "Resources")
    owner, path = (int(value.split()[0]), "Font") if kind == "xref" else (page, "Resources/Font")
    kind, value = pdf.xref_get_key(owner, path)
    if kind == "xref":
        owner, path = int(value.split()[0]), ""
    for name, number in fonts.items():
        pdf.xref_set_key(owner, f"{path}/{name}".lstrip("/"), f"{number} 0 R")


def _inherited(pdf: pymupdf.Document, page: int) -> str:
    """The resources that a page takes from its parents (ISO 32000-1 7.7.3.4), as source text."""
    node, seen = page, set()
    while node not in seen:
        seen.add(node)
        kind, value = pdf.xref_get_key(node, "Resources")
        if kind != "null":
            return str(value)
        kind, value = pdf.xref_get_key(node, "Parent")
        if kind != "xref":
            break
        node = int(value.split()[0])
    return "<<>>"


def _stream(pdf: pymupdf.Document, data: bytes) -> int:
    number: int = pdf.get_new_xref()
    pdf.update_object(number, "<<>>")
    pdf.update_stream(number, data)
    return number
