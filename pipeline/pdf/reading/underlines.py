"""Underlines that a file draws as lines: which words they belong to.

They are told from rules of tables by where they stand: close under the baseline of one row, and
nowhere beyond its words. MuPDF marks the letters over any line, and one too many at either end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dragoman.domain.document import Rect
from pipeline.pdf.model.styles import CHAR_UNDERLINED

# All of these are shares of the row's size. How far under the baseline an underline is: bars of
# fractions are lower, those over letters of the next row higher.
HIGHEST, LOWEST = 0.01, 0.26
THICKEST = 0.18
BEYOND = 0.2  # how far it may reach beyond its words
LEAST = 0.8  # its length
OUTSIDE = 2  # letters that MuPDF marks too many, at most
HAIRLINE = 1.5  # points: how high MuPDF's box of a thin line may be
LEVEL = 1.0  # points: what lines that are looked at together differ by


def found(blocks: Sequence[Mapping[str, Any]], vectors: Iterable[Rect]) -> set[Rect]:
    """Those of the boxes of drawn `vectors` that underline words of MuPDF's text dictionary."""
    lines = [
        (box, (box[1] + box[3]) / 2)
        for box in vectors
        if box[3] - box[1] < THICKEST * (box[2] - box[0])
    ]
    if not lines:
        return set()
    by_height: dict[int, list[tuple[Rect, float]]] = {}
    for box, middle in lines:
        by_height.setdefault(int(middle / LEVEL), []).append((box, middle))
    return {
        box
        for line in _level_lines(blocks)
        for box, middle in _under(line, by_height)
        if _is_under(line, box, middle)
    }


def marked(blocks: Sequence[Mapping[str, Any]], underlines: set[Rect]) -> None:
    """Keep MuPDF's mark on the spans over `underlines` only, and on no letter beside them."""
    for line in _level_lines(blocks):
        spans = line["spans"]
        for place, span in enumerate(spans):
            if not span["char_flags"] & CHAR_UNDERLINED:
                continue
            rule = _over(span, underlines)
            if rule is None:
                span["char_flags"] &= ~CHAR_UNDERLINED
            elif place:
                _move_start(spans[place - 1], span, rule)


def rejoin(blocks: Iterable[dict[str, Any]], underlines: set[Rect]) -> None:
    """Give text that goes on after an underline the number of the block before it: MuPDF begins
    one after each drawing.
    """
    before: int | None = None
    for block in blocks:
        if "lines" in block:
            before = block["number"] = block["number"] if before is None else before
        elif block["bbox"] not in underlines:
            before = None


def _level_lines(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (
        line
        for block in blocks
        for line in block.get("lines", ())
        if line["dir"] == (1.0, 0.0) and not line["wmode"]
    )


def _under(
    line: Mapping[str, Any], by_height: Mapping[int, list[tuple[Rect, float]]]
) -> Iterator[tuple[Rect, float]]:
    span = max(line["spans"], key=lambda one: len(one["text"]))
    baseline, size = span["origin"][1], span["size"]
    first, last = baseline + HIGHEST * size, baseline + LOWEST * size
    for height in range(int(first / LEVEL), int(last / LEVEL) + 1):
        yield from by_height.get(height, ())


def _is_under(line: Mapping[str, Any], box: Rect, middle: float) -> bool:
    """Whether a line that is drawn belongs to the words of a row."""
    spans = [span for span in line["spans"] if not span["text"].isspace()]
    over = [span for span in spans if span["bbox"][0] < box[2] and box[0] < span["bbox"][2]]
    if not over or not any(map(str.isalpha, "".join(span["text"] for span in over))):
        return False
    size = max(span["size"] for span in over)
    off = middle - over[0]["origin"][1]
    first, last = spans[0]["bbox"][0], spans[-1]["bbox"][2]
    close: bool = HIGHEST * size < off < LOWEST * size
    thin: bool = box[3] - box[1] < max(THICKEST * size, HAIRLINE)
    within: bool = first - BEYOND * size < box[0] and box[2] < last + BEYOND * size
    return close and thin and within and box[2] - box[0] > LEAST * size


def _over(span: Mapping[str, Any], underlines: set[Rect]) -> Rect | None:
    """The underline of a span, None: it has none."""
    x0, _, x1, _ = span["bbox"]
    baseline, size, middle = span["origin"][1], span["size"], (x0 + x1) / 2
    return next(
        (
            box
            for box in underlines
            if box[0] <= middle <= box[2]
            and HIGHEST * size < (box[1] + box[3]) / 2 - baseline < LOWEST * size
        ),
        None,
    )


def _move_start(before: dict[str, Any], span: dict[str, Any], rule: Rect) -> None:
    """Letters that begin a span and stand before its underline go to the span before it."""
    x0, y0, x1, y1 = span["bbox"]
    text = span["text"]
    outside = round((rule[0] - x0) / ((x1 - x0) / len(text))) if x1 > x0 else 0
    if text[0].isspace():
        outside = max(outside, 1)
    if not 0 < outside <= min(OUTSIDE, len(text) - 1):
        return
    if before["char_flags"] & CHAR_UNDERLINED or before["origin"][1] != span["origin"][1]:
        return
    start = min(max(rule[0], x0), x1)
    left, top, _, bottom = before["bbox"]
    before["text"] += text[:outside]
    before["bbox"] = left, top, start, bottom
    span["text"], span["bbox"] = text[outside:], (start, y0, x1, y1)
