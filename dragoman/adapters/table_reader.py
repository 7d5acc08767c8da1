"""A stranger's glossary file is read in a process of its own, with limits on memory and time: CSV,
TSV, and the first sheet of an Excel workbook (ECMA-376 part 1, 18.3 and 18.4).

The child has an empty environment, reaches nothing but Python's libraries, reads the file from its
standard input and writes its first two columns as JSON to its standard output.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import IO
from xml.etree import ElementTree as ET

from dragoman.adapters.confinement import kernel, walls
from dragoman.adapters.confinement.landlock import Reach
from dragoman.adapters.confinement.walls import Limits
from dragoman.domain.glossaries import files as glossary_files
from dragoman.domain.glossaries.files import COLUMNS, MOST_TERMS, Terms

COMMAND: tuple[str, ...] = ("-I", "-m", "dragoman.adapters.table_reader")
ENVIRONMENT = {"LANG": "C.UTF-8"}
MEMORY, CPU_S, WALL_S = 400 << 20, 10, 30
MOST_XML = 40_000_000  # bytes of one part of a workbook, unpacked
MOST_ROWS = 2 * MOST_TERMS
_SHEET = re.compile(r"xl/worksheets/sheet(\d+)\.xml")
_FIRST_COLUMNS = re.compile(r"([AB])\d+")


def terms(name: str, data: bytes) -> Terms:
    """The terms of the file `name`. Raises UnsupportedOption, which says what is wrong with it."""
    glossary_files.check_size(name, len(data))
    if not name.casefold().endswith(glossary_files.WORKBOOK):
        return glossary_files.terms_of(name, glossary_files.rows_of_text(name, data))
    return glossary_files.terms_of(name, _rows_of_workbook(name, data))


def _rows_of_workbook(name: str, data: bytes) -> list[list[str]]:
    try:
        child = subprocess.run(
            [sys.executable, *COMMAND],
            input=data,
            capture_output=True,
            env=ENVIRONMENT,
            cwd="/",
            timeout=WALL_S,
            check=True,
        )
        rows: list[list[str]] = json.loads(child.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        raise glossary_files.unreadable(name) from error
    return rows


def main() -> None:
    """The child: a workbook from standard input, its rows to standard output."""
    with suppress(OSError, AttributeError):
        kernel.die_with_parent(signal.SIGKILL)
    zipfile.ZipFile(BytesIO(_EMPTY_ZIP)).close()  # what is loaded late otherwise
    list(ET.iterparse(BytesIO(b"<a/>")))  # noqa: S314 - ours
    walls.raise_walls(Reach(read=walls.readable()), Limits(MEMORY, CPU_S, 0))
    rows = list(rows_of(BytesIO(sys.stdin.buffer.read())))
    sys.stdout.write(json.dumps(rows))


_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)


def rows_of(workbook: IO[bytes]) -> Iterator[list[str]]:
    """The first two columns of the first sheet, as text.

    Raises zipfile.BadZipFile, ElementTree.ParseError, KeyError or ValueError for what is none.
    """
    with zipfile.ZipFile(workbook) as packed:
        sheets = {int(found[1]): one for one in packed.namelist() if (found := _SHEET.match(one))}
        shared = "xl/sharedStrings.xml"
        texts = list(_texts(packed, shared)) if shared in packed.namelist() else []
        for at, row in enumerate(_elements(packed, sheets[min(sheets)], "row")):
            if at == MOST_ROWS:
                return
            yield _cells(row, texts)


def _texts(packed: zipfile.ZipFile, name: str) -> Iterator[str]:
    """The strings that cells name by number; what is written above them to be read aloud is left
    out (18.4.6).
    """
    for item in _elements(packed, name, "si"):
        yield "".join(
            one.text or ""
            for part in item
            for one in part.iter()
            if _name(part) != "rPh" and _name(one) == "t"
        )


def _cells(row: ET.Element, texts: list[str]) -> list[str]:
    found = [""] * COLUMNS
    for cell in row:
        place = _FIRST_COLUMNS.fullmatch(cell.get("r", ""))
        if place is None:
            continue
        value = "".join(one.text or "" for one in cell.iter() if _name(one) in ("v", "t"))
        is_shared = cell.get("t") == "s" and value.isdecimal()
        found["AB".index(place[1])] = texts[int(value)] if is_shared else value
    return found


def _elements(packed: zipfile.ZipFile, part: str, name: str) -> Iterator[ET.Element]:
    """The elements of that name of a part, one after the other."""
    with packed.open(part) as file:
        for _, element in ET.iterparse(_Bounded(file)):  # noqa: S314 - behind walls
            if _name(element) == name:
                yield element
                element.clear()


class _Bounded:
    """A file of which no more is read than any honest workbook has, whatever it unpacks to."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._left = file, MOST_XML

    def read(self, count: int = -1) -> bytes:
        """The next bytes. Raises ValueError past the bound."""
        data = self._file.read(count if count >= 0 else self._left)
        self._left -= len(data)
        if self._left <= 0:
            raise ValueError
        return data


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


if __name__ == "__main__":
    main()
