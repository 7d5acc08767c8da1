"""Whether all text that stays on a page is still there once the other words were taken off.

MuPDF takes off every letter whose box meets that of a word that is translated, and typefaces may
say that their letters reach over many lines: Cambria's do, for its large brackets. What is gone so
is drawn again, from the page as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pymupdf

from dragoman.domain.document import Block, Line
from pipeline.pdf.fonts.embedding import stream
from pipeline.pdf.model.geometry import turned, turned_point

Word = tuple[Any, ...]
"""As MuPDF has it: its box, its text, and where it stands in the file."""

_LIGATURE = re.compile("ff|fi|fl")  # one letter or two, as the file has it
HEIGHT = 4.0  # points of the page that words are looked up by
SLACK = 2.0  # points that boxes of words and lines may differ by
LEVEL = 0.35  # of the size: how far a letter may be from its span's baseline
EDGE = 1.0  # points beyond a span's ends


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a page draws, and with what: for taking words off once more."""

    contents: bytes
    resources: tuple[str, str]


def snapshot(page: pymupdf.Page) -> Snapshot:
    """The page as it is."""
    pdf = page.parent
    kind, value = pdf.xref_get_key(page.xref, "Resources")
    return Snapshot(page.read_contents(), (kind, value))


def restore(page: pymupdf.Page, before: Snapshot) -> None:
    """Make the page what it was."""
    pdf = page.parent
    pdf.xref_set_key(page.xref, "Contents", f"{stream(pdf, before.contents)} 0 R")
    pdf.xref_set_key(page.xref, "Resources", before.resources[1])


def lost(page: pymupdf.Page, words: Iterable[Word], stay: Sequence[Block]) -> list[Block]:
    """Those of the blocks that `stay` of which letters are gone.

    `words`: all that the page has. Letters are looked at one by one only where these are too few.
    """
    by_height = _by_height(words)
    doubtful = [
        block
        for block in stay
        if any(_seen(line, by_height) < _least(line) for line in block.lines)
    ]
    if not doubtful:
        return []
    letters = _Letters(page)
    return [block for block in doubtful if any(not letters.has(line) for line in block.lines)]


def _by_height(words: Iterable[Word]) -> Mapping[int, Sequence[Word]]:
    found: dict[int, list[Word]] = {}
    for word in words:
        found.setdefault(int((word[1] + word[3]) / 2 / HEIGHT), []).append(word)
    return found


def _least(line: Line) -> int:
    """How many letters a line has at the least."""
    text = "".join(line.text.split())
    return len(text) - len(_LIGATURE.findall(text))


def _seen(line: Line, by_height: Mapping[int, Sequence[Word]]) -> int:
    """How many letters of words stand where a line does."""
    x0, y0, x1, y1 = line.bbox
    seen = 0
    for height in range(int(y0 / HEIGHT) - 1, int(y1 / HEIGHT) + 2):
        for word in by_height.get(height, ()):
            left, top, right, bottom, text = word[:5]
            if right < x0 or x1 < left or not y0 - SLACK < (top + bottom) / 2 < y1 + SLACK:
                continue
            if x0 - SLACK <= left and right <= x1 + SLACK:
                seen += len(text)
                continue
            each = (right - left) / len(text)
            middles = (left + (place + 0.5) * each for place in range(len(text)))
            seen += sum(x0 - SLACK < middle < x1 + SLACK for middle in middles)
    return seen


class _Letters:
    """The letters of a page by where their baseline begins, whatever their boxes are."""

    def __init__(self, page: pymupdf.Page) -> None:
        self._places: list[tuple[float, float]] = list(_origins(page))

    def has(self, line: Line) -> bool:
        """Whether a line has all its letters."""
        places = [turned_point(x, y, line.direction) for x, y in self._places]
        there = needed = 0
        for span in line.spans:
            if span.style.original:
                parts: Sequence[tuple[float, float, float, int]] = span.style.original.parts
            else:
                left, _, right, _ = turned(span.bbox, line.direction)
                count = len("".join(span.text.split())) - len(_LIGATURE.findall(span.text))
                parts = [(left, right, span.baseline, count)]
            off = LEVEL * span.style.size
            for left, right, baseline, count in parts:
                needed += count
                there += sum(
                    left - EDGE < x < right + EDGE and abs(y - baseline) < off for x, y in places
                )
        return there >= needed


def _origins(page: pymupdf.Page) -> Iterator[tuple[float, float]]:
    for block in page.get_text("rawdict", flags=0)["blocks"]:
        for line in block["lines"]:
            for span in line["spans"]:
                for letter in span["chars"]:
                    if not letter["c"].isspace():
                        yield letter["origin"]
