"""The terms in the rows of a glossary file, and what is said of one that is of no use (pure).

The first two columns count: a term and its translation. A row of headings may stand first.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

from dragoman.errors import UnsupportedOption

Terms = tuple[tuple[str, str], ...]
ENDINGS = (".csv", ".tsv", ".tab", ".txt", ".xlsx")
WORKBOOK = ".xlsx"
HEADERS = frozenset({"source", "term", "source term", "source_term", "from"})
COLUMNS = 2
MOST_BYTES = 2_000_000
MOST_TERMS = 10_000
LONGEST_TERM = 200  # characters
_CODES = (
    "ar bg ca cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv nb nl no pl pt ro ru sk"
    " sl sr sv th tr uk vi zh"
)
_HOW = "Please write one term and its translation on each line, for example: house,Haus"
_SHOWN = 60


def terms_of(name: str, rows: Iterable[Sequence[str]]) -> Terms:
    """The terms of the file `name`, each once, in its order.

    Raises UnsupportedOption, which says what is wrong: no terms, too many, one that is too long, or
    two translations for one term.
    """
    pairs = [(row[0].strip(), row[1].strip()) for row in rows if len(row) >= COLUMNS]
    entries = [(source, target) for source, target in pairs if source and target]
    if entries and _is_heading(*entries[0]):
        entries = entries[1:]
    if not entries:
        raise UnsupportedOption(f"The glossary {_said(name)} contains no terms.", advice=_HOW)
    found: dict[str, tuple[str, str]] = {}
    for source, target in entries:
        known = found.setdefault(" ".join(source.casefold().split()), (source, target))
        _check(name, known, source, target)
    if len(found) > MOST_TERMS:
        raise UnsupportedOption(
            f"The glossary {_said(name)} has {len(found):,} terms; {MOST_TERMS:,} are the most.",
            advice="Please send only the terms that such documents need.",
        )
    return tuple(found.values())


def rows_of_text(name: str, data: bytes) -> list[list[str]]:
    """The rows of a table in UTF-8: a tab between the columns, a semicolon or a comma.

    Raises UnsupportedOption for bytes that are no such text.
    """
    check_size(name, len(data))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnsupportedOption(
            f"The glossary {_said(name)} is not in UTF-8.", advice="Please save it as UTF-8."
        ) from error
    try:
        return list(csv.reader(text.splitlines(), delimiter=_delimiter(name, text)))
    except csv.Error as error:
        raise unreadable(name) from error


def check_size(name: str, size: int) -> None:
    """Raise UnsupportedOption for a file that is larger than any glossary."""
    if size > MOST_BYTES:
        raise UnsupportedOption(
            f"The glossary {_said(name)} is larger than {MOST_BYTES // 1_000_000} MB.",
            advice="Please send only the terms that such documents need.",
        )


def unreadable(name: str) -> UnsupportedOption:
    """That a file is no table that can be read."""
    return UnsupportedOption(
        f"The glossary {_said(name)} is not a table that we can read.",
        advice="Please save it as CSV in UTF-8, or as an Excel workbook (.xlsx).",
    )


def _check(name: str, known: tuple[str, str], source: str, target: str) -> None:
    if max(len(source), len(target)) > LONGEST_TERM:
        raise UnsupportedOption(
            f"The glossary {_said(name)} has a term of more than {LONGEST_TERM} characters:"
            f" “{source[:_SHOWN]}…”.",
            advice=_HOW,
        )
    if known[1] != target:
        raise UnsupportedOption(
            f"The glossary {_said(name)} has two translations for “{source[:_SHOWN]}”:"
            f" “{known[1][:_SHOWN]}” and “{target[:_SHOWN]}”.",
            advice="Please leave only one of them.",
        )


def _is_heading(source: str, target: str) -> bool:
    """Whether the first row names its columns: in words, or by two tags of languages."""
    return source.casefold() in HEADERS or (_is_tag(source) and _is_tag(target))


def _is_tag(word: str) -> bool:
    code, _, region = word.casefold().replace("_", "-").partition("-")
    return code in _CODES.split() and (not region or region.isalnum())


def _delimiter(name: str, text: str) -> str:
    first = text.split("\n", 1)[0]
    if name.casefold().endswith((".tsv", ".tab")) or ("\t" in first and "," not in first):
        return "\t"
    return ";" if first.count(";") > first.count(",") else ","


def _said(name: str) -> str:
    return " ".join(name.split())[:_SHOWN]
