"""The source's own typefaces, where they have the letters of the translation: it is then set in
fonts that are in the file already.

What a font draws for a code is not told from its tables, which many files have wrong, but from the
pages: what was read there can be written. A font whose program is whole has also the letters that
its encoding names. Few fonts have all letters of another language, since files hold only those
glyphs that they use; the closest of ours takes the place of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import pymupdf
from pymupdf import mupdf

from dragoman.domain.document import Family, Page, Run
from pipeline.pdf.fonts.page_fonts import FileFont, PageFonts
from pipeline.pdf.fonts.typefaces import Face
from pipeline.pdf.model.drawn_glyphs import Drawn, glyphs_of

MOST = 0.8  # of the characters in a kind of typeface
RARE = 0.002  # of the letters in a font: so many of them may be set in another one
ALIKE = 0.002  # ems
LIGATED = -1  # MuPDF's glyph for the letters of a ligature after its first

Codes = dict[str, tuple[int, float]]
"""By character: its code, and its advance in ems."""


class OwnFace(Face):
    """A font of the file. Its glyphs' ids are its codes, of `digits` hexadecimal digits."""

    def __init__(self, font: FileFont, codes: Mapping[str, tuple[int, float]]) -> None:
        super().__init__(f"Kept{font.number}")
        self.number, self.digits = font.number, font.digits
        # as it is: nothing is added to its strokes
        self.title, self.bold, self.italic = font.name, True, True
        self._codes = codes
        self._widths = dict(codes.values())

    def _number(self, character: str) -> int:
        return self._codes[character][0] if character in self._codes else 0

    def width(self, glyph: int) -> float:
        """In ems."""
        return self._widths[glyph]


def own_faces(pdf: pymupdf.Document, pages: Sequence[Page]) -> dict[str, OwnFace]:
    """The faces of `pdf` that the targets of `pages` can be set in, by the names of their styles.

    The pages must be as they were.
    """
    runs = [
        run
        for page in pages
        for block in page.blocks
        for run in block.target or ()
        if run.style.font
    ]
    needs = needed(runs)
    shown = {page.number: shown_on(page) for page in pages if needs}
    kinds = kinds_of(runs)
    search = _Search(pdf, needs)
    for name in needs:
        letters = set().union(*(one.get(name, ()) for one in shown.values()))
        first = next((number for number, one in shown.items() if name in one), None)
        if first is not None:
            search.add(name, letters, first)
    search.keep(prevailing(needs, kinds, search.names))
    for number, one in shown.items():
        search.look(number, one)
    faces = search.found()
    return {name: faces[name] for name in prevailing(needs, kinds, faces)}


def needed(runs: Iterable[Run]) -> dict[str, Counter[str]]:
    """How often each character is wanted in each font that the file has."""
    texts: dict[str, list[str]] = {}
    for run in runs:
        if run.style.font and not run.style.original:
            texts.setdefault(run.style.font, []).append(run.text)
    whole = {font: "".join(parts) for font, parts in texts.items()}
    return {
        font: Counter({one: text.count(one) for one in set(text)}) for font, text in whole.items()
    }


def kinds_of(runs: Iterable[Run]) -> dict[str, Family]:
    """The kind of typeface that each font is."""
    return {run.style.font: run.style.family for run in runs if run.style.font}


def prevailing(
    needs: Mapping[str, Counter[str]], kinds: Mapping[str, Family], names: Collection[str]
) -> list[str]:
    """Those of `names` whose kind of typeface would be set in them for the most part: else two
    would stand side by side.
    """
    whole: Counter[Family] = Counter()
    own: Counter[Family] = Counter()
    for name, letters in needs.items():
        whole[kinds[name]] += letters.total()
        own[kinds[name]] += letters.total() if name in names else 0
    return [name for name in names if own[kinds[name]] >= MOST * whole[kinds[name]]]


def shown_on(page: Page) -> dict[str, set[str]]:
    """The characters that a page shows in each of its fonts."""
    shown: dict[str, set[str]] = {}
    for block in page.blocks:
        for line in block.lines:
            for span in line.spans:
                if span.style.font:
                    shown.setdefault(span.style.font, set()).update(span.text)
    return shown


def suffices(needs: Mapping[str, int], letters: Collection[str]) -> bool:
    """Whether blanks and next to all letters and digits that are needed are among `letters`; signs
    may come from another font.

    With blanks of another font between them, words are one to all who copy font by font.
    """
    wanted = {letter: count for letter, count in needs.items() if letter.isalnum()}
    lacking = sum(count for letter, count in wanted.items() if letter not in letters)
    blank = " " in letters or " " not in needs
    return blank and bool(wanted) and lacking <= RARE * sum(wanted.values())


class _Device(mupdf.FzDevice2):  # type: ignore[misc]  # MuPDF's classes have no types
    """Notes the code that is drawn for each character of `open_`, by the font's name; what is found
    is taken out of that.

    `codes`: by the font's name and the character, the code and its advance in ems.
    """

    def __init__(self, open_: Mapping[str, set[str]]) -> None:
        super().__init__()
        self.use_virtual_fill_text()
        self._open = open_
        self.codes: dict[tuple[str, str], tuple[int, float]] = {}

    def fill_text(self, _context: Any, text: Any, *_paint: Any) -> None:
        """Called by MuPDF for each piece of text."""
        span = text.head
        while span:
            name = mupdf.ll_fz_font_name(span.font).rpartition("+")[2]
            if letters := self._open.get(name):
                self._note(name, letters, glyphs_of(span))
            span = span.next

    def _note(self, name: str, letters: set[str], drawn: Sequence[Drawn]) -> None:
        for place, (_, _, advance, glyph, number, code) in enumerate(drawn):
            character = chr(max(number, 0))
            if character not in letters or glyph == LIGATED:
                continue
            if any(
                following == LIGATED for _, _, _, following, _, _ in drawn[place + 1 : place + 2]
            ):
                continue
            letters.remove(character)
            self.codes[name, character] = code, advance


class _Search:
    """Looks for the codes of letters.

    `needs`: by a font's name, how often each letter is wanted.
    """

    def __init__(self, pdf: pymupdf.Document, needs: Mapping[str, Counter[str]]) -> None:
        self._pdf = pdf
        self._needs = needs
        self._told: dict[str, tuple[FileFont, Codes]] = {}  # by fonts that say all themselves
        self._seen: dict[str, dict[int, tuple[FileFont, Codes]]] = {}
        self._open: dict[str, set[str]] = {}  # letters that pages may show yet
        self._pages: dict[int, PageFonts] = {}

    def add(self, name: str, letters: Collection[str], number: int) -> None:
        """Look for a font which shows `letters`, on page `number` among others, if it may have
        all that is needed.
        """
        needs = self._needs[name]
        for font in self._fonts_on(number).named(name):
            guessed = _plain(font, needs)
            if not suffices(needs, {*letters, *guessed, *_encoded(font, needs)}) or not _has_blank(
                font
            ):
                continue
            told = _spelled(font, needs)
            if suffices(needs, told):
                self._told[name] = font, told
                return
            if suffices(needs, {*letters, *guessed, *told}):
                self._open[name] = {letter for letter in needs if letter in letters}

    @property
    def names(self) -> Collection[str]:
        """The fonts that are looked for."""
        return {*self._told, *self._open}

    def keep(self, names: Collection[str]) -> None:
        """Look for no other fonts than these."""
        self._told = {name: one for name, one in self._told.items() if name in names}
        self._open = {name: one for name, one in self._open.items() if name in names}

    def look(self, number: int, shown: Mapping[str, Collection[str]]) -> None:
        """Note the codes on a page that shows letters which are not known yet."""
        new = {
            name: wanted
            for name, known in shown.items()
            if (wanted := self._open.get(name, set()).intersection(known))
        }
        if not new:
            return
        for name, wanted in new.items():
            self._open[name] -= wanted
        device = _Device(new)
        mupdf.fz_run_page_contents(
            self._pdf.load_page(number).this, device, mupdf.FzMatrix(), mupdf.FzCookie()
        )
        mupdf.fz_close_device(device)
        for (name, character), drawn in device.codes.items():
            self._note(name, character, drawn, number)

    def found(self) -> dict[str, OwnFace]:
        """The faces that have what is needed in them, and may be used for it."""
        faces = {
            name: OwnFace(font, codes)
            for name, (font, codes) in self._told.items()
            if font.may_be_edited
        }
        for name in self._open:
            for font, codes in self._seen.get(name, {}).values():
                whole = _completed(font, codes, self._needs[name])
                if suffices(self._needs[name], whole) and font.may_be_edited:
                    faces[name] = OwnFace(font, whole)
        return faces

    def _note(self, name: str, character: str, drawn: tuple[int, float], number: int) -> None:
        code, advance = drawn
        fonts = self._fonts_on(number).named(name)
        if len(fonts) > 1:  # as programs make them for letters that one encoding has no place for
            fonts = [font for font in fonts if abs(font.widths.get(code, -1) - advance) < ALIKE]
        if len(fonts) == 1 and 0 < code < 16 ** fonts[0].digits:
            seen = self._seen.setdefault(name, {}).setdefault(fonts[0].number, (fonts[0], {}))
            seen[1].setdefault(character, drawn)

    def _fonts_on(self, number: int) -> PageFonts:
        if number not in self._pages:
            self._pages[number] = PageFonts(self._pdf, number)
        return self._pages[number]


def _encoded(font: FileFont, letters: Iterable[str]) -> Codes:
    """The codes that letters have by the encoding which the file gives a font, and their
    widths, where both can be relied on.
    """
    if not (font.is_whole or font.is_cut_clean):
        return {}
    codes = font.encoded
    return {
        letter: (code, width)
        for letter in letters
        if (code := codes.get(letter)) and (width := font.widths.get(code))
    }


def _plain(font: FileFont, letters: Iterable[str], seen: Codes | None = None) -> Codes:
    """ASCII's codes of letters in a font with an encoding of its own, which says them if all that
    was `seen` of it agrees.

    `seen` None: nothing was yet, and all that it may have is given.
    """
    if font.encoded or not font.is_cut_clean:
        return {}
    if any(
        ord(letter) != code
        for letter, (code, _) in (seen or {}).items()
        if letter.isascii() and letter.isalpha()
    ):
        return {}
    codes = {
        letter: (ord(letter), font.widths.get(ord(letter), 0.0))
        for letter in letters
        if letter.isascii()
    }
    return codes if seen is None else _drawn(font, codes)


def _has_blank(font: FileFont) -> bool:
    """Whether a font may have a blank; TeX's have none, and what was read between their words
    was made up.
    """
    if not font.is_cut_clean:
        return True
    return bool(_spelled(font, " ") if font.encoded else _plain(font, " ", {}))


def _completed(font: FileFont, codes: Codes, needs: Mapping[str, int]) -> Codes:
    """The codes that were seen, and where they are not all that is needed, those that the font
    tells.
    """
    if suffices(needs, codes):
        return codes
    lacking = [letter for letter in needs if letter not in codes]
    return _plain(font, lacking, codes) | _spelled(font, lacking) | codes


def _spelled(font: FileFont, letters: Iterable[str]) -> Codes:
    """As `_encoded`, of letters that the font's program has."""
    return _drawn(font, _encoded(font, letters))


def _drawn(font: FileFont, codes: Codes) -> Codes:
    """The codes of letters that the font's program has, as wide as the font says."""
    outlines = font.outlines if codes else None
    if outlines is None:
        return {}
    return {
        letter: (code, width)
        for letter, (code, width) in codes.items()
        if width
        and outlines.has_glyph(ord(letter))
        and abs(outlines.glyph_advance(ord(letter)) - width) < ALIKE
    }
