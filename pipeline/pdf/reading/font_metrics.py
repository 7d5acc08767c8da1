"""Fonts without a name, such as TeX's of dots: whether they are a typewriter's is told by their
widths.
"""

from __future__ import annotations

from typing import Any

from pipeline.pdf.model.styles import FLAG_MONO, is_nameless

EVEN = 0.01  # of the size: how far the widths of a typewriter's letters may differ
ENOUGH = 3  # spans of at least as many letters


def measured(blocks: list[dict[str, Any]]) -> None:
    """Note in the spans of MuPDF's text dictionary which nameless fonts are a typewriter's."""
    spans = [
        span
        for block in blocks
        for line in block.get("lines", ())
        for span in line["spans"]
        if is_nameless(span["font"])
    ]
    widths: dict[str, list[float]] = {}
    for span in spans:
        if len(span["text"]) >= ENOUGH and not span["text"].isspace():
            x0, _, x1, _ = span["bbox"]
            widths.setdefault(span["font"], []).append((x1 - x0) / len(span["text"]) / span["size"])
    for span in spans:
        found = widths.get(span["font"], ())
        if len(found) >= ENOUGH and max(found) - min(found) < EVEN:
            span["flags"] |= FLAG_MONO
