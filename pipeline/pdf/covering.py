"""The ink of a scan covered, so that text can be set over it: line by line, in the paper's own colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pymupdf

from dragoman.domain.document import Block, Rect
from pipeline.pdf.geometry import UPRIGHT, back, turned

DPI = 72  # one pixel a point: the paper's colour needs no more
OVER, UNDER, BESIDE = (
    0.95,
    0.32,
    0.15,
)  # of a line's size: what its letters and marks reach over the baseline, under it, beside
COARSE = 3  # bits of each channel that make no difference between two shades of paper


def strip_text(page: pymupdf.Page) -> None:
    """Take all text off a page, the invisible words under a scan too; pictures and drawings stay."""
    if page.get_text("words", flags=0):
        page.add_redact_annot(page.rect, fill=False, cross_out=False)  # type: ignore[arg-type]  # False: no fill (PyMuPDF's documentation)
        page.apply_redactions(images=0, graphics=0, text=0)


def cover(page: pymupdf.Page, blocks: Iterable[Block]) -> str:
    """Operators that cover the lines of `blocks`, in a space like the page's own (which must not be rotated at the moment)."""
    picture = page.get_pixmap(dpi=DPI, colorspace=pymupdf.csRGB, alpha=False, annots=False)
    boxes = [box for block in blocks for box in _boxes(block)]
    return "\n".join(
        f"{_color(_paper(picture, box))} rg {box[0]:.2f} {box[1]:.2f} {box[2] - box[0]:.2f} {box[3] - box[1]:.2f} re f"
        for box in boxes
    )


def _boxes(block: Block) -> Iterator[Rect]:
    for line in block.lines:
        direction = line.direction
        x0, _, x1, _ = turned(line.bbox, direction) if direction != UPRIGHT else line.bbox
        main = max(line.spans, key=lambda span: len(span.text))
        size, baseline = main.style.size, main.baseline
        yield back((x0 - BESIDE * size, baseline - OVER * size, x1 + BESIDE * size, baseline + UNDER * size), direction)


def _paper(picture: pymupdf.Pixmap, box: Rect) -> tuple[int, int, int]:
    """The colour that is most frequent around the letters: that of the paper, if they do not fill the box."""
    samples, stride = memoryview(picture.samples), picture.stride
    left, right = max(0, int(box[0])), min(picture.width, int(box[2]) + 1)
    shades: Counter[tuple[int, int, int]] = Counter()
    seen: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    for y in range(max(0, int(box[1])), min(picture.height, int(box[3]) + 1)):
        row = samples[y * stride + 3 * left : y * stride + 3 * right].tobytes()
        for x in range(0, len(row), 3):
            exact = (row[x], row[x + 1], row[x + 2])
            shade = (exact[0] >> COARSE, exact[1] >> COARSE, exact[2] >> COARSE)
            shades[shade] += 1
            seen[shade] = exact
    return seen[shades.most_common(1)[0][0]] if shades else (255, 255, 255)


def _color(color: tuple[int, int, int]) -> str:
    return " ".join(f"{channel / 255:.3g}" for channel in color)
