import pytest

from dragoman.domain.document import Family, Span, Style
from pipeline.pdf.reading.formulas import is_word, with_formulas

SIZE, BASELINE = 10.0, 100.0


class Line:
    """Spans set one after the other; a letter is 5 points wide."""

    def __init__(self):
        self.spans = []
        self.maths = []

    def put(self, text, *, maths=False, size=SIZE, rise=0.0, gap=0.0):
        x = (self.spans[-1].bbox[2] if self.spans else 50.0) + gap
        box = (x, BASELINE - 8, x + 5 * len(text), BASELINE + 2)
        self.spans.append(Span(text, Style(Family.SERIF, size, italic=maths), box, BASELINE - rise))
        self.maths.append(maths)
        return self

    def formulas(self):
        found = with_formulas(self.spans, self.maths, SIZE, BASELINE)
        assert "".join(span.text for span in found) == "".join(span.text for span in self.spans)
        return [span.text.strip() for span in found if span.style.original]


def test_a_row_without_maths_is_left_as_it_is():
    line = Line().put("A note").put("1", size=7, rise=4)
    assert with_formulas(line.spans, line.maths, SIZE, BASELINE) == line.spans


def test_an_index_belongs_to_its_variable():
    assert Line().put("if ").put("x", maths=True).put("n", size=7, rise=-2).put(
        " is"
    ).formulas() == ["xn"]


def test_a_footnote_mark_after_a_word_is_no_index():
    line = Line().put("x", maths=True).put(" is a word").put("2", size=7, rise=4)
    assert line.formulas() == ["x"]


def test_signs_between_two_pieces_join_them():
    assert Line().put("f", maths=True).put("(").put("x", maths=True).put(") = 2").put(
        "y", maths=True
    ).formulas() == ["f(x) = 2y"]


@pytest.mark.parametrize("between", [" and ", ", "])
def test_words_and_commas_part_two_formulas(between):
    assert Line().put("x", maths=True).put(between).put("y", maths=True).formulas() == ["x", "y"]


def test_names_of_functions_are_no_words():
    assert Line().put("x", maths=True).put(" sin ").put("y", maths=True).formulas() == ["x sin y"]
    assert not is_word("arctan 2")
    assert is_word("since 2")


def test_a_bracket_that_was_opened_inside_is_closed_inside():
    assert Line().put("P(x", maths=True).put(")").put(" holds").formulas() == ["P(x)"]
    assert Line().put("(see ").put("x", maths=True).put(")").formulas() == ["x"]


def test_a_figure_right_before_a_variable_is_its_factor():
    assert Line().put("take ").put("2").put("x", maths=True).put(" or 3 ").formulas() == ["2x"]


def test_a_formula_knows_where_its_letters_are():
    found = with_formulas(*_indexed(), SIZE, BASELINE)[1].style.original
    assert found is not None
    assert found.baseline == BASELINE
    assert found.parts == ((60, 65, BASELINE, 1), (65, 70, BASELINE + 2, 1))


def _indexed():
    line = Line().put("if").put("x", maths=True).put("n", size=7, rise=-2)
    return line.spans, line.maths
