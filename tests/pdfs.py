"""PDFs that tests make for themselves, and what two readers of a page would compare."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pymupdf

from dragoman.domain.document import Document, Run, with_targets

_WORD = re.compile(r"[\u3040-\u9fff]|[^\s\u3040-\u9fff]+")
LOREM = (
    "The ferry leaves the harbour every morning at seven and comes back in the evening. Passengers"
    " sit on the deck, drink tea and look at the islands. When the wind is strong the ferry stays"
    " in the harbour and the passengers wait."
)


def make(
    path: Path, *pages: str, draw: Callable[[pymupdf.Document], None] | None = None, **save: object
) -> Path:
    """A PDF with one A4 page per text, set in a box at the top; `draw` may add to it before it
    is saved.
    """
    with pymupdf.open() as pdf:
        for text in pages:
            page = pdf.new_page()
            page.insert_textbox(pymupdf.Rect(72, 72, 523, 400), text, fontsize=11, fontname="tiro")
        if draw:
            draw(pdf)
        pdf.save(path, **save)
    return path


def words(path: Path) -> list[str]:
    """All words of a file, in no particular order of blocks, without hyphens at line ends; of
    Chinese, all characters.
    """
    with pymupdf.open(path) as pdf:
        return sorted(
            word for page in pdf for word in _WORD.findall(page.get_text().replace("-\n", ""))
        )


def retyped(document: Document, change: Callable[[str], str] = lambda text: text) -> Document:
    """The document with every translatable block set anew, its words changed by `change`;
    labels too.
    """
    targets = {
        block.id: tuple(Run(change(run.text), run.style) for run in block.source)
        for block in document.blocks()
        if block.translatable
    }
    return with_targets(
        document, targets, {label.key: change(label.text) for label in document.labels}
    )


def textless(path: Path, number: int) -> bytes:
    """A page's grey pixels at 72 dpi with its text taken off: everything that must not change."""
    with pymupdf.open(path) as pdf:
        page = pdf[number]
        rotation = page.rotation
        page.set_rotation(0)
        page.add_redact_annot(page.rect, fill=False, cross_out=False)
        page.apply_redactions(images=0, graphics=0, text=0)
        page.set_rotation(rotation)
        return bytes(
            page.get_pixmap(dpi=72, alpha=False, colorspace=pymupdf.csGRAY, annots=False).samples
        )


def small_picture(path: Path, number: int) -> bytes:
    """A page's grey pixels at 36 dpi, text and all: small enough that a word in another face
    looks about the same.
    """
    with pymupdf.open(path) as pdf:
        return bytes(
            pdf[number]
            .get_pixmap(dpi=36, alpha=False, colorspace=pymupdf.csGRAY, annots=False)
            .samples
        )


def share_of_different_pixels(one: bytes, other: bytes) -> float:
    """From 0 to 1; 1 for pictures of different sizes.

    Differences of up to 48 of 255 are anti-aliasing.
    """
    if len(one) != len(other) or not one:
        return 1.0
    return sum(abs(a - b) > 48 for a, b in zip(one, other, strict=True)) / len(one)


def share_of_different_ink(one: bytes, other: bytes) -> float:
    """As `share_of_different_pixels`, of the pixels that are not paper in both."""
    if len(one) != len(other) or not one:
        return 1.0
    inked = [(a, b) for a, b in zip(one, other, strict=True) if min(a, b) < 224]
    return sum(abs(a - b) > 48 for a, b in inked) / max(len(inked), 1)


def long_pdf(paragraphs: int = 300) -> bytes:
    """Sentences that are all different, fifteen a page; 50 make a request, and four requests
    are on their way at once.
    """
    document = pymupdf.open()
    for number in range(paragraphs):
        if number % 15 == 0:
            page = document.new_page()
        words = (
            f"The visitor with ticket {uuid.UUID(int=number).hex[-4:]} wanted a window seat in the"
            " morning train."
        )
        page.insert_text((60, 60 + 45 * (number % 15)), words.replace("0", "o"), fontsize=11)
    return bytes(document.tobytes())
