"""The paragraphs of a column set as one: what one of them needs more, those under it give way for,
so that all look alike.

Pure arithmetic, as in `typesetting`. With a translation that is not longer everything begins where
it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dragoman.domain.document import Align
from pipeline.pdf.typesetting.line_breaking import (
    ASCENT,
    DESCENT,
    LOWEST,
    NARROW,
    STEP,
    TIGHTEST,
    Box,
    Lines,
    SetLine,
    Setting,
    Splitter,
    broken,
    first_baseline,
    fit,
    leading_of,
    placed,
)
from pipeline.pdf.typesetting.shaping import Word

LEAST_TITLE = 0.8  # of its size: what was one line stays one if it is not made smaller for that
LOOSEST = 0.8  # of the leading: more is not put between paragraphs to space them evenly
CLOSEST = 0.4  # of the space between two paragraphs: what is left of it at the least
NEVER = 10**6


@dataclass(frozen=True, slots=True)
class Look:
    """How a column is set: letters `scale` times as large and `narrow` times as wide, leading
    and gaps less than the original's.
    """

    scale: float
    narrow: float
    tightness: float
    gap: float


def _looks() -> tuple[Look, ...]:
    wide = [
        Look(1.0, 1.0, tight, gap) for tight, gap in zip(TIGHTEST, (1.0, 0.8, 0.6), strict=True)
    ]
    sizes = (1.0 - step * STEP for step in range(round((1.0 - LOWEST) / STEP) + 1))
    return (*wide, *(Look(scale, NARROW, TIGHTEST[-1], CLOSEST) for scale in sizes))


LOOKS = _looks()
"""From the original's own to the smallest: what fits with one fits with each after it."""


@dataclass
class Column:
    """Texts from top to bottom, and what is known of how they break."""

    texts: Sequence[tuple[Sequence[Word], Box]]
    split: Splitter
    _broken: dict[tuple[int, float], Lines | None] = field(default_factory=dict)
    _titles: dict[int, Setting] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What is one line keeps to the column too, where more is free at its right."""
        right = max(
            (
                box.right
                for _, box in self.texts
                if not box.single and box.align is not Align.CENTER
            ),
            default=None,
        )
        if right is not None:
            self.texts = [
                (words, _within(box, right) if box.single else box) for words, box in self.texts
            ]
        for place, (words, box) in enumerate(self.texts):
            alone = (
                fit(words, replace(box, bottom=_end(box)), split=self.split) if box.single else None
            )
            if alone and alone.fits and alone.scale >= LEAST_TITLE:
                self._titles[place] = alone

    def lines(self) -> int:
        """As many as the texts have at full size; 1 for one with a word that is wider than the
        column.
        """
        return sum(len(self._lines(place, 1.0) or "?") for place in range(len(self.texts)))

    def least(self) -> int:
        """The first of the looks with which all goes into the column; NEVER: there is none."""
        if self._tops(LOOKS[-1]) is None:
            return NEVER
        low, high = 0, len(LOOKS) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (
                (low, middle) if self._tops(LOOKS[middle]) is not None else (middle + 1, high)
            )
        return low

    def settings(self, number: int) -> list[Setting] | None:
        """The settings with one of the looks, None: they do not go into the column."""
        look = LOOKS[number]
        at = self._tops(look)
        if at is None:
            return None
        boxes = [box for _, box in self.texts]
        return [
            _lowered(self._set(place, look), top - _top(box))
            for place, (top, box) in enumerate(zip(at, boxes, strict=True))
        ]

    def _set(self, place: int, look: Look) -> Setting:
        """A text alone, from where it began."""
        if place in self._titles:
            return self._titles[place]
        box = self.texts[place][1]
        lines = self._lines(place, look.scale * look.narrow) or []
        leading = leading_of(box, look.tightness, look.scale)
        return Setting(
            tuple(placed(lines, box, look.scale, leading, look.narrow)),
            look.scale,
            fits=True,
            narrow=look.narrow,
        )

    def _height(self, place: int, look: Look) -> float | None:
        """The height of a text alone, in points; None: a word of it is wider than the column.

        Most looks are only tried: no line has to be placed to know this.
        """
        box = self.texts[place][1]
        if place in self._titles:
            title = self._titles[place]
            last, scale = title.lines[-1].baseline, title.scale
        else:
            lines, scale = self._lines(place, look.scale * look.narrow), look.scale
            if not lines:
                return None
            leading = leading_of(box, look.tightness, scale)
            last = first_baseline(box, len(lines), scale) + (len(lines) - 1) * leading
        return last + DESCENT * box.size * scale - _top(box)

    def _tops(self, look: Look) -> list[float] | None:
        """Where the texts begin with a look; None: they do not go into the column."""
        boxes = [box for _, box in self.texts]
        heights = list[float]()
        for place in range(len(boxes)):
            height = self._height(place, look)
            if height is None:
                return None
            heights.append(height)
        ends = [_end(box) for box in boxes]
        gaps = [_top(box) - end for end, box in zip(ends, boxes[1:], strict=False)]
        return tops(
            [_top(box) for box in boxes],
            heights,
            [gap * look.gap if gap > 0 else gap for gap in gaps],
            (
                ends[-1],
                ends[-1]
                + (1 - CLOSEST if boxes[-1].single else 1.0) * (boxes[-1].bottom - ends[-1])
                + 0.01,
            ),
            most=LOOSEST * max(box.leading for box in boxes),
            crowded=look is not LOOKS[0],
        )

    def _lines(self, place: int, across: float) -> Lines | None:
        key = place, across
        if key not in self._broken:
            words, box = self.texts[place]
            self._broken[key] = broken(words, box, across, self.split)
        return self._broken[key]


def tops(
    wanted: Sequence[float],
    heights: Sequence[float],
    gaps: Sequence[float],
    end: tuple[float, float],
    *,
    most: float,
    crowded: bool,
) -> list[float] | None:
    """Where texts of these `heights` begin that `wanted` to begin there, with `gaps` between them
    at the least; None: there is no room.

    `end`: where the last one should end, and has to. What is pushed down is spaced evenly, by
    `most` more than its gap at the most; what is not `crowded` stays where it wants to be where
    that would take more.
    """
    pushed = [wanted[0]]
    for want, height, gap in zip(wanted[1:], heights, gaps, strict=False):
        pushed.append(max(want, pushed[-1] + height + gap))
    stacked = wanted[0] + sum(heights) + sum(gaps)
    if stacked > end[1]:
        return None
    share = max(min(end[1], max(end[0], stacked)) - stacked, 0.0) / len(gaps)
    goes = pushed[-1] + heights[-1] <= end[1]
    if goes and (pushed == list(wanted) or (share > most and not crowded)):
        return pushed
    even = [wanted[0]]
    for height, gap in zip(heights, gaps, strict=False):
        even.append(even[-1] + height + gap + min(share, most))
    return even


def _top(box: Box) -> float:
    return box.baseline - ASCENT * box.size


def _end(box: Box) -> float:
    return box.last + DESCENT * box.size


def _lowered(setting: Setting, down: float) -> Setting:
    if not down:
        return setting
    lines = tuple(
        [
            SetLine(line.words, line.x, line.baseline + down, line.stretch, line.spread)
            for line in setting.lines
        ]
    )
    return replace(setting, lines=lines)


def _within(box: Box, right: float) -> Box:
    """The box no farther to the right than `right` or where the original ended; around a middle
    it loses as much at its left.
    """
    less = box.right - min(box.right, max(right, box.original_right))
    return replace(
        box, left=box.left + (less if box.align is Align.CENTER else 0.0), right=box.right - less
    )
