"""Which rows have their middle in common."""

import pymupdf

from dragoman.domain.document import Align
from pipeline.stages.extract import extract
from tests.pdfs import LOREM, make

FONT = pymupdf.Font("helv")


def aligned(tmp_path, *rows, at=None):
    """How rows of these texts under each other stand, each around the middle 250, or from `at`
    on.
    """

    def draw(pdf):
        for number, text in enumerate(rows):
            x = 250 - FONT.text_length(text, 11) / 2 if at is None else at
            pdf[0].insert_text((x, 300 + 40 * number), text, fontsize=11)

    blocks = extract(make(tmp_path / "source.pdf", "", draw=draw)).pages[0].blocks
    assert [block.text for block in blocks] == list(rows)
    return blocks


def test_rows_around_one_middle_stay_around_it(tmp_path):
    blocks = aligned(
        tmp_path, "The harbour and its ferries", "A short guide", "Second edition of the year"
    )
    assert {block.align for block in blocks} == {Align.CENTER}


def test_rows_that_begin_together_do_not(tmp_path):
    blocks = aligned(
        tmp_path,
        "The harbour and its ferries",
        "A short guide",
        "Second edition of the year",
        at=90,
    )
    assert {block.align for block in blocks} == {Align.LEFT}


def test_a_row_by_itself_says_nothing(tmp_path):
    (block,) = aligned(tmp_path, "A short guide")
    assert block.align is Align.LEFT


def test_a_page_with_a_few_words_has_room_on_both_sides(tmp_path):
    (block,) = aligned(tmp_path, "A short guide")
    assert block.room[0] < 100
    assert block.room[2] > 500


def test_rows_of_one_title_around_a_middle_are_around_it_together(tmp_path):
    def draw(pdf):
        for y, text in (
            (300, "Proposal templates"),
            (313, "(annex)"),
            (340, "Research and innovation actions"),
        ):
            pdf[0].insert_text((250 - FONT.text_length(text, 11) / 2, y), text, fontsize=11)

    title, below = extract(make(tmp_path / "source.pdf", LOREM, draw=draw)).pages[0].blocks[-2:]
    assert (title.align, len(title.lines), below.align) == (Align.CENTER, 2, Align.CENTER)
    assert title.room[2] - title.room[0] > 2 * (title.bbox[2] - title.bbox[0])


def test_an_initial_in_the_middle_of_a_cell_is_no_marker(tmp_path):
    def draw(pdf):
        pdf[0].draw_rect((100, 290, 300, 320))
        pdf[0].insert_text(
            (200 - FONT.text_length("B. Guillon", 11) / 2, 308), "B. Guillon", fontsize=11
        )

    (block,) = extract(make(tmp_path / "source.pdf", "", draw=draw)).pages[0].blocks
    assert (block.text, block.align) == ("B. Guillon", Align.CENTER)


def test_what_stands_on_a_rule_is_not_pushed_over_it(tmp_path):
    def draw(pdf):
        pdf[0].insert_textbox(
            (72, 200, 240, 260), "Instructions for filling in the form", fontsize=22
        )
        pdf[0].insert_text((72, 262), "For those who live abroad", fontsize=12)
        pdf[0].draw_line((72, 266), (523, 266), width=2)

    blocks = extract(make(tmp_path / "source.pdf", "", draw=draw)).pages[0].blocks
    assert [block.under for block in blocks] == [None] * len(blocks)


def test_a_middle_in_common_is_chance_where_many_texts_begin(tmp_path):
    def draw(pdf):
        for number, text in enumerate(("Weddings", "Spouse", "Children of all", "Education")):
            pdf[0].insert_text((100, 300 + 40 * number), text, fontsize=11)
        over = "A list of families"
        x = 100 + (FONT.text_length("Weddings", 11) - FONT.text_length(over, 11)) / 2
        pdf[0].insert_text((x, 280), over, fontsize=11)

    blocks = extract(make(tmp_path / "source.pdf", "", draw=draw)).pages[0].blocks
    assert {block.align for block in blocks if not block.text.startswith("A list")} == {Align.LEFT}
