"""Which drawn lines are underlines, and of which words."""

import pymupdf
import pytest

from pipeline.pdf.reading.page_reader import read

Y = 100


def read_with(line, words="Sign the whole contract today", size=11):
    """What is read of a row of words with a drawn line: from one word to another, so far under
    their baseline (points).
    """
    with pymupdf.open() as pdf:
        sheet = pdf.new_page()
        sheet.insert_text((72, Y), words, fontsize=size)
        if line:
            x0, x1, off = line
            sheet.draw_line((x0, Y + off), (x1, Y + off), width=0.6)
        with pymupdf.open("pdf", pdf.tobytes()) as again:
            return read(again[0])


def place(words, of="Sign the whole contract today", size=11):
    """From where to where some of the words stand."""
    before = pymupdf.get_text_length(of[: of.index(words)], fontsize=size)
    return 72 + before, 72 + before + pymupdf.get_text_length(words, fontsize=size)


def underlined(reading):
    return [
        span.text.strip()  # blanks have the style of what stands before them
        for rows in reading.rows.values()
        for row in rows
        for span in row.spans
        if span.style.underlined
    ]


@pytest.mark.parametrize("words", ["Sign", "whole", "whole contract", "today"])
def test_the_words_over_a_line_are_underlined(words):
    assert underlined(read_with((*place(words), 1.5))) == [words]


def test_a_row_with_an_underlined_word_stays_one_row():
    rows = next(iter(read_with((*place("whole"), 1.5)).rows.values()))
    assert [row.text for row in rows] == ["Sign the whole contract today"]


def test_an_underline_is_no_rule():
    reading = read_with((*place("whole"), 1.5))
    assert len(reading.underlines) == 1
    assert reading.marks.rules == ()


@pytest.mark.parametrize(
    "line",
    [
        (72, 400, 1.5),  # the rule of a table
        (40, 120, 1.5),
        (*place("whole"), 5.0),  # a fraction's bar, a rule under a heading
        (*place("whole"), -3.5),  # struck through
        None,
    ],
)
def test_other_lines_are_rules(line):
    reading = read_with(line)
    assert underlined(reading) == []
    assert reading.underlines == ()
    assert len(reading.marks.rules) == (line is not None)
