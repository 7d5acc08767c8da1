"""Wide blanks within a piece of text, as programs write that set columns with blanks: what
stands between them is apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pymupdf

from pipeline.pdf.model.styles import is_mono

WIDE = re.compile(r" {4,}")
TYPED = re.compile(r" {3,}")  # the same between the columns of a typewritten report
LEAST = 1.75  # of the size: a blank within a line that parts columns
REPORT = 3  # lines of columns with figures, for the typewritten text of a page to be a report
_COLUMNS = re.compile(r"\S {3,}(?:\S| (?! ))*\d")
_CODE = re.compile(r"[{};=<>\\]|//|/\*|--\s|\s#")


def parted(text: pymupdf.TextPage) -> list[dict[str, Any]]:
    """The blocks of MuPDF's text dictionary with spans cut at wide blanks.

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
    report = sum(is_mono(span["font"]) and _is_columns(span["text"]) for span in spans) >= REPORT
    if not any(_blank(span, report=report) for span in spans):
        return blocks
    whole = text.extractRAWDICT()["blocks"]
    for block, other in zip(blocks, whole, strict=True):
        for line, spelled in zip(block.get("lines", ()), other.get("lines", ()), strict=True):
            pairs = zip(line["spans"], spelled["spans"], strict=True)
            line["spans"] = [
                part
                for one, letters in pairs
                for part in _parts(one, letters["chars"], _blank(one, report=report))
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
            boxes = [one["bbox"] for one in held]
            box = (
                min(b[0] for b in boxes),
                span["bbox"][1],
                max(b[2] for b in boxes),
                span["bbox"][3],
            )
            yield span | {"text": span["text"][start:end], "bbox": box, "origin": held[0]["origin"]}
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
