"""The order of text that runs both ways (Unicode Standard Annex 9): levels of characters, and
pieces put as they are seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pipeline.pdf.model.scripts import RIGHT_TO_LEFT

_BRACKETS = {")": "(", "]": "[", "}": "{", "»": "«", "›": "‹"}
_MIRRORED = {"(": ")", "[": "]", "{": "}", "<": ">", "«": "»", "‹": "›", "≤": "≥", "⟨": "⟩"}
_ARROWS = {
    "►": "◄",
    "▶": "◀",
    "▸": "◂",
    "▷": "◁",
    "▹": "◃",
    "→": "←",
    "⇒": "⇐",
    "↦": "↤",
}  # they point where the text goes on
_PAIRS = _MIRRORED | _ARROWS
MIRRORED = str.maketrans(_PAIRS | {after: before for before, after in _PAIRS.items()})
"""Characters that are seen the other way round in text from right to left (UAX 9, L4), and
arrows.
"""
_T = TypeVar("_T")
RIGHT_TO_LEFT_LANGUAGES = frozenset({"ar", "fa", "he", "ur", "yi", "ps", "ug", "sd", "ckb", "dv"})


def is_right_to_left(lang: str) -> bool:
    """Whether paragraphs of a language (BCP 47) begin at the right."""
    return lang.partition("-")[0].lower() in RIGHT_TO_LEFT_LANGUAGES


def levels(text: str, *, rtl: bool) -> Sequence[int] | None:
    """The embedding level of each character (odd: from right to left); None where all of it is
    plain left to right.
    """
    if not rtl and not RIGHT_TO_LEFT.search(text):
        return None
    from bidi import algorithm

    storage = algorithm.get_empty_storage()
    storage["base_level"], storage["base_dir"] = (1, "R") if rtl else (0, "L")
    algorithm.get_embedding_levels(text, storage)
    # Format characters that the algorithm takes out are not in `text`: `fonts.clean` leaves none
    # but joiners.
    for step in (
        "explicit_embed_and_overrides",
        "resolve_weak_types",
        "resolve_neutral_types",
        "resolve_implicit_levels",
    ):
        getattr(algorithm, step)(storage, False)
    found = [one["level"] for one in storage["chars"]]
    if len(found) != len(text):
        return [int(rtl)] * len(text)
    _pair(text, found, int(rtl))
    return found


def _pair(text: str, found: list[int], base: int) -> None:
    """Give both brackets of a pair one level (after UAX 9, N0)."""
    opened: list[int] = []
    for place, character in enumerate(text):
        if character in _BRACKETS.values():
            opened.append(place)
        elif character in _BRACKETS and opened and text[opened[-1]] == _BRACKETS[character]:
            start = opened.pop()
            inside = found[start + 1 : place]
            # Around text that runs the other way they look the same at its level, and readers get
            # the words in order.
            found[start] = found[place] = base + 1 if inside and min(inside) > base else base


def in_sight(items: Sequence[_T], level: Callable[[_T], int]) -> list[_T]:
    """Items in the order in which they are seen from left to right (UAX 9, L2)."""
    shown = list(items)
    highest = max((level(one) for one in shown), default=0)
    for least in range(highest, 0, -1):
        start = 0
        while start < len(shown):
            end = start
            while end < len(shown) and level(shown[end]) >= least:
                end += 1
            if end > start:
                shown[start:end] = reversed(shown[start:end])
            start = max(end, start + 1)
    return shown
