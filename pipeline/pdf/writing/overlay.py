"""Boxes and arrows drawn over a copy of a PDF, to show how its pages are understood."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pymupdf

from dragoman.domain.document import Rect

Color = tuple[float, float, float]
ARROW = 4.0  # points: the half width of an arrow's head
LABEL = 6.0  # points


@dataclass(frozen=True, slots=True)
class Outline:
    """A box to draw, in the page's unrotated space; `label` is written over its corner, `filled`
    puts a tint into it.
    """

    box: Rect
    color: Color
    label: str = ""
    filled: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn on page `number` (0-based): boxes, and a line through `order` from one to the
    next.
    """

    number: int
    outlines: Sequence[Outline]
    order: Sequence[tuple[float, float]] = ()


def draw(pdf: pymupdf.Document, drawings: Iterable[Drawing], out: Path) -> None:
    """Write the pages of `pdf` that `drawings` name to `out`, with what they draw."""
    numbers = []
    for drawing in drawings:
        _draw(pdf[drawing.number], drawing)
        numbers.append(drawing.number)
    pdf.select(numbers)
    pdf.save(out, garbage=3, deflate=True)


def _draw(page: pymupdf.Page, drawing: Drawing) -> None:
    if not page.is_wrapped:
        page.wrap_contents()
    shape = page.new_shape()
    for outline in drawing.outlines:
        shape.draw_rect(pymupdf.Rect(outline.box))
        fill = outline.color if outline.filled else None
        shape.finish(color=outline.color, fill=fill, fill_opacity=0.1, width=0.6)
    for start, end in zip(drawing.order, drawing.order[1:], strict=False):
        shape.draw_line(start, end)
        shape.draw_circle(end, ARROW / 2)
        shape.finish(color=(0.5, 0.5, 0.5), width=0.4)
    for outline in drawing.outlines:
        if outline.label:
            at = (outline.box[0], outline.box[1] - 1)
            shape.insert_text(at, outline.label, fontsize=LABEL, color=outline.color)
    shape.commit()
