"""One pass over a page: its rows of text, and the marks (rules, fills, pictures) that text keeps
away from.

Everything is in the page's unrotated space, which is what MuPDF's text dictionary gives whatever
the page's rotation. Annotations and form fields are detached before a page is read, so that what
people filled in is never translated.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import pymupdf

from dragoman.domain.document import Family, Rect, Span, Style
from pipeline.pdf.model.geometry import UPRIGHT, Direction, axis, contains, turned, turned_point
from pipeline.pdf.model.scripts import PRIVATE
from pipeline.pdf.model.styles import is_invisible, is_maths_font, style_of
from pipeline.pdf.model.text_rows import Marks, Reading, Row
from pipeline.pdf.reading.blank_glyphs import tell_blanks
from pipeline.pdf.reading.column_gaps import parted
from pipeline.pdf.reading.font_metrics import measured
from pipeline.pdf.reading.formulas import SIGN, with_formulas
from pipeline.pdf.reading.glyph_text import ODD, spelled
from pipeline.pdf.reading.letter_shapes import tell_serifs
from pipeline.pdf.reading.row_repair import LEADER, LEAST_GAP, WIDE_GAP, mended, once, trimmed
from pipeline.pdf.reading.underlines import found as underlines_of
from pipeline.pdf.reading.underlines import marked, rejoin

FLAGS = (
    pymupdf.TEXT_PRESERVE_WHITESPACE
    | pymupdf.TEXT_MEDIABOX_CLIP
    | pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
    | pymupdf.TEXT_COLLECT_VECTORS
)
# char_flags of a span whose characters have no known meaning (FZ_STEXT_UNICODE_IS_CID,
# mupdf/fitz/structured-text.h).
UNKNOWN_UNICODE = 128 | 256
TEXT_BLOCK, VECTOR_BLOCK = 0, 3
DOTS = re.compile(r"\s*(?:\.\s*){4,}")  # more than an ellipsis
# char_flags of a blank that MuPDF made up where letters stand apart (FZ_STEXT_SYNTHETIC,
# FZ_STEXT_SYNTHETIC_LARGE).
MADE_UP = 4 | 512
BULLET = re.compile(f"[•▪▫●○■□◦‣⁃➢➤✓✔❖◆◇►▶–—*·∗⋆{PRIVATE}]")
BLANK_FIRST = (
    # what a span that begins with a blank counts where the baseline is asked for: it is that of the
    # blank
    0.25
)
BALL = 2  # characters
# of the letters of a row's commonest size: others that have as many are its sizes too, such as that
# of words beside an address
MAIN = 0.35
FULL_LETTERS = 3  # of a larger size, for them to be words beside small capitals
# TeX draws signs as letters in a circle
CIRCLE, ENCLOSED = "\u20dd", {"c": "©", "R": "®", "r": "®", "P": "℗"}
RULE_THICKNESS = 3.0  # points; MuPDF grows a hairline's box to about 3
# points, and how many times its thickness a thicker rule is long at the least
THICKEST, LONG = 6.0, 10.0
WHITE = 0xF8  # each channel: paler fills are taken for paper
CORNERS = 4  # numbers of a rectangle
# a page with more vectors is a drawing or a map: its lines mean nothing for its words
MOST_MARKS = 3000


def read(page: pymupdf.Page, fields: Iterable[Rect] = ()) -> Reading:
    """Read a page, in its unrotated space.

    `fields`: the boxes of its form fields, which were detached.
    """
    blocks, underlines = _blocks(page)
    tell_blanks(page, blocks)
    measured(blocks)
    tell_serifs(page, blocks)
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
            rows.setdefault(direction, []).extend(
                _rows(line["spans"], direction, orders, block["number"], blanks)
            )
    return Reading(
        {direction: once(mended(found)) for direction, found in rows.items()},
        replace(_marks(blocks, page, underlines), fields=tuple(fields)),
        tuple(aslant),
        tuple(blanks),
        tuple(sorted(underlines)),
    )


def vertical_letters(page: pymupdf.Page) -> int:
    """How many letters of a page stand in lines that are written from top to bottom
    (ISO 32000-2 9.7.4.3, writing mode 1).
    """
    blocks = page.get_textpage(flags=FLAGS).extractDICT()["blocks"]
    lines = [line for block in blocks for line in block.get("lines", ()) if line["wmode"]]
    return sum(len(span["text"].strip()) for line in lines for span in line["spans"])


def _blocks(page: pymupdf.Page) -> tuple[list[dict[str, Any]], set[Rect]]:
    """The blocks of MuPDF's text dictionary, and the boxes of lines that underline words.

    Which letters these are is asked for only where there are such lines, since it takes a second
    reading.
    """
    blocks = parted(page.get_textpage(flags=FLAGS))
    vectors = [block["bbox"] for block in blocks if block["type"] == VECTOR_BLOCK]
    if not vectors or len(vectors) > MOST_MARKS:
        return blocks, set()
    underlines = underlines_of(blocks, vectors)
    if underlines:
        blocks = parted(page.get_textpage(flags=FLAGS | pymupdf.TEXT_COLLECT_STYLES))
        marked(blocks, underlines)
        rejoin(blocks, underlines)
    return blocks, underlines


def detach_annotations(pdf: pymupdf.Document, number: int) -> tuple[str, str]:
    """Take the annotations off page `number` before it is loaded; gives what `xref_set_key`
    needs to put them back.
    """
    xref = pdf.page_xref(number)
    kind, value = pdf.xref_get_key(xref, "Annots")
    if kind != "null":
        pdf.xref_set_key(xref, "Annots", "null")
    return kind, value


def field_boxes(page: pymupdf.Page, annotations: str) -> Iterator[Rect]:
    """The boxes of the form fields among detached `annotations`, in the unrotated page space."""
    return (box for _, box in annotation_boxes(page, annotations, "Widget"))


def annotation_numbers(pdf: pymupdf.Document, annotations: str) -> Iterator[int]:
    """The object numbers of detached annotations: an array, or the number of one, as source
    text.
    """
    alone = re.fullmatch(r"\s*(\d+) 0 R\s*", annotations)
    listed = pdf.xref_object(int(alone.group(1))) if alone else annotations
    return map(int, re.findall(r"(\d+) 0 R", listed))


def annotation_boxes(page: pymupdf.Page, annotations: str, kind: str) -> Iterator[tuple[int, Rect]]:
    """The annotations of a subtype (their object numbers) among detached ones, and their boxes in
    the unrotated page space.

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
            x0, y0, x1, y1 = (
                pymupdf.Rect(sides).normalize() * page.transformation_matrix * ~rotation
            )
            yield number, (x0, y0, x1, y1)


def _rows(
    spans: list[dict[str, Any]],
    direction: Direction,
    orders: Iterator[int],
    block: int,
    blanks: list[Rect],
) -> Iterator[Row]:
    """The rows of a line of MuPDF's; what is blank before, between and after them is added to
    `blanks`.
    """
    group: list[tuple[dict[str, Any], Rect]] = []
    held: list[Rect] = []
    for span in spans:
        text = span["text"]
        if ODD.search(text):
            text = span["text"] = spelled(text, span["font"])
        if not text or text.isspace():
            held += [] if span["char_flags"] & MADE_UP else [span["bbox"]]
            continue
        box = span["bbox"] if direction == UPRIGHT else turned(span["bbox"], direction)
        if group:
            last, before = group[-1]
            gap = box[0] - before[2] if box[0] >= before[0] else before[0] - box[2]
            far = gap > WIDE_GAP * max(span["size"], last["size"])
            if (far and not LEADER.fullmatch(text)) or (
                len(group) == 1 and _is_on_ball(last, span)
            ):
                yield _row(group, direction, next(orders), block)
                group = []
        if not group:
            blanks += held
        group.append((span, box))
        held = []
    blanks += held
    if group:
        yield _row(group, direction, next(orders), block)


def _is_on_ball(mark: dict[str, Any], span: dict[str, Any]) -> bool:
    """Whether a mark is a number or a letter in white before a text that is not: a ball or a
    box is drawn under it.
    """
    return (
        len(mark["text"].strip()) <= BALL
        and _is_pale(mark["color"])
        and not _is_pale(span["color"])
    )


def _is_pale(color: int) -> bool:
    return all(color >> shift & 0xFF >= WHITE for shift in (16, 8, 0))


def _row(
    group: list[tuple[dict[str, Any], Rect]], direction: Direction, order: int, block: int
) -> Row:
    spans: list[Span] = []
    weights: dict[tuple[float, float], float] = {}
    maths = unknown = letters = 0
    signs = False
    also: tuple[float, ...] = ()
    left, right = group[0][1][0], group[0][1][2]
    for span, box in group:
        text, size = span["text"], span["size"]
        count = len(text.strip())
        counted = BLANK_FIRST * count if text[0].isspace() else count
        if spans:
            last = spans[-1]
            if text.strip() == CIRCLE and last.text[-1] in ENCLOSED:
                spans[-1] = replace(last, text=last.text[:-1] + ENCLOSED[last.text[-1]])
                continue
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
        signs = signs or SIGN.fullmatch(text) is not None
        char_flags = span["char_flags"]
        if char_flags & UNKNOWN_UNICODE or is_invisible(char_flags, span["alpha"]):
            unknown += count
        key = (style.size, baseline)
        weights[key] = weights.get(key, 0.0) + counted
    if len(weights) > 1:
        size, baseline = max(weights, key=weights.__getitem__)
        least = MAIN * weights[size, baseline]
        also = tuple(
            {
                one
                for (one, level), weight in weights.items()
                if one != size
                and (weight >= least or _is_full_size(one, level, size, baseline, weight))
            }
        )
        spans = [_level(span, size, baseline) for span in spans]
    else:
        size, baseline = key
    if maths or signs:
        symbols = [_is_maths(span) or bool(SIGN.fullmatch(span["text"])) for span, _ in group]
        symbols[0] = symbols[0] and not BULLET.fullmatch(spans[0].text.strip())
        spans = with_formulas(spans, symbols, size, baseline)
    return Row(
        spans=trimmed(spans),
        order=order,
        x0=left,
        x1=right,
        baseline=baseline,
        size=size,
        maths=maths / letters,
        unknown=unknown / letters,
        block=block,
        also=also,
        text_x=group[1][1][0] if len(group) > 1 else None,
    )


def _is_full_size(one: float, level: float, size: float, baseline: float, weight: float) -> bool:
    """Whether letters beside those of the commonest size are full ones, and those small capitals:
    they are larger, on the same baseline, and no mere initial.
    """
    return one > size and weight >= FULL_LETTERS and abs(level - baseline) < 0.1 * size


def _of_entry(spans: Sequence[Span], own: Style) -> Style:
    """The style of the dots after `spans`: that of the words before them, if not all are
    typewritten.
    """
    return next(
        (span.style for span in reversed(spans) if span.style.family is not Family.MONO), own
    )


def _is_maths(span: dict[str, Any]) -> bool:
    """Whether a span is in a typeface of mathematics; TeX takes the dots of a table of contents
    from there too.
    """
    return is_maths_font(span["font"]) and not DOTS.fullmatch(span["text"])


def _level(span: Span, size: float, baseline: float) -> Span:
    """The span on its row's baseline, where only the blank that it begins with is off it,
    beside an index.
    """
    off = abs(span.baseline - baseline)
    if (
        not span.text[0].isspace()
        or not 0 < off < 0.4 * size
        or abs(span.style.size - size) > 0.05 * size
    ):
        return span
    return replace(span, baseline=baseline)


def _marks(
    blocks: Iterable[dict[str, Any]], page: pymupdf.Page, underlines: Collection[Rect]
) -> Marks:
    vectors = [
        block
        for block in blocks
        if block["type"] == VECTOR_BLOCK and block["bbox"] not in underlines
    ]
    # Where pictures stand costs a second pass over the page.
    pictures = (
        tuple(tuple(image["bbox"]) for image in page.get_image_info()) if page.get_images() else ()
    )
    if len(vectors) > MOST_MARKS:
        return Marks(pictures=pictures)
    width, height = page.cropbox.width, page.cropbox.height
    rules, walls, fills = [], [], []
    for vector in vectors:
        box = x0, y0, x1, y1 = vector["bbox"]
        if _is_line(y1 - y0, x1 - x0):
            rules.append(box)
        elif _is_line(x1 - x0, y1 - y0):
            walls.append(box)
        elif not _is_paper(vector) and not contains(box, (0, 0, width, height), slack=-0.1 * width):
            fills.append(box)
    return Marks(tuple(rules), tuple(walls), tuple(fills), pictures)


def _is_line(across: float, along: float) -> bool:
    """Whether a mark of these sides is a line, and no ground for text."""
    return (
        along > 2 * RULE_THICKNESS
        if across <= RULE_THICKNESS
        else across <= THICKEST and along > LONG * across
    )


def _is_paper(vector: dict[str, Any]) -> bool:
    color = vector["color"]
    return not vector["stroked"] and (_is_pale(color) or vector["alpha"] == 0)
