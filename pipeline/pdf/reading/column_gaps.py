"""Wide blanks within a piece of text, as programs write that set columns with blanks: what
stands between them is apart. So are signs, such as ticks and boxes, which stay as they are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pymupdf

from pipeline.pdf.model.scripts import SIGNS
from pipeline.pdf.model.styles import is_mono

WIDE = re.compile(r" {4,}")
TYPED = re.compile(r" {3,}")  # the same between the columns of a typewritten report
LEAST = 1.75  # of the size: a blank within a line that parts columns
REPORT = 3  # lines of columns with figures, for the typewritten text of a page to be a report
_COLUMNS = re.compile(r"\S {3,}(?:\S| (?! ))*\d")
# a sign beside something else, and what pieces a text has then
_MIXED = re.compile(rf"[^\s{SIGNS}]\s*[{SIGNS}]|[{SIGNS}]\s*[^\s{SIGNS}]")
_PIECES = re.compile(rf"[{SIGNS}][\s{SIGNS}]*|[^{SIGNS}]+")
_CODE = re.compile(r"[{};=<>\\]|//|/\*|--\s|\s#")


def parted(text: pymupdf.TextPage) -> list[dict[str, Any]]:
    """The blocks of MuPDF's text dictionary with spans cut at wide blanks, and around signs.

    Of typewritten ones only those of reports: others are listings.

    Where each letter stands is asked for only if there are such spans: it takes three times as long
    as to read the page.
    """
    blocks: list[dict[str, Any]] = text.extractDICT()["blocks"]
    spans = [
        span
        for block in blocks
        for line in block.get("lines", ())
        for span in line["spans"]
        if "   " in span["text"]
    ]
    signs = any(
        _MIXED.search(span["text"])
        for block in blocks
        for line in block.get("lines", ())
        for span in line["spans"]
        if not span["text"].isascii()
    )
    report = sum(is_mono(span["font"]) and _is_columns(span["text"]) for span in spans) >= REPORT
    if not signs and not any(_blank(span, report=report) for span in spans):
        return blocks
    whole = text.extractRAWDICT()["blocks"]
    for block, other in zip(blocks, whole, strict=True):
        for line, spelled in zip(block.get("lines", ()), other.get("lines", ()), strict=True):
            pairs = zip(line["spans"], spelled["spans"], strict=True)
            line["spans"] = [
                part
                for one, letters in pairs
                for piece, characters in _around_signs(one, letters["chars"])
                for part in _parts(piece, characters, _blank(piece, report=report))
            ]
    return blocks


def _is_columns(text: str) -> bool:
    """Whether a typewritten line has figures in columns, and no sign of a program."""
    return bool(_COLUMNS.search(text)) and not _CODE.search(text)


def _blank(span: dict[str, Any], *, report: bool) -> re.Pattern[str] | None:
    """What parts a span, None: nothing does."""
    text = span["text"]
    if text.isspace():
        return None
    if not is_mono(span["font"]):
        return WIDE if WIDE.search(text) else None
    return TYPED if report and TYPED.search(text) and not _CODE.search(text) else None


def _around_signs(
    span: dict[str, Any], characters: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """A span's pieces with and without signs, each with its characters."""
    text = span["text"]
    if text.isascii() or len(characters) != len(text) or not _MIXED.search(text):
        yield span, characters
        return
    for found in _PIECES.finditer(text):
        held = characters[found.start() : found.end()]
        yield _piece(span, found.group(), held), held


def _piece(span: dict[str, Any], text: str, characters: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A part of a span: its text and its box."""
    boxes = [one["bbox"] for one in characters]
    left, right = min(box[0] for box in boxes), max(box[2] for box in boxes)
    box = (left, span["bbox"][1], right, span["bbox"][3])
    return span | {"text": text, "bbox": box, "origin": characters[0]["origin"]}


def _parts(
    span: dict[str, Any], characters: list[dict[str, Any]], blank: re.Pattern[str] | None
) -> Iterator[dict[str, Any]]:
    if blank is None or len(characters) != len(span["text"]):
        yield span
        return
    start = 0
    wide = (
        found for found in blank.finditer(span["text"]) if _parts_columns(found, span, characters)
    )
    for found in [*wide, None]:
        end = found.start() if found else len(characters)
        held = characters[start:end]
        if held:
            yield _piece(span, span["text"][start:end], held)
        start = found.end() if found else end


def _parts_columns(
    blank: re.Match[str], span: dict[str, Any], characters: list[dict[str, Any]]
) -> bool:
    """Whether a wide blank is none of a sentence: it is at an end of the span, or wider than
    between sentences.
    """
    if blank.start() == 0 or blank.end() == len(characters):
        return True
    gap = characters[blank.end()]["bbox"][0] - characters[blank.start() - 1]["bbox"][2]
    return bool(gap > LEAST * span["size"])
