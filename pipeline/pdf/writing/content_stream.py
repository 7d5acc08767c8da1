"""A page with its translated blocks: the original words erased, once per paragraph, and one
stream of new text on top.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pymupdf
from pymupdf import mupdf

from dragoman.domain.document import OPAQUE, Block, Original, Rect, Span, Style
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

# Modes of drawing text (ISO 32000-1 table 106).
FILLED, STROKED, THICKENED = 0, 1, 2
EDGE = 0.02  # of the size: the lines of letters of which only the edges are drawn
OPACITY = "DgmA"  # of our opacities' names in a page's resources; 0 to 255 follows
_OPACITY = re.compile(rf"/{OPACITY}(\d+) gs")
# of the size: how far under the baseline an underline begins, how thick it is
UNDER, UNDER_THICKNESS = 0.1, 0.05
LOWEST = 0.26  # of the size: how far under the baseline the underline of a file may be
SLACK = 0.5  # points around a line that is taken off: what is drawn is told to half a point
TOUCH = 0.5  # points: underlines that are closer are one

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
    _redact(page, bands, text=True)


def erase_underlines(page: pymupdf.Page, blocks: Iterable[Block], drawn: Sequence[Rect]) -> None:
    """Take the lines off the page that are `drawn` under words of `blocks`."""
    if not drawn:
        return
    under = Neighbours(drawn)
    found = {
        line
        for block in blocks
        for span in (span for one in block.lines for span in one.spans)
        if span.style.underlined
        for line in under.meeting(_below(span))
    }
    if found:
        _redact(page, [_grown(line) for line in found], text=False)


def _below(span: Span) -> Rect:
    """Where the underline of a span may be."""
    x0, _, x1, _ = span.bbox
    return x0, span.baseline, x1, span.baseline + LOWEST * span.style.size


def _grown(rect: Rect) -> Rect:
    return rect[0] - SLACK, rect[1] - SLACK, rect[2] + SLACK, rect[3] + SLACK


def _redact(page: pymupdf.Page, boxes: Iterable[Rect], *, text: bool) -> None:
    """Take off the page what stands in `boxes`: its letters, or the drawings that lie in one of
    them as a whole.
    """
    # PyMuPDF's own wrappers around these calls cost three times as much as the calls (measured on a
    # tax form).
    pdf_page = mupdf.pdf_page_from_fz_page(page.this)
    for box in boxes:
        annotation = mupdf.pdf_create_annot(pdf_page, mupdf.PDF_ANNOT_REDACT)
        mupdf.pdf_set_annot_rect(annotation, mupdf.FzRect(*box))
    options = mupdf.PdfRedactOptions()
    options.black_boxes = 0
    options.text = mupdf.PDF_REDACT_TEXT_REMOVE if text else mupdf.PDF_REDACT_TEXT_NONE
    options.image_method = mupdf.PDF_REDACT_IMAGE_NONE
    options.line_art = (
        mupdf.PDF_REDACT_LINE_ART_NONE if text else mupdf.PDF_REDACT_LINE_ART_REMOVE_IF_COVERED
    )
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
    if pen.alpha != OPAQUE:
        yield _opacity(OPAQUE)
    yield "0 Tr\nET" if pen.mode else "ET"
    yield from pen.underlines()


@dataclass(frozen=True, slots=True)
class _Underline:
    """A line under words of one size and colour, in turned space.

    `whole`: where they end with their last blank.
    """

    start: float
    end: float
    whole: float
    baseline: float
    size: float
    color: int
    alpha: int


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
        self.mode = FILLED
        self.alpha = OPAQUE
        self.under: list[_Underline] = []

    def line(self, line: SetLine) -> Iterator[str]:
        x = line.x
        for pieces, gaps in _groups(line):
            first = pieces[0]
            if first.style.underlined:
                self._underline(pieces, gaps, x, line.baseline)
            if self.alpha != first.style.alpha:
                yield _opacity(first.style.alpha)
                self.alpha = first.style.alpha
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
        if self.mode:
            yield "0 Tr"
        yield from operators(
            self.originals[original].glyphs, x, y, self.scale, self.direction, narrow=self.narrow
        )
        self.font, self.color, self.outline, self.mode = None, piece.color, 0.0, FILLED

    def _underline(
        self, pieces: Sequence[Piece], gaps: Sequence[float], x: float, baseline: float
    ) -> None:
        """Note the line under pieces; a blank at their end has one only if it goes on."""
        size, color = pieces[0].size * self.scale, pieces[0].color
        across = self.scale * self.narrow
        ends = [x]
        for piece, gap in zip(pieces, gaps, strict=True):
            ends.append(ends[-1] + piece.width * across + gap)
        last = self.under[-1] if self.under else None
        whole = ends[-1]
        if _is_blank(pieces[-1]):
            ends.pop()
        if last and last.baseline == baseline and last.color == color and x - last.whole < TOUCH:
            self.under[-1] = replace(last, end=ends[-1], whole=whole)
        else:
            alpha = pieces[0].style.alpha
            self.under.append(_Underline(x, ends[-1], whole, baseline, size, color, alpha))

    def underlines(self) -> Iterator[str]:
        """The lines under words, as operators."""
        for line in self.under:
            if line.alpha != OPAQUE:
                yield _opacity(line.alpha)
            depth, thickness = UNDER * line.size, UNDER_THICKNESS * line.size
            top, bottom = line.baseline + depth, line.baseline + depth + thickness
            x0, y0, x1, y1 = back((line.start, top, line.end, bottom), self.direction)
            yield f"{_color(line.color)} {x0:.2f} {y0:.2f} {x1 - x0:.2f} {y1 - y0:.2f} re f"
            if line.alpha != OPAQUE:
                yield _opacity(OPAQUE)

    def _look(self, piece: Piece) -> Iterator[str]:
        face, size = piece.glyphs[0].face, piece.size * self.scale
        outlined = piece.style.outlined
        outline = EDGE * size if outlined else face.outline * size
        mode = STROKED if outlined else THICKENED if outline else FILLED
        if self.color != piece.color or (outline and not self.outline):
            yield _color(piece.color) + (f" {_color(piece.color).upper()}" if outline else "")
        if self.font != (face.name, size):
            yield f"/{face.name} {size:.3f} Tf"
        if outline != self.outline or mode != self.mode:
            yield f"{mode} Tr {outline:.3f} w" if outline else "0 Tr"
        self.font, self.color = (face.name, size), piece.color
        self.outline, self.mode = outline, mode

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
        and (one.style is other.style or _is_painted_alike(one.style, other.style))
    )


def _is_painted_alike(one: Style, other: Style) -> bool:
    return (one.alpha, one.outlined, one.underlined) == (
        other.alpha,
        other.outlined,
        other.underlined,
    )


def _is_blank(piece: Piece) -> bool:
    return not "".join([glyph.text for glyph in piece.glyphs]).strip() and not piece.original


def _opacity(alpha: int) -> str:
    return f"/{OPACITY}{alpha} gs"


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
    _add_opacities(pdf, page.xref, drawn)
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
    owner, path = _resources(pdf, page, "Font")
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


def _add_opacities(pdf: pymupdf.Document, page: int, drawn: str) -> None:
    """Name the opacities that operators use in a page's resources (ISO 32000-1 11.6.4.4)."""
    used = set(_OPACITY.findall(drawn)) if f"/{OPACITY}" in drawn else set()
    if not used:
        return
    owner, path = _resources(pdf, page, "ExtGState")
    for alpha in used:
        share = f"{int(alpha) / OPAQUE:.3g}"
        name = f"{path}/{OPACITY}{alpha}".lstrip("/")
        pdf.xref_set_key(owner, name, f"<</ca {share}/CA {share}>>")


def _resources(pdf: pymupdf.Document, page: int, kind: str) -> tuple[int, str]:
    """The object that holds a page's resources of a kind, and the path to them in it."""
    found, value = pdf.xref_get_key(page, "Resources")
    if found == "null":
        pdf.xref_set_key(page, "Resources", _inherited(pdf, page))
        found, value = pdf.xref_get_key(page, "Resources")
    owner, path = (int(value.split()[0]), kind) if found == "xref" else (page, f"Resources/{kind}")
    found, value = pdf.xref_get_key(owner, path)
    return (int(value.split()[0]), "") if found == "xref" else (owner, path)


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
