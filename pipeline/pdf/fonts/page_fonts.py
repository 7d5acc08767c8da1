"""The fonts that a page of the source names: their object numbers, how their codes are written,
what they say of themselves.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import pymupdf
import uharfbuzz as hb
from pymupdf import mupdf

# hexadecimal digits of a code: of simple fonts, and of composite ones with Identity-H
SIMPLE, COMPOSITE = 2, 4
CODES = 256  # of a simple font
LONGEST_NAME = 31  # characters that MuPDF keeps of a font's name
SUBSET_MARK = 7  # ISO 32000-1 9.6.4: six letters and a plus
_ENCODING = re.compile("-*-Identity-H$")
_MARKED = re.compile(r"[A-Z]{6}\+")
_FILE = re.compile(r"/(FontFile[23]?) (\d+) 0 R")
_NUMBER = re.compile(r"-?\d*\.?\d+")
_REFERENCE = re.compile(r"(\d+) 0 R")
# Encodings that a file may name (ISO 32000-1 annex D) -> Python's of the same letters.
_NAMED = {"WinAnsiEncoding": "cp1252", "MacRomanEncoding": "mac_roman"}
_DIFFERENCE = re.compile(r"/([^\s/\[\]<>()]+)|(\d+)")  # of an encoding, ISO 32000-1 table 114
NO_LETTER = 0xFFFD  # what a name means that no list has
# Bits of fsType (OpenType 1.9, OS/2): may be embedded for reading only; no bit of these:
# installable, may be edited.
_RESTRICTED, _READ_ONLY, _EDITABLE = 2, 4, 8
_RIGHTS = struct.Struct(">8xH")  # where the table has them
_TYPE_1_RIGHTS = re.compile(rb"/FSType\s+(\d+)")  # Adobe Technical Note 5147


@dataclass(frozen=True)
class FileFont:
    """A font object of the file. `digits`: how many hexadecimal digits a code of it has."""

    pdf: pymupdf.Document
    number: int
    name: str
    digits: int

    @property
    def is_whole(self) -> bool:
        """Whether its program has all glyphs that it was made with."""
        return not _MARKED.match(self.name)

    @property
    def is_cut_clean(self) -> bool:
        """Whether it is a simple one of a kind from which unused glyphs are taken with their
        names: Type 1 and CFF.
        """
        return self.digits == SIMPLE and self._program[0] in {"FontFile", "FontFile3"}

    @cached_property
    def widths(self) -> dict[int, float]:
        """The advances of its codes in ems, as far as it says them; only of codes of one byte."""
        kind, value = self.pdf.xref_get_key(self.number, "Widths")
        listed = (
            self.pdf.xref_object(int(value.split()[0]), compressed=True)
            if kind == "xref"
            else value
        )
        first = self.pdf.xref_get_key(self.number, "FirstChar")[1]
        if kind == "null" or not first.isdigit():
            return {}
        numbers = (float(one) for one in _NUMBER.findall(listed))
        return {code: width / 1000 for code, width in enumerate(numbers, start=int(first))}

    @cached_property
    def program(self) -> bytes:
        """Of the font, empty if it is not in the file."""
        number = self._program[1]
        return bytes(self.pdf.xref_stream(number) or b"") if number else b""

    @cached_property
    def outlines(self) -> pymupdf.Font | None:
        """The program as MuPDF reads it by itself, None where it cannot or there is none."""
        try:
            return pymupdf.Font(fontbuffer=self.program) if self.program else None
        except mupdf.FzErrorBase:
            return None

    @property
    def may_be_edited(self) -> bool:
        """Whether it is in the file, and its makers allow that texts in it are changed (fsType;
        most say nothing).
        """
        return bool(self.program) and _allows_editing(_rights(self.program))

    @cached_property
    def encoded(self) -> dict[str, int]:
        """The codes of the letters that its encoding names, without those that it leaves to the
        program.
        """
        if self.digits == COMPOSITE:
            return {}
        kind, value = self.pdf.xref_get_key(self.number, "Encoding")
        if kind == "name":
            return _letters_of(value.removeprefix("/"))
        return dict(_differences(self._value("Encoding"))) if kind != "null" else {}

    @cached_property
    def _inner(self) -> int:
        """The object number of the font that has the descriptor: of a composite one, that which
        it is made of.
        """
        found = (
            _REFERENCE.search(self._value("DescendantFonts")) if self.digits == COMPOSITE else None
        )
        return int(found[1]) if found else self.number

    @property
    def inner_name(self) -> str:
        """Of a composite font, the name of that which it is made of; MuPDF goes by it where the
        two differ.
        """
        return str(self.pdf.xref_get_key(self._inner, "BaseFont")[1]).removeprefix("/")

    @cached_property
    def _program(self) -> tuple[str, int]:
        """The descriptor's key for the program, and its object number; 0: there is none."""
        kind, value = self.pdf.xref_get_key(self._inner, "FontDescriptor")
        found = _FILE.search(
            self.pdf.xref_object(int(value.split()[0]), compressed=True)
            if kind == "xref"
            else value
        )
        return (found[1], int(found[2])) if found else ("", 0)

    def _value(self, key: str) -> str:
        kind, value = self.pdf.xref_get_key(self.number, key)
        return (
            self.pdf.xref_object(int(value.split()[0]), compressed=True)
            if kind == "xref"
            else str(value)
        )


class PageFonts:
    """The page's fonts, found by the names that MuPDF has for them.

    Those of glyphs that are drawn by the file are left out.
    """

    def __init__(self, pdf: pymupdf.Document, page: int) -> None:
        self._known: dict[str, dict[int, FileFont | None]] = {}
        for number, _, kind, name, _, encoding, *_ in pdf.get_page_fonts(page):
            usable = kind != "Type3" and (kind != "Type0" or encoding == "Identity-H")
            font = (
                FileFont(pdf, number, name, COMPOSITE if kind == "Type0" else SIMPLE)
                if usable
                else None
            )
            for key in {name[:LONGEST_NAME], _bare(name)}:
                self._known.setdefault(key, {})[number] = font

    def named(self, name: str) -> list[FileFont]:
        """All fonts of a name; none if codes of one of them mean nothing to us."""
        fonts = (
            self._known.get(name)
            or self._known.get(_bare(name))
            or self._inner.get(_bare(name))
            or {}
        )
        known = [font for font in fonts.values() if font]
        return known if len(known) == len(fonts) else []

    @cached_property
    def _inner(self) -> dict[str, dict[int, FileFont | None]]:
        fonts = {
            number: font for one in self._known.values() for number, font in one.items() if font
        }
        found: dict[str, dict[int, FileFont | None]] = {}
        for number, font in fonts.items():
            found.setdefault(_bare(font.inner_name), {})[number] = font
        return found

    def of(self, name: str) -> FileFont | None:
        """The one font of a name; None if there is none, or more than one."""
        fonts = self.named(name)
        return fonts[0] if len(fonts) == 1 else None


def _bare(name: str) -> str:
    """A font's name without the mark of a subset and the encoding, as far as MuPDF knows it."""
    return _ENCODING.sub("", name.rpartition("+")[2])[: LONGEST_NAME - SUBSET_MARK]


@cache
def _letters_of(encoding: str) -> dict[str, int]:
    codec = _NAMED.get(encoding)
    if codec is None:
        return {}
    return {
        letter: code
        for code in range(32, CODES)
        if (letter := bytes([code]).decode(codec, "ignore"))
    }


def _differences(encoding: str) -> Iterator[tuple[str, int]]:
    base = re.search(r"/BaseEncoding/(\w+)", encoding)
    yield from _letters_of(base[1]).items() if base else ()
    code = 0
    for name, number in _DIFFERENCE.findall(encoding.partition("/Differences")[2]):
        if number:
            code = int(number)
            continue
        meant = mupdf.fz_unicode_from_glyph_name_strict(name)
        if meant >= ord(" ") and meant != NO_LETTER and code < CODES:
            yield chr(meant), code
        code += 1


def _rights(program: bytes) -> int:
    """What a font's program says of where it may be embedded, fsType; 0 if it says nothing."""
    if program[:4] in (b"\0\1\0\0", b"OTTO", b"true"):
        table = hb.Face(program).reference_table("OS/2").data
        return int(_RIGHTS.unpack_from(table)[0]) if len(table) >= _RIGHTS.size else 0
    said = _TYPE_1_RIGHTS.search(program)
    return int(said[1]) if said else 0


def _allows_editing(rights: int) -> bool:
    return bool(rights & _EDITABLE) or not rights & (_RESTRICTED | _READ_ONLY)
