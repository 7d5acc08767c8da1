"""Texts that are set in columns with blanks."""

import pymupdf
import pytest

from pipeline.pdf.analysis.block_builder import page_of
from pipeline.pdf.reading.column_gaps import parted
from pipeline.pdf.reading.page_reader import FLAGS

HEADER = "Left here" + " " * 40 + "In the middle" + " " * 40 + "Right here"


def sheet_with(*texts, fontname="helv"):
    sheet = pymupdf.open().new_page()
    for number, text in enumerate(texts):
        sheet.insert_text((40, 100 + 20 * number), text, fontsize=10, fontname=fontname)
    return sheet


def spans(sheet):
    blocks = parted(sheet.get_textpage(flags=FLAGS))
    return [span for block in blocks for line in block.get("lines", ()) for span in line["spans"]]


def test_what_wide_blanks_part_is_apart():
    blocks = page_of(sheet_with(HEADER), 0).blocks
    assert [block.text for block in blocks] == ["Left here", "In the middle", "Right here"]


def test_the_parts_stand_where_they_stood():
    left, middle, right = spans(sheet_with(HEADER))
    font = pymupdf.Font("helv")
    for part, before in ((left, ""), (middle, HEADER[:49]), (right, HEADER[:102])):
        assert part["origin"][0] == pytest.approx(40 + font.text_length(before, 10), abs=0.1)
        assert part["bbox"][2] == pytest.approx(
            40 + font.text_length(before + part["text"], 10), abs=0.1
        )


def test_blanks_after_a_text_are_no_part_of_it():
    (span,) = spans(sheet_with("An entry" + " " * 30))
    assert (span["text"], span["bbox"][2] < 90) == ("An entry", True)


def test_an_entry_and_its_dots_are_one_text():
    sheet = sheet_with("An entry of the contents" + " " * 30)
    sheet.insert_text((156, 100), ". " * 40 + "12", fontsize=10)
    (block,) = page_of(sheet, 0).blocks
    assert block.text.startswith("An entry of the contents . .")
    assert block.text.endswith("12")


def test_typewritten_text_is_left_as_it_is():
    (span,) = spans(sheet_with("name      value", fontname="cour"))
    assert span["text"] == "name      value"


class TextPage:
    """A text page that counts how often it is asked where each letter stands."""

    def __init__(self, sheet):
        self._text, self.asked = sheet.get_textpage(flags=FLAGS), 0

    def extractDICT(self):  # noqa: N802  # PyMuPDF's name
        return self._text.extractDICT()

    def extractRAWDICT(self):  # noqa: N802
        self.asked += 1
        return self._text.extractRAWDICT()


@pytest.mark.parametrize(
    ("text", "asked"), [("A sentence with one blank between its words.", 0), (HEADER, 1)]
)
def test_where_each_letter_stands_is_asked_for_wide_blanks_alone(text, asked):
    page = TextPage(sheet_with(text))
    parted(page)
    assert page.asked == asked


REPORT = (
    "       ANNUAL TOTAL            3455107          1826032",
    "       ANNUAL MEAN                9466             4989",
    "       HIGHEST DAILY MEAN        52800 Apr 12     36000 Sep 11",
)


def test_a_typewritten_report_keeps_its_columns():
    blocks = page_of(sheet_with(*REPORT, fontname="cour"), 0).blocks
    assert [block.text for block in blocks if block.translatable] == [
        "ANNUAL TOTAL", "ANNUAL MEAN", "HIGHEST DAILY MEAN", "52800 Apr 12", "36000 Sep 11",
    ]  # fmt: skip
    assert {round(block.bbox[0]) for block in blocks[:1]} == {82}


def test_a_listing_with_comments_does_not():
    listing = (f"total = {number};        // line {number} of the program" for number in range(4))
    assert len(spans(sheet_with(*listing, fontname="cour"))) == 4


def test_two_lines_of_columns_are_no_report():
    assert len(spans(sheet_with(*REPORT[:2], fontname="cour"))) == 2


def test_a_blank_after_a_sentence_is_none():
    (span,) = spans(sheet_with("These are all exceptions.    One is for the law."))
    assert span["text"].startswith("These are")
