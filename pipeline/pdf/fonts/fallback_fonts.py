"""The typefaces that a translation is set in, loaded once a document and embedded once, with only
the glyphs that were used.

PyMuPDF carries the twelve text faces of the URW base fonts (sans, serif, typewriter, each in four
cuts; Latin, Greek, Cyrillic), Noto Serif of most scripts in one weight, and two symbol faces.
Packages add weights for Arabic, Hebrew, Devanagari and Thai, and Noto Sans CJK with the forms of
characters that China, Taiwan, Japan and Korea have. Its bold cut and Noto Serif CJK are no
packages, since they weigh 70 MB: they are taken where the system has them (Debian: fonts-noto-cjk,
which the Docker image holds).
"""

from __future__ import annotations

import importlib.util
import os
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pymupdf

from dragoman.domain.document import Family, Style
from pipeline.pdf.fonts.bidi import MIRRORED
from pipeline.pdf.fonts.source_fonts import OwnFace
from pipeline.pdf.fonts.typefaces import BaseFace, Face, Glyph, OpenFace
from pipeline.pdf.model.scripts import CJK, JOINERS, SCRIPTS, Script, is_simple, parts

NONE_OWN: Mapping[str, OwnFace] = {}
PREFIX = "Dgm"  # of our fonts' names in a page's resources
_FAMILY = {Family.SANS: "he", Family.SERIF: "ti", Family.MONO: "co"}
# PyMuPDF's codes for the base fonts (documentation, "Base-14 fonts"): family + cut by (bold,
# italic).
_CODES = {
    "he": {
        (False, False): "helv",
        (True, False): "hebo",
        (False, True): "heit",
        (True, True): "hebi",
    },
    "ti": {
        (False, False): "tiro",
        (True, False): "tibo",
        (False, True): "tiit",
        (True, True): "tibi",
    },
    "co": {
        (False, False): "cour",
        (True, False): "cobo",
        (False, True): "coit",
        (True, True): "cobi",
    },
}
# the last has arrows and shapes that no other has
FALLBACKS = ("noto", "symb", "zadb", "signs", CJK.name)
# MuPDF's: Noto Serif has all Vietnamese letters, Noto Sans Symbols the rest
_SCRIPT_NUMBERS = {"noto": 1, "signs": 52}
# Names of our faces for them -> files of the system (serif, its bold cut, the bold cut of the
# other).
_INSTALLED = {
    "hanm": "NotoSerifCJK-Regular.ttc",
    "hanmb": "NotoSerifCJK-Bold.ttc",
    "hanw": "NotoSansCJK-Bold.ttc",
}
# Not `Path.home()`, which raises for a user whom no file of the system names, such as one of
# `docker run --user`.
_HOME = Path(os.path.expanduser("~"))  # noqa: PTH111
FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), _HOME / ".local/share/fonts")
_LATIN = range(0x20, 0x180)  # Unicode's blocks Basic Latin to Latin Extended-A
BOLD = 700  # OpenType 1.9, OS/2, usWeightClass
# of the size: how much bold strokes are thicker where a typeface has one weight only
OUTLINE = 0.03
# Characters that are set as another, looking the same: kinds of blanks and hyphens.
_SAME = str.maketrans({"\u00a0": " ", "\u2007": " ", "\u202f": " ", "\u2009": " ", "\u200a": " ", "\u2002": " ", "\u2003": " ",  # noqa: E501
                       "\u2010": "-", "\u2011": "-", "\t": " "})  # fmt: skip
# What Wingdings has for private codes (its table of characters), for signs of which the page's own
# drawing was not found.
_SAME |= str.maketrans({"\uf0b7": "•", "\uf0a7": "▪", "\uf06c": "●", "\uf06e": "■", "\uf06f": "□", "\uf071": "❑", "\uf075": "◆", "\uf076": "❖",  # noqa: E501
                        "\uf0a8": "◻", "\uf0d8": "➢", "\uf0e0": "→", "\uf0fb": "✗", "\uf0fc": "✓", "\uf0fd": "☒", "\uf0fe": "☑"})  # noqa: E501  # fmt: skip


class Fonts:
    """The faces of one document, loaded when they are first needed.

    `lang`: what it is translated to, BCP 47. `own`: the document's own that can be used, by the
    names of their styles.
    """

    def __init__(self, lang: str = "en", own: Mapping[str, OwnFace] = NONE_OWN) -> None:
        self.lang = lang
        self._own = own
        self._faces: dict[str, Face | None] = {}
        self._by_style: dict[tuple[Family, bool, bool], Face] = {}
        self.missing: set[str] = set()
        """Characters that no face has; they were left out."""

    def face(self, style: Style) -> Face:
        """The face of a style or nearest to it, for Latin, Greek and Cyrillic."""
        own = self._own.get(style.font) if style.font else None
        return own or self._nearest(style)

    def _nearest(self, style: Style) -> Face:
        key = (style.family, style.bold, style.italic)
        if key not in self._by_style:
            code = _CODES[_FAMILY[style.family]][style.bold, style.italic]
            self._by_style[key] = self._loaded(code) or BaseFace(f"{PREFIX}{code}", code)
        return self._by_style[key]

    def glyphs(self, text: str, style: Style, *, rtl: bool = False) -> list[Glyph]:
        """The glyphs of a cleaned text of one direction, as they are seen from left to right.

        They are from the style's face or, where that has none, from another one.
        """
        if not rtl and is_simple(text):
            return self._plain(text, style)
        found = [
            (
                self._shaped(script, piece, style, rtl=rtl)
                if script
                else self._mirrored(piece[::-1], style)
                if rtl
                else self._plain(piece, style)
            )
            for script, piece in parts(text)
        ]
        return [glyph for piece in (reversed(found) if rtl else found) for glyph in piece]

    def kept(self) -> dict[str, int]:
        """The document's own faces that something was set in: name in the result -> object
        number.
        """
        return {face.name: face.number for face in self._own.values() if face.used}

    def used(self) -> list[Face]:
        """The faces that something was set in, without the document's own."""
        return [face for face in self._faces.values() if face is not None and face.used]

    def _plain(self, text: str, style: Style) -> list[Glyph]:
        face = self.face(style)
        found = [face.glyph(character) or self._elsewhere(character, style) for character in text]
        glyphs = [glyph for glyph in found if glyph is not None]
        if len(glyphs) < len(found):
            self.missing.update(
                one for one, glyph in zip(text, found, strict=True) if glyph is None
            )
        return glyphs

    def _mirrored(self, text: str, style: Style) -> list[Glyph]:
        """Brackets as they are seen from the right; each still stands for what was written."""
        glyphs = self._plain(text.translate(MIRRORED), style)
        if len(glyphs) != len(text):
            return glyphs
        return [
            glyph if glyph.text == meant else replace(glyph, text=meant)
            for glyph, meant in zip(glyphs, text, strict=True)
        ]

    def usage(self) -> dict[str, dict[int, str]]:
        """The glyphs that were used, by their face's name: what a part of a document hands on
        to the whole.
        """
        return {face.name: dict(face.used) for face in self.used()}

    def recall(self, usage: Mapping[str, Mapping[int, str]]) -> None:
        """Count glyphs as used that `usage` of another part names.

        Raises LookupError for a face that is not here.
        """
        for name, glyphs in usage.items():
            face = self._named(name.removeprefix(PREFIX))
            if face is None:
                raise LookupError(
                    f"typeface {name}, which another worker has set pages in, is not installed here"
                )
            face.recall(glyphs)

    def _named(self, code: str) -> Face | None:
        if code in _INSTALLED:
            return self._loaded(code, CJK)
        for script in SCRIPTS:
            if code in {f"{script.name}{cut}" for cut in ("", "b", "s", "sb")}:
                return self._loaded(code, script, bold=code.removeprefix(script.name).endswith("b"))
        return self._loaded(code)

    def _elsewhere(self, character: str, style: Style) -> Glyph | None:
        if character in JOINERS:
            return None
        nearest = self._nearest(style).glyph(character)
        if nearest is not None:
            return nearest
        for code in FALLBACKS:
            face = self._named(code)
            glyph = face.glyph(character) if face else None
            if glyph is not None:
                return glyph
        return None

    def _shaped(self, script: Script, text: str, style: Style, *, rtl: bool) -> list[Glyph]:
        text = text.strip(JOINERS) if script is CJK else text
        if not text:
            return []
        for face in self._of_script(script, style):
            shaped = face.shape(text, rtl=rtl, lang=self.lang)
            if shaped is not None:
                return shaped
        if len(text) > 1:
            pieces = [
                self._shaped(script, one, style, rtl=rtl)
                for one in (reversed(text) if rtl else text)
            ]
            return [glyph for piece in pieces for glyph in piece]
        plain = self._plain(text, style)
        return plain if text not in JOINERS else []

    def _of_script(self, script: Script, style: Style) -> list[OpenFace]:
        serif = style.family is Family.SERIF and script is not CJK
        codes = [f"{script.name}{'b' * style.bold}", f"{script.name}s{'b' * style.bold}"]
        if script is CJK:
            serifs = [f"hanm{'b' * style.bold}"] if style.family is Family.SERIF else []
            codes = [*serifs, *(["hanw"] if style.bold else []), *codes]
        faces = [
            self._loaded(code, script, bold=style.bold)
            for code in (reversed(codes) if serif else codes)
        ]
        return [face for face in faces if isinstance(face, OpenFace)]

    def _loaded(
        self, code: str, script: Script | None = None, *, bold: bool = False
    ) -> Face | None:
        if code not in self._faces:
            self._faces[code] = self._load(code, script, bold=bold)
        return self._faces[code]

    def _load(self, code: str, script: Script | None, *, bold: bool) -> Face | None:
        name = f"{PREFIX}{code}"
        if script is None:
            number = _SCRIPT_NUMBERS.get(code)
            return (
                BaseFace(name, code)
                if number is None
                else OpenFace(name, pymupdf.Font(script=number).buffer)
            )
        if code in _INSTALLED:
            path = installed(_INSTALLED[code], FOLDERS)
            return OpenFace(name, path, keyed=True) if path else None
        outline = OUTLINE if bold else 0.0
        if code.startswith(f"{script.name}s"):
            return OpenFace(name, pymupdf.Font(script=script.number).buffer, outline=outline)
        path = font_file(script.package) if script.package else None
        if path is None:
            return None
        if script is CJK:
            return OpenFace(name, path, outline=outline, keyed=True)
        return OpenFace(name, path, weight=BOLD if bold else None)


def warm() -> Iterator[None]:
    """Load, a typeface a step, what pages are set in most, and find those that are installed."""
    for cuts in _CODES.values():
        for code in cuts.values():
            face = BaseFace(f"{PREFIX}{code}", code)
            for character in map(chr, _LATIN):
                face.glyph(character)
            yield
    for script in SCRIPTS:
        if script.package:
            font_file(script.package)
    for name in _INSTALLED.values():
        installed(name, FOLDERS)
        yield


@lru_cache(maxsize=16)
def font_file(package: str) -> Path | None:
    """The upright typeface that a package carries, None where it is not installed.

    Nothing of the package is run.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    files = sorted(
        one for one in Path(spec.origin).parent.rglob("*.tt[fc]") if "Italic" not in one.name
    )
    return files[0] if files else None


@lru_cache(maxsize=16)
def installed(name: str, folders: tuple[Path, ...]) -> Path | None:
    """The file `name` in one of the folders, or in folders of theirs; None: it is in none."""
    found = (path for folder in folders for path in sorted(folder.rglob(name)))
    return next(found, None)


@lru_cache(maxsize=8192)
def clean(text: str) -> str:
    """The text as it can be set: composed letters, plain blanks, no control characters and
    other invisible ones.
    """
    if text.isascii() and text.isprintable():
        return text
    text = known(unicodedata.normalize("NFC", text))
    return "".join(
        one
        for one in text
        if one in JOINERS or unicodedata.category(one) not in {"Cc", "Cf", "Co", "Cs"}
    )


def known(text: str) -> str:
    """The text with each character that is set as another as that one."""
    return text.translate(_SAME)
