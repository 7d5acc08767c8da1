"""The box of a text keeps to the page."""

from dataclasses import replace

from pipeline.pdf.typesetting.line_breaking import Box
from pipeline.pdf.typesetting.text_boxes import MARGIN, on_sheet

SHEET = (0.0, 0.0, 595.0, 842.0)
BOX = Box(72.0, 500.0, 100.0, 200.0, 11.0, 13.0, original_right=500.0)


def test_a_box_on_the_page_stays():
    assert on_sheet(BOX, SHEET) is BOX
    at_the_edge = replace(BOX, right=588.0)
    assert on_sheet(at_the_edge, SHEET) is at_the_edge


def test_a_text_that_left_the_page_is_set_on_it():
    off = replace(BOX, right=700.0, original_right=700.0)
    assert on_sheet(off, SHEET) == replace(BOX, right=595.0 - MARGIN, original_right=595.0 - MARGIN)
    assert on_sheet(replace(BOX, left=-40.0), SHEET).left == MARGIN
    assert on_sheet(replace(BOX, right=594.0), SHEET).right == 595.0 - MARGIN


def test_what_is_mostly_off_the_page_stays_there():
    off = replace(BOX, left=500.0, right=900.0)
    assert on_sheet(off, SHEET) is off
