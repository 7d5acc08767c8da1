"""What the model must not see of a text, since it would lose or change it: found in plain words.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dragoman.domain import language
from pipeline.engines.local.marked import HOLE, Kept, Marked, stretches

# Scripts by their letters; a model knows those of its own language and Latin ones.
_SCRIPTS = {
    "Grek": "\u0370-\u03ff\u1f00-\u1fff",
    "Cyrl": "\u0400-\u052f",
    "Armn": "\u0530-\u058f",
    "Hebr": "\u0590-\u05ff",
    "Arab": "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff",
    "Deva": "\u0900-\u097f",
    "Beng": "\u0980-\u09ff",
    "Gujr": "\u0a80-\u0aff",
    "Taml": "\u0b80-\u0bff",
    "Telu": "\u0c00-\u0c7f",
    "Knda": "\u0c80-\u0cff",
    "Mlym": "\u0d00-\u0d7f",
    "Thai": "\u0e00-\u0e7f",
    "Geor": "\u10a0-\u10ff",
    "Cjk": "\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\uff00-\uffef",
}
_SCRIPT_OF = {
    "el": "Grek", "ru": "Cyrl", "uk": "Cyrl", "bg": "Cyrl", "sr": "Cyrl", "mk": "Cyrl", "be": "Cyrl", "hy": "Armn", "he": "Hebr",  # noqa: E501
    "ar": "Arab", "fa": "Arab", "ur": "Arab", "hi": "Deva", "mr": "Deva", "ne": "Deva", "bn": "Beng", "gu": "Gujr", "ta": "Taml",  # noqa: E501
    "te": "Telu", "kn": "Knda", "ml": "Mlym", "th": "Thai", "ka": "Geor", "ja": "Cjk", "zh": "Cjk", "ko": "Cjk",  # noqa: E501
}  # fmt: skip
_DASH = "\u2010-\u2015"
_LOST = r"&<>§¶©®™†‡→←↑↓⇒⇔•◦▪▫■□●○★☆✓✔✗✘|~^\\{}@#*_=…¤\u2190-\u23ff\u2500-\u27bf"
# What `No.` before a number becomes; the models take it for the word.
_NUMBER_SIGN = {
    "pt": "n.º",
    "es": "n.º",
    "fr": "nº",
    "it": "n.",
    "de": "Nr.",
    "nl": "nr.",
    "pl": "nr",
    "cs": "č.",
    "ca": "núm.",
}
_NUMBERS_SIGN = {
    "pt": "n.os",
    "es": "núms.",
    "fr": "nos",
    "it": "nn.",
    "de": "Nr.",
    "nl": "nrs.",
    "pl": "nr",
    "cs": "č.",
}
_NO = re.compile(
    r"(?<!\w)N(o|os|O|OS)\.(?=\s*(?:$|[\d"
    + HOLE.pattern[1:-1]
    + r"]|[A-Z]{1,4}[\d"
    + _DASH
    + "-]))"
)


def patterns(source_base: str) -> re.Pattern[str]:
    """What is kept of texts in a language."""
    own = _SCRIPT_OF.get(source_base)
    foreign = "".join(letters for script, letters in _SCRIPTS.items() if script != own)
    hole = HOLE.pattern[1:-1]
    part = rf"(?:[A-Z0-9{hole}][A-Z0-9{hole}./]*)"
    kept = [
        # Codes and figures with dashes: 202–493–2251, FAA-2020-0686, MC 110–SK57; a digit or a hole
        # is among them.
        rf"(?<![\w{hole}])(?=[A-Z./{_DASH}-]*[\d{hole}]){part}(?:[{_DASH}-]+{part})+(?<![./])(?!\w)",
        rf"(?<!\w)[\w{hole}]+(?:[&@#*_=+|\\^~]+[\w{hole}]+)+",  # R&D, x=1
        r"(?<!\w)[#@]+[A-Za-z][\w-]*",
        r"(?<!\w)[\w.+-]+@\s?[\w-]+(?:\.[\w-]+)+",  # an address that a line's end has cut in two
        r"[§¶]+\s?\d[\w.()-]*(?<![.-])",
        r"(?<!\w)\d{1,2}(?::\d\d)?\s?[ap]\.?\s?m\b\.?",  # 5:00 p.m. is 17:00 elsewhere
        r"(?<!\w)\d+(?:/\d+)+(?!\w)",  # 8/12/2020 and 3/4
        rf"[{foreign}]+(?:[\s·{_DASH}-]*[{foreign}]+)*",
        rf"[{_LOST}]+",
    ]
    return re.compile("|".join(kept))


# What is kept when a number or a sign did not come back: figures with what belongs to them, and
# every sign.
FIGURES = re.compile(
    r"(?:[€£¥$¢#±~≈+−]\s?)?(?<!\w)\d+(?:[.,:/’'\u00a0\u202f]\d+)*(?:\s?[%€£¥$¢‰°])?(?:st|nd|rd|th|s)?(?!\w)"
    r"|\d+(?:[.,:/]\d+)*|[€£¥$¢%‰°±≈×÷+−√∞≤≥≠]"
)


def hold(marked: Marked, pattern: re.Pattern[str], source: str, target: str) -> Marked:
    """The same text with holes for what the model must not see."""
    words = marked.words
    if language.base(source) == "en":
        spelt = [
            Kept(*match.span(), _number_sign(match, language.base(target)))
            for match in _NO.finditer(words)
        ]
        marked = marked.keep(spelt)
    return marked.keep(_found(marked, pattern))


def _found(marked: Marked, pattern: re.Pattern[str]) -> Iterator[Kept]:
    """The pieces to keep, in order, each within one stretch."""
    for start, end in stretches(marked):
        for match in pattern.finditer(marked.words, start, end):
            if len(match.group()) > 1 or not HOLE.match(match.group()):
                yield Kept(*match.span())


def _number_sign(match: re.Match[str], target: str) -> str | None:
    signs = _NUMBERS_SIGN if "s" in match.group(1).casefold() else _NUMBER_SIGN
    sign = signs.get(target)
    starts = match.start() == 0
    return (sign[:1].upper() + sign[1:] if starts else sign) if sign else None
