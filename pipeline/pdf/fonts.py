"""The typefaces that a translation is set in, loaded once a document and embedded once, with only the glyphs that were used.

PyMuPDF carries the twelve text faces of the URW base fonts (sans, serif, typewriter, each in four cuts; Latin, Greek,
Cyrillic), Noto Serif (Vietnamese and rarer Latin), Droid Sans Fallback (CJK) and two symbol faces: nothing to install.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import pymupdf

from dragoman.domain.document import Family, Style

PREFIX = "Dgm"  # of our fonts' names in a page's resources
_FAMILY = {Family.SANS: "he", Family.SERIF: "ti", Family.MONO: "co"}
# PyMuPDF's codes for the base fonts (documentation, "Base-14 fonts"): family + cut by (bold, italic).
_CODES = {
    "he": {(False, False): "helv", (True, False): "hebo", (False, True): "heit", (True, True): "hebi"},
    "ti": {(False, False): "tiro", (True, False): "tibo", (False, True): "tiit", (True, True): "tibi"},
    "co": {(False, False): "cour", (True, False): "cobo", (False, True): "coit", (True, True): "cobi"},
}
FALLBACKS = ("noto", "cjk", "symb", "zadb")
NOTO_SERIF_SCRIPT = 1  # MuPDF's number for Latin; its Noto Serif has all Vietnamese letters
UNITS = 1000  # glyph space to text space, ISO 32000-1 9.2.4
# Characters that are set as another, looking the same: kinds of blanks and hyphens.
_SAME = str.maketrans({"\u00a0": " ", "\u2007": " ", "\u202f": " ", "\u2009": " ", "\u200a": " ", "\u2002": " ", "\u2003": " ",
                       "\u2010": "-", "\u2011": "-", "\u2212": "−", "\t": " "})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Glyph:
    """One glyph of a face. `advance` in ems."""

    face: Face
    id: int
    advance: float


@dataclass(slots=True, eq=False)
class Face:
    """One typeface. `name` is its name in the resources of our pages; `used` the glyphs set so far and their characters."""

    name: str
    font: pymupdf.Font
    used: dict[int, str] = field(default_factory=dict)
    _glyphs: dict[str, Glyph | None] = field(default_factory=dict)

    def glyph(self, character: str) -> Glyph | None:
        """The glyph for a character, None if the face has none."""
        if character not in self._glyphs:
            number = self.font.has_glyph(ord(character))
            glyph = Glyph(self, number, self.font.glyph_advance(ord(character))) if number else None
            self._glyphs[character] = glyph
        return self._glyphs[character]


class Fonts:
    """The faces of one document, loaded when they are first needed."""

    def __init__(self) -> None:
        self._faces: dict[str, Face] = {}
        self._by_style: dict[tuple[Family, bool, bool], Face] = {}
        self.missing: set[str] = set()
        """Characters that no face has; they were left out."""

    def face(self, style: Style) -> Face:
        """The face nearest to a style."""
        key = (style.family, style.bold, style.italic)
        if key not in self._by_style:
            self._by_style[key] = self._load(_CODES[_FAMILY[style.family]][style.bold, style.italic])
        return self._by_style[key]

    def glyphs(self, text: str, style: Style) -> list[Glyph]:
        """The glyphs of a text, from the style's face or, where that has none, from another one."""
        face = self.face(style)
        found: list[Glyph] = []
        for character in clean(text):
            glyph = face.glyph(character) or self._elsewhere(character)
            if glyph is None:
                self.missing.add(character)
                continue
            glyph.face.used.setdefault(glyph.id, character)
            found.append(glyph)
        return found

    def used(self) -> list[Face]:
        """The faces that something was set in."""
        return [face for face in self._faces.values() if face.used]

    def usage(self) -> dict[str, dict[int, str]]:
        """The glyphs that were used, by their face's name: what a part of a document hands on to the whole."""
        return {face.name: dict(face.used) for face in self.used()}

    def recall(self, usage: Mapping[str, Mapping[int, str]]) -> None:
        """Count glyphs as used that `usage` of another part names."""
        for name, glyphs in usage.items():
            self._load(name.removeprefix(PREFIX)).used.update(glyphs)

    def _elsewhere(self, character: str) -> Glyph | None:
        for code in FALLBACKS:
            glyph = self._load(code).glyph(character)
            if glyph is not None:
                return glyph
        return None

    def _load(self, code: str) -> Face:
        if code not in self._faces:
            font = pymupdf.Font(script=NOTO_SERIF_SCRIPT) if code == "noto" else pymupdf.Font(code)
            self._faces[code] = Face(f"{PREFIX}{code}", font)
        return self._faces[code]


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """The text as it can be set: composed letters, plain blanks, no control characters and other invisible ones."""
    text = unicodedata.normalize("NFC", text).translate(_SAME)
    if text.isascii() and text.isprintable():
        return text
    return "".join(one for one in text if unicodedata.category(one) not in {"Cc", "Cf", "Co", "Cs"})
