"""Reading a glossary file: two columns, source term and target term."""

from __future__ import annotations

import csv
from pathlib import Path

from dragoman.errors import NotFound, UnsupportedOption
from pipeline.stages.protection import Glossary

HEADERS = {"source", "term", "source term", "source_term", "from"}
COLUMNS = 2
MOST_BYTES = 5_000_000  # more is no glossary; DeepL's own limit is 10 MiB


def load(path: Path) -> Glossary:
    """The glossary of a .csv (comma or semicolon) or .tsv file in UTF-8; a first row of headings is
    left out.

    Raises NotFound, or UnsupportedOption for a file that is no such table.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotFound(f"The glossary {path.name} cannot be read: {error.strerror}.") from error
    try:
        text = data[:MOST_BYTES].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnsupportedOption(
            f"The glossary {path.name} is not in UTF-8.", advice="Please save it as UTF-8."
        ) from error
    rows = list(csv.reader(text.splitlines(), delimiter=_delimiter(path, text)))
    entries = [
        (row[0].strip(), row[1].strip())
        for row in rows
        if len(row) >= COLUMNS and row[0].strip() and row[1].strip()
    ]
    if entries and entries[0][0].casefold() in HEADERS:
        entries = entries[1:]
    if not entries:
        advice = "Please write one term and its translation on each line, for example: house,Haus"
        raise UnsupportedOption(f"The glossary {path.name} contains no terms.", advice=advice)
    return Glossary(entries)


def _delimiter(path: Path, text: str) -> str:
    first = text.split("\n", 1)[0]
    if path.suffix.casefold() in (".tsv", ".tab") or ("\t" in first and "," not in first):
        return "\t"
    return ";" if first.count(";") > first.count(",") else ","
