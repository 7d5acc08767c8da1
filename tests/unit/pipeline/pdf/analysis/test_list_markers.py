import pytest

from dragoman.domain.document import Span, Style
from pipeline.pdf.analysis.list_markers import split
from pipeline.pdf.model.text_rows import Row


def row(text, x=50.0, baseline=100.0, text_x=None):
    x1 = x + 5 * len(text)
    return Row(
        (Span(text, Style(size=10.0), (x, 90, x1, 102), baseline),),
        0,
        x,
        x1,
        baseline,
        10.0,
        text_x=text_x,
    )


@pytest.mark.parametrize("marker", ["•", "1.", "(a)", "12)", "–"])
def test_a_marker_becomes_a_row_of_its_own(marker):
    found, rows = split([row(f"{marker} the text of an item")])
    assert found is not None
    assert found.text == marker
    assert rows[0].text == "the text of an item"
    assert found.x1 < rows[0].x0


def test_the_text_begins_where_the_file_sets_it():
    _, rows = split([row("• an item", text_x=68.0)])
    assert rows[0].x0 == 68.0


def test_the_text_begins_where_its_other_rows_do():
    _, rows = split([row("1. an item that runs over"), row("two rows", x=65.0, baseline=112)])
    assert rows[0].x0 == 65.0


def test_a_marker_over_the_second_row_stays_in_the_text():
    assert split([row("1. an item that runs over"), row("two rows", baseline=112)])[0] is None


@pytest.mark.parametrize("text", ["A sentence.", "1999 was a year", "e.g. this", "•"])
def test_other_beginnings_are_no_markers(text):
    assert split([row(text)])[0] is None
