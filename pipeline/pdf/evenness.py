"""The blocks of a page fitted together: text of one style has one size, so that paragraphs do not flicker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.pdf.leaders import Leader
from pipeline.pdf.typesetting import Box, Setting, Splitter, fit, unsplit
from pipeline.pdf.words import Word

LEAST_COMMON = 0.75  # a style is not made smaller than this for the sake of a few crowded blocks


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text and its box; `style`: what looks the same on the page has the same. `leader` follows its last line."""

    words: Sequence[Word]
    box: Box
    style: object
    leader: Leader | None = None


def fit_all(texts: Sequence[Fitted], split: Splitter = unsplit) -> list[Setting]:
    """The setting of each text, in order. Blocks that cannot reach the size of their style keep a smaller one."""
    alone = [fit(text.words, text.box, split=split) for text in texts]
    common = _common(texts, alone)
    return [
        fit(text.words, text.box, largest=common[text.style], split=split)
        if setting.scale > common[text.style]
        else setting
        for text, setting in zip(texts, alone, strict=True)
    ]


def _common(texts: Sequence[Fitted], settings: Sequence[Setting]) -> dict[object, float]:
    """One scale per style: that of its lowest third, where most of its letters fit."""
    scales: dict[object, list[float]] = {}
    for text, setting in zip(texts, settings, strict=True):
        scales.setdefault(text.style, []).extend([setting.scale] * len(setting.lines))
    return {style: max(LEAST_COMMON, sorted(found)[len(found) // 3]) for style, found in scales.items()}
