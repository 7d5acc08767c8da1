"""Glossary files of strangers: tables and workbooks are read, what is none is said to be none."""

from __future__ import annotations

import pytest

from dragoman.adapters import table_reader
from dragoman.errors import UnsupportedOption
from tests.workbooks import hostile, workbook

TERMS = (("house", "Haus"), ("red & green", "rot & grün"))
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><worksheet>&j;</worksheet>"
)


@pytest.mark.parametrize("shared", [True, False])
def test_the_first_two_columns_of_a_workbook_are_its_terms(shared: bool) -> None:
    rows = [("Source", "Target", "Note"), *((*term, "x") for term in TERMS), ("", "")]
    assert table_reader.terms("G.XLSX", workbook(rows, shared=shared)) == TERMS


def test_a_table_is_read_without_a_process() -> None:
    data = "house;Haus\r\nred & green;rot & grün\r\n".encode()
    assert table_reader.terms("g.csv", data) == TERMS


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        b"no workbook",
        hostile(b"<worksheet><row"),
        hostile(BOMB),
        hostile(b"<worksheet>" + b" " * 60_000_000 + b"</worksheet>"),
        hostile(b'<worksheet><row><c r="A1" t="s"><v>9</v></c></row></worksheet>'),
    ],
    ids=["empty", "head", "text", "cut", "entities", "bomb", "strings"],
)
def test_what_is_no_workbook_is_told_in_a_sentence(data: bytes) -> None:
    with pytest.raises(UnsupportedOption, match="not a table that we can read"):
        table_reader.terms("g.xlsx", data)
