"""The ink of a scan covered, so that text can be set over it: line by line, in the paper's own
colour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pymupdf

from dragoman.domain.document import Block, Rect
from pipeline.pdf.model.geometry import UPRIGHT, back, turned

DPI = 72  # one pixel a point: the paper's colour needs no more
# Of a line's size: what its letters and marks reach over the baseline, under it, beside.
OVER, UNDER, BESIDE = 0.95, 0.32, 0.15
INVISIBLE = 3  # the rendering mode of words under a scan: ISO 32000-1 9.3.6
COARSE = 3  # bits of each channel that make no difference between two shades of paper
# of 765, the sum of the channels' differences: what is nearer to the paper is no ink
LEAST_CONTRAST = 90

Color = tuple[int, int, int]
WHITE: Color = (255, 255, 255)
BLACK: Color = (0, 0, 0)


def strip_text(page: pymupdf.Page, blocks: Iterable[Block]) -> None:
    """Take the words that were under a scan's picture off a page; pictures and drawings stay.

    Of letters that are seen (and could not be told, so that the page was read as a picture) only
    those of `blocks` are taken off.
    """
    if not page.get_text("words", flags=0):
        return
    seen = any(span["type"] != INVISIBLE and span["opacity"] > 0 for span in page.get_texttrace())
    for box in [box for block in blocks for box in _boxes(block)] if seen else [page.rect]:
        page.add_redact_annot(box, fill=False, cross_out=False)  # type: ignore[arg-type]  # False: no fill (PyMuPDF's documentation)
    page.apply_redactions(images=0, graphics=0, text=0)


def cover(page: pymupdf.Page, blocks: Iterable[Block]) -> str:
    """Operators that cover the lines of `blocks`, in a space like the page's own (which must
    not be rotated at the moment).
    """
    picture = page.get_pixmap(dpi=DPI, colorspace=pymupdf.csRGB, alpha=False, annots=False)
    boxes = [box for block in blocks for box in _boxes(block)]
    return "\n".join(
        f"{_color(paper_and_ink(picture, box)[0])} rg {box[0]:.2f} {box[1]:.2f}"
        f" {box[2] - box[0]:.2f} {box[3] - box[1]:.2f} re f"
        for box in boxes
    )


def _boxes(block: Block) -> Iterator[Rect]:
    for line in block.lines:
        direction = line.direction
        x0, _, x1, _ = turned(line.bbox, direction) if direction != UPRIGHT else line.bbox
        main = max(line.spans, key=lambda span: len(span.text))
        size, baseline = main.style.size, main.baseline
        yield back(
            (
                x0 - BESIDE * size,
                baseline - OVER * size,
                x1 + BESIDE * size,
                baseline + UNDER * size,
            ),
            direction,
        )


def paper_and_ink(picture: pymupdf.Pixmap, box: Rect) -> tuple[Color, Color]:
    """The colours of a line of text and of what it is printed on, in a picture of `DPI`.

    Paper is what is most frequent around the letters; ink is what is most frequent among the
    colours farthest from it.
    """
    shades = _shades(picture, box)
    if not shades:
        return WHITE, BLACK
    paper = max(shades, key=lambda shade: shades[shade])
    farthest = max(_distance(shade, paper) for shade in shades)
    if farthest < LEAST_CONTRAST:
        return paper, BLACK if sum(paper) > sum(WHITE) / 2 else WHITE
    return paper, max(
        (one for one in shades if _distance(one, paper) > 0.8 * farthest),
        key=lambda one: shades[one],
    )


def _shades(picture: pymupdf.Pixmap, box: Rect) -> Counter[Color]:
    """How often each colour is met in a box; shades that nobody could tell apart are one of
    them.
    """
    samples, stride = memoryview(picture.samples), picture.stride
    left, right = max(0, int(box[0])), min(picture.width, int(box[2]) + 1)
    counts: Counter[Color] = Counter()
    exact: dict[Color, Color] = {}
    for y in range(max(0, int(box[1])), min(picture.height, int(box[3]) + 1)):
        row = samples[y * stride + 3 * left : y * stride + 3 * right].tobytes()
        for x in range(0, len(row), 3):
            color = (row[x], row[x + 1], row[x + 2])
            coarse = (color[0] >> COARSE, color[1] >> COARSE, color[2] >> COARSE)
            counts[exact.setdefault(coarse, color)] += 1
    return counts


def _distance(one: Color, other: Color) -> int:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True))


def _color(color: Color) -> str:
    return " ".join(f"{channel / 255:.3g}" for channel in color)
