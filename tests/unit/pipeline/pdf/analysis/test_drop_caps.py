"""Large initials belong to the first word of their paragraph."""

import pymupdf
import pytest

from pipeline.pdf.analysis.block_builder import page_of
from tests.pdfs import LOREM

LINES = (
    "he ferry leaves the harbour every morning at",
    "seven and comes back in the evening. All the",
    "passengers sit on the deck, drink tea and look at",
    "the islands.",
)


def blocks(*lettered, indent=26):
    """The texts of a page with a paragraph for each initial, which is two rows high."""
    with pymupdf.open() as pdf:
        sheet = pdf.new_page()
        for number, letter in enumerate(lettered):
            top = 100 + 48 * number
            sheet.insert_text((72, top + 12), letter, fontname="tiro", fontsize=30)
            for row, line in enumerate(LINES):
                x = 72 + indent if row < 2 else 72
                sheet.insert_text((x, top + 12 * row), line, fontname="tiro", fontsize=11)
        sheet.insert_textbox((72, 400, 523, 600), LOREM, fontname="tiro", fontsize=11)
        with pymupdf.open("pdf", pdf.tobytes()) as again:
            return [
                block.text for block in page_of(again.load_page(0), 0).blocks if block.text != LOREM
            ]


def test_an_initial_is_the_first_letter_of_its_paragraph():
    assert blocks("T") == ["T" + " ".join(LINES)]


def test_each_initial_begins_a_paragraph():
    assert blocks("T", "W") == ["T" + " ".join(LINES), "W" + " ".join(LINES)]


def test_a_quotation_mark_may_stand_before_it():
    assert blocks('"T', indent=38) == ['"T' + " ".join(LINES)]


@pytest.mark.parametrize(("letter", "indent"), [("7", 26), ("T", 90)])
def test_a_figure_or_a_letter_far_from_the_text_is_no_initial(letter, indent):
    assert letter in blocks(letter, indent=indent)
