"""The reconstruct stage: the translation set on the source's pages, range by range, and the
ranges joined to one file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pymupdf

from dragoman.domain.document import Document, DocumentWarning
from dragoman.domain.job import Layout, Options
from pipeline.pdf.container import page_layouts
from pipeline.pdf.container.mark import Mark
from pipeline.pdf.container.metadata import label
from pipeline.pdf.container.opening import damage_named, opened
from pipeline.pdf.container.sanitizing import clean
from pipeline.pdf.fonts.embedding import embed
from pipeline.pdf.fonts.fallback_fonts import Fonts
from pipeline.pdf.fonts.source_fonts import own_faces
from pipeline.pdf.writing import page_ranges
from pipeline.pdf.writing.page_writer import Writer

PAGES_SHARE = 0.9  # of the stage's time; the rest is joining and saving
# pages after which MuPDF's cache is emptied, so that memory does not grow with the page count
SHRINK_EVERY = 25

UNTOLD = Mark()


def reconstruct(
    source: Path,
    document: Document,
    out: Path,
    *,
    options: Options,
    password: str | None = None,
    stamp: str | None = None,
    mark: Mark = UNTOLD,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> tuple[DocumentWarning, ...]:
    """Write `source` with the targets of `document` to `out`, without a password, in
    `options.layout`.

    `stamp`: a sentence to print on every page, None: nothing. `mark`: who made the words.
    `on_progress` is told the share done, 0 to 1. Gives what the reader should know. Raises what
    opening a PDF raises (see `pipeline.pdf.container.opening.opened`).
    """
    if options.layout is not Layout.TRANSLATED:
        return _with_originals(
            source,
            document,
            out,
            options,
            password=password,
            stamp=stamp,
            mark=mark,
            on_progress=on_progress,
        )
    with opened(source, password) as pdf, damage_named():
        writer = _written(
            pdf,
            document,
            options.target_lang,
            stamp,
            lambda share: on_progress(PAGES_SHARE * share),
        )
        writer.finish()
        label(pdf, document, options.target_lang, mark)
        said = clean(pdf)
        page_layouts.save(pdf, out)
    on_progress(1.0)
    return (*writer.warnings, *said)


def _with_originals(
    source: Path,
    document: Document,
    out: Path,
    options: Options,
    *,
    password: str | None,
    stamp: str | None,
    mark: Mark,
    on_progress: Callable[[float], None],
) -> tuple[DocumentWarning, ...]:
    """As one part: writing a page in place changes what its original draws, and a join does not."""
    with tempfile.TemporaryDirectory() as folder:
        part, lang = Path(folder) / "part", options.target_lang
        told = lambda share: on_progress(PAGES_SHARE * share)  # noqa: E731
        said = set_part(
            source,
            document,
            part,
            target_lang=lang,
            password=password,
            stamp=stamp,
            on_progress=told,
        )
        said += join(source, document, [part], out, options=options, password=password, mark=mark)
    on_progress(1.0)
    return said


def set_part(
    source: Path,
    document: Document,
    out: Path,
    *,
    target_lang: str,
    password: str | None = None,
    stamp: str | None = None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> tuple[DocumentWarning, ...]:
    """Set the targets on `document`'s pages, which may be a range of the source's, and keep that as
    the part `out`.

    Parts of one source need not know of each other: any worker may make any of them, in any order,
    twice. Arguments, warnings and errors are those of `reconstruct`.
    """
    with opened(source, password) as pdf, damage_named():
        writer = _written(pdf, document, target_lang, stamp, on_progress)
        writer.part(page.number for page in document.pages).write(out)
    return tuple(writer.warnings)


def _written(
    pdf: pymupdf.Document,
    document: Document,
    target_lang: str,
    stamp: str | None,
    on_progress: Callable[[float], None],
) -> Writer:
    writer = Writer(pdf, stamp, target_lang, own_faces(pdf, document.pages))
    for place, page in enumerate(document.pages, start=1):
        writer.write(page)
        on_progress(place / len(document.pages))
        if place % SHRINK_EVERY == 0:
            pymupdf.TOOLS.store_shrink(100)
    return writer


def join(
    source: Path,
    document: Document,
    made: Iterable[Path],
    out: Path,
    *,
    options: Options,
    password: str | None = None,
    mark: Mark = UNTOLD,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> tuple[DocumentWarning, ...]:
    """Write `source` with the pages of all parts `made` by `set_part` to `out`, in
    `options.layout`; `mark`: who made the words.

    Pages that no part has pass as they are. Of `document` only the labels count: its pages may be
    left out. Each part is read and let go in turn. Gives what the reader should know of the whole
    (the parts have told of themselves). Raises ValueError for a file that is no part, and what
    opening a PDF raises.
    """
    with opened(source, password) as pdf:
        fonts, reserved = Fonts(options.target_lang), dict[str, int]()
        ready = list(made)
        with damage_named():
            originals = None if options.layout is Layout.TRANSLATED else page_layouts.remember(pdf)
        for place, path in enumerate(ready, start=1):
            part = page_ranges.read(path)
            with damage_named():
                page_ranges.apply(pdf, part, fonts, reserved)
            on_progress(PAGES_SHARE * place / len(ready))
        with damage_named():
            embed(pdf, fonts.used(), reserved)
            label(pdf, document, options.target_lang, mark)
            said = clean(pdf)
            if originals is not None:
                page_layouts.arrange(pdf, originals, options.layout)
            page_layouts.save(pdf, out)
    on_progress(1.0)
    return said


def once(warnings: Sequence[DocumentWarning]) -> tuple[DocumentWarning, ...]:
    """The warnings of all parts and of the whole: by page, those about the whole document last,
    each said once.
    """
    order = sorted(dict.fromkeys(warnings), key=lambda one: (one.page is None, one.page or 0))
    return tuple(order)
