"""The jobs that the sandbox does, by name: arguments and answer are what JSON can say, documents
are files in its scratch folder.

Nothing else can be asked for. What a job writes is named here, and read by
`pipeline.sandbox.calls`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dragoman.domain import document as documents
from dragoman.domain.document import Document, DocumentWarning
from dragoman.domain.job import Options, parse_pages
from pipeline.pdf.container import opening
from pipeline.pdf.container.mark import Mark
from pipeline.pdf.fonts import fallback_fonts
from pipeline.pdf.typesetting import hyphenation
from pipeline.sandbox.file_names import DOCUMENT, RESULT, SHELL, part_name
from pipeline.stages import detection
from pipeline.stages import extract as extracting
from pipeline.stages import reconstruct as reconstructing

# at most so many as the hyphenators that are kept
HYPHENATED = ("en", "de", "fr", "es", "it", "pt", "nl", "pl")

Told = Callable[[float], None]
Job = Callable[[Path, Told, dict[str, Any]], Any]
"""Is given its scratch folder, what to tell its progress, and its arguments."""


def warm() -> None:
    """Load what most jobs need: the language model and the form of documents."""
    detection.detect("What a server has loaded once, none of its children has to load again.")
    documents.from_json(documents.to_json(Document((), 0)))


def warm_more() -> Iterator[None]:
    """Load, a step at a time, what many jobs need: typefaces, and where words of some languages
    may be broken.
    """
    yield from fallback_fonts.warm()
    for language in HYPHENATED:
        hyphenation.hyphenator(language)
        yield


def nothing(scratch: Path, told: Told, given: dict[str, Any]) -> None:
    """Nothing: to see which walls stand."""


def survey(scratch: Path, told: Told, given: dict[str, Any]) -> None:
    """The document without its pages."""
    shell = extracting.survey(
        _source(given), password=given.get("password"), max_pages=given["max_pages"]
    )
    _keep(scratch / DOCUMENT, shell)


def extract(scratch: Path, told: Told, given: dict[str, Any]) -> list[tuple[int, ...]] | None:
    """The document, or the ranges of pages that one of more than `pages_per_part` (0: no limit)
    is cut into.
    """
    source, size = _source(given), given["pages_per_part"]
    if size:
        count = extracting.survey(source, max_pages=given["max_pages"]).page_count
        numbers = parse_pages(given["pages"], count)
        if len(numbers) > size:
            return extracting.ranges(numbers, size)
    document = extracting.extract(
        source,
        source_lang=given["source_lang"],
        pages=given["pages"],
        max_pages=given["max_pages"],
        target_lang=given["target_lang"],
        on_progress=told,
    )
    _keep(scratch / DOCUMENT, document)
    return None


def extract_part(scratch: Path, told: Told, given: dict[str, Any]) -> None:
    """The document of some pages."""
    document = extracting.extract_part(
        _source(given), given["numbers"], source_lang=given["source_lang"], on_progress=told
    )
    _keep(scratch / DOCUMENT, document)


def extract_ranges(scratch: Path, told: Told, given: dict[str, Any]) -> int:
    """All of a document, range by range, each in a file of its own: their number.

    One is in memory at a time.
    """
    source, password = _source(given), given["password"]
    shell = extracting.survey(source, password=password, max_pages=given["max_pages"])
    _keep(scratch / SHELL, shell)
    chosen = extracting.ranges(parse_pages(given["pages"], shell.page_count))
    for place, numbers in enumerate(chosen):
        part = extracting.extract_part(
            source,
            numbers,
            source_lang=given["source_lang"],
            password=password,
            on_progress=_share_of(told, place, len(chosen)),
        )
        _keep(scratch / part_name(place), part)
    return len(chosen)


def reconstruct(scratch: Path, told: Told, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The result, and what its reader should know."""
    warnings = reconstructing.reconstruct(
        _source(given),
        _document(given["document"]),
        scratch / RESULT,
        options=Options.from_json(given["options"]),
        password=given["password"],
        stamp=given["stamp"],
        mark=Mark(**given["mark"]),
        on_progress=told,
    )
    return _as_json(warnings)


def set_part(scratch: Path, told: Told, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The set pages of a part, and what their reader should know."""
    warnings = reconstructing.set_part(
        _source(given),
        _document(given["document"]),
        scratch / RESULT,
        target_lang=given["target_lang"],
        stamp=given["stamp"],
        on_progress=told,
    )
    return _as_json(warnings)


def join(scratch: Path, told: Told, given: dict[str, Any]) -> list[dict[str, Any]]:
    """The result of all parts."""
    warnings = reconstructing.join(
        _source(given),
        _document(given["document"]),
        [Path(one) for one in given["made"]],
        scratch / RESULT,
        options=Options.from_json(given["options"]),
        mark=Mark(**given["mark"]),
        on_progress=told,
    )
    return _as_json(warnings)


def set_ranges(scratch: Path, told: Told, given: dict[str, Any]) -> list[dict[str, Any]]:
    """All ranges set and joined: what the reader of the result should know."""
    source, options, password = (
        _source(given),
        Options.from_json(given["options"]),
        given["password"],
    )
    said: list[DocumentWarning] = []
    made = [scratch / f"{place}.part" for place in range(len(given["documents"]))]
    for place, (path, out) in enumerate(zip(given["documents"], made, strict=True)):
        said += reconstructing.set_part(
            source,
            _document(path),
            out,
            target_lang=options.target_lang,
            password=password,
            stamp=given["stamp"],
            on_progress=_share_of(told, place, len(made) + 1),
        )
    said += reconstructing.join(
        source,
        _document(given["shell"]),
        made,
        scratch / RESULT,
        options=options,
        password=password,
        mark=Mark(**given["mark"]),
        on_progress=_share_of(told, len(made), len(made) + 1),
    )
    return _as_json(said)


def unlock(scratch: Path, told: Told, given: dict[str, Any]) -> None:
    """The PDF without its password."""
    opening.unlock(_source(given), scratch / RESULT, given["password"])


JOBS: dict[str, Job] = {
    job.__name__: job
    for job in (
        nothing,
        survey,
        extract,
        extract_part,
        extract_ranges,
        reconstruct,
        set_part,
        join,
        set_ranges,
        unlock,
    )
}


def _source(given: dict[str, Any]) -> Path:
    return Path(given["source"])


def _document(path: str) -> Document:
    return documents.from_json(Path(path).read_bytes())


def _keep(path: Path, document: Document) -> None:
    path.write_bytes(documents.to_json(document))


def _as_json(warnings: Sequence[DocumentWarning]) -> list[dict[str, Any]]:
    return [asdict(one) for one in warnings]


def _share_of(told: Told, place: int, count: int) -> Told:
    return lambda share: told((place + share) / count)
