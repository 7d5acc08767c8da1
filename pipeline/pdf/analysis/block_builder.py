"""What was read of a page as the blocks of the document."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from statistics import median

import pymupdf

from dragoman.domain.document import KEPT, Align, Block, BlockKind, Line, Page, Rect
from pipeline.pdf.analysis import column_flow
from pipeline.pdf.analysis.code_detection import MOSTLY, is_code, typewritten
from pipeline.pdf.analysis.drop_caps import with_initials
from pipeline.pdf.analysis.free_space import Rooms
from pipeline.pdf.analysis.line_joining import joined
from pipeline.pdf.analysis.list_markers import MARKER, split
from pipeline.pdf.analysis.page_graphics import Ground, Neighbours
from pipeline.pdf.analysis.paragraphs import Paragraph, group
from pipeline.pdf.analysis.structure.row_wording import LEADER
from pipeline.pdf.model.geometry import UPRIGHT, Direction, back, intersects, reflected, turned
from pipeline.pdf.model.scripts import RIGHT_TO_LEFT
from pipeline.pdf.model.text_rows import Reading, Row
from pipeline.pdf.reading.formulas import is_word
from pipeline.pdf.reading.page_reader import field_boxes, read

HEADING_SIZE = 1.15  # of the page's body size
# of a paragraph's rows: with more of them, what stands over and under them belongs to formulas
MATHS_ROWS = 1 / 3
UNKNOWN = 0.3  # with a larger share of characters without meaning it is not to be translated
# of the size: how far over and under a baseline the line of a fraction or a bar may be
OVER, UNDER = 1.1, 0.4
CENTERED = 1.5  # points that the middles of a row and of its page or cell may be apart
INDENT = 3.0  # of the size: the deepest of a paragraph
ENOUGH = 4  # rows that begin or end at one x: with more of them it is the edge of a column
RIGHT_PART = 0.4  # of a column: where a row begins at the least that stands at its right edge
TITLE_ROWS = 4
# of the letters, and how many of them, for a page to be read from the right
FROM_RIGHT, LETTERS = 0.6, 24
# A number of a page or a part, up to 49.
ROMAN = re.compile(r"(?=[ivxl]{2})(?:xl|x{0,3})(?:ix|iv|v?i{0,3})", re.IGNORECASE)
CAPTION = re.compile(
    r"(?:fig(?:ure|\.)?|table|tab\.|abb(?:\.|ildung)|tabelle|tableau)\s*\d", re.IGNORECASE
)


def page_of(page: pymupdf.Page, number: int, annotations: str = "") -> Page:
    """Page `number` (0-based) as values.

    The page must be loaded without its `annotations`, an array as source text.
    """
    return page_from(read(page, field_boxes(page, annotations)), page, number)


def page_from(reading: Reading, page: pymupdf.Page, number: int, *, scanned: bool = False) -> Page:
    """Page `number` (0-based) as values, from what was read of it; `scanned`: in a picture of
    it.
    """
    box = page.cropbox
    size = (box.width, box.height)
    names = (f"{number}.{place}" for place in count())
    from_right = from_right_of(reading.rows)
    blocks: list[Block] = []
    for direction in reading.rows:
        if direction != from_right:
            blocks += _blocks(reading, direction, size, names)
            continue
        # What is read from the right is looked at in a mirror: there it begins at the left, as all
        # rules of reading have it.
        seen = reading.reflected(direction, (0.0, 0.0, *size))
        blocks += [
            reflected_block(block, direction, (0.0, 0.0, *size))
            for block in _blocks(seen, direction, size, names)
        ]
    return Page(
        number,
        *size,
        page.rotation,
        tuple(blocks),
        scanned,
        reading.aslant,
        reading.blanks,
        from_right,
        reading.underlines,
    )


def reflected_block(block: Block, direction: Direction, sheet: Rect) -> Block:
    """The block in a mirror, see `geometry.reflected`; what its text is stays."""
    lines = tuple(
        replace(
            line,
            bbox=reflected(line.bbox, direction, sheet),
            spans=tuple(
                replace(span, bbox=reflected(span.bbox, direction, sheet)) for span in line.spans
            ),
        )
        for line in block.lines
    )
    room = reflected(block.room, direction, sheet) if block.room else None
    return replace(block, bbox=reflected(block.bbox, direction, sheet), lines=lines, room=room)


def from_right_of(rows: Mapping[Direction, Sequence[Row]]) -> Direction | None:
    """The direction of most letters, if most of those are read from the right, and they are
    enough to tell.
    """
    texts = {direction: "".join([row.text for row in found]) for direction, found in rows.items()}
    main = max(texts, key=lambda direction: len(texts[direction]), default=None)
    if main is None or not RIGHT_TO_LEFT.search(texts[main]):
        return None
    letters, from_right = (
        sum(map(str.isalpha, texts[main])),
        len(RIGHT_TO_LEFT.findall(texts[main])),
    )
    return main if from_right >= max(FROM_RIGHT * letters, LETTERS) else None


def _blocks(
    reading: Reading, direction: Direction, size: tuple[float, float], names: Iterator[str]
) -> list[Block]:
    rows = with_initials(reading.rows[direction])
    ground = Ground(reading.marks.turned(direction))
    sheet = turned((0.0, 0.0, *size), direction)
    paragraphs = group(rows, ground)
    foreign = [
        back(row.rect, other)
        for other in reading.rows
        if other != direction
        for row in reading.rows[other]
    ]
    taken = [turned(box, direction) for box in (*foreign, *reading.aslant)]
    rects = [paragraph.rect for paragraph in paragraphs]
    flow = [rect for rect, paragraph in zip(rects, paragraphs, strict=True) if _is_flow(paragraph)]
    rooms = Rooms([*rects, *taken], ground, sheet, flow)
    edges = _Edges(rows)
    body = _body_size(rows)
    typescript = typewritten(rows) > MOSTLY
    texts: Neighbours | None = None  # of pages with formulas only
    pairs = column_flow.pairs(paragraphs, rooms)
    over, centred = (
        column_flow.over(paragraphs, pairs, rooms),
        column_flow.centred(paragraphs, pairs),
    )
    ids: dict[int, str] = {}
    blocks = []
    for place, paragraph in enumerate(paragraphs):
        kind = _kind(paragraph, body, typescript)
        if kind not in KEPT and any(row.maths > 0 for row in paragraph.rows):
            texts = texts or Neighbours(rects)
            if _is_stacked(paragraph, texts) or _is_ruled(paragraph, ground):
                kind = BlockKind.FORMULA
        if kind in KEPT:
            blocks.append(_block(next(names), paragraph, None, direction, kind))
            continue
        paragraph.align = _align(paragraph, ground, sheet, edges)
        if place in centred and not MARKER.match(paragraph.rows[0].text):
            paragraph.align = Align.CENTER
        marker = None
        # Elsewhere a letter with a full stop is an initial, or moves with its text.
        if paragraph.align in {Align.LEFT, Align.JUSTIFY}:
            marker, paragraph.rows = split(paragraph.rows)
        if marker is not None:
            blocks.append(
                _block(next(names), Paragraph([marker]), None, direction, BlockKind.FORMULA)
            )
        title = paragraph.align is Align.CENTER and len(paragraph.rows) <= TITLE_ROWS
        room = rooms.around(paragraph.rect, single=len(paragraph.rows) == 1, title=title)
        under = ids.get(over[place]) if place in over and marker is None else None
        blocks.append(replace(_block(next(names), paragraph, room, direction, kind), under=under))
        ids[place] = blocks[-1].id
    return blocks


def _block(
    name: str, paragraph: Paragraph, room: Rect | None, direction: Direction, kind: BlockKind
) -> Block:
    return Block(
        id=name,
        kind=kind,
        bbox=back(paragraph.rect, direction),
        lines=tuple(_line(row, direction) for row in paragraph.rows),
        source=joined(paragraph.rows),
        align=paragraph.align,
        room=back(room, direction) if room else None,
        prints=min([row.prints for row in paragraph.rows]),
    )


def _line(row: Row, direction: Direction) -> Line:
    spans = (
        tuple(replace(span, bbox=back(span.bbox, direction)) for span in row.spans)
        if direction != UPRIGHT
        else row.spans
    )
    return Line(spans, back(row.rect, direction), direction)


def _is_flow(paragraph: Paragraph) -> bool:
    """Whether it ends at the right edge of its column: a justified paragraph, an entry of
    contents with its page number.
    """
    return paragraph.align is Align.JUSTIFY or bool(LEADER.search(paragraph.last.text))


def _is_stacked(paragraph: Paragraph, texts: Neighbours) -> bool:
    """Whether it holds a formula whose limits or fractions stand over and under its rows, as
    rows of their own.
    """
    if sum(row.maths > 0 for row in paragraph.rows) <= MATHS_ROWS * len(paragraph.rows):
        return False
    return any(
        intersects((row.x0 + 1, row.top + 1, row.x1 - 1, row.bottom - 1), other)
        for row in paragraph.rows
        for other in texts.beside(row.top, row.bottom)
        if other != paragraph.rect
    )


def _is_ruled(paragraph: Paragraph, ground: Ground) -> bool:
    """Whether it holds a fraction, a root or a letter with a bar: their lines would not move with
    them.

    What begins the paragraph stays where it is.
    """
    return any(
        ground.has_bar(
            span.bbox[0],
            span.bbox[2],
            row.baseline - OVER * row.size,
            row.baseline + UNDER * row.size,
        )
        for row in paragraph.rows
        for span in row.spans
        if span.style.original and span is not paragraph.rows[0].spans[0]
    )


def _kind(paragraph: Paragraph, body: float, typescript: bool) -> BlockKind:
    rows = paragraph.rows
    text = " ".join(row.text for row in rows)
    weight = max(1, sum(len(row.text) for row in rows))
    if sum(row.unknown * len(row.text) for row in rows) > UNKNOWN * weight:
        return BlockKind.UNREADABLE
    if ROMAN.fullmatch(text) or not any(
        is_word(span.text) for row in rows for span in row.spans if not span.style.original
    ):
        return BlockKind.FORMULA
    heading = rows[0].size >= HEADING_SIZE * body
    if not typescript and is_code(rows, heading=heading):
        return BlockKind.CODE
    if CAPTION.match(text):
        return BlockKind.CAPTION
    return BlockKind.HEADING if heading else BlockKind.PARAGRAPH


def _align(paragraph: Paragraph, ground: Ground, sheet: Rect, edges: _Edges) -> Align:
    """How the block stands; a single row is judged by the cell or page around it."""
    if len(paragraph.rows) > 1 or LEADER.search(paragraph.last.text):
        return paragraph.align
    row = paragraph.rows[0]
    middle = (row.x0 + row.x1) / 2
    if abs(middle - (sheet[0] + sheet[2]) / 2) < 2 * CENTERED and row.x0 - sheet[0] > 0.15 * (
        sheet[2] - sheet[0]
    ):
        return Align.CENTER
    cell = ground.cell(row.x0, row.x1, row.baseline - 0.3 * row.size)
    if cell is None:
        # A header, a date, a number of a page: it ends where the page's text ends.
        beyond = row.x0 > (sheet[0] + sheet[2]) / 2 and edges.is_last(row)
        return Align.RIGHT if (beyond or edges.ends(row)) and not edges.begins(row) else Align.LEFT
    before, after = row.x0 - cell[0], cell[1] - row.x1
    if abs(before - after) < 2 * CENTERED and before > CENTERED:
        return Align.CENTER
    return Align.RIGHT if after < row.size and before > 3 * max(after, CENTERED) else Align.LEFT


class _Edges:
    """Where the rows of a page begin and end."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._starts = Counter(round(row.x0) for row in rows)
        self._ends: dict[int, list[Row]] = {}
        for row in rows:
            self._ends.setdefault(round(row.x1), []).append(row)
        self._last = max(row.x1 for row in rows)

    def begins(self, row: Row) -> bool:
        """Whether it begins at the left edge of a column, or is indented there."""
        place = round(row.x0)
        return (
            sum(self._starts[place - shift] for shift in range(-1, round(INDENT * row.size)))
            > ENOUGH
        )

    def is_last(self, row: Row) -> bool:
        """Whether no row of the page ends farther to the right."""
        return self._last - row.x1 < CENTERED

    def ends(self, row: Row) -> bool:
        """Whether it takes only the right part of a column, and ends at its edge."""
        rows = [one for shift in (-1, 0, 1) for one in self._ends.get(round(row.x1) + shift, ())]
        return (
            len(rows) > ENOUGH
            and row.x0 > (1 - RIGHT_PART) * min(one.x0 for one in rows) + RIGHT_PART * row.x1
        )


def _body_size(rows: Sequence[Row]) -> float:
    """The size of the page's median letter, in points."""
    sizes = [row.size for row in rows for _ in range(1 + len(row.text) // 8)]
    return median(sizes)
