"""One pass over a page: its rows of text, and the marks (rules, fills, pictures) that text keeps away from.

Everything is in the page's unrotated space, which is what MuPDF's text dictionary gives whatever the page's rotation.
Annotations and form fields are detached before a page is read, so that what people filled in is never translated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import Any

import pymupdf

from dragoman.domain.document import Family, Line, Rect, Span, Style
from pipeline.pdf.formulas import NOTHING, with_formulas
from pipeline.pdf.geometry import UPRIGHT, Direction, axis, contains, joined, turned, turned_point
from pipeline.pdf.scripts import RIGHT_TO_LEFT
from pipeline.pdf.styles import is_invisible, is_maths_font, style_of

FLAGS = (
    pymupdf.TEXT_PRESERVE_WHITESPACE
    | pymupdf.TEXT_MEDIABOX_CLIP
    | pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
    | pymupdf.TEXT_COLLECT_VECTORS
)
# char_flags of a span whose characters have no known meaning (FZ_STEXT_UNICODE_IS_CID, mupdf/fitz/structured-text.h).
UNKNOWN_UNICODE = 128 | 256
TEXT_BLOCK, VECTOR_BLOCK = 0, 3
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# Where TeX's typefaces have ligatures (OT1 and T1 encodings), which files with bitmap typefaces give no names; in words only.
_LIGATURES = ("ff", "fi", "fl", "ffi", "ffl")
_LIGATURE = re.compile(
    r"(?:(?<=[a-z]{2})|(?<=[a-z])(?=.[a-z])|(?=.[a-z]{2}))[\x0b-\x0f\x1b-\x1f]",
    re.DOTALL,
)
LEADER = re.compile(r"[.·…_\s]+")
DOTS = re.compile(r"\s*(?:\.\s*){4,}")  # more than an ellipsis
# char_flags of a blank that MuPDF made up where letters stand apart (FZ_STEXT_SYNTHETIC, FZ_STEXT_SYNTHETIC_LARGE).
MADE_UP = 4 | 512
BULLET = re.compile("[•▪▫●○■□◦‣⁃➢➤✓✔❖◆◇►▶–—*·∗⋆]")
# Of a row's size: the height of the letters over the baseline and under it, in most Latin typefaces.
ASCENT, DESCENT = 0.75, 0.22
# Of a row's size: spans further apart belong to two rows (cells, a marker and its text). MuPDF itself cuts at 0.8.
WIDE_GAP = 1.1
LEAST_GAP = 0.15  # between words
LEADER_GAP = 3.0  # between an entry and its first dot
LEAST_BLANK = 0.2  # of the size: a blank is at least as wide in most typefaces
LEAST_STRETCHED = 4  # words of a line whose blanks are wide enough for cells
STRETCH_SLACK = 0.06  # how far the blanks of a stretched line may differ
WIDEST_STRETCH = 3.0
TWIN = 0.1  # how far two prints of one line may be apart
SENTENCE_GAP = 1.5  # what TeX leaves between sentences of a loose line
BLANK_FIRST = (
    0.25  # what a span that begins with a blank counts where the baseline is asked for: it is that of the blank
)
RULE_THICKNESS = 3.0  # points; MuPDF grows a hairline's box to about 3
WHITE = 0xF8  # each channel: paler fills are taken for paper
CORNERS = 4  # numbers of a rectangle
MOST_MARKS = 3000  # a page with more vectors is a drawing or a map: its lines mean nothing for its words


@dataclass(frozen=True)
class Row:
    """Text on one baseline without a wide gap, in the turned space of its direction.

    `order` is its place in the file, which no other row has. `maths` and `unknown` are the shares (0 to 1) of characters in maths fonts and of
    characters without a known meaning. `text_x`: where its second span begins, if the file sets the first one apart.
    `prints`: how many times the page has it at this place. `begins`: it is the first of a paragraph for sure.
    """

    spans: tuple[Span, ...]
    order: int
    x0: float
    x1: float
    baseline: float
    size: float
    maths: float = 0.0
    unknown: float = 0.0
    block: int = -1
    text_x: float | None = None
    prints: int = 1
    begins: bool = False

    @cached_property
    def text(self) -> str:
        """Its characters."""
        return "".join([span.text for span in self.spans])

    @cached_property
    def top(self) -> float:
        """The y over its letters."""
        return self.baseline - ASCENT * self.size

    @cached_property
    def bottom(self) -> float:
        """The y under its letters."""
        return self.baseline + DESCENT * self.size

    @cached_property
    def rect(self) -> Rect:
        """The box around its letters."""
        return self.x0, self.top, self.x1, self.bottom

    def line(self, direction: Direction) -> Line:
        """The row as a line of the document; boxes stay in the turned space until the block is turned back."""
        return Line(self.spans, self.rect, direction)


@dataclass(frozen=True, slots=True)
class Marks:
    """What is on a page besides text: horizontal and vertical rules, coloured or framed boxes, pictures, form fields."""

    rules: tuple[Rect, ...] = ()
    walls: tuple[Rect, ...] = ()
    fills: tuple[Rect, ...] = ()
    pictures: tuple[Rect, ...] = ()
    fields: tuple[Rect, ...] = ()

    def turned(self, direction: Direction) -> Marks:
        """The same marks in the turned space of `direction`."""

        def all_turned(rects: tuple[Rect, ...]) -> tuple[Rect, ...]:
            return tuple(turned(rect, direction) for rect in rects)

        rules, walls = (self.rules, self.walls) if direction[0] else (self.walls, self.rules)
        return Marks(
            all_turned(rules),
            all_turned(walls),
            all_turned(self.fills),
            all_turned(self.pictures),
            all_turned(self.fields),
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a page: rows by direction (axes only), and its marks.

    `aslant`: boxes of text in other directions. `blanks`: boxes of blanks before and after rows.
    """

    rows: dict[Direction, list[Row]] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)
    aslant: tuple[Rect, ...] = ()
    blanks: tuple[Rect, ...] = ()


def read(page: pymupdf.Page, fields: Iterable[Rect] = ()) -> Reading:
    """Read a page, in its unrotated space. `fields`: the boxes of its form fields, which were detached."""
    blocks = page.get_text("dict", flags=FLAGS)["blocks"]
    rows: dict[Direction, list[Row]] = {}
    aslant: list[Rect] = []
    blanks: list[Rect] = []
    orders = count()
    for block in blocks:
        for line in block.get("lines", ()):
            direction = axis(line["dir"])
            if direction is None or line["wmode"]:
                aslant.append(line["bbox"])
                continue
            rows.setdefault(direction, []).extend(_rows(line["spans"], direction, orders, block["number"], blanks))
    return Reading(
        {direction: _once(_mended(found)) for direction, found in rows.items()},
        replace(_marks(blocks, page), fields=tuple(fields)),
        tuple(aslant),
        tuple(blanks),
    )


def detach_annotations(pdf: pymupdf.Document, number: int) -> tuple[str, str]:
    """Take the annotations off page `number` before it is loaded; gives what `xref_set_key` needs to put them back."""
    xref = pdf.page_xref(number)
    kind, value = pdf.xref_get_key(xref, "Annots")
    if kind != "null":
        pdf.xref_set_key(xref, "Annots", "null")
    return kind, value


def field_boxes(page: pymupdf.Page, annotations: str) -> Iterator[Rect]:
    """The boxes of the form fields among detached `annotations`, in the unrotated page space."""
    return (box for _, box in annotation_boxes(page, annotations, "Widget"))


def annotation_numbers(pdf: pymupdf.Document, annotations: str) -> Iterator[int]:
    """The object numbers of detached annotations: an array, or the number of one, as source text."""
    alone = re.fullmatch(r"\s*(\d+) 0 R\s*", annotations)
    listed = pdf.xref_object(int(alone.group(1))) if alone else annotations
    return map(int, re.findall(r"(\d+) 0 R", listed))


def annotation_boxes(page: pymupdf.Page, annotations: str, kind: str) -> Iterator[tuple[int, Rect]]:
    """The annotations of a subtype (their object numbers) among detached ones, and their boxes in the unrotated page space.

    `annotations`: an array, or the number of one, as source text.
    """
    pdf = page.parent
    rotation = page.rotation_matrix
    for number in annotation_numbers(pdf, annotations):
        if pdf.xref_get_key(number, "Subtype")[1] != f"/{kind}":
            continue
        found, value = pdf.xref_get_key(number, "Rect")
        sides = [float(side) for side in value.strip("[]").split()] if found == "array" else []
        if len(sides) == CORNERS:
            x0, y0, x1, y1 = pymupdf.Rect(sides).normalize() * page.transformation_matrix * ~rotation
            yield number, (x0, y0, x1, y1)


def _rows(
    spans: list[dict[str, Any]], direction: Direction, orders: Iterator[int], block: int, blanks: list[Rect]
) -> Iterator[Row]:
    """The rows of a line of MuPDF's; what is blank before, between and after them is added to `blanks`."""
    group: list[tuple[dict[str, Any], Rect]] = []
    held: list[Rect] = []
    for span in spans:
        text = span["text"]
        if _CONTROL.search(text):
            text = span["text"] = _CONTROL.sub(NOTHING, _LIGATURE.sub(_spelled, text))
        if not text or text.isspace():
            held += [] if span["char_flags"] & MADE_UP else [span["bbox"]]
            continue
        box = span["bbox"] if direction == UPRIGHT else turned(span["bbox"], direction)
        if group:
            last, before = group[-1]
            gap = box[0] - before[2] if box[0] >= before[0] else before[0] - box[2]
            far = gap > WIDE_GAP * max(span["size"], last["size"])
            if far and not LEADER.fullmatch(text):
                yield _row(group, direction, next(orders), block)
                group = []
        if not group:
            blanks += held
        group.append((span, box))
        held = []
    blanks += held
    if group:
        yield _row(group, direction, next(orders), block)


def _spelled(found: re.Match[str]) -> str:
    return _LIGATURES[(ord(found.group()) - 0x0B) % 0x10]


def _row(group: list[tuple[dict[str, Any], Rect]], direction: Direction, order: int, block: int) -> Row:
    spans: list[Span] = []
    weights: dict[tuple[float, float], float] = {}
    maths = unknown = letters = 0
    left, right = group[0][1][0], group[0][1][2]
    for span, box in group:
        text, size = span["text"], span["size"]
        count = len(text.strip())
        if spans:
            last = spans[-1]
            gap = box[0] - last.bbox[2] if box[0] >= last.bbox[0] else last.bbox[0] - box[2]
            if gap > LEAST_GAP * size and last.text[-1] != " " and text[0] != " ":
                text = " " + text
            left, right = min(left, box[0]), max(right, box[2])
        x, y = span["origin"]
        baseline = y if direction == UPRIGHT else turned_point(x, y, direction)[1]
        style = style_of(span)
        if text[0] in " ." and DOTS.fullmatch(text):
            style = _of_entry(spans, style)
        spans.append(Span(text.replace("\u00a0", " "), style, box, baseline))
        letters += count
        if is_maths_font(span["font"]) and not DOTS.fullmatch(text):
            maths += count
        if span["char_flags"] & UNKNOWN_UNICODE or is_invisible(span):
            unknown += count
        key = (style.size, baseline)
        weights[key] = weights.get(key, 0.0) + (BLANK_FIRST * count if text[0].isspace() else count)
    if len(weights) > 1:
        size, baseline = max(weights, key=weights.__getitem__)
        spans = [_level(span, size, baseline) for span in spans]
    else:
        size, baseline = key
    if maths:
        symbols = [_is_maths(span) for span, _ in group]
        symbols[0] = symbols[0] and not BULLET.fullmatch(spans[0].text.strip())
        spans = with_formulas(spans, symbols, size, baseline)
    return Row(
        spans=_trimmed(spans),
        order=order,
        x0=left,
        x1=right,
        baseline=baseline,
        size=size,
        maths=maths / letters,
        unknown=unknown / letters,
        block=block,
        text_x=group[1][1][0] if len(group) > 1 else None,
    )


def _of_entry(spans: Sequence[Span], own: Style) -> Style:
    """The style of the dots after `spans`: that of the words before them, if not all are typewritten."""
    return next((span.style for span in reversed(spans) if span.style.family is not Family.MONO), own)


def _is_maths(span: dict[str, Any]) -> bool:
    """Whether a span is in a typeface of mathematics; TeX takes the dots of a table of contents from there too."""
    return is_maths_font(span["font"]) and not DOTS.fullmatch(span["text"])


def _gap(before: Rect, box: Rect) -> float:
    """The points between two spans, of which the second stands to the left in a text that is read from the right."""
    return box[0] - before[2] if box[0] >= before[0] else before[0] - box[2]


def _level(span: Span, size: float, baseline: float) -> Span:
    """The span on its row's baseline, where only the blank that it begins with is off it, beside an index."""
    off = abs(span.baseline - baseline)
    if not span.text[0].isspace() or not 0 < off < 0.4 * size or abs(span.style.size - size) > 0.05 * size:
        return span
    return replace(span, baseline=baseline)


def _trimmed(spans: list[Span]) -> tuple[Span, ...]:
    """Without blanks at the ends of the row; neighbours of one style joined."""
    kept = [spans[0]]
    for span in spans[1:]:
        last = kept[-1]
        if last.baseline == span.baseline and (last.style is span.style or last.style == span.style):
            kept[-1] = Span(last.text + span.text, last.style, joined(last.bbox, span.bbox), last.baseline)
        else:
            kept.append(span)
    first = kept[0]
    if first.text[0].isspace():
        kept[0] = Span(first.text.lstrip(), first.style, first.bbox, first.baseline)
    last = kept[-1]
    if last.text[-1].isspace():
        x0, y0, x1, y1 = last.bbox
        end = max(x1 - LEAST_BLANK * last.style.size, x0)
        kept[-1] = Span(last.text.rstrip(), last.style, (x0, y0, end, y1), last.baseline)
    return tuple(kept)


def _mended(rows: list[Row]) -> Iterator[Row]:
    """Rows that MuPDF cut at a wide blank of one sentence, joined again; a number before a heading stays apart."""
    held: Row | None = None
    stretched = _stretched(rows)
    for row in rows:
        if held is not None and (row.order in stretched or _is_one(held, row)):
            first = row.spans[0]
            if _gap(held.rect, row.rect) > LEAST_GAP * row.size:
                first = Span(" " + first.text, first.style, first.bbox, first.baseline)
            spans = _trimmed([*held.spans, first, *row.spans[1:]])
            held = replace(held, spans=spans, x0=min(held.x0, row.x0), x1=max(held.x1, row.x1))
            continue
        if held is not None:
            yield held
        held = row
    if held is not None:
        yield held


def _stretched(rows: Sequence[Row]) -> set[int]:
    """The words (by order) that go on with the row before them in lines stretched so far that each word became a row.

    What tells such a line from cells of a table: its blanks are all of one width, and its words are not.
    """
    found: set[int] = set()
    chain: list[Row] = []
    for row in [*rows, None]:
        if row is not None and chain and _is_next(chain, row):
            chain.append(row)
            continue
        widths = [one.x1 - one.x0 for one in chain]
        if len(chain) >= LEAST_STRETCHED and max(widths) - min(widths) > 0.5 * chain[0].size:
            found |= {one.order for one in chain[1:]} if any(_has_word(one.text) for one in chain) else set()
        chain = [row] if row is not None else []
    return found


def _is_next(chain: Sequence[Row], row: Row) -> bool:
    last = chain[-1]
    gap = row.x0 - last.x1
    even = len(chain) < 2 or abs(gap - (last.x0 - chain[-2].x1)) < STRETCH_SLACK * row.size  # noqa: PLR2004  # two make a gap
    level = row.block == last.block and abs(row.baseline - last.baseline) < 0.1 * row.size
    return level and even and abs(row.size - last.size) < 0.05 * row.size and 0 < gap < WIDEST_STRETCH * row.size


def _is_one(row: Row, following: Row) -> bool:
    gap = following.x0 - row.x1
    if gap < 0 and following.x0 < row.x0 and RIGHT_TO_LEFT.search(row.text + following.text):
        gap = row.x0 - following.x1  # MuPDF cuts lines where words from the left stand among others
    if LEADER.fullmatch(following.text) and abs(row.baseline - following.baseline) < 0.1 * row.size:
        return -row.size < gap < LEADER_GAP * row.size and _has_word(row.text)
    return (
        row.block == following.block
        and abs(row.baseline - following.baseline) < 0.1 * row.size
        and abs(row.size - following.size) < 0.05 * row.size
        and -0.3 * row.size < gap < (SENTENCE_GAP if row.text[-1] in ".!?:" else WIDE_GAP) * row.size
        and _has_word(row.text)
        and _has_word(following.text)
    )


def _once(rows: Iterable[Row]) -> list[Row]:
    """The rows without those that say the same at the same place, as some programs print bold letters: one stands for all."""
    found: dict[int, Row] = {}
    known: dict[tuple[str, int], Row] = {}
    for row in rows:
        text, place = row.text, round(row.baseline)
        alike = known.get((text, place)) or known.get((text, place - 1)) or known.get((text, place + 1))
        twin = alike if alike is not None and _is_twin(alike, row) else None
        if twin is not None:
            del found[twin.order]
            row = replace(row, prints=twin.prints + 1)
            if twin.x0 != row.x0 or twin.baseline != row.baseline:
                row = replace(row, spans=tuple(_bold(span) for span in row.spans))
        known[text, place] = found[row.order] = row
    return list(found.values())


def _is_twin(one: Row, other: Row) -> bool:
    off = TWIN * one.size
    return (
        abs(one.baseline - other.baseline) < off
        and abs(one.x0 - other.x0) < off
        and abs(one.x1 - other.x1) < off
        and abs(one.size - other.size) < off
    )


def _bold(span: Span) -> Span:
    return replace(span, style=replace(span.style, bold=True))


def _has_word(text: str) -> bool:
    return sum(map(str.isalpha, text)) > 1


def _marks(blocks: Iterable[dict[str, Any]], page: pymupdf.Page) -> Marks:
    vectors = [block for block in blocks if block["type"] == VECTOR_BLOCK]
    # Where pictures stand costs a second pass over the page.
    pictures = tuple(tuple(image["bbox"]) for image in page.get_image_info()) if page.get_images() else ()
    if len(vectors) > MOST_MARKS:
        return Marks(pictures=pictures)
    width, height = page.cropbox.width, page.cropbox.height
    rules, walls, fills = [], [], []
    for vector in vectors:
        box = x0, y0, x1, y1 = vector["bbox"]
        if y1 - y0 <= RULE_THICKNESS and x1 - x0 > 2 * RULE_THICKNESS:
            rules.append(box)
        elif x1 - x0 <= RULE_THICKNESS and y1 - y0 > 2 * RULE_THICKNESS:
            walls.append(box)
        elif not _is_paper(vector) and not contains(box, (0, 0, width, height), slack=-0.1 * width):
            fills.append(box)
    return Marks(tuple(rules), tuple(walls), tuple(fills), pictures)


def _is_paper(vector: dict[str, Any]) -> bool:
    color = vector["color"]
    pale = all(color >> shift & 0xFF >= WHITE for shift in (16, 8, 0))
    return not vector["stroked"] and (pale or vector["alpha"] == 0)
