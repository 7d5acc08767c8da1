"""Which rows have their middle in common."""

import pymupdf

from dragoman.domain.document import Align
from pipeline.stages.extract import extract
from tests.pdfs import make

FONT = pymupdf.Font("helv")


def aligned(tmp_path, *rows, at=None):
    """How rows of these texts under each other stand, each around the middle 250, or from `at` on."""

    def draw(pdf):
        for number, text in enumerate(rows):
            x = 250 - FONT.text_length(text, 11) / 2 if at is None else at
            pdf[0].insert_text((x, 300 + 40 * number), text, fontsize=11)

    blocks = extract(make(tmp_path / "source.pdf", "", draw=draw)).pages[0].blocks
    assert [block.text for block in blocks] == list(rows)
    return blocks


def test_rows_around_one_middle_stay_around_it(tmp_path):
    blocks = aligned(tmp_path, "The harbour and its ferries", "A short guide", "Second edition of the year")
    assert {block.align for block in blocks} == {Align.CENTER}


def test_rows_that_begin_together_do_not(tmp_path):
    blocks = aligned(tmp_path, "The harbour and its ferries", "A short guide", "Second edition of the year", at=90)
    assert {block.align for block in blocks} == {Align.LEFT}


def test_a_row_by_itself_says_nothing(tmp_path):
    (block,) = aligned(tmp_path, "A short guide")
    assert block.align is Align.LEFT


def test_a_page_with_a_few_words_has_room_on_both_sides(tmp_path):
    (block,) = aligned(tmp_path, "A short guide")
    assert block.room[0] < 100
    assert block.room[2] > 500
