"""Characters of a span as letters: files name ligatures and accents in ways of their own, or
not at all.
"""

from __future__ import annotations

import re
import unicodedata

from pipeline.pdf.model.styles import is_mono
from pipeline.pdf.reading.formulas import NOTHING

_ACCENTS = {"¨": "\u0308", "´": "\u0301", "ˆ": "\u0302", "˜": "\u0303", "ˇ": "\u030c", "˘": "\u0306", "˙": "\u0307", "˚": "\u030a",  # noqa: E501
            "¯": "\u0304", "˝": "\u030b", "¸": "\u0327"}  # fmt: skip
_DOTLESS = {"ı": "i", "ȷ": "j"}
# What a text needs to be looked at for.
ODD = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{''.join(_ACCENTS)}]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Where TeX's typefaces have ligatures (OT1 and T1 encodings), which files with bitmap typefaces
# give no names; in words only.
_LIGATURES = ("ff", "fi", "fl", "ffi", "ffl")
_LIGATURE = re.compile(
    r"(?:(?<=[a-z]{2})|(?<=[a-z])(?=.[a-z])|(?=.[a-z]{2}))[\x0b-\x0f\x1b-\x1f]",
    re.DOTALL,
)
# TeX prints an accent before its letter, some others after it; addresses and code have such signs
# too.
_BEFORE = re.compile(rf"(?<![/=:\d\]}})])([{''.join(_ACCENTS)}])([A-Za-zıȷ])")
_AFTER = re.compile(rf"([A-Za-zıȷ])([{''.join(_ACCENTS)}])")


def spelled(text: str, font: str) -> str:
    """The text in letters; a character that has none is `NOTHING`.

    In a typewriter's `font` accents stay signs.
    """
    text = _CONTROL.sub(NOTHING, _LIGATURE.sub(_ligature, text))
    if is_mono(font):
        return text
    text = _BEFORE.sub(lambda found: _letter(found.group(2), found.group(1), found.group()), text)
    return _AFTER.sub(lambda found: _letter(found.group(1), found.group(2), found.group()), text)


def _letter(letter: str, accent: str, shown: str) -> str:
    """A letter with its accent as one character; `shown` where there is none."""
    composed = unicodedata.normalize("NFC", _DOTLESS.get(letter, letter) + _ACCENTS[accent])
    return composed if len(composed) == 1 else shown


def _ligature(found: re.Match[str]) -> str:
    return _LIGATURES[(ord(found.group()) - 0x0B) % 0x10]
