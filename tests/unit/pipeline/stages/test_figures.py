"""Whether a text's figures and signs are in its translation, however the languages write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.domain.document import Block, BlockKind, Document, Page, Run, Style
from pipeline.stages.figures import CODE, as_written, differing, lost


@pytest.mark.parametrize(
    ("source", "translation"),
    [
        ("It costs 1,234.56 dollars", "Custa 1.234,56 dólares"),
        ("10,505 hours", "10 505 horas"),
        ("10,505 hours", "10505 horas"),
        ("on 05 May", "em 5 de maio"),
        ("page 3 – and 4", "página 3 e 4"),
        ("two dogs", "2 cães"),
        ("٢٠٢٤ سنة", "2024"),
        ("“Really?”", "«Sério?»"),
        ("A (small) [thing]; yes/no", "Uma coisa"),
        ("東京、大阪。", "Tóquio, Osaka."),
        ("hy\u00adphen", "hífen"),
        ("", ""),
    ],
)
def test_what_is_written_in_another_way_is_not_lost(source, translation):
    assert not lost(source, translation)


@pytest.mark.parametrize(
    ("source", "translation", "numbers", "signs"),
    [
        ("Call 202–493–2251", "Ligue 202 a 443 a 2251", ("493",), ()),
        ("3 and 3", "3", ("3",), ()),
        ("1.5 m", "1,4 m", ("1.5",), ()),
        ("6.00 €", "6,00", (), ("€",)),
        ("§ 39.13 & more", "39.13 e mais", (), ("§", "&")),
        ("12 of 21", "21 de 21", ("12",), ()),
    ],
)
def test_what_is_missing_is_named_as_the_source_writes_it(source, translation, numbers, signs):
    found = lost(source, translation)
    assert (found.numbers, sorted(found.signs)) == (numbers, sorted(signs))


@given(st.text(max_size=60))
def test_a_text_lacks_nothing_of_itself(text):
    assert not lost(text, text)


@given(st.lists(st.integers(0, 99_999_999), min_size=1, max_size=6))
def test_a_number_taken_away_is_found_to_be_missing(numbers):
    texts = [str(number) for number in numbers]
    assert lost(" and ".join(texts), " e ".join(texts[1:])).numbers


@pytest.mark.parametrize(
    ("source", "translation", "expected"),
    [
        ("cost 10,505 and 1.5", "custam 10.505 e 1,5", "custam 10,505 e 1.5"),
        ("1.5", "2,5", "2,5"),
        ("no number", "nenhum 1,5", "nenhum 1,5"),
    ],
)
def test_numbers_are_written_as_in_the_source(source, translation, expected):
    assert as_written(source, translation) == expected


def test_a_page_is_named_once_with_what_it_lacks():
    pages = (
        page(0, ("In 2018", "Em 2018")),
        page(
            4, ("Call 493", "Ligue 443"), ("6 €", "6"), ("7 left", None), ("493 again", "de novo")
        ),
    )
    (warning,) = differing(Document(pages, 5))
    assert (warning.code, warning.page) == (CODE, 4)
    assert "Not found in the translation: 493, €." in warning.message


def test_many_are_counted():
    source = " ".join(str(number) for number in range(100, 112))
    (warning,) = differing(Document((page(0, (source, "nada")),), 1))
    assert "100, 101, 102, 103, 104 and 7 more" in warning.message


def page(number: int, *texts: tuple[str, str | None]) -> Page:
    box = (0.0, 0.0, 10.0, 10.0)
    blocks = tuple(
        Block(
            f"{number}.{place}",
            BlockKind.PARAGRAPH,
            box,
            (),
            (Run(source, Style()),),
            target=None if target is None else (Run(target, Style()),),
        )
        for place, (source, target) in enumerate(texts)
    )
    return Page(number, 100.0, 100.0, 0, blocks)
