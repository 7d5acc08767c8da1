"""The look of a run, told from what MuPDF says of a span: the font's name first, since flags are
often wrong.

(MuPDF reports Arial and Helvetica as serif typefaces where the file's font descriptor says so,
which many do.)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from dragoman.domain.document import OPAQUE, Family, Style

# Bits of a span's `flags` and `char_flags` (PyMuPDF documentation, "Span Dictionary";
# mupdf/fitz/structured-text.h).
FLAG_SUPERSCRIPT, FLAG_ITALIC, FLAG_SERIF, FLAG_MONO, FLAG_BOLD = 1, 2, 4, 8, 16
# ours: its letters were measured, so that FLAG_SERIF can be relied on
FLAG_MEASURED = 1 << 10
CHAR_UNDERLINED, CHAR_SYNTHETIC, CHAR_BOLD, CHAR_FILLED, CHAR_STROKED = 2, 4, 8, 16, 32

_MONO = re.compile(
    r"courier|mono(?!type)|consol|typewriter|menlo|cmtt|cmsltt|cmitt|inconsolata|sourcecode|fixed|beramono|letter"
    r" ?gothic"
    r"|nimbusmon|cmtex|sftt|newtxb?tt|t1xb?tt",
    re.IGNORECASE,
)
_SERIF = re.compile(
    r"times|roman|(?<!sans)serif|georgia|garamond|palatino|pala|minion|cambria|bookman|century|schoolbook|caslon|baskerville"
    r"|cmr\d|cmb|cmcsc|cmti|cmsl\d|sfrm|sfbx|sfti|lmroman|termes|pagella|bonum|nimbusrom|charter|utopia|libertin|simsun|song"
    r"|ming|mincho|batang|myungjo|didot|bodoni|constantia|antiqua|tinos|rockwell|slab|txr|ptmr|ptmb"
    r"|palladio|melior|charis|warnock|xits|stix|sabon|plantin|bembo|galliard|janson|goudy|perpetua|clarendon|merriweather|sfsl|sfcc|^advot",
    re.IGNORECASE,
)
_SANS = re.compile(
    r"sans|helvet|arial|gothic|grotesk|verdana|tahoma|calibri|univers|frutiger|heros", re.IGNORECASE
)
_BOLD = re.compile(r"bold|black|heavy|demi|-medi$|cmbx|cmb\d|sfbx|[-,]b(?:d|i|it)?$", re.IGNORECASE)
_ITALIC = re.compile(
    r"italic|oblique|slanted|cmti|cmsl|cmmi|sfti|regital|mediital|[-,](?:it|i|bi)$", re.IGNORECASE
)
_MATHS = re.compile(
    r"^(?:cmmi|cmsy|cmex|msam|msbm|eufm|eusm|rsfs|stmary|wasy|mtmi|mtsy|mtex|txsy|txmi|pxsy|lasy|esint|bbm|dsrom)"
    r"|math(?!ias)|euclid(?:symbol|extra|math)|^symbol",
    re.IGNORECASE,
)


_NAMELESS = re.compile(r"F[a-z0-9]{1,3}|[A-Z]|T3.*|Unnamed.*|Type3.*")


@lru_cache(maxsize=1024)
def _by_name(font: str) -> tuple[Family | None, bool, bool]:
    """Family (None: the name says nothing), bold, italic."""
    family = None
    if _MONO.search(font):
        family = Family.MONO
    elif _SANS.search(font):
        family = Family.SANS
    elif _SERIF.search(font):
        family = Family.SERIF
    return family, bool(_BOLD.search(font)), bool(_ITALIC.search(font))


def style_of(span: dict[str, Any]) -> Style:
    """The style of a span of MuPDF's text dictionary; spans that look the same have the same
    object.
    """
    return _style(
        span["font"],
        round(span["size"], 1),
        span["color"],
        span["flags"],
        span["char_flags"],
        alpha=span["alpha"],
    )


@lru_cache(maxsize=4096)
def _style(font: str, size: float, color: int, flags: int, char_flags: int, *, alpha: int) -> Style:
    family, bold, italic = _by_name(font)
    outlined = bool(char_flags & CHAR_STROKED) and not char_flags & CHAR_FILLED
    thickened = bool(char_flags & CHAR_STROKED) and not outlined
    return Style(
        family=family or _family_of(font, flags),
        size=size,
        color=color,
        bold=bold or bool(flags & FLAG_BOLD) or thickened,
        italic=italic or bool(flags & FLAG_ITALIC),
        superscript=bool(flags & FLAG_SUPERSCRIPT),
        font=None if char_flags & CHAR_STROKED else font,
        alpha=alpha or OPAQUE,
        outlined=outlined,
        underlined=bool(char_flags & CHAR_UNDERLINED),
    )


def _family_of(font: str, flags: int) -> Family:
    """Of a typeface whose name does not tell."""
    if is_maths_font(font):
        return Family.SERIF
    if flags & FLAG_MONO:
        return Family.MONO
    if flags & FLAG_MEASURED:
        return Family.SERIF if flags & FLAG_SERIF else Family.SANS
    return Family.SERIF if is_nameless(font) else Family.SANS


def family_by_name(font: str) -> Family | None:
    """What a typeface's name says of it; None: nothing."""
    return Family.SERIF if is_maths_font(font) else _by_name(font)[0]


@lru_cache(maxsize=1024)
def is_maths_font(font: str) -> bool:
    """Whether a typeface holds mathematical symbols and variables rather than words."""
    return bool(_MATHS.search(font.rpartition("+")[2]))


@lru_cache(maxsize=1024)
def is_nameless(font: str) -> bool:
    """Whether a name says nothing of the typeface, as those of TeX's fonts of dots, which are
    serifs for the most part.
    """
    return bool(_NAMELESS.fullmatch(font))


def is_mono(font: str) -> bool:
    """Whether a typeface is a typewriter's, by its name."""
    return _by_name(font)[0] is Family.MONO


def is_invisible(char_flags: int, alpha: int) -> bool:
    """Whether the text is neither filled nor stroked, as the recognised text under a scan (ISO
    32000-1 9.3.6, mode 3).
    """
    return not char_flags & (CHAR_FILLED | CHAR_STROKED) or alpha == 0
