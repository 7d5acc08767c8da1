"""The extract stage: a PDF to the words on its pages and where they stand, at once or range by
range.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pymupdf

from dragoman.domain import language
from dragoman.domain.document import BlockKind, Document, DocumentWarning, Gist, Page
from dragoman.domain.job import parse_pages
from dragoman.errors import NoText, OcrMissing, TooManyPages, VerticalText
from pipeline.pdf.analysis.block_builder import page_from, page_of
from pipeline.pdf.analysis.flows import with_flows
from pipeline.pdf.analysis.structure.compounds import Compounds, with_compounds
from pipeline.pdf.container.metadata import labels_of
from pipeline.pdf.container.opening import damage_named, opened
from pipeline.pdf.reading.ocr import Recogniser, is_installed, is_scan, known_words
from pipeline.pdf.reading.page_reader import detach_annotations, read, vertical_letters
from pipeline.pdf.typesetting.hyphenation import breaks_of
from pipeline.stages.detection import detect, other_language, rival

ENOUGH_TO_DETECT = 20_000  # characters
RANGE = 40  # pages of a part, if nobody says otherwise
# pages after which MuPDF's cache is emptied, so that memory does not grow with the page count
SHRINK_EVERY = 25
SENTENCE = 7  # words: a formula with more of them has a sentence around it
FORMULA_KEPT = "A paragraph with many formulas was left as it is."
OCR_MISSING = (
    "This page is a scan, and text recognition is not installed here, so it was left as it is."
)
OCR_LANGUAGE_MISSING = (
    "Text recognition has no language file for “{}” here, so words may have been misread."
)
OCR_SCRIPT_MISSING = (
    "This page is a scan in {} letters, which text recognition cannot read here, so it was left as"
    " it is."
)
RECOGNISED = (
    "Some pages are scans. Their words were recognised by machine: please check names and numbers."
)
UNREADABLE = "This page is a picture, or its letters cannot be recognised, so it was left as it is."
VERTICAL_KEPT = "This page has text from top to bottom, which was left as it is."
A_SENTENCE = 8  # letters: fewer from top to bottom are a mark or a page number
_WORD = re.compile(r"[^\W\d_]{2,}")


def extract(
    source: Path,
    *,
    source_lang: str | None = None,
    pages: str | None = None,
    password: str | None = None,
    max_pages: int | None = None,
    target_lang: str | None = None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> Document:
    """Read the pages that `pages` names (1-based, such as `1-5,9`; None: all) of the PDF `source`.

    `source_lang` None: it is detected, with `target_lang` as in `judge`. `on_progress` is told the
    share of pages read, 0 to 1. Raises EmptyFile, NotAPdf, DamagedPdf, EncryptedPdf, WrongPassword,
    NoText, TooManyPages (more than `max_pages` in the file, None: no limit) or UnsupportedOption
    (`pages` names none).
    """
    with opened(source, password) as pdf:
        shell = _shell(pdf, max_pages)
        part = _read(pdf, sorted(parse_pages(pages, shell.page_count)), source_lang, on_progress)
    return replace(
        part, labels=shell.labels, source_lang=judge([gist(part)], source_lang, target_lang)
    )


def survey(source: Path, *, password: str | None = None, max_pages: int | None = None) -> Document:
    """The document without its pages: their count, title and outline. Cheap: no page is read.

    Raises what `extract` raises, but NoText and UnsupportedOption.
    """
    with opened(source, password) as pdf:
        return _shell(pdf, max_pages)


def ranges(numbers: Iterable[int], size: int = RANGE) -> list[tuple[int, ...]]:
    """Page numbers in order, cut into ranges of up to `size`, of about the same length."""
    chosen = sorted(numbers)
    count = -(-len(chosen) // size)
    return [
        tuple(chosen[len(chosen) * part // count : len(chosen) * (part + 1) // count])
        for part in range(count)
    ]


def extract_part(
    source: Path,
    numbers: Iterable[int],
    *,
    source_lang: str | None = None,
    password: str | None = None,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> Document:
    """Read the pages `numbers` (0-based) alone: a document with these pages, without labels or a
    detected language.

    A part without words is none to complain of: `judge` decides on the whole. Raises what opening a
    PDF raises.
    """
    with opened(source, password) as pdf:
        return _read(pdf, sorted(numbers), source_lang, on_progress)


def gist(part: Document) -> Gist:
    """What `judge` has to know of a part."""
    blocks = sum(len(page.blocks) for page in part.pages)
    unreadable = sum(map(_is_unreadable, part.pages))
    scans = sum(one.code == "ocr_missing" for one in part.warnings)
    vertical = sum(one.code == "vertical_kept" for one in part.warnings)
    return Gist(
        len(part.pages),
        blocks,
        part.characters(),
        unreadable,
        _sample(part.pages),
        scans,
        vertical,
    )


def judge(
    gists: Iterable[Gist], source_lang: str | None = None, target_lang: str | None = None
) -> str | None:
    """The language of the whole document, from all its parts; None: its words do not tell.

    Of a document in two languages, one of them `target_lang`, it is the other one: that is what
    there is to translate.

    Raises NoText if no part has words that can be read, VerticalText or OcrMissing if that is since
    they run from top to bottom or are scans.
    """
    known = list(gists)
    if not any(one.blocks for one in known) or sum(one.unreadable for one in known) == sum(
        one.pages for one in known
    ):
        raise _why_no_text(known)
    if source_lang:
        return source_lang
    lines = "\n".join(one.sample[: ENOUGH_TO_DETECT // len(known)] for one in known).split("\n")
    lines = list(dict.fromkeys(lines))  # headers and footers say their words once
    text = "\n".join(lines)
    found = detect(text)
    if found is None or not language.same(found, target_lang):
        return found
    return other_language(lines, found) or rival(text) or found


def _why_no_text(known: Iterable[Gist]) -> NoText:
    gists = list(known)
    if any(one.vertical for one in gists):
        return VerticalText()
    return OcrMissing() if any(one.scans for one in gists) else NoText()


def _shell(pdf: pymupdf.Document, max_pages: int | None) -> Document:
    count = pdf.page_count
    if max_pages is not None and count > max_pages:
        raise TooManyPages(f"The PDF has {count} pages; this server accepts at most {max_pages}.")
    with damage_named():
        return Document(pages=(), page_count=count, labels=labels_of(pdf))


def _read(
    pdf: pymupdf.Document,
    numbers: Sequence[int],
    source_lang: str | None,
    on_progress: Callable[[float], None],
) -> Document:
    read: list[Page] = []
    recogniser = Recogniser(detect, source_lang)
    said: list[DocumentWarning] = []
    for place, number in enumerate(numbers, start=1):
        read.append(_page(pdf, number, recogniser, said))
        on_progress(place / len(numbers))
        if place % SHRINK_EVERY == 0:
            pymupdf.TOOLS.store_shrink(100)
    read = list(_understood(read, source_lang))
    unreadable = [page.number for page in read if _is_unreadable(page)]
    return Document(
        pages=tuple(read),
        page_count=pdf.page_count,
        source_lang=source_lang,
        warnings=(*said, *_warnings(read, unreadable)),
    )


def _understood(pages: Sequence[Page], source_lang: str | None) -> tuple[Page, ...]:
    """The pages with what only their neighbours tell: compounds, and texts that go on."""

    def breaks() -> Callable[[str], Sequence[int]] | None:
        lang = source_lang or detect(_sample(pages))
        return breaks_of(lang) if lang else None

    compounds = Compounds(pages, breaks)
    return with_flows(with_compounds(pages, compounds), compounds.is_one)


def _page(
    pdf: pymupdf.Document, number: int, recogniser: Recogniser, said: list[DocumentWarning]
) -> Page:
    with damage_named():
        _, annotations = detach_annotations(pdf, number)
        sheet = pdf.load_page(number)
        page = page_of(sheet, number, annotations)
        if page.aslant and vertical_letters(sheet) >= A_SENTENCE:
            said.append(DocumentWarning("vertical_kept", VERTICAL_KEPT, number))
        if not is_scan(page, sheet):
            return page
        known = known_words(page, read(sheet))
        if known is None and not is_installed():
            said.append(DocumentWarning("ocr_missing", OCR_MISSING, number))
            return page
        scanned = page_from(known or recogniser.read(sheet), sheet, number, scanned=True)
        if recogniser.unread:
            said.append(
                DocumentWarning(
                    "ocr_script_missing", OCR_SCRIPT_MISSING.format(recogniser.unread), number
                )
            )
        if not any(block.translatable for block in scanned.blocks):
            return page
        said.append(DocumentWarning("text_recognised", RECOGNISED))
        if recogniser.lacks:
            said.append(
                DocumentWarning(
                    "ocr_language_missing", OCR_LANGUAGE_MISSING.format(recogniser.lacks)
                )
            )
        return scanned


def _is_unreadable(page: Page) -> bool:
    kinds = {block.kind for block in page.blocks}
    return BlockKind.UNREADABLE in kinds and not any(block.translatable for block in page.blocks)


def _warnings(pages: Iterable[Page], unreadable: Iterable[int]) -> Iterator[DocumentWarning]:
    for number in unreadable:
        yield DocumentWarning("text_unreadable", UNREADABLE, number)
    for page in pages:
        if any(
            block.kind is BlockKind.FORMULA and len(_WORD.findall(block.text)) > SENTENCE
            for block in page.blocks
        ):
            yield DocumentWarning("formula_kept", FORMULA_KEPT, page.number)


def _sample(pages: Iterable[Page]) -> str:
    """The longest blocks first: names and numbers of forms and tables say little about the
    language.
    """
    said = dict.fromkeys(
        block.text for page in pages for block in page.blocks if block.translatable
    )
    texts = sorted(said, key=len, reverse=True)
    parts: list[str] = []
    size = 0
    for text in texts:
        parts.append(text)
        size += len(text)
        if size > ENOUGH_TO_DETECT:
            break
    return "\n".join(parts)[:ENOUGH_TO_DETECT]
