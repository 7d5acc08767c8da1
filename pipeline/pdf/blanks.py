"""Wide blanks within a piece of text, as programs write that set columns with blanks: what stands between them is apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pymupdf

from pipeline.pdf.styles import is_mono

WIDE = re.compile(r" {4,}")


def parted(blocks: list[dict[str, Any]], page: pymupdf.Page, flags: int) -> list[dict[str, Any]]:
    """The blocks of MuPDF's text dictionary with spans cut at wide blanks. Typewritten ones are left: these are listings.

    Where the parts stand costs a second pass over the page, which is made only if there are such spans.
    """
    if not any(_is_wide(span) for block in blocks for line in block.get("lines", ()) for span in line["spans"]):
        return blocks
    whole = page.get_text("rawdict", flags=flags)["blocks"]
    for block, other in zip(blocks, whole, strict=True):
        for line, spelled in zip(block.get("lines", ()), other.get("lines", ()), strict=True):
            line["spans"] = [part for one in zip(line["spans"], spelled["spans"], strict=True) for part in _parts(*one)]
    return blocks


def _is_wide(span: dict[str, Any]) -> bool:
    return "    " in span["text"] and not span["text"].isspace() and not is_mono(span["font"])


def _parts(span: dict[str, Any], spelled: dict[str, Any]) -> Iterator[dict[str, Any]]:
    characters = spelled["chars"]
    if not _is_wide(span) or len(characters) != len(span["text"]):
        yield span
        return
    start = 0
    for blank in [*WIDE.finditer(span["text"]), None]:
        end = blank.start() if blank else len(characters)
        held = characters[start:end]
        if held:
            boxes = [one["bbox"] for one in held]
            box = min(b[0] for b in boxes), span["bbox"][1], max(b[2] for b in boxes), span["bbox"][3]
            yield span | {"text": span["text"][start:end], "bbox": box, "origin": held[0]["origin"]}
        start = blank.end() if blank else end
