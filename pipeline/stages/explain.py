"""A PDF as it is understood, for a person who wonders why a text was sent as it was: nothing of it
is kept, and nothing of this runs unless it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pymupdf

from dragoman.domain.document import Document, Page, Rect
from pipeline.pdf.analysis.block_builder import from_right_of
from pipeline.pdf.analysis.drop_caps import with_initials
from pipeline.pdf.analysis.flows import columns_of_text
from pipeline.pdf.analysis.page_graphics import Ground
from pipeline.pdf.analysis.structure.page_model import PageModel, page_model
from pipeline.pdf.analysis.structure.placed import Placed
from pipeline.pdf.analysis.structure.row_joining import Decision, decisions
from pipeline.pdf.container.opening import damage_named, opened
from pipeline.pdf.model.geometry import Direction, back, mirrored, turned, union
from pipeline.pdf.reading.page_reader import detach_annotations, field_boxes, read
from pipeline.pdf.writing import overlay
from pipeline.pdf.writing.overlay import Drawing
from pipeline.stages import markup
from pipeline.stages.extract import extract

# Rules that part two rows since the lower one is an item of a list.
ITEMS = frozenset({"marker", "marker before it", "form field before it"})
LEAST_ITEMS = 2


@dataclass(frozen=True, slots=True)
class RowPair:
    """Two rows, the upper one first, and what was decided of them."""

    upper: str
    lower: str
    box: Rect
    decision: Decision


@dataclass(frozen=True, slots=True)
class Area:
    """A table or a list: its box, and how many lines or items it has."""

    box: Rect
    count: int


@dataclass(frozen=True, slots=True)
class Text:
    """A block in reading order. `sent`: the text as an engine sees it, None: it stays as it is, or
    goes with the first of its flow; `flow`: the ids of the blocks that it goes on in.
    """

    block: str
    kind: str
    box: Rect
    sent: str | None
    flow: tuple[str, ...] = ()
    follows: bool = False


@dataclass(frozen=True, slots=True)
class ExplainedPage:
    """Page `number` (0-based). `columns`: left and right edges. Boxes are in points, as the page
    has them before it is turned.
    """

    number: int
    columns: tuple[tuple[float, float], ...]
    tables: tuple[Area, ...]
    lists: tuple[Area, ...]
    texts: tuple[Text, ...]
    rows: tuple[RowPair, ...]


def explain(
    source: Path, *, page: int | None = None, password: str | None = None
) -> tuple[ExplainedPage, ...]:
    """The pages as they are understood, or page `page` (1-based) alone.

    Neighbours of the page are read too, since a text may go on there. Raises what `extract` raises.
    """
    near = None if page is None else f"{max(1, page - 1)}-{page + 1}"
    document = extract(source, pages=near, password=password)
    columns = columns_of_text(document.pages)
    with opened(source, password) as pdf:
        return tuple(
            _explained(pdf, one, document, columns.get(one.number, []))
            for one in document.pages
            if page is None or one.number == page - 1
        )


def draw(
    source: Path, drawings: Iterable[Drawing], out: Path, *, password: str | None = None
) -> None:
    """Write the pages of `source` that `drawings` name to `out`, with what they draw. Raises what
    opening a PDF raises.
    """
    with opened(source, password) as pdf, damage_named():
        overlay.draw(pdf, drawings, out)


def _explained(
    pdf: pymupdf.Document,
    page: Page,
    document: Document,
    columns: Sequence[tuple[float, float]],
) -> ExplainedPage:
    tables: list[Area] = []
    lists: list[Area] = []
    rows: list[RowPair] = []
    with damage_named():
        for direction, model, about in _models(pdf, page):
            decided = decisions(model)
            tables += _tables(model, direction, about)
            lists += _lists(model, decided, direction, about)
            rows += _pairs(model, decided, direction, about)
    texts = tuple(_texts(page, document))
    return ExplainedPage(
        page.number, tuple(columns), tuple(tables), tuple(lists), texts, tuple(rows)
    )


def _models(
    pdf: pymupdf.Document, page: Page
) -> Iterator[tuple[Direction, PageModel, float | None]]:
    """The model of each direction of writing; what is read from the right is seen in a mirror that
    stands `about` an x (the sum of an x and its image; None: in none).
    """
    _, annotations = detach_annotations(pdf, page.number)
    sheet = pdf.load_page(page.number)
    reading = read(sheet, field_boxes(sheet, annotations))
    from_right = from_right_of(reading.rows)
    box = (0.0, 0.0, page.width, page.height)
    for direction in reading.rows:
        seen, about = reading, None
        if direction == from_right:
            left, _, right, _ = turned(box, direction)
            seen, about = reading.reflected(direction, box), left + right
        rows = with_initials(seen.rows[direction])
        yield direction, page_model(rows, Ground(seen.marks.turned(direction))), about


def _box(rows: Sequence[Placed], direction: Direction, about: float | None) -> Rect:
    """The box around rows, on the page."""
    box = union([one.row.rect for one in rows])
    return back(mirrored(box, about) if about is not None else box, direction)


def _tables(model: PageModel, direction: Direction, about: float | None) -> Iterator[Area]:
    for table in dict.fromkeys(model.tables.values()):
        rows = [one for one in model.rows if model.tables.get(one.row.order) is table]
        yield Area(_box(rows, direction, about), len(table.lines))


def _lists(
    model: PageModel, decided: dict[int, Decision], direction: Direction, about: float | None
) -> Iterator[Area]:
    """Runs of items that begin at one x."""
    items = [
        one for one in model.rows if (found := decided.get(one.row.order)) and found.rule in ITEMS
    ]
    items.sort(key=lambda one: (round(one.x0), one.y))
    for _, same in groupby(items, key=lambda one: round(one.x0)):
        rows = list(same)
        if len(rows) >= LEAST_ITEMS:
            yield Area(_box(rows, direction, about), len(rows))


def _pairs(
    model: PageModel, decided: dict[int, Decision], direction: Direction, about: float | None
) -> Iterator[RowPair]:
    for one in model.rows:
        found = decided.get(one.row.order)
        if found is not None:
            upper = model.above[one.row.order]
            yield RowPair(upper.text, one.text, _box([upper, one], direction, about), found)


def _texts(page: Page, document: Document) -> Iterator[Text]:
    sent = {
        passage.blocks[0].id: markup.write(passage.source)
        for passage in document.passages()
        if passage.page == page.number and passage.blocks[0].translatable
    }
    for block in page.blocks:
        segment = sent.get(block.id)
        text = segment.text if segment is not None and segment.has_words else None
        flow = block.flow.blocks if block.flow else ()
        yield Text(block.id, block.kind.value, block.bbox, text, flow, block.follows)
