"""Scripts whose letters join, stack, reorder or have forms by country: what HarfBuzz has to
shape, and with what typeface.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Signs, as the inside of a regular expression's class: codes that mean what their typeface has
# there (Wingdings, fonts of icons), and pictures (Unicode's blocks from Miscellaneous Symbols to
# Dingbats, and Miscellaneous Symbols and Arrows).
PRIVATE = "\ue000-\uf8ff"
SIGNS = f"{PRIVATE}\u2600-\u27bf\u2b00-\u2bff"


@dataclass(frozen=True, slots=True)
class Script:
    """`number`: MuPDF's for the Noto typeface that it carries (mupdf/fitz/font.h, UCDN_SCRIPT);
    `package`: one on PyPI with weights.

    `ranges`: its characters, as the inside of a regular expression's class.
    """

    name: str
    ranges: str
    number: int
    package: str | None = None


CJK = Script(
    "han",
    "\u1100-\u11ff\u2e80-\u303f\u3040-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff",
    34,
    "noto_cjk_sans_otc",
)
SCRIPTS = (
    Script(
        "arabic",
        "\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufeff",
        6,
        "fontpkg_noto_sans_arabic",
    ),
    Script("hebrew", "\u0590-\u05ff\ufb1d-\ufb4f", 5, "fontpkg_arimo"),
    Script("devanagari", "\u0900-\u097f\ua8e0-\ua8ff", 9, "fontpkg_noto_sans_devanagari"),
    Script("thai", "\u0e00-\u0e7f", 19, "fontpkg_noto_sans_thai"),
    CJK,
    Script("armenian", "\u0530-\u058f", 4),
    Script("syriac", "\u0700-\u074f", 7),
    Script("bengali", "\u0980-\u09ff", 10),
    Script("gurmukhi", "\u0a00-\u0a7f", 11),
    Script("gujarati", "\u0a80-\u0aff", 12),
    Script("oriya", "\u0b00-\u0b7f", 13),
    Script("tamil", "\u0b80-\u0bff", 14),
    Script("telugu", "\u0c00-\u0c7f", 15),
    Script("kannada", "\u0c80-\u0cff", 16),
    Script("malayalam", "\u0d00-\u0d7f", 17),
    Script("sinhala", "\u0d80-\u0dff", 18),
    Script("lao", "\u0e80-\u0eff", 20),
    Script("tibetan", "\u0f00-\u0fff", 21),
    Script("myanmar", "\u1000-\u109f", 22),
    Script("georgian", "\u10a0-\u10ff\u1c90-\u1cbf\u2d00-\u2d2f", 23),
    Script("ethiopic", "\u1200-\u139f", 25),
    Script("khmer", "\u1780-\u17ff", 30),
)
JOINERS = "\u200c\u200d"  # they say how letters beside them join
_SHAPED = re.compile("|".join(f"(?P<{one.name}>[{one.ranges}{JOINERS}]+)" for one in SCRIPTS))
_ANY = re.compile(
    f"[{''.join(one.ranges for one in SCRIPTS)}{JOINERS}]"
)  # asked for each word: faster than which one it is
_BY_NAME = {one.name: one for one in SCRIPTS}
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def is_simple(text: str) -> bool:
    """Whether each character stands for itself, from left to right: Latin, Greek, Cyrillic."""
    return text.isascii() or not _ANY.search(text)


def parts(text: str) -> Iterator[tuple[Script | None, str]]:
    """The text in stretches of one script; None: characters that stand for themselves."""
    end = 0
    for found in _SHAPED.finditer(text):
        if found.start() > end:
            yield None, text[end : found.start()]
        yield _BY_NAME[found.lastgroup or ""], found.group()
        end = found.end()
    if end < len(text):
        yield None, text[end:]
