"""Letters of the page that come back as they are: where each formula's glyphs are, and in which of
the file's own fonts.

MuPDF's device says of each glyph its font, its place and its code in that font. A formula whose
letters cannot all be found, or have a font that cannot be named by a code of one or two bytes, is
left out: it is set as other text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any

import pymupdf
from pymupdf import mupdf

from dragoman.domain.document import Original
from pipeline.pdf.fonts.page_fonts import FileFont, PageFonts
from pipeline.pdf.model.drawn_glyphs import Drawn, glyphs_of
from pipeline.pdf.model.geometry import Direction, point_back, turned_point

SLACK = 0.6  # points that a letter may be off its part's baseline
WIDE_SLACK = 4.0
BLANK = ord(" ")
EDGE = 0.1  # points before a part's left edge, from which a letter belongs to it

Matrix = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Returned:
    """A formula's glyphs, and its width in points."""

    glyphs: tuple[Letter, ...]
    width: float


@dataclass(frozen=True, slots=True)
class Letter:
    """A glyph: `code` in hexadecimal in the font `name` of the result, `turn` for one unit of size
    1.

    `x` and `y` are from the left end and the baseline of its formula, in points of the turned
    space.
    """

    name: str
    code: str
    turn: Matrix
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class _Glyph:
    font: str
    code: int
    turn: Matrix
    x: float
    y: float
    advance: float


Extents = Mapping[int, tuple[float, float]]
"""Where wanted letters are in the turned space of a direction: by the rounded height of a
baseline, from the first to the last of them.
"""


class _Device(mupdf.FzDevice2):  # type: ignore[misc]  # MuPDF's classes have no types
    """Notes the glyphs that are filled with a colour, in the unrotated page's space.

    Blanks are left out.

    `wanted`: all that stands elsewhere is left out too.
    """

    def __init__(self, wanted: Mapping[Direction, Extents]) -> None:
        super().__init__()
        self._wanted = [(dx, dy, known) for (dx, dy), known in wanted.items()]
        self.use_virtual_fill_text()
        self.glyphs: list[_Glyph] = []

    def _may_be_near(self, x: float, y: float, to_x: float, to_y: float) -> bool:
        """Whether wanted letters may stand between two points; where these are on two lines,
        they may.
        """
        for dx, dy, known in self._wanted:
            height = round(y * dx - x * dy)
            if height != round(to_y * dx - to_x * dy):
                return True
            if height in known:
                first, last = known[height]
                one, other = x * dx + y * dy, to_x * dx + to_y * dy
                if min(one, other) <= last and first <= max(one, other):
                    return True
        return False

    def fill_text(self, _context: Any, text: Any, ctm: Any, *_paint: Any) -> None:
        """Called by MuPDF for each piece of text."""
        a, b, c, d, e, f = ctm.a, ctm.b, ctm.c, ctm.d, ctm.e, ctm.f
        span = text.head
        while span:
            drawn = glyphs_of(span)
            ends = [
                place
                for x, y, *_ in (drawn[:1] + drawn[-1:])
                for place in (x * a + y * c + e, x * b + y * d + f)
            ]
            if ends and self._may_be_near(*ends):
                self._note(span, drawn, ctm)
            span = span.next

    def _note(self, span: Any, drawn: Iterable[Drawn], ctm: Any) -> None:
        a, b, c, d, e, f = ctm.a, ctm.b, ctm.c, ctm.d, ctm.e, ctm.f
        font = mupdf.ll_fz_font_name(span.font)
        turn = mupdf.ll_fz_concat(span.trm, ctm)
        sides, long = (turn.a, turn.b, turn.c, turn.d), hypot(turn.a, turn.b)
        for at_x, at_y, advance, _, character, code in drawn:
            x, y = at_x * a + at_y * c + e, at_x * b + at_y * d + f
            if character != BLANK and self._is_near(x, y):
                self.glyphs.append(_Glyph(font, code, sides, x, y, advance * long))

    def _is_near(self, x: float, y: float) -> bool:
        """Whether a point is within what is wanted."""
        for dx, dy, known in self._wanted:
            stretch = known.get(round(y * dx - x * dy))
            if stretch and stretch[0] <= x * dx + y * dy <= stretch[1]:
                return True
        return False


def found(
    page: pymupdf.Page, originals: Iterable[tuple[Original, Direction]]
) -> tuple[dict[Original, Returned], dict[str, int]]:
    """The glyphs of each formula, and the fonts that they need: name in the result -> object
    number.

    The page must not be rotated at the moment, and still have its words.
    """
    wanted = list(originals)
    if not wanted:
        return {}, {}
    extents = _extents(wanted)
    fonts = _Fonts(page)
    device = _Device(extents)
    mupdf.fz_run_page(page.this, device, mupdf.FzMatrix(), mupdf.FzCookie())
    mupdf.fz_close_device(device)
    ready: dict[Original, Returned] = {}
    by_direction = {direction: _Places(device.glyphs, direction) for direction in extents}
    for original, direction in wanted:
        glyphs = by_direction[direction].of(original)
        left = min((x for x, _, _ in glyphs), default=0.0)
        at_start = [(x - left, y - original.baseline, glyph) for x, y, glyph in glyphs]
        letters = list(_letters(at_start, fonts))
        if glyphs and len(letters) == len(glyphs):
            width = max(x + glyph.advance for x, _, glyph in glyphs) - min(x for x, _, _ in glyphs)
            ready[original] = Returned(tuple(letters), width)
    return ready, fonts.used


@dataclass(frozen=True, slots=True)
class Redrawn:
    """Letters of a page where they stand: the operators that draw them, the fonts that these need
    (name in the result -> object number), and whether all were found.
    """

    operators: tuple[str, ...]
    fonts: dict[str, int]
    whole: bool


def redrawn(page: pymupdf.Page, wanted: Iterable[tuple[Original, Direction, int]]) -> Redrawn:
    """All letters that stand where the `wanted` do, each with its colour (0xRRGGBB).

    The page must not be rotated at the moment, and still have its words.
    """
    known = list(wanted)
    device = _Device(_extents([(original, direction) for original, direction, _ in known]))
    mupdf.fz_run_page(page.this, device, mupdf.FzMatrix(), mupdf.FzCookie())
    mupdf.fz_close_device(device)
    fonts = _Fonts(page)
    places = {direction: _Places(device.glyphs, direction) for _, direction, _ in known}
    found: dict[tuple[str, int, float, float], str] = {}
    whole = True
    for original, direction, color in known:
        for part in original.parts:
            near = places[direction].on(part)
            letters = list(_letters([(glyph.x, glyph.y, glyph) for glyph in near], fonts))
            whole = whole and len(letters) == len(near) >= part[-1]
            for glyph, letter in zip(near, letters, strict=False):
                drawn = operators([letter], 0.0, 0.0, 1.0, (1.0, 0.0))
                key = glyph.font, glyph.code, glyph.x, glyph.y
                found[key] = " ".join([_color(color), *drawn])
    return Redrawn(("BT", *found.values(), "ET") if found else (), fonts.used, whole)


def _color(color: int) -> str:
    red, green, blue = (color >> shift & 0xFF for shift in (16, 8, 0))
    return f"{red / 255:.3g} {green / 255:.3g} {blue / 255:.3g} rg"


def _extents(
    wanted: Iterable[tuple[Original, Direction]],
) -> dict[Direction, dict[int, tuple[float, float]]]:
    extents: dict[Direction, dict[int, tuple[float, float]]] = {}
    for original, direction in wanted:
        known = extents.setdefault(direction, {})
        for left, right, baseline, _ in original.parts:
            for height in _heights(baseline, WIDE_SLACK):
                first, last = known.get(height, (left, right))
                known[height] = min(first, left - EDGE), max(last, right, left + EDGE)
    return extents


def _letters(glyphs: Iterable[tuple[float, float, _Glyph]], fonts: _Fonts) -> Iterator[Letter]:
    """The glyphs as letters of the result, up to the first whose font cannot be named."""
    for x, y, glyph in glyphs:
        font = fonts.of(glyph.font)
        if font is None:
            return
        yield Letter(fonts.use(font), f"{glyph.code:0{font.digits}x}", glyph.turn, x, y)


class _Places:
    """Glyphs by the height of their baseline, in the turned space of a direction."""

    def __init__(self, glyphs: Iterable[_Glyph], direction: Direction) -> None:
        self._rows: dict[int, list[tuple[float, float, _Glyph]]] = {}
        for glyph in glyphs:
            x, y = turned_point(glyph.x, glyph.y, direction)
            self._rows.setdefault(round(y), []).append((x, y, glyph))

    def of(self, original: Original) -> list[tuple[float, float, _Glyph]]:
        """The glyphs of a formula, with their places; none if they are not as many as were read."""
        taken: list[tuple[float, float, _Glyph]] = []
        for left, right, baseline, count in original.parts:
            # What begins with a blank may be said to stand where that stood.
            for slack in (SLACK, WIDE_SLACK):
                part = [
                    one
                    for one in self._near(baseline, slack)
                    if left - EDGE <= one[0] < max(right - EDGE, left + EDGE)
                ]
                if len(part) == count:
                    break
            else:
                return []
            taken += part
        return taken

    def on(self, part: tuple[float, float, float, int]) -> list[_Glyph]:
        """All glyphs on a stretch of a baseline, may they be more than were read."""
        left, right, baseline, _ = part
        near = self._near(baseline, SLACK)
        return [one for x, _, one in near if left - EDGE <= x < max(right - EDGE, left + EDGE)]

    def _near(self, baseline: float, slack: float) -> Iterator[tuple[float, float, _Glyph]]:
        for row in _heights(baseline, slack):
            yield from (one for one in self._rows.get(row, ()) if abs(one[1] - baseline) < slack)


def _heights(baseline: float, slack: float) -> range:
    return range(round(baseline - slack), round(baseline + slack) + 1)


class _Fonts:
    """The page's fonts by name. `used`: name in the result -> object number."""

    def __init__(self, page: pymupdf.Page) -> None:
        self.used: dict[str, int] = {}
        self._fonts = PageFonts(page.parent, page.number)

    def of(self, name: str) -> FileFont | None:
        """The font of a name that MuPDF has for it; None if there is none, or more than one."""
        return self._fonts.of(name)

    def use(self, font: FileFont) -> str:
        """The name of a font in the result."""
        self.used[f"Kept{font.number}"] = font.number
        return f"Kept{font.number}"


def operators(
    glyphs: Iterable[Letter],
    x: float,
    y: float,
    scale: float,
    direction: Direction,
    *,
    narrow: float = 1.0,
) -> Iterator[str]:
    """The glyphs with their formula's left end at (x, y) of the turned space, `scale` times as
    large.

    `narrow`: how much less wide they are than that, 0 to 1.
    """
    font = ""
    for glyph in glyphs:
        if glyph.name != font:
            font = glyph.name
            yield f"/{font} 1 Tf"
        px, py = point_back(x + glyph.x * scale * narrow, y + glyph.y * scale, direction)
        turn = " ".join(f"{side * scale:.4g}" for side in _narrowed(glyph.turn, direction, narrow))
        yield f"{turn} {px:.2f} {py:.2f} Tm <{glyph.code}> Tj"


def _narrowed(turn: Sequence[float], direction: Direction, narrow: float) -> Sequence[float]:
    """A glyph's matrix with what runs along the line made narrower."""
    if narrow == 1:
        return turn
    sides = []
    for start in (0, 2):
        dx, dy = direction
        less = (narrow - 1) * (turn[start] * dx + turn[start + 1] * dy)
        sides += [turn[start] + less * dx, turn[start + 1] + less * dy]
    return sides
