"""What is seen of a page on which texts were set by hand."""

from dataclasses import replace

import pytest

from dragoman.domain.document import Block, BlockKind, Line, Run, Span, Style
from pipeline.pdf.fonts.fallback_fonts import Fonts
from pipeline.pdf.typesetting.collisions import Placed, misplaced, placed, unerased
from pipeline.pdf.typesetting.line_breaking import SetLine, Setting
from pipeline.pdf.typesetting.shaping import Words

SHEET = (0.0, 0.0, 595.0, 842.0)
HOME = (50.0, 90.0, 150.0, 104.0)


def line(x0, x1, baseline=100.0):
    return (x0, baseline - 4.8, x1, baseline + 0.4)


def block(x0, baseline, x1):
    box = (x0, baseline - 7.5, x1, baseline + 2.2)
    span = Span("word", Style(size=10), box, baseline)
    return Block(
        "a", BlockKind.PARAGRAPH, box, (Line((span,), box),), (Run("word", Style(size=10)),)
    )


def test_texts_side_by_side_and_one_under_the_other_are_fine():
    texts = [Placed((line(50, 250), line(50, 250, 106)), HOME), Placed((line(254, 400),), HOME)]
    assert misplaced(texts, [line(50, 250, 94)], SHEET) == set()


def test_the_text_that_left_its_box_is_to_blame():
    grown, at_home = (
        Placed((line(50, 220),), HOME),
        Placed((line(180, 300),), (180.0, 90.0, 300.0, 104.0)),
    )
    assert misplaced([grown, at_home], [], SHEET) == {0}


def test_texts_that_lie_on_each_other_in_the_original_may_do_so():
    texts = [Placed((line(50, 150),), HOME), Placed((line(60, 140),), HOME)]
    assert misplaced(texts, [], SHEET) == set()


def test_a_text_does_not_lie_on_itself():
    assert misplaced([Placed((line(50, 220), line(50, 220, 101)), HOME)], [], SHEET) == set()


def test_a_text_on_what_is_kept_is_to_blame():
    assert misplaced([Placed((line(50, 220),), HOME)], [line(200, 260)], SHEET) == {0}


def test_touching_at_a_corner_is_no_overlap():
    assert misplaced([Placed((line(50, 220),), HOME)], [line(215, 460, 104)], SHEET) == set()


@pytest.mark.parametrize("out", [line(500, 600), line(-9, 60), line(50, 150, 850)])
def test_a_text_that_leaves_the_page_is_to_blame(out):
    assert misplaced([Placed((out,), HOME)], [], SHEET) == {0}


PARAGRAPH = (50.0, 80.0, 250.0, 116.0)
ITS_LINES = (line(50, 250, 88), line(50, 120, 100), line(50, 250, 112))


def test_a_paragraph_over_what_stands_between_its_lines_is_to_blame():
    text = Placed((line(50, 250, 88), line(50, 240, 100), line(50, 250, 112)), PARAGRAPH, ITS_LINES)
    assert misplaced([text], [line(150, 200)], SHEET) == {0}
    assert misplaced([text], [line(60, 100)], SHEET) == set()  # the original lay on that too
    word = Placed((line(150, 200),), (150.0, 90.0, 200.0, 104.0), (line(150, 200),))
    assert misplaced([word, text], [], SHEET) == {1}


def test_a_line_reaches_as_far_as_its_blanks_and_narrow_letters_go():
    words = Words(Fonts()).of([Run("Some words of a line", Style(size=10))])
    width = sum(word.width + (word.blank.width if word.blank else 0) for word in words)
    unbroken = [replace(words[0], blank=None), *words[1:]]
    (plain,) = placed(
        Setting((SetLine(words, 50, 100, 3),), 1, fits=True), 10, (1.0, 0.0), HOME
    ).lines
    (narrow,) = placed(
        Setting((SetLine(words, 50, 100),), 1, fits=True, narrow=0.9), 10, (1.0, 0.0), HOME
    ).lines
    (less,) = placed(
        Setting((SetLine(unbroken, 50, 100, 3),), 1, fits=True), 10, (1.0, 0.0), HOME
    ).lines
    assert plain[2] == pytest.approx(50 + width + 4 * 3 - 0.4)
    assert narrow[2] == pytest.approx(50 + 0.9 * width - 0.4)
    assert less[2] == pytest.approx(plain[2] - 3 - words[0].blank.width)


def test_a_text_without_a_home_there_is_not_judged():
    assert misplaced([Placed((line(50, 220),), None)], [line(200, 260)], SHEET) == set()


def test_a_block_of_whose_lines_a_word_is_left_was_not_erased():
    blocks = [block(50, 100, 150), block(50, 120, 150)]
    assert unerased([(60, 113, 80, 123)], blocks) == {1}
    assert unerased([(60, 104, 80, 113), (200, 93, 220, 103)], blocks) == set()
