"""One typeface: its glyphs, and its program cut down to those that were used.

Two makes, by what the program is.

A bare CFF program, as MuPDF's base fonts are, is read by MuPDF; OpenType files are read by
HarfBuzz, which shapes them too. HarfBuzz cuts both. Glyph ids stay as they are, and are the codes
in the page's text.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

import pymupdf
import uharfbuzz as hb

UNITS = 1000  # glyph space to text space, ISO 32000-1 9.2.4
_RETAIN = int(hb.SubsetFlags.RETAIN_GIDS)
# Tables that a font in a PDF has no use for (ISO 32000-1 9.9).
_UNUSED = (
    "GSUB",
    "GPOS",
    "GDEF",
    "STAT",
    "DSIG",
    "name",
    "cmap",
    "post",
    "MVAR",
    "vhea",
    "vmtx",
    "OS/2",
)
_CFF, _GLYF = "CFF ", "glyf"


@dataclass(frozen=True, slots=True)
class Glyph:
    """One glyph of a face. `advance` in ems; `x`, `y`: where it is moved to from its place, in ems.

    `text`: what it stands for, empty for all but the first glyph of a cluster. `plain`: it takes
    the width that its face gives it.
    """

    face: Face
    id: int
    advance: float
    text: str = ""
    x: float = 0.0
    y: float = 0.0
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a font descriptor says (ISO 32000-1 9.8.1), in thousandths of an em."""

    box: tuple[int, int, int, int]
    ascent: int
    descent: int


class Face:
    """A typeface.

    `name` is its name in the resources of our pages; `used` its glyphs and the text each stands for
    by itself.

    `outline`: of the size, what strokes are thickened by where there is no bold cut. `digits`:
    hexadecimal ones of a glyph's code.
    """

    name: str
    title: str
    bold: bool
    italic: bool
    outline: float = 0.0
    digits: int = 4

    def __init__(self, name: str) -> None:
        self.name = name
        self.used: dict[int, str] = {}
        self._glyphs: dict[str, Glyph | None] = {}

    def glyph(self, character: str) -> Glyph | None:
        """The glyph that a character has by itself, None if the face has none."""
        try:
            return self._glyphs[character]
        except KeyError:
            number = self._number(character)
            found = Glyph(self, number, self.width(number), character) if number else None
            if found:
                self.used.setdefault(number, character)
            self._glyphs[character] = found
            return found

    def recall(self, glyphs: Mapping[int, str]) -> None:
        """Count glyphs as used that stand for these texts elsewhere in the document."""
        for glyph, text in glyphs.items():
            self.used[glyph] = text or self.used.get(glyph, "")

    def width(self, glyph: int) -> float:
        """The advance that the program gives a glyph, in ems."""
        raise NotImplementedError

    def metrics(self) -> Metrics:
        """Of the whole face."""
        raise NotImplementedError

    def program(self) -> tuple[bytes, str]:
        """The program with the used glyphs only, and its outlines' table: `CFF ` or `glyf`."""
        raise NotImplementedError

    def _number(self, character: str) -> int:
        raise NotImplementedError


@cache
def _base_font(code: str) -> tuple[pymupdf.Font, dict[str, tuple[int, float]]]:
    """A face that MuPDF carries, and what is known of it in this process: character -> glyph id
    and advance in ems.
    """
    return pymupdf.Font(code), {}


class BaseFace(Face):
    """A face of bare CFF that MuPDF carries, by MuPDF's code for it."""

    def __init__(self, name: str, code: str) -> None:
        super().__init__(name)
        self._font, self._numbers = _base_font(code)
        self.title, self.bold, self.italic = (
            self._font.name,
            bool(self._font.is_bold),
            bool(self._font.is_italic),
        )
        self._widths: dict[int, float] = {}

    def recall(self, glyphs: Mapping[int, str]) -> None:
        """A character gives its glyph's width."""
        for character in glyphs.values():
            self.glyph(character)

    def _number(self, character: str) -> int:
        if character not in self._numbers:
            code = ord(character)
            self._numbers[character] = (
                int(self._font.has_glyph(code)),
                float(self._font.glyph_advance(code)),
            )
        number, width = self._numbers[character]
        self._widths.setdefault(number, width)
        return number

    def width(self, glyph: int) -> float:
        """In ems."""
        return self._widths[glyph]

    def metrics(self) -> Metrics:
        """As MuPDF or HarfBuzz read them."""
        bounds = self._font.bbox
        box = (
            round(bounds.x0 * UNITS),
            round(bounds.y0 * UNITS),
            round(bounds.x1 * UNITS),
            round(bounds.y1 * UNITS),
        )
        return Metrics(box, round(self._font.ascender * UNITS), round(self._font.descender * UNITS))

    def program(self) -> tuple[bytes, str]:
        """Cut by HarfBuzz."""
        # HarfBuzz reads CFF as a table of a font: two more that it asks for are made up (OpenType
        # 1.9, head and maxp).
        head = struct.pack(
            ">IIIIHH16x4hHHhhh",
            0x10000,
            0x10000,
            0,
            0x5F0F3CF5,
            0,
            UNITS,
            0,
            0,
            0,
            0,
            0,
            8,
            2,
            0,
            0,
        )
        tables = {
            _CFF: self._font.buffer,
            "maxp": struct.pack(">IH", 0x5000, self._font.glyph_count),
            "head": head,
        }
        face = hb.Face.create_for_tables(lambda _face, tag, _data: tables.get(tag), None)
        return _subset(face, self.used, _RETAIN).reference_table(_CFF).data, _CFF


class OpenFace(Face):
    """A face of an OpenType file or of the bytes of one.

    `weight`: on the axis of a variable one, None: as it comes. `keyed`: its glyphs are CIDs (Adobe
    Technical Note 5176, 13 and 18).
    """

    def __init__(
        self,
        name: str,
        source: Path | bytes,
        *,
        weight: int | None = None,
        outline: float = 0.0,
        keyed: bool = False,
    ) -> None:
        super().__init__(name)
        self._keyed = keyed
        blob = hb.Blob.from_file_path(source) if isinstance(source, Path) else hb.Blob(source)
        self._face = hb.Face(blob)
        self._font = hb.Font(self._face)
        self._axes = {axis.tag: axis.default_value for axis in self._face.axis_infos}
        if weight is not None and "wght" in self._axes:
            self._axes["wght"] = float(weight)
            self._font.set_variations({"wght": float(weight)})
        self.title = str(self._face.get_name(hb.OTNameIdPredefined.POSTSCRIPT_NAME) or name)
        self.bold, self.italic, self.outline = bool(weight and weight > UNITS // 2), False, outline
        self._upem: int = self._face.upem

    def _number(self, character: str) -> int:
        return int(self._font.get_nominal_glyph(ord(character)) or 0)

    def width(self, glyph: int) -> float:
        """In ems."""
        advance: int = self._font.get_glyph_h_advance(glyph)
        return advance / self._upem

    def metrics(self) -> Metrics:
        """As MuPDF or HarfBuzz read them."""
        extents = self._font.get_font_extents("ltr")
        up, down = (
            round(value * UNITS / self._upem) for value in (extents.ascender, extents.descender)
        )
        return Metrics((-UNITS // 2, down, 2 * UNITS, up), up, down)

    def shape(self, text: str, *, rtl: bool, lang: str | None) -> list[Glyph] | None:
        """The glyphs of a text of one script as they are seen from left to right; None if one
        is missing.
        """
        buffer = hb.Buffer()
        # A mark belongs to its letter's cluster: readers that place it by itself would put a blank
        # after it.
        buffer.cluster_level = hb.BufferClusterLevel.MONOTONE_GRAPHEMES
        # Joiners have done their work then: what is left of them would be a blank to all who copy.
        buffer.flags = hb.BufferFlags.REMOVE_DEFAULT_IGNORABLES
        buffer.add_str(text)
        buffer.direction = "rtl" if rtl else "ltr"
        buffer.guess_segment_properties()
        if lang:
            buffer.language = lang
        hb.shape(self._font, buffer)
        shaped = list(zip(buffer.glyph_infos, buffer.glyph_positions, strict=True))
        if any(info.codepoint == 0 for info, _ in shaped):
            return None
        return list(self._clusters(shaped, text, rtl=rtl))

    def program(self) -> tuple[bytes, str]:
        """Cut by HarfBuzz."""
        # CFF with ids of its own keeps them in its charset, so that it may be closed up: 65,535
        # empty places are 100 KB.
        face = _subset(self._face, self.used, 0 if self._keyed else _RETAIN, self._axes)
        if _CFF in face.table_tags:
            return face.reference_table(_CFF).data, _CFF
        return face.blob.data, _GLYF

    def _clusters(
        self, shaped: list[tuple[hb.GlyphInfo, hb.GlyphPosition]], text: str, *, rtl: bool
    ) -> Iterator[Glyph]:
        starts = sorted({info.cluster for info, _ in shaped})
        ends = dict(zip(starts, [*starts[1:], len(text)], strict=True))
        for start, cluster in groupby(shaped, key=lambda one: one[0].cluster):
            meant = text[start : ends[start]]
            glyphs = list(cluster)
            for place, (info, position) in enumerate(glyphs):
                shown = "" if place else meant[::-1] if rtl else meant
                if len(glyphs) == 1:
                    self.used.setdefault(info.codepoint, shown)
                else:
                    self.used.setdefault(info.codepoint, "")
                moved = position.x_offset or position.y_offset
                own = position.x_advance == self._font.get_glyph_h_advance(info.codepoint)
                yield Glyph(
                    self,
                    info.codepoint,
                    position.x_advance / self._upem,
                    shown,
                    position.x_offset / self._upem,
                    position.y_offset / self._upem,
                    plain=own and not moved,
                )


def _subset(
    face: hb.Face, glyphs: dict[int, str], flags: int, axes: dict[str, float] | None = None
) -> hb.Face:
    plan = hb.SubsetInput()
    plan.glyph_set.update(glyphs)
    plan.flags = hb.SubsetFlags(flags | int(hb.SubsetFlags.NO_LAYOUT_CLOSURE))
    plan.drop_table_tag_set.update(int.from_bytes(tag.encode()) for tag in _UNUSED)
    for axis, value in (axes or {}).items():
        plan.pin_axis_location(face, axis, value)
    return hb.subset(face, plan)
