"""Fonts whose names say nothing."""

import pytest

from pipeline.pdf.model.styles import FLAG_MONO
from pipeline.pdf.reading.font_metrics import measured


def block(font, *texts, width=None):
    """A block of one line, each letter as wide as `width`, or as its place in the alphabet says."""
    spans = []
    for text in texts:
        long = sum(width or 3 + ord(letter) % 5 for letter in text)
        spans.append(
            {"text": text, "font": font, "size": 10.0, "bbox": (0, 0, long, 10), "flags": 0}
        )
    return {"lines": [{"spans": spans}]}


@pytest.mark.parametrize(
    ("font", "width", "mono"),
    [("F43", 5.25, True), ("F30", None, False), ("Helvetica", 5.25, False)],
)
def test_even_letters_are_a_typewriters(font, width, mono):
    page = block(font, "plot(cars)", "will", "mmm", width=width)
    measured([page])
    assert {bool(span["flags"] & FLAG_MONO) for span in page["lines"][0]["spans"]} == {mono}


def test_two_words_say_too_little():
    page = block("F43", "plot", "cars", width=5.25)
    measured([page])
    assert not page["lines"][0]["spans"][0]["flags"]
