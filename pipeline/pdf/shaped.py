"""Text in scripts whose letters join, stack or run from right to left, set by MuPDF's HTML engine, which shapes them.

Slower than our own setting, and its text layer is poor for some of these scripts, so only texts that need it come here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

import pymupdf

from dragoman.domain.document import Align, Block, Family, Run
from pipeline.pdf.boxes import box_of
from pipeline.pdf.geometry import Direction, back
from pipeline.pdf.typesetting import ASCENT, LOWEST

# Hebrew to Thaana and their presentation forms; Devanagari to Myanmar; Khmer (Unicode blocks).
NEEDS_SHAPING = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u0900-\u109f\u1780-\u17ff]")
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_TURN: dict[Direction, int] = {(1.0, 0.0): 0, (0.0, -1.0): 90, (-1.0, 0.0): 180, (0.0, 1.0): 270}
_MIRRORED = {Align.LEFT: "right", Align.RIGHT: "left", Align.CENTER: "center", Align.JUSTIFY: "justify"}
_FAMILY = {Family.SANS: "sans-serif", Family.SERIF: "serif", Family.MONO: "monospace"}
LINE_HEIGHT = 1.15  # of the size; these scripts have taller letters than Latin
OVERHANG = 0.3  # of the size: marks over and under letters that the box must have room for


def needs_shaping(runs: Sequence[Run]) -> bool:
    """Whether our own setting would get the text wrong."""
    return any(NEEDS_SHAPING.search(run.text) for run in runs)


def insert(page: pymupdf.Page, block: Block) -> float:
    """Set a block's target on a page (not rotated at the moment); gives the scale that it took, 0 if it did not fit."""
    runs = block.target or ()
    box = box_of(block, runs)
    direction = block.lines[0].direction
    top = box.baseline - (ASCENT + OVERHANG) * box.size
    area = back((box.left, top, box.right, box.bottom + OVERHANG * box.size), direction)
    spare, scale = page.insert_htmlbox(
        pymupdf.Rect(area), _html(runs, block.align), scale_low=LOWEST, rotate=_TURN[direction]
    )
    return float(scale) if spare >= 0 else 0.0


def _html(runs: Sequence[Run], align: Align) -> str:
    text = "".join(run.text for run in runs)
    mirrored = bool(RIGHT_TO_LEFT.search(text))
    side = _MIRRORED[align] if mirrored else align.value
    style = f"margin:0;line-height:{LINE_HEIGHT};text-align:{side}"
    return f'<p dir="{"rtl" if mirrored else "ltr"}" style="{style}">{"".join(map(_span, runs))}</p>'


def _span(run: Run) -> str:
    style = run.style
    look = f"font-family:{_FAMILY[style.family]};font-size:{style.size}pt;color:#{style.color:06x}"
    look += ";font-weight:bold" * style.bold + ";font-style:italic" * style.italic
    text = escape(run.text)
    return f'<span style="{look}">{f"<sup>{text}</sup>" if style.superscript else text}</span>'
