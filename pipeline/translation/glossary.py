"""Reading a glossary file: two columns, source term and target term."""

from __future__ import annotations

from pathlib import Path

from dragoman.adapters import table_reader
from dragoman.domain.glossaries.files import MOST_BYTES
from dragoman.errors import NotFound
from pipeline.stages.protection import Glossary


def load(path: Path) -> Glossary:
    """The glossary of a .csv (comma or semicolon), .tsv or .xlsx file; a first row of headings is
    left out.

    Raises NotFound, or UnsupportedOption for a file that is no such table.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise NotFound(f"The glossary {path.name} cannot be read: {error.strerror}.") from error
    return Glossary(table_reader.terms(path.name, data))
