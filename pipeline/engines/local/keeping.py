"""What the model must not see of a text, since it would lose or change it: found in plain words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.engines.local.marked import FIRST_HOLE, LAST_HOLE, Marked, stretches

# Scripts by their letters; the models of a language know those of its own script and Latin ones.
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
    "Cjk": "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af\uff00-\uffef\u3000-\u303f",
}
_SCRIPT_OF = {
    "el": "Grek", "ru": "Cyrl", "uk": "Cyrl", "bg": "Cyrl", "sr": "Cyrl", "mk": "Cyrl", "be": "Cyrl", "hy": "Armn", "he": "Hebr",
    "ar": "Arab", "fa": "Arab", "ur": "Arab", "hi": "Deva", "mr": "Deva", "ne": "Deva", "bn": "Beng", "gu": "Gujr", "ta": "Taml",
    "te": "Telu", "kn": "Knda", "ml": "Mlym", "th": "Thai", "ka": "Geor", "ja": "Cjk", "zh": "Cjk", "ko": "Cjk",
}  # fmt: skip
_SIGNS = r"&<>§¶©®™†‡°±×÷√∞≤≥≠≈→←↑↓⇒•◦▪■□●○★☆✓✔✗✘|~^\\{}@#*_=+€£¥$¢%‰"


def patterns(source_base: str) -> re.Pattern[str]:
    """What is kept of texts in a language."""
    own = _SCRIPT_OF.get(source_base)
    foreign = "".join(letters for script, letters in _SCRIPTS.items() if script != own)
    runs = [
        rf"[{foreign}]+(?:[\s·・-]*[{foreign}]+)*",
        rf"[{chr(FIRST_HOLE)}-{chr(LAST_HOLE)}]",
        r"(?:\d[\d.,:/\u2010-\u2015-]*[\u2010-\u2015-])+\d[\d.,:/]*(?<![.,:])",  # figures with dashes
        r"[§¶]+\s?\d[\w.()-]*(?<![.,])",
        r"[€£¥$¢]\s?\d[\d.,]*(?<![.,])|\d[\d.,]*\s?[€£¥$¢%‰](?!\w)",
        rf"[{_SIGNS}]+",
    ]
    return re.compile("|".join(runs))


def find(marked: Marked, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Where in the words of `marked` the pieces to keep are, in order, each within one stretch, no hole among them."""
    for start, end in stretches(marked):
        for match in pattern.finditer(marked.words, start, end):
            if not _is_hole(match.group(), marked):
                yield match.span()


def _is_hole(text: str, marked: Marked) -> bool:
    return len(text) == 1 and 0 <= ord(text) - FIRST_HOLE < len(marked.pieces)
