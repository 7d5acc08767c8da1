"""The extract stage: a PDF to the words on its pages and where they stand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pymupdf

from dragoman.domain.document import BlockKind, Document, DocumentWarning, Label, Page
from dragoman.domain.job import parse_pages
from dragoman.errors import NoText, TooManyPages
from pipeline.pdf.blocks import page_of
from pipeline.pdf.opening import damage_named, opened
from pipeline.pdf.reading import detach_annotations
from pipeline.stages.detection import detect

ENOUGH_TO_DETECT = 20_000  # characters
SENTENCE = 7  # words: a formula with more of them has a sentence around it
FORMULA_KEPT = "A paragraph with many formulas was left as it is."
UNREADABLE = "This page is a picture, or its letters cannot be told, so it was left as it is."
_WORD = re.compile(r"[^\W\d_]{2,}")


def extract(
    source: Path,
    *,
    source_lang: str | None = None,
    pages: str | None = None,
    password: str | None = None,
    max_pages: int | None = None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> Document:
    """Read the pages that `pages` names (1-based, such as `1-5,9`; None: all) of the PDF `source`.

    `source_lang` None: it is detected. `on_progress` is told the share of pages read, 0 to 1.
    Raises EmptyFile, NotAPdf, DamagedPdf, EncryptedPdf, WrongPassword, NoText, TooManyPages (more than `max_pages` in
    the file, None: no limit) or UnsupportedOption (`pages` names none).
    """
    with opened(source, password) as pdf:
        count = pdf.page_count
        if max_pages is not None and count > max_pages:
            raise TooManyPages(f"The PDF has {count} pages; this server takes {max_pages}.")
        numbers = sorted(parse_pages(pages, count))
        read = []
        for place, number in enumerate(numbers, start=1):
            read.append(_page(pdf, number))
            on_progress(place / len(numbers))
        unreadable = [page.number for page in read if _is_unreadable(page)]
        if not any(page.blocks for page in read) or len(unreadable) == len(read):
            raise NoText
        with damage_named():
            labels = _labels(pdf)
    return Document(
        pages=tuple(read),
        page_count=count,
        source_lang=source_lang or detect(_sample(read)),
        labels=labels,
        warnings=tuple(_warnings(read, unreadable)),
    )


def _page(pdf: pymupdf.Document, number: int) -> Page:
    with damage_named():
        _, annotations = detach_annotations(pdf, number)
        return page_of(pdf.load_page(number), number, annotations)


def _is_unreadable(page: Page) -> bool:
    kinds = {block.kind for block in page.blocks}
    return BlockKind.UNREADABLE in kinds and not any(block.translatable for block in page.blocks)


def _warnings(pages: Iterable[Page], unreadable: Iterable[int]) -> Iterator[DocumentWarning]:
    for number in unreadable:
        yield DocumentWarning("text_unreadable", UNREADABLE, number)
    for page in pages:
        if any(block.kind is BlockKind.FORMULA and len(_WORD.findall(block.text)) > SENTENCE for block in page.blocks):
            yield DocumentWarning("formula_kept", FORMULA_KEPT, page.number)


def _labels(pdf: pymupdf.Document) -> tuple[Label, ...]:
    """The document's title and the outline's entries, those without words left out."""
    title = (pdf.metadata or {}).get("title") or ""
    entries = [Label("title", title.strip())]
    entries += [Label(f"outline.{place}", entry[1].strip()) for place, entry in enumerate(pdf.get_toc(simple=True))]
    return tuple(label for label in entries if label.text)


def _sample(pages: Iterable[Page]) -> str:
    """The longest blocks first: names and numbers of forms and tables say little about the language."""
    texts = sorted((block.text for page in pages for block in page.blocks if block.translatable), key=len, reverse=True)
    parts: list[str] = []
    size = 0
    for text in texts:
        parts.append(text)
        size += len(text)
        if size > ENOUGH_TO_DETECT:
            break
    return "\n".join(parts)
