"""A page with its translated blocks: the original words erased, once per paragraph, and one
stream of new text on top.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pymupdf
from pymupdf import mupdf

from dragoman.domain.document import Block, Original, Rect
from pipeline.pdf.analysis.page_graphics import Neighbours
from pipeline.pdf.fonts.bidi import in_sight
from pipeline.pdf.fonts.embedding import stream
from pipeline.pdf.fonts.source_glyphs import Returned, operators
from pipeline.pdf.fonts.typefaces import UNITS, Glyph
from pipeline.pdf.model.geometry import Direction, back, joined, point_back, turned
from pipeline.pdf.typesetting.line_breaking import SetLine, Setting
from pipeline.pdf.typesetting.shaping import Piece

# Of a line's size over and under its baseline: a band that every letter of the line crosses, and no
# letter of its neighbours, whose boxes MuPDF takes from the font's ascender and descender.
BAND_TOP, BAND_BOTTOM = 0.42, 0.15
# where letters end by a file that gives its typeface next to no height: MuPDF finds them nowhere
# else
AT_BASELINE = -0.03
BAND_INSET = 0.4  # points at both ends
REACH = 16  # rectangles that a band may become part of
_OUTLINED = re.compile(rb"(?<![\w.])2\s+Tr\b")  # fill, then stroke: ISO 32000-1 9.3.6
_STROKE_COLOR = re.compile(rb"\b(?:RG|G|K|SCN?|CS)\b")  # ISO 32000-1 8.6.8

Originals = Mapping[Original, Returned]
NO_ORIGINALS: Originals = {}


def erase(
    page: pymupdf.Page,
    blocks: Iterable[Block],
    kept: Sequence[Rect],
    blanks: Iterable[Rect] = (),
    bottom: float = BAND_BOTTOM,
) -> None:
    """Take the words of `blocks` off the page; pictures and drawings stay.

    `kept`: boxes of lines that must stay too.

    `bottom`: how far over the baseline (of the size) the bands end in which letters are looked for.
    `blanks` go with them: two that stay, one on each side of a line, would be one text across the
    new words for all who copy.
    """
    stays = Neighbours(kept)
    bare = [middle for blank in blanks if not stays.meets(middle := _middle(blank))]
    bands = _merged(
        [*(band for block in blocks for band in _bands(block, stays, bottom)), *bare], stays
    )
    if not bands:
        return
    _thin(page)
    # PyMuPDF's own wrappers around these calls cost three times as much as the calls (measured on a
    # tax form).
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
    pdf.xref_set_key(page.xref, "Contents", f"{stream(pdf, _OUTLINED.sub(b'0 Tr', contents))} 0 R")


def _merged(bands: list[Rect], kept: Neighbours) -> list[Rect]:
    """Fewer rectangles over the same words, none of which meets text that stays.

    MuPDF tests every letter of the page against every rectangle: with one for a page instead of one
    a paragraph, erasing takes a fifth of the time (measured on papers).
    """
    merged: list[Rect] = []
    for band in sorted(bands, key=lambda band: (band[1], band[0])):
        for place in range(len(merged) - 1, max(-1, len(merged) - 1 - REACH), -1):
            whole = joined(merged[place], band)
            if not kept.meets(whole):
                merged[place] = whole
                break
        else:
            merged.append(band)
    return merged


def _middle(rect: Rect) -> Rect:
    x, y = (rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2
    return x - 0.1, y - 0.1, x + 0.1, y + 0.1


def _bands(block: Block, kept: Neighbours, bottom: float) -> list[Rect]:
    """One rectangle for the paragraph, or one per line where that would meet text that stays."""
    direction = block.lines[0].direction
    bands = []
    for line in block.lines:
        x0, _, x1, _ = turned(line.bbox, direction)
        # without a blank, which may reach into what follows; the last span of a line from the right
        # is its first one
        x1 = min(x1, max([turned(span.bbox, direction)[2] for span in line.spans]))
        main = max(line.spans, key=lambda span: len(span.text))
        size = main.style.size
        inset = min(BAND_INSET, (x1 - x0) / 4)
        bands.append(
            (x0 + inset, main.baseline - BAND_TOP * size, x1 - inset, main.baseline - bottom * size)
        )
    whole = (
        min(band[0] for band in bands),
        bands[0][1],
        max(band[2] for band in bands),
        bands[-1][3],
    )
    found = back(whole, direction)
    if len(bands) == 1 or not kept.meets(found):
        return [found]
    return [back(band, direction) for band in bands]


def text_operators(
    setting: Setting, direction: Direction, originals: Originals = NO_ORIGINALS
) -> Iterator[str]:
    """A set text as operators, in a space like the page's own: origin top left, y downwards.

    `originals`: the glyphs of what stands in it as on the source's page.
    """
    pen = _Pen(setting, direction, originals)
    yield "BT"
    for line in setting.lines:
        yield from pen.line(line)
    yield "0 Tr\nET" if pen.outline else "ET"


class _Pen:
    """Writes lines one after the other; says what changes only."""

    def __init__(self, setting: Setting, direction: Direction, originals: Originals) -> None:
        self.scale, self.narrow = setting.scale, setting.narrow
        self.originals = originals
        self.direction = direction
        self.turns: dict[float, str] = {}
        self.font: tuple[str, float] | None = None
        self.color: int | None = None
        self.outline = 0.0

    def line(self, line: SetLine) -> Iterator[str]:
        x = line.x
        for pieces, gaps in _groups(line):
            first = pieces[0]
            if first.original:
                yield from self._returned(first, first.original, x, line.baseline)
                x += first.width * self.scale + sum(gaps)
                continue
            yield from self._look(first)
            baseline = line.baseline - first.rise * self.scale
            if first.codes:
                yield (
                    f"{self._at(x, baseline, first.slant)}"
                    f" {self._plain(pieces, gaps, first.size * self.scale)}"
                )
            else:
                yield from self._shaped(first, x, baseline)
            x += sum([piece.width for piece in pieces]) * self.scale * self.narrow + sum(gaps)

    def _returned(self, piece: Piece, original: Original, x: float, y: float) -> Iterator[str]:
        if self.color != piece.color:
            yield _color(piece.color)
        if self.outline:
            yield "0 Tr"
        yield from operators(
            self.originals[original].glyphs, x, y, self.scale, self.direction, narrow=self.narrow
        )
        self.font, self.color, self.outline = None, piece.color, 0.0

    def _look(self, piece: Piece) -> Iterator[str]:
        face, size = piece.glyphs[0].face, piece.size * self.scale
        outline = face.outline * size
        if self.color != piece.color or (outline and not self.outline):
            yield _color(piece.color) + (f" {_color(piece.color).upper()}" if outline else "")
        if self.font != (face.name, size):
            yield f"/{face.name} {size:.3f} Tf"
        if outline != self.outline:
            yield f"2 Tr {outline:.3f} w" if outline else "0 Tr"
        self.font, self.color, self.outline = (face.name, size), piece.color, outline

    def _at(self, x: float, y: float, slant: float) -> str:
        px, py = point_back(x, y, self.direction)
        if slant not in self.turns:
            dx, dy = self.direction
            along = f"{dx * self.narrow:g} {dy * self.narrow:g}"
            self.turns[slant] = f"{along} {dy + slant * dx:g} {slant * dy - dx:g}"
        return f"{self.turns[slant]} {px:.2f} {py:.2f} Tm"

    def _plain(self, pieces: Sequence[Piece], gaps: Sequence[float], size: float) -> str:
        """Gaps are made by TJ, since Tw means nothing to two-byte codes (ISO 32000-1 9.3.3)."""
        if not any(gaps):
            return f"<{''.join([piece.codes for piece in pieces])}> Tj"
        along = size * self.narrow
        shown = "".join(
            [
                f"{piece.codes}> {-gap / along * UNITS:.0f} <" if gap else piece.codes
                for piece, gap in zip(pieces, gaps, strict=True)
            ]
        )
        return f"[<{shown}>] TJ".replace("<>", "")

    def _shaped(self, piece: Piece, x: float, y: float) -> Iterator[str]:
        """Glyphs one by one.

        What a glyph's own map of characters does not say is said by ActualText (ISO 32000-1
        14.9.4).
        """
        size = piece.size * self.scale
        along = size * self.narrow
        for cluster in _clusters(piece.glyphs):
            told = len(cluster) == 1 and cluster[0].face.used[cluster[0].id] == cluster[0].text
            if not told:
                yield f"/Span <</ActualText <feff{cluster[0].text.encode('utf-16-be').hex()}>>> BDC"
            places = []
            for glyph in cluster:
                places.append((x + glyph.x * along, glyph))
                x += glyph.advance * along
            # Readers take a cluster to reach from its first glyph to the end of its last: marks go
            # between its letter and a blank.
            places.sort(key=lambda place: not place[1].advance)
            for start, glyph in places:
                up = glyph.y * size
                yield (
                    f"{self._at(start + piece.slant * up, y - up, piece.slant)}"
                    f" <{glyph.id:0{glyph.face.digits}x}> Tj"
                )
            blank = None if places[-1][1].advance else places[-1][1].face.glyph(" ")
            if blank is not None:
                yield (
                    f"{self._at(x - blank.advance * along, y, piece.slant)}"
                    f" <{blank.id:0{blank.face.digits}x}> Tj"
                )
            if not told:
                yield "EMC"


def _clusters(glyphs: Sequence[Glyph]) -> Iterator[list[Glyph]]:
    held: list[Glyph] = []
    for glyph in glyphs:
        if glyph.text and held:
            yield held
            held = []
        held.append(glyph)
    if held:
        yield held


def as_seen(line: SetLine) -> list[tuple[Piece, float, int]]:
    """The pieces of a line from left to right: with the gap after each in points, and the place
    of its word in the line.
    """
    parts: list[tuple[Piece, float, int]] = []
    last = len(line.words) - 1
    for number, word in enumerate(line.words):
        parts += [(piece, 0.0, number) for piece in word.pieces]
        if number == last:
            continue
        if word.blank:
            parts.append((word.blank, line.stretch, -1))
        elif line.spread and parts:
            parts[-1] = (parts[-1][0], line.stretch, number)
    if any(piece.level for piece, _, _ in parts):
        parts = in_sight(parts, lambda part: part[0].level)
    return parts


def _groups(line: SetLine) -> Iterator[tuple[list[Piece], list[float]]]:
    """The pieces of a line as they are seen, those of one look together, with the gap after
    each in points.
    """
    # entries of contents have hundreds of dots
    if len(line.words) == 1 and len(line.words[0].pieces) == 1:
        yield list(line.words[0].pieces), [0.0]
        return
    held: list[Piece] = []
    gaps: list[float] = []
    for piece, gap, _ in as_seen(line):
        if held and not (held[0].codes and piece.codes and _alike(held[0], piece)):
            yield held, gaps
            held, gaps = [], []
        held.append(piece)
        gaps.append(gap)
    if held:
        yield held, gaps


def _alike(one: Piece, other: Piece) -> bool:
    return (
        one.glyphs[0].face is other.glyphs[0].face
        and one.size == other.size
        and one.color == other.color
        and one.rise == other.rise
        and one.slant == other.slant
    )


def _color(color: int) -> str:
    red, green, blue = (color >> shift & 0xFF for shift in (16, 8, 0))
    if red == green == blue:
        return f"{red / 255:.3g} g"
    return f"{red / 255:.3g} {green / 255:.3g} {blue / 255:.3g} rg"


def add_content(
    page: pymupdf.Page, drawn: str, fonts: dict[str, int], *, flipped: Direction | None = None
) -> None:
    """Draw the operators `drawn` over what the page holds.

    They count y downwards from the top left of the unrotated page.

    `fonts`: names used in them -> object numbers. What the page holds is mirrored along `flipped`,
    None: not at all. The page must not be rotated at the moment.
    """
    pdf = page.parent
    a, b, c, d, e, f = ~page.transformation_matrix
    drawn = _renamed(drawn, _add_fonts(pdf, page.xref, fonts))
    shown = f"\nQ\nq {a:g} {b:g} {c:g} {d:g} {e:g} {f:g} cm\n{drawn}\nQ\n"
    kind, value = pdf.xref_get_key(page.xref, "Contents")
    old = value.strip("[]") if kind in ("xref", "array") else ""
    before, after = stream(pdf, f"q {_flip(page, flipped)}\n".encode()), stream(pdf, shown.encode())
    pdf.xref_set_key(page.xref, "Contents", f"[{before} 0 R {old} {after} 0 R]")


def _flip(page: pymupdf.Page, direction: Direction | None) -> str:
    if direction is None:
        return ""
    box = page.cropbox
    across = (
        pymupdf.Matrix(-1, 0, 0, 1, box.width, 0)
        if direction[0]
        else pymupdf.Matrix(1, 0, 0, -1, 0, box.height)
    )
    a, b, c, d, e, f = page.transformation_matrix * across * ~page.transformation_matrix
    return f"{a:g} {b:g} {c:g} {d:g} {e:g} {f:g} cm"


def _renamed(drawn: str, names: dict[str, str]) -> str:
    """The operators with fonts under other names."""
    return (
        re.sub(rf"/({'|'.join(names)}) ", lambda found: f"/{names[found[1]]} ", drawn)
        if names
        else drawn
    )


def _add_fonts(pdf: pymupdf.Document, page: int, fonts: dict[str, int]) -> dict[str, str]:
    """Name fonts in a page's resources; gives those that have another name there, since theirs
    is taken: the page was translated before.
    """
    kind, value = pdf.xref_get_key(page, "Resources")
    if kind == "null":
        pdf.xref_set_key(page, "Resources", _inherited(pdf, page))
        kind, value = pdf.xref_get_key(page, "Resources")
    owner, path = (int(value.split()[0]), "Font") if kind == "xref" else (page, "Resources/Font")
    kind, value = pdf.xref_get_key(owner, path)
    if kind == "xref":
        owner, path = int(value.split()[0]), ""
    renamed: dict[str, str] = {}
    for name, number in fonts.items():
        free = name
        while pdf.xref_get_key(owner, f"{path}/{free}".lstrip("/"))[1] not in {
            "null",
            f"{number} 0 R",
        }:
            renamed[name] = free = f"{free}x"
        pdf.xref_set_key(owner, f"{path}/{free}".lstrip("/"), f"{number} 0 R")
    return renamed


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
