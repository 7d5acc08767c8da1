"""The reconstruct stage: the translation set on the source's pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pymupdf

from dragoman.domain.document import Document, DocumentWarning
from dragoman.domain.job import Layout, Options
from pipeline.pdf import layouts
from pipeline.pdf.opening import damage_named, opened
from pipeline.pdf.pages import Writer
from pipeline.pdf.shell import label

PAGES_SHARE = 0.9  # of the stage's time; the rest is embedding and saving
SHRINK_EVERY = 25  # pages after which MuPDF's cache is emptied, so that memory does not grow with the page count


def reconstruct(
    source: Path,
    document: Document,
    out: Path,
    *,
    options: Options,
    password: str | None = None,
    stamp: str | None = None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> tuple[DocumentWarning, ...]:
    """Write `source` with the targets of `document` to `out`, without a password, in `options.layout`.

    `stamp`: a sentence to print on every page, None: nothing. `on_progress` is told the share done, 0 to 1.
    Gives what the reader should know. Raises what opening a PDF raises (see `pipeline.pdf.opening.opened`).
    """
    with opened(source, password) as pdf:
        writer = Writer(pdf, stamp)
        with damage_named():
            for place, page in enumerate(document.pages, start=1):
                writer.write(page)
                on_progress(PAGES_SHARE * place / len(document.pages))
                if place % SHRINK_EVERY == 0:
                    pymupdf.TOOLS.store_shrink(100)
            writer.finish()
            label(pdf, document, options.target_lang)
            left_out = _save(pdf, source, out, options.layout, password)
    on_progress(1.0)
    return (*writer.warnings, *left_out)


def _save(
    pdf: pymupdf.Document, source: Path, out: Path, layout: Layout, password: str | None
) -> tuple[DocumentWarning, ...]:
    if layout is Layout.TRANSLATED:
        layouts.save(pdf, out)
        return ()
    with opened(source, password) as original:
        arrange = layouts.side_by_side if layout is Layout.SIDE_BY_SIDE else layouts.alternating
        return arrange(original, pdf, out)
