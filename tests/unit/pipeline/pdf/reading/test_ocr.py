"""Words that an earlier recognition left under a scan."""

import pytest

from dragoman.domain.document import Family, Page, Span, Style
from pipeline.pdf.model.geometry import UPRIGHT
from pipeline.pdf.model.text_rows import Marks, Reading, Row
from pipeline.pdf.reading.ocr import known_words

PAGE = Page(0, 595.0, 842.0, 0, ())
SENTENCE = "The harbour has a list of all the ferries"


def layer(text, *widths):
    """A layer of rows of one text in a typewriter's letters, each as many points long as one of
    the `widths`.
    """
    rows = []
    for number, width in enumerate(widths):
        y = 100.0 + 14 * number
        span = Span(
            text, Style(Family.MONO, 10.0, font="Courier"), (72, y - 8, 72 + width, y + 2), y
        )
        rows.append(Row((span,), number, 72, 72 + width, y, 10.0, unknown=1.0))
    return Reading({UPRIGHT: rows}, Marks())


@pytest.mark.parametrize(
    ("widths", "family"), [((170, 190, 163), Family.SERIF), ((246, 246, 247), Family.MONO)]
)
def test_letters_of_one_width_are_a_typewriters(widths, family):
    found = known_words(PAGE, layer(SENTENCE, *widths))
    assert {span.style.family for row in found.rows[UPRIGHT] for span in row.spans} == {family}


def test_words_spelled_letter_by_letter_are_read_anew():
    assert known_words(PAGE, layer(" ".join(SENTENCE.replace(" ", "")), 246.0, 246.0)) is None
