"""The texts of a page fitted together: text of one style has one size, so that paragraphs do
not flicker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.pdf.typesetting.column_fitting import LOOKS, NEVER, Column
from pipeline.pdf.typesetting.dot_leaders import Leader
from pipeline.pdf.typesetting.line_breaking import Box, Setting, Splitter, fit, unsplit
from pipeline.pdf.typesetting.shaping import Word

LEAST_COMMON = 0.75  # a style is not made smaller than this for the sake of a few crowded texts


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text and its box; `style`: what looks the same on the page has the same.

    `leader` follows its last line.
    """

    words: Sequence[Word]
    box: Box
    style: object
    leader: Leader | None = None


@dataclass(frozen=True, slots=True)
class _Flow:
    """A column: the places of its texts, the style of most of its lines, and the first of the
    looks with which it fits.
    """

    places: Sequence[int]
    column: Column
    style: object
    look: int


def fit_all(
    texts: Sequence[Fitted], split: Splitter = unsplit, columns: Iterable[Sequence[int]] = ()
) -> list[Setting]:
    """The setting of each text, in order.

    Texts that cannot reach the size of their style keep a smaller one.

    `columns`: places of texts that follow one another downwards and may move.
    """
    flows = [flow for places in columns if (flow := _flow(texts, places, split)).look < NEVER]
    looks = _even(flows)
    found: dict[int, Setting] = {}
    for flow in flows:
        settings = flow.column.settings(max(flow.look, looks[flow.style])) or ()
        found |= dict(zip(flow.places, settings, strict=True))
    alone = [place for place in range(len(texts)) if place not in found]
    found |= {place: fit(texts[place].words, texts[place].box, split=split) for place in alone}
    common = _common(texts, found)
    for place in alone:
        text = texts[place]
        if found[place].scale > common[text.style]:
            found[place] = fit(text.words, text.box, largest=common[text.style], split=split)
    return [found[place] for place in range(len(texts))]


def _flow(texts: Sequence[Fitted], places: Sequence[int], split: Splitter) -> _Flow:
    column = Column([(texts[place].words, texts[place].box) for place in places], split)
    main = max(places, key=lambda place: len(texts[place].words))
    return _Flow(places, column, texts[main].style, column.least())


def _even(flows: Iterable[_Flow]) -> dict[object, int]:
    """One look per style: that of its most crowded third, if it is not smaller than a style is
    made for it.
    """
    looks: dict[object, list[int]] = {}
    for flow in flows:
        looks.setdefault(flow.style, []).extend([flow.look] * flow.column.lines())
    last = max(number for number, look in enumerate(LOOKS) if look.scale >= LEAST_COMMON)
    return {
        style: min(last, sorted(found, reverse=True)[len(found) // 3])
        for style, found in looks.items()
    }


def _common(texts: Sequence[Fitted], settings: Mapping[int, Setting]) -> dict[object, float]:
    """One scale per style: that of its lowest third, where most of its letters fit."""
    scales: dict[object, list[float]] = {}
    for place, setting in settings.items():
        scales.setdefault(texts[place].style, []).extend([setting.scale] * len(setting.lines))
    return {
        style: max(LEAST_COMMON, sorted(found)[len(found) // 3]) for style, found in scales.items()
    }
