"""The sandbox's jobs as functions: documents and warnings go in and come out as values, each
checked when it arrives.

`do` is `pipeline.sandbox.client.confined`, or what stands before it. `folder` is where files are
kept meanwhile; each call has a scratch folder of its own in it, the one place that its child can
write to. Each raises what its stage raises and what `confined` raises.
"""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dragoman.domain import document as documents
from dragoman.domain.document import Document, DocumentWarning
from dragoman.domain.job import Options
from dragoman.errors import DamagedPdf
from pipeline.pdf.container.mark import Mark
from pipeline.sandbox.client import Call, Server
from pipeline.sandbox.file_names import DOCUMENT, RESULT, SHELL, part_name

Do = Callable[[Call], Any]
Ranges = list[tuple[int, ...]]

MOST_RANGES = 100_000


def survey(do: Do, folder: Path, source: Path, *, max_pages: int | None) -> Document:
    """As `extract.survey`."""
    with _scratch(folder) as scratch:
        do(
            Call(
                "survey",
                {"source": str(source.absolute()), "max_pages": max_pages},
                [source],
                scratch,
            )
        )
        return _document(scratch / DOCUMENT)


def extract(
    do: Do,
    folder: Path,
    source: Path,
    options: Options,
    *,
    max_pages: int | None = None,
    pages_per_part: int = 0,
) -> Document | Ranges:
    """The document, or the ranges of pages that one of more than `pages_per_part` (0: no limit)
    is cut into.
    """
    arguments = {
        "source": str(source.absolute()),
        "source_lang": options.source_lang,
        "target_lang": options.target_lang,
        "pages": options.pages,
        "max_pages": max_pages,
        "pages_per_part": pages_per_part,
    }
    with _scratch(folder) as scratch:
        ranges = do(Call("extract", arguments, [source], scratch))
        return _document(scratch / DOCUMENT) if ranges is None else _ranges(ranges)


def extract_part(
    do: Do, folder: Path, source: Path, numbers: Sequence[int], *, source_lang: str | None = None
) -> Document:
    """As `extract.extract_part`."""
    arguments = {
        "source": str(source.absolute()),
        "numbers": list(numbers),
        "source_lang": source_lang,
    }
    with _scratch(folder) as scratch:
        do(Call("extract_part", arguments, [source], scratch))
        return _document(scratch / DOCUMENT)


def extract_ranges(
    do: Do,
    scratch: Path,
    source: Path,
    options: Options,
    *,
    password: str | None,
    max_pages: int | None,
) -> tuple[Document, list[Path]]:
    """The document without its pages, and files in `scratch` with those of its ranges, which
    `document_in` reads.
    """
    arguments = {
        "source": str(source.absolute()),
        "source_lang": options.source_lang,
        "pages": options.pages,
        "password": password,
        "max_pages": max_pages,
    }
    count = do(Call("extract_ranges", arguments, [source], scratch))
    if not isinstance(count, int) or not 0 <= count <= MOST_RANGES:
        raise DamagedPdf(detail="the reader said what is no number of ranges")
    return _document(scratch / SHELL), [scratch / part_name(place) for place in range(count)]


def reconstruct(
    do: Do,
    folder: Path,
    source: Path,
    document: Document,
    out: Path,
    *,
    options: Options,
    mark: Mark,
    password: str | None = None,
    stamp: str | None = None,
) -> tuple[DocumentWarning, ...]:
    """As `reconstruct.reconstruct`; `out` is in the file system of `folder`."""
    arguments = {
        "source": str(source.absolute()),
        "options": options.as_json(),
        "password": password,
        "stamp": stamp,
        "mark": asdict(mark),
    }
    with _scratch(folder) as scratch, _given(folder, document) as given:
        said = do(
            Call(
                "reconstruct",
                {**arguments, "document": str(given.absolute())},
                [source, given],
                scratch,
            )
        )
        _move(scratch / RESULT, out)
    return _warnings(said)


def set_part(
    do: Do,
    folder: Path,
    source: Path,
    document: Document,
    out: Path,
    *,
    target_lang: str,
    stamp: str | None = None,
) -> tuple[DocumentWarning, ...]:
    """As `reconstruct.set_part`."""
    arguments = {"source": str(source.absolute()), "target_lang": target_lang, "stamp": stamp}
    with _scratch(folder) as scratch, _given(folder, document) as given:
        said = do(
            Call(
                "set_part",
                {**arguments, "document": str(given.absolute())},
                [source, given],
                scratch,
            )
        )
        _move(scratch / RESULT, out)
    return _warnings(said)


def join(
    do: Do,
    folder: Path,
    source: Path,
    document: Document,
    made: Sequence[Path],
    *,
    out: Path,
    options: Options,
    mark: Mark,
) -> tuple[DocumentWarning, ...]:
    """As `reconstruct.join`."""
    arguments = {
        "source": str(source.absolute()),
        "made": [str(one.absolute()) for one in made],
        "options": options.as_json(),
        "mark": asdict(mark),
    }
    with _scratch(folder) as scratch, _given(folder, document) as given:
        said = do(
            Call(
                "join",
                {**arguments, "document": str(given.absolute())},
                [source, given, *made],
                scratch,
            )
        )
        _move(scratch / RESULT, out)
    return _warnings(said)


def set_ranges(
    do: Do,
    folder: Path,
    source: Path,
    shell: Document,
    parts: Sequence[Path],
    *,
    out: Path,
    options: Options,
    password: str | None,
    stamp: str | None,
    mark: Mark,
) -> tuple[DocumentWarning, ...]:
    """All ranges, kept in the files `parts` by `keep`, set on the source and joined."""
    arguments = {
        "source": str(source.absolute()),
        "documents": [str(one.absolute()) for one in parts],
        "options": options.as_json(),
        "password": password,
        "stamp": stamp,
        "mark": asdict(mark),
    }
    with _scratch(folder) as scratch, _given(folder, shell) as given:
        call = Call(
            "set_ranges",
            {**arguments, "shell": str(given.absolute())},
            [source, given, *parts],
            scratch,
        )
        said = do(call)
        _move(scratch / RESULT, out)
    return _warnings(said)


def unlock(do: Do, folder: Path, locked: Path, out: Path, password: str) -> None:
    """As `opening.unlock`."""
    with _scratch(folder) as scratch:
        do(
            Call(
                "unlock",
                {"source": str(locked.absolute()), "password": password},
                [locked],
                scratch,
            )
        )
        _move(scratch / RESULT, out)


def missing_walls(asked: Server | None = None) -> tuple[str, ...]:
    """The walls that do not stand around a job here, by their names in
    `dragoman.adapters.confinement.walls`. `asked`: None, one of the settings'.
    """
    one = asked or Server()
    try:
        with tempfile.TemporaryDirectory() as name:
            one.call(Call("nothing", {}, [], Path(name)))
        return one.missing
    finally:
        one.close()


def keep(path: Path, document: Document) -> None:
    """Write a document to a file that a job reads."""
    path.write_bytes(documents.to_json(document))


def document_in(path: Path) -> Document:
    """What `keep`, or a job, has written. Raises DamagedPdf for anything else."""
    return _document(path)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder, prefix="scratch-") as name:
        yield Path(name)


@contextmanager
def _given(folder: Path, document: Document) -> Iterator[Path]:
    """The document as a file that the child can read and not write."""
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".json") as file:
        file.write(documents.to_json(document))
        file.flush()
        yield Path(file.name)


def _document(path: Path) -> Document:
    try:
        return documents.from_json(_checked(path).read_bytes())
    except ValueError as error:
        raise DamagedPdf(
            detail=f"the reader left what is no document: {str(error)[:200]}"
        ) from error


def _checked(path: Path) -> Path:
    """The path, if it is a file: a child that was taken over might have left a link to one of ours.

    Raises DamagedPdf.
    """
    try:
        is_file = stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        is_file = False
    if not is_file:
        raise DamagedPdf(detail="the reader left no file")
    return path


def _move(made: Path, out: Path) -> None:
    _checked(made).replace(out)


def _ranges(said: Any) -> Ranges:
    if not isinstance(said, list) or not all(
        isinstance(one, list) and all(map(_is_page, one)) for one in said
    ):
        raise DamagedPdf(detail="the reader said what are no ranges")
    return [tuple(one) for one in said]


def _is_page(value: Any) -> bool:
    return isinstance(value, int) and value >= 0


def _warnings(said: Any) -> tuple[DocumentWarning, ...]:
    if not isinstance(said, list) or not all(map(_is_warning, said)):
        raise DamagedPdf(detail="the reader said what are no warnings")
    return tuple(DocumentWarning(**one) for one in said)


def _is_warning(one: Any) -> bool:
    if not isinstance(one, dict) or one.keys() != {"code", "message", "page"}:
        return False
    return (
        isinstance(one["code"], str)
        and isinstance(one["message"], str)
        and isinstance(one["page"], int | None)
    )
