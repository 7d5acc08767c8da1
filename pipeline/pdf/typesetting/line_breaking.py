"""Words set into a block's box: broken into lines, fitted by growing, then closer leading, narrower
letters, then a smaller size.

Pure arithmetic on advances, in points at full size; one unit of `scale` shrinks letters, blanks and
leading alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dragoman.domain.document import Align
from pipeline.pdf.typesetting.shaping import Word

FLOOR = 0.65  # of the original size: smaller is set only when nothing else helps, and is reported
LOWEST = 0.4
STEP = 0.02
NARROW = 0.95  # of their width: letters that nobody sees to be narrower
TIGHTEST = (1.0, 0.95, 0.9)  # of the original leading, tried in turn before the size shrinks
LEAST_LEADING = 1.02  # of the size: closer lines touch
ASCENT, DESCENT = 0.75, 0.22  # of the size: what a line takes over and under its baseline
FULLEST_STRETCH = 0.7  # a justified line that is emptier than this keeps its natural blanks
# of a line's words: with fewer blanks between them, as in Chinese, all places are stretched
SPARSE = 0.2
# Of a line's width: what is left at its end before the next word is hyphenated.
RAGGED, LOOSE = 0.2, 0.06

Splitter = Callable[[Word, float], tuple[Word, Word] | None]
Lines = list[list[Word]]
_Fit = tuple[Lines, float, float]  # lines, scale, leading


def unsplit(_word: Word, _room: float) -> None:
    """No word is hyphenated."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a text may stand, in turned space.

    `left`, `right`: the edges that lines keep to; `original_right`: the original's right edge;
    `first`: what the first line is indented by, `hanging` the others; `baseline`: the first line's,
    `last`: the original's last one's; `bottom`: the lowest y that a descender may reach; `leading`
    and `size` as in the original, in points; `single`: it was one line; `rtl`: lines begin at the
    right, where all of this is mirrored; `goes_on`: the text
    does in another box, so that its last line is none of a paragraph's.
    """

    left: float
    right: float
    baseline: float
    bottom: float
    size: float
    leading: float
    first: float = 0.0
    hanging: float = 0.0
    align: Align = Align.LEFT
    single: bool = False
    original_right: float = 0.0
    rtl: bool = False
    last: float = 0.0
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class SetLine:
    """Words on one baseline, from `x` on.

    `stretch`: points added to each blank, or where `spread` to each place between words.
    """

    words: Sequence[Word]
    x: float
    baseline: float
    stretch: float = 0.0
    spread: bool = False


@dataclass(frozen=True, slots=True)
class Setting:
    """A fitted text.

    `scale`: of the original size; `fits`: whether it stays in its box; `narrow`: of the letters'
    own width.
    """

    lines: tuple[SetLine, ...]
    scale: float
    fits: bool
    narrow: float = 1.0

    @property
    def across(self) -> float:
        """Points along the line for a point at full size."""
        return self.scale * self.narrow


def fit(
    words: Sequence[Word], box: Box, *, largest: float = 1.0, split: Splitter = unsplit
) -> Setting:
    """The words in the box, as large as they can be, at most `largest` of the original size."""
    narrow = 1.0
    found = _try(words, box, largest, split)
    if found is None:
        narrow = NARROW
        found = _try(words, box, largest, split, NARROW) or _shrunk(words, box, largest, split)
    if found is None:
        return _crowded(words, box, split)
    lines, scale, leading = found
    return Setting(
        tuple(placed(lines, box, scale, leading, narrow)), scale, fits=True, narrow=narrow
    )


def _shrunk(words: Sequence[Word], box: Box, largest: float, split: Splitter) -> _Fit | None:
    """The largest size under `largest`, which does not fit, at which narrow words go into the
    box.
    """
    # Steps from `largest` down to the lowest; what fits at one size fits at every smaller one.
    high, low = 0, max(1, round((largest - LOWEST) / STEP))
    found = _try(words, box, LOWEST, split, NARROW)
    while found is not None and low - high > 1:
        middle = (low + high) // 2
        better = _try(words, box, largest - middle * STEP, split, NARROW)
        if better is None:
            high = middle
        else:
            low, found = middle, better
    return found


def wrap(
    words: Sequence[Word],
    width: float,
    first: float = 0.0,
    hanging: float = 0.0,
    *,
    split: Splitter = unsplit,
    slack: float = RAGGED,
) -> Lines:
    """The words of each line: as many as go into `width`, at least one.

    A word is split where more than `slack` of it would stay empty; the last one only where it is
    wider than a line.
    """
    lines: Lines = []
    line: list[Word] = []
    filled = first
    limit = width + 0.001
    blank = 0.0
    for word in words:
        while (line and filled + blank + word.width > limit) or (
            not line and word.width > limit - filled
        ):
            room = limit - filled - blank
            loose = room > slack * width and word.blank is not None
            parts = split(word, room) if loose or not line else None
            if parts is None and not line:
                break
            if parts is not None:
                line.append(parts[0])
                word = parts[1]
            lines.append(line)
            line, filled, blank = [], hanging, 0.0
        line.append(word)
        filled += blank + word.width
        blank = word.blank.width if word.blank else 0.0
    return [*lines, line] if line else lines


def _try(
    words: Sequence[Word], box: Box, scale: float, split: Splitter, narrow: float = 1.0
) -> _Fit | None:
    """Lines, scale and leading if the words go into the box at `scale`, None if they do not."""
    lines = broken(words, box, scale * narrow, split)
    if lines is None:
        return None
    room = box.bottom + 0.01 - DESCENT * box.size * scale - first_baseline(box, len(lines), scale)
    for tightness in TIGHTEST:
        leading = leading_of(box, tightness, scale)
        if (len(lines) - 1) * leading <= room:
            return lines, scale, leading
    return None


def broken(words: Sequence[Word], box: Box, across: float, split: Splitter) -> Lines | None:
    """The lines of the box, letters `across` times as wide as at full size; None: a word is
    wider than the box.
    """
    width = (box.right - box.left) / across
    slack = LOOSE if box.align is Align.JUSTIFY else RAGGED
    lines = wrap(words, width, box.first / across, box.hanging / across, split=split, slack=slack)
    return lines if _is_within(lines, width, box, across) else None


def leading_of(box: Box, tightness: float, scale: float) -> float:
    """Points from baseline to baseline at a `tightness`, of the original's leading."""
    return max(box.leading * tightness, min(box.leading, LEAST_LEADING * box.size)) * scale


def _is_within(lines: Lines, width: float, box: Box, across: float) -> bool:
    """Whether no line is wider than the box; only a line of one word can be."""
    for number, line in enumerate(lines):
        indent = box.hanging if number else box.first
        if len(line) == 1 and line[0].width + indent / across > width + 0.01:
            return False
    return True


def _crowded(words: Sequence[Word], box: Box, split: Splitter) -> Setting:
    """What does not fit at any size, at the smallest."""
    across = LOWEST * NARROW
    width = (box.right - box.left) / across
    lines = wrap(words, width, box.first / across, box.hanging / across, split=split)
    leading = max(box.leading * TIGHTEST[-1], min(box.leading, LEAST_LEADING * box.size)) * LOWEST
    return Setting(
        tuple(placed(lines, box, LOWEST, leading, NARROW)), LOWEST, fits=False, narrow=NARROW
    )


def first_baseline(box: Box, lines: int, scale: float) -> float:
    """The first baseline: smaller text of several lines keeps its upper edge, one line its
    baseline.
    """
    return box.baseline if lines == 1 else box.baseline - (1 - scale) * ASCENT * box.size


def placed(
    lines: Lines, box: Box, scale: float, leading: float, narrow: float
) -> Iterator[SetLine]:
    """The lines where they stand in the box."""
    baseline = first_baseline(box, len(lines), scale)
    for number, line in enumerate(lines):
        indent = box.first if number == 0 else box.hanging
        room = box.right - box.left - indent
        blanks = [word.blank.width for word in line[:-1] if word.blank]
        width = sum([word.width for word in line]) + sum(blanks)
        width *= scale * narrow
        free = room - width
        x, stretch = box.left + indent, 0.0
        spread = False
        if box.align is Align.RIGHT:
            x += free
        elif box.align is Align.CENTER:
            x += free / 2
        elif (
            box.align is Align.JUSTIFY
            and (box.goes_on or number < len(lines) - 1)
            and 0 < free < (1 - FULLEST_STRETCH) * room
        ):
            spread = len(blanks) < SPARSE * len(line)
            places = len(line) - 1 if spread else len(blanks)
            stretch = free / places if places else 0.0
        if box.rtl:
            x = box.left + box.right - x - (room if stretch else width)
        yield SetLine(line, x, baseline + number * leading, stretch, spread)
