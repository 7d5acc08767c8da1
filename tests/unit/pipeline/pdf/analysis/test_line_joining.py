"""Rows become one text."""

import pytest

from dragoman.domain.document import Span, Style
from pipeline.pdf.analysis.line_joining import joined
from pipeline.pdf.model.text_rows import Row

STYLE = Style()


def rows(*texts):
    return [
        Row(
            (Span(text, STYLE, (0, 12 * at, 100, 12 * at + 11), 12 * at + 9),),
            at,
            0,
            100,
            12 * at + 9,
            11,
        )
        for at, text in enumerate(texts)
    ]


def text(*texts):
    return "".join(run.text for run in joined(rows(*texts)))


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        (["העבורת )והנוסעים( יוצאת"], "העבורת (והנוסעים) יוצאת"),
        (["העבורת )והנוסעים", "שלה( יוצאת]בכל[ בוקר"], "העבורת (והנוסעים שלה) יוצאת[בכל] בוקר"),
        (["العبارة »تغادر« )الميناء("], "العبارة «تغادر» (الميناء)"),
    ],
)
def test_brackets_that_are_shown_turned_are_turned_back(shown, meant):
    assert text(*shown) == meant


@pytest.mark.parametrize(
    "shown",
    [
        "העבורת (והנוסעים) יוצאת",
        "העבורת יוצאת) בבוקר",
        "1) העבורת",
        "Ferries )and( boats, ותו לא",
        "Ferry )x( leaves",
    ],
)
def test_other_brackets_are_left_alone(shown):
    assert text(shown) == shown
