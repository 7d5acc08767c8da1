"""What is said of a glossary file: each fault its own sentence."""

from __future__ import annotations

import pytest

from dragoman.domain.glossaries.files import MOST_TERMS, rows_of_text, terms_of
from dragoman.errors import UnsupportedOption

HOUSE = (("house", "Haus"),)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["house", "Haus"]], HOUSE),
        ([["Source", "Target"], ["house", "Haus"]], HOUSE),
        ([["en", "de-AT"], ["house", "Haus"]], HOUSE),
        ([["house ", " Haus", "a note"], ["", "x"], ["y"], []], HOUSE),
        ([["house", "Haus"], ["House", "Haus"]], HOUSE),  # twice the same is once
    ],
)
def test_terms_stand_in_the_first_two_columns(rows, expected):
    assert terms_of("g.csv", rows) == expected


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "contains no terms"),
        ([["source", "target"]], "contains no terms"),
        ([["house", "Haus"], ["HOUSE", "Gebäude"]], "two translations for “HOUSE”"),
        ([["h" * 300, "x"]], "more than 200 characters"),
        ([[f"term {n}", "x"] for n in range(MOST_TERMS + 1)], "10,001 terms; 10,000 are the most"),
    ],
)
def test_each_fault_has_its_own_sentence(rows, said):
    with pytest.raises(UnsupportedOption, match=r"g\.csv") as raised:
        terms_of("g.csv", rows)
    assert said in str(raised.value)
    assert raised.value.advice


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"x" * 2_000_001, "larger than 2 MB"), ("häuser,x".encode("latin-1"), "not in UTF-8")],
)
def test_so_has_a_file_that_is_no_text(data, said):
    with pytest.raises(UnsupportedOption, match=said):
        rows_of_text("g.csv", data)
