"""What was read of a page as the blocks of the document."""

from __future__ import annotations

import re
from dataclasses import replace
from statistics import median

import pymupdf

from dragoman.domain.document import Align, Block, BlockKind, Family, Line, Page, Rect
from pipeline.pdf.geometry import UPRIGHT, Direction, back, turned
from pipeline.pdf.paragraphs import Paragraph, group, joined
from pipeline.pdf.reading import Marks, Reading, Row, read
from pipeline.pdf.rooms import rooms

HEADING_SIZE = 1.15  # of the page's body size
CODE_PAGE = 0.6  # a page with a larger share of typewriter letters is a typescript, not a listing
MATHS = 0.5  # a paragraph with a larger share of letters in maths fonts is a formula
UNKNOWN = 0.3  # with a larger share of characters without meaning it is not to be translated
CENTERED = 1.5  # points that the middles of a row and of its page or cell may be apart
CAPTION = re.compile(r"(?:fig(?:ure|\.)?|table|tab\.|abb(?:\.|ildung)|tabelle|tableau)\s*\d", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}|[\u2e80-\u9fff\uac00-\ud7af]")


def page_of(page: pymupdf.Page, number: int) -> Page:
    """Page `number` (0-based) as values. The page must be loaded without its annotations."""
    reading = read(page)
    box = page.cropbox
    size = (box.width, box.height)
    blocks = [block for direction in reading.rows for block in _blocks(reading, direction, number, size)]
    numbered = (replace(block, id=f"{number}.{place}") for place, block in enumerate(blocks))
    return Page(number, *size, page.rotation, tuple(numbered))


def _blocks(reading: Reading, direction: Direction, number: int, size: tuple[float, float]) -> list[Block]:
    rows = reading.rows[direction]
    marks = reading.marks.turned(direction)
    sheet = turned((0.0, 0.0, *size), direction)
    paragraphs = group(rows, marks)
    aslant = [turned(box, direction) for box in reading.aslant]
    foreign = [
        turned(back(row.rect, other), direction)
        for other in reading.rows
        if other != direction
        for row in reading.rows[other]
    ]
    taken = [paragraph.rect for paragraph in paragraphs]
    single = [len(paragraph.rows) == 1 for paragraph in paragraphs]
    found = rooms([*taken, *foreign, *aslant], [*single, *[True] * (len(foreign) + len(aslant))], marks, sheet)
    body = _body_size(rows)
    typescript = _mono_share(rows) > CODE_PAGE
    return [
        _block(paragraph, room, direction, _kind(paragraph, body, typescript), _align(paragraph, room, marks, sheet))
        for paragraph, room in zip(paragraphs, found, strict=False)
    ]


def _block(paragraph: Paragraph, room: Rect, direction: Direction, kind: BlockKind, align: Align) -> Block:
    return Block(
        id="",
        kind=kind,
        bbox=back(paragraph.rect, direction),
        lines=tuple(_line(row, direction) for row in paragraph.rows),
        source=joined(paragraph.rows),
        align=align,
        room=back(room, direction),
    )


def _line(row: Row, direction: Direction) -> Line:
    spans = (
        tuple(replace(span, bbox=back(span.bbox, direction)) for span in row.spans)
        if direction != UPRIGHT
        else row.spans
    )
    return Line(spans, back(row.rect, direction), direction)


def _kind(paragraph: Paragraph, body: float, typescript: bool) -> BlockKind:
    rows = paragraph.rows
    text = " ".join(row.text for row in rows)
    weight = max(1, sum(len(row.text) for row in rows))
    if not _WORD.search(text) or sum(row.maths * len(row.text) for row in rows) > MATHS * weight:
        return BlockKind.FORMULA
    if sum(row.unknown * len(row.text) for row in rows) > UNKNOWN * weight:
        return BlockKind.FORMULA
    if not typescript and _mono_share(rows) > CODE_PAGE:
        return BlockKind.CODE
    if CAPTION.match(text):
        return BlockKind.CAPTION
    return BlockKind.HEADING if rows[0].size >= HEADING_SIZE * body else BlockKind.PARAGRAPH


def _align(paragraph: Paragraph, room: Rect, marks: Marks, sheet: Rect) -> Align:
    """How the block stands; a single row is judged by the cell or page around it."""
    if len(paragraph.rows) > 1:
        return paragraph.align
    row = paragraph.rows[0]
    middle = (row.x0 + row.x1) / 2
    if abs(middle - (sheet[0] + sheet[2]) / 2) < 2 * CENTERED and row.x0 - sheet[0] > 0.15 * (sheet[2] - sheet[0]):
        return Align.CENTER
    cell = _cell(row, marks)
    if cell is None:
        return Align.LEFT
    before, after = row.x0 - cell[0], cell[1] - row.x1
    if abs(before - after) < 2 * CENTERED and before > CENTERED:
        return Align.CENTER
    return Align.RIGHT if after < row.size and before > 3 * max(after, CENTERED) else Align.LEFT


def _cell(row: Row, marks: Marks) -> tuple[float, float] | None:
    """The walls left and right of a row, None without both."""
    y = row.baseline - 0.3 * row.size
    walls = [(wall[0] + wall[2]) / 2 for wall in marks.walls if wall[1] <= y <= wall[3]]
    walls += [edge for fill in marks.fills if fill[1] <= y <= fill[3] for edge in (fill[0], fill[2])]
    left = max((wall for wall in walls if wall <= row.x0 + 1), default=None)
    right = min((wall for wall in walls if wall >= row.x1 - 1), default=None)
    return None if left is None or right is None else (left, right)


def _body_size(rows: list[Row]) -> float:
    """The size of the page's median letter, in points."""
    sizes = [row.size for row in rows for _ in range(1 + len(row.text) // 8)]
    return median(sizes)


def _mono_share(rows: list[Row]) -> float:
    letters = mono = 0
    for row in rows:
        for span in row.spans:
            letters += len(span.text)
            mono += len(span.text) * (span.style.family is Family.MONO)
    return mono / max(letters, 1)
