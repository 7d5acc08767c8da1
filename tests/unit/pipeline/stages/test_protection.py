"""What is kept out of a translation."""

from itertools import pairwise

import pytest

from pipeline.stages.protection import Glossary, find


def kept(text, glossary=None):
    found = find(text, glossary) if glossary else find(text)
    return [one.shown for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://example.org/a?b=c#d.", ["https://example.org/a?b=c#d"]),
        ("(see https://example.org/wiki/A_(b))", ["https://example.org/wiki/A_(b)"]),
        ("see www.example.org, please", ["www.example.org"]),
        ("write to jane.doe+x@example.co.uk.", ["jane.doe+x@example.co.uk"]),
        ("doi:10.1000/182 says", ["doi:10.1000/182"]),
        ("call foo_bar or std::move or run() now", ["foo_bar", "std::move", "run()"]),
        ("with --dry-run in /usr/share/doc/x", ["--dry-run", "/usr/share/doc/x"]),
        ("Dear {name}, %s and %(count)d and ${HOME}", ["{name}", "%s", "%(count)d", "${HOME}"]),
        ("on 2026-01-31 version 1.2.3 was out", ["2026-01-31", "1.2.3"]),
        ("order 1234567 by +49 (30) 1234-5678", ["1234567", "+49 (30) 1234-5678"]),
        ("by ISO-9001 and FR/2020-17", ["ISO-9001", "FR/2020-17"]),
        ("Contents ........ here", ["........"]),
    ],
)
def test_tokens_that_need_no_translation_are_kept(text, expected):
    assert kept(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2 files of 1,234.5 kg in 2026",
        "and/or",
        "wait... for it",
        "a 50% share",
        "well-known",
        "3.14 is pi",
        "I/O",
        "A - B",
        "",
    ],
)
def test_words_and_plain_numbers_stay_in_the_sentence(text):
    assert kept(text) == []


def test_found_pieces_are_in_order_and_do_not_overlap():
    found = find(
        "foo_bar https://a.example/x 2026-01-31 foo_bar",
        Glossary([("foo", "F"), ("bar", "B"), ("x", "X")]),
    )
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert len(found) == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the red house", ["rotes Haus"]),  # the longest term wins
        ("the house", ["Haus"]),
        ("House rules", ["Haus"]),
        ("a greenhouse, houses", []),  # whole words only
        ("RED  HOUSE", ["ROTES HAUS"]),  # any blanks between
        ("A red housefly", ["rot"]),
        ("Red is red", ["Rot", "rot"]),  # a capital at the start
        ("C++ and C", ["C plus plus"]),
    ],
)
def test_glossary_terms_are_found_in_any_case(text, expected):
    glossary = Glossary(
        [("house", "Haus"), ("red house", "rotes Haus"), ("red", "rot"), ("C++", "C plus plus")]
    )
    assert kept(text, glossary) == expected


def test_glossary_terms_of_unspaced_scripts_need_no_word_edge():
    assert kept("私は東京に住む", Glossary([("東京", "Tokyo")])) == ["Tokyo"]


def test_empty_terms_are_left_out_of_a_glossary():
    assert not Glossary([("", "x"), ("x", " ")])
