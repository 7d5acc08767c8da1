import pytest

from dragoman.domain.document import Block, BlockKind, Line, Page, Run, Span, Style
from pipeline.pdf.analysis.line_joining import joined
from pipeline.pdf.analysis.structure.compounds import Compounds, with_compounds
from pipeline.pdf.typesetting.hyphenation import breaks_of

BOX = (0.0, 0.0, 100.0, 10.0)


def page(*texts):
    blocks = []
    for number, rows in enumerate(texts):
        lines = tuple(Line((Span(row, Style(), BOX, 8.0),), BOX) for row in rows)
        blocks.append(Block(f"0.{number}", BlockKind.PARAGRAPH, BOX, lines, joined(lines)))
    return Page(0, 100, 100, 0, tuple(blocks))


def english():
    return breaks_of("en")


def text_of(*texts, breaks=english):
    pages = (page(*texts),)
    (found,) = with_compounds(pages, Compounds(pages, breaks))
    return found.blocks[0].text


CUT = ("a long-", "term plan")


def test_a_form_that_the_document_has_within_rows_decides():
    assert text_of(CUT, ["the long-term view"]) == "a long-term plan"
    assert text_of(CUT, ["the longterm view"]) == "a longterm plan"


def test_a_second_hyphen_makes_a_compound():
    known = ["the art of it"]
    assert text_of(["a state-of-the-", "art harbour"], known) == "a state-of-the-art harbour"
    assert text_of(["a one-dimen-", "sional view"]) == "a one-dimensional view"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (("the deep-", "seated captain"), "the deep-seated captain"),  # no break stands there
        (("the repre-", "sentation of it"), "the representation of it"),
        (("the ob-", "jects of it"), "the objects of it"),
        (("so slow-", "ly it went"), "so slowly it went"),  # too short for the patterns
    ],
)
def test_patterns_of_hyphenation_decide_where_nothing_else_does(rows, expected):
    assert text_of(rows) == expected


def test_without_patterns_a_hyphen_at_a_row_s_end_goes():
    assert text_of(CUT, breaks=lambda: None) == "a longterm plan"


def test_the_language_is_asked_for_only_where_nothing_else_tells():
    def never():
        raise AssertionError

    assert text_of(CUT, ["the long-term view"], breaks=never) == "a long-term plan"
    assert text_of(["no word is cut", "in these rows"], breaks=never)


def test_the_parts_of_cut_words_are_no_words():
    pages = (page(("the har-", "bour is open")),)
    words = Compounds(pages, lambda: None).words
    assert words == {"the": 1, "is": 1, "open": 1}


def test_runs_keep_their_styles():
    lines = tuple(
        Line((Span(text, Style(bold=bold), BOX, 8.0),), BOX)
        for text, bold in (("long-", True), ("term", False))
    )
    found = joined(lines, lambda _before, _after: True)
    assert found == (Run("long-", Style(bold=True)), Run("term", Style()))
