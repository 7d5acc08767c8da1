"""Links that follow the words they lie on: from the place of the original words to that of the
translated ones.

A link whose words are still there (a number, a name, an address) follows them; one whose words have
a colour of their own follows that colour; any other takes the words at the same place of the
sentence. A link over a whole block stays over all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import pymupdf

from dragoman.domain.document import Block, Rect
from pipeline.pdf.model.geometry import Direction, back, joined, overlap, turned
from pipeline.pdf.reading.page_reader import annotation_boxes
from pipeline.pdf.typesetting.line_breaking import SetLine, Setting
from pipeline.pdf.writing.content_stream import as_seen

WHOLE = 0.9  # of a block's letters: a link over more of them is one over the block
# times the height of the words under a link: a larger one is over a picture or a card
LARGEST = 3.0
TOP, BOTTOM = 0.78, 0.22  # of the size: what a link takes over and under the baseline
LEAST = 0.5  # of a word's width under a link for it to be one of its words
# annotations that may lie elsewhere: their boxes say all about their place
MOVABLE = ("Widget", "Link")
_WORD = re.compile(r"\S+")
_EDGES = ".,;:!?()[]{}«»\"'“”„‘’"

Moves = dict[int, list[Rect]]
"""Object number of a link -> the boxes of its words now, in PDF's own coordinates of its page."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A word where it was set.

    `share`: of the text before its middle, 0 to 1; `line` counts lines.
    """

    text: str
    box: Rect
    color: int
    line: int
    share: float


@dataclass(frozen=True, slots=True)
class _Under:
    """The source's words under a link: where they begin and end in the block's letters (0 to
    1), what they are, their height.
    """

    start: float
    end: float
    words: tuple[str, ...]
    color: int
    height: float


@dataclass(slots=True)
class Anchors:
    """The links of a page (`links`: object number -> box, unrotated page space), and how they
    move with its blocks.
    """

    links: dict[int, Rect]
    _found: dict[int, list[list[Rect]]] = field(default_factory=dict)

    def follow(self, block: Block, setting: Setting) -> None:
        """Note where the links over `block` lie, now that it is set."""
        direction = block.lines[0].direction
        places: list[_Place] | None = None
        for number, link in self.links.items():
            if not (
                link[0] < block.bbox[2] and block.bbox[0] < link[2] and link[1] < block.bbox[3]
            ):
                continue
            box = turned(link, direction)
            under = _under(block, box)
            if under is None or box[3] - box[1] > LARGEST * under.height:
                continue
            places = list(_places(setting)) if places is None else places
            boxes = [back(one, direction) for one in _pieces(_chosen(block, under, places))]
            self._found.setdefault(number, []).append(boxes)

    def moves(self, page: pymupdf.Page) -> Moves:
        """The new boxes. A link over several blocks stays where it is."""
        turn = ~page.transformation_matrix
        single = {
            number: found[0]
            for number, found in self._found.items()
            if len(found) == 1 and found[0]
        }
        return {number: [_moved(box, turn) for box in boxes] for number, boxes in single.items()}


def anchors_of(page: pymupdf.Page, annotations: str) -> Anchors:
    """The links among detached `annotations` (an array as source text)."""
    return Anchors(dict(annotation_boxes(page, annotations, "Link")))


def flipped_boxes(page: pymupdf.Page, annotations: str, direction: Direction) -> Moves:
    """Where fields and links lie once the page is mirrored along `direction`."""
    turn, (left, _, right, _) = (
        ~page.transformation_matrix,
        turned((0.0, 0.0, page.cropbox.width, page.cropbox.height), direction),
    )
    found: Moves = {}
    for kind in MOVABLE:
        for number, box in annotation_boxes(page, annotations, kind):
            x0, y0, x1, y1 = turned(box, direction)
            found[number] = [
                _moved(back((left + right - x1, y0, left + right - x0, y1), direction), turn)
            ]
    return found


def move(pdf: pymupdf.Document, page: int, moves: Mapping[int, Sequence[Rect]]) -> None:
    """Give the links of page number `page` their new boxes; a link that goes on in another line
    gets a copy of itself there.
    """
    copies = []
    for number, boxes in moves.items():
        source = pdf.xref_object(number, compressed=True)
        _place(pdf, number, boxes[0])
        for box in boxes[1:]:
            copy = pdf.get_new_xref()
            pdf.update_object(copy, source)
            for key in ("StructParent", "NM"):  # of one annotation only
                pdf.xref_set_key(copy, key, "null")
            _place(pdf, copy, box)
            copies.append(f"{copy} 0 R")
    if copies:
        xref = pdf.page_xref(page)
        kind, value = pdf.xref_get_key(xref, "Annots")
        value = pdf.xref_object(int(value.split()[0]), compressed=True) if kind == "xref" else value
        pdf.xref_set_key(xref, "Annots", f"[{value.strip()[1:-1]} {' '.join(copies)}]")


def _place(pdf: pymupdf.Document, link: int, box: Rect) -> None:
    pdf.xref_set_key(link, "Rect", f"[{' '.join(f'{side:.2f}' for side in box)}]")
    pdf.xref_set_key(link, "QuadPoints", "null")


def _moved(box: Iterable[float], turn: pymupdf.Matrix) -> Rect:
    x0, y0, x1, y1 = pymupdf.Rect(*box) * turn
    return x0, y0, x1, y1


def _under(block: Block, link: Rect) -> _Under | None:
    """The words of the block's source that lie under a link, in the turned space; None: there
    are none.
    """
    count, letters, colors, height = 0, list[tuple[int, int, str]](), list[int](), 0.0
    for line in block.lines:
        _, upper, _, lower = turned(line.bbox, line.direction)
        beside = overlap(upper, lower, link[1], link[3]) > (lower - upper) / 2
        for span in line.spans:
            x0, _, x1, _ = turned(span.bbox, line.direction)
            advance = (x1 - x0) / max(len(span.text), 1)
            for word in _WORD.finditer(span.text) if beside else ():
                start, end = x0 + word.start() * advance, x0 + word.end() * advance
                if overlap(start, end, link[0], link[2]) > LEAST * min(
                    end - start, link[2] - link[0]
                ):
                    letters.append((count + word.start(), count + word.end(), word.group()))
                    colors.append(span.style.color)
                    height = max(height, lower - upper)
            count += len(span.text)
    if not letters:
        return None
    words = tuple(text for _, _, text in letters)
    return _Under(letters[0][0] / count, letters[-1][1] / count, words, colors[0], height)


def _places(setting: Setting) -> Iterator[_Place]:
    """The words of a set text in their order, and where they are."""
    texts = [["".join(glyph.text for piece in word.pieces for glyph in piece.glyphs) for word in line.words]  # noqa: E501
             for line in setting.lines]  # fmt: skip
    whole = max(1, sum(len(text) for line in texts for text in line))
    before = number = 0
    for place_of_line, line in enumerate(setting.lines):
        number += (
            place_of_line > 0 and line.baseline != setting.lines[place_of_line - 1].baseline
        )  # dots of an entry are lines of their own
        stretches = _stretches(line, setting)
        for place, (word, text) in enumerate(zip(line.words, texts[place_of_line], strict=True)):
            if place in stretches:  # a character that no typeface has leaves no piece
                size = word.pieces[0].size * setting.scale
                x0, x1 = stretches[place]
                box = (x0, line.baseline - TOP * size, x1, line.baseline + BOTTOM * size)
                yield _Place(
                    text, box, word.pieces[0].color, number, (before + len(text) / 2) / whole
                )
            before += len(text)


def _stretches(line: SetLine, setting: Setting) -> dict[int, tuple[float, float]]:
    """By its place in the line, from where to where a word reaches."""
    found: dict[int, tuple[float, float]] = {}
    x = line.x
    for piece, gap, place in as_seen(line):
        end = x + piece.width * setting.across
        before = found.get(place, (x, end))
        found[place] = (min(before[0], x), max(before[1], end))
        x = end + gap
    found.pop(-1, None)
    return found


def _chosen(block: Block, under: _Under, places: Sequence[_Place]) -> Sequence[_Place]:
    if under.end - under.start >= WHOLE:
        return places
    middle = (under.start + under.end) / 2
    for groups, part in (([*_same(under, places)], (0.0, 1.0)), _coloured(block, under, places)):
        if groups:
            return _part(
                min(groups, key=lambda group: abs((group[0].share + group[-1].share) / 2 - middle)),
                part,
            )
    inside = [place for place in places if under.start <= place.share <= under.end]
    return inside or sorted(places, key=lambda place: abs(place.share - middle))[:1]


def _coloured(
    block: Block, under: _Under, places: Sequence[_Place]
) -> tuple[list[list[_Place]], tuple[float, float]]:
    """Neighbours in the colour that the link's words have; and what part of the original's such
    words it lies on, from 0 to 1.
    """
    spans = [span for line in block.lines for span in line.spans]
    if all(span.style.color == under.color for span in spans):
        return [], (0.0, 1.0)
    whole, end, part = sum(len(span.text) for span in spans), 0.0, (0.0, 1.0)
    for color, same in groupby(spans, key=lambda span: span.style.color):
        start, end = end, end + sum(len(span.text) for span in same) / whole
        if color == under.color and start <= (under.start + under.end) / 2 <= end:
            part = (under.start - start) / (end - start), (under.end - start) / (end - start)
    found = groupby(places, key=lambda place: place.color)
    return [list(same) for color, same in found if color == under.color], part


def _part(places: Sequence[_Place], part: tuple[float, float]) -> Sequence[_Place]:
    """Those of the places that are in a part of them, told by their middles; at least one."""
    if part[1] - part[0] >= WHOLE:
        return places
    inside = [
        one
        for number, one in enumerate(places)
        if part[0] <= (number + 0.5) / len(places) <= part[1]
    ]
    return inside or places[:1]


def _same(under: _Under, places: Sequence[_Place]) -> Iterator[list[_Place]]:
    """Where the very words under the link stand in the translation."""
    wanted = [word.strip(_EDGES) for word in under.words]
    shown = [place.text.strip(_EDGES) for place in places]
    for start in range(len(shown) - len(wanted) + 1 if any(wanted) else 0):
        if shown[start : start + len(wanted)] == wanted:
            yield list(places[start : start + len(wanted)])


def _pieces(places: Sequence[_Place]) -> Iterator[Rect]:
    """A box for the places of each line."""
    for _, same in groupby(places, key=lambda place: place.line):
        first, *others = [place.box for place in same]
        for other in others:
            first = joined(first, other)
        yield first
