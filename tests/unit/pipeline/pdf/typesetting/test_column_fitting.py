"""The paragraphs of a column share its room."""

from itertools import pairwise

import pymupdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.domain.document import Align, Family, Run, Style
from dragoman.domain.job import Options
from pipeline.pdf.fonts.fallback_fonts import Fonts
from pipeline.pdf.typesetting.column_fitting import LOOKS, NEVER, Column, tops
from pipeline.pdf.typesetting.line_breaking import ASCENT, DESCENT, Box, unsplit
from pipeline.pdf.typesetting.shaping import Words
from pipeline.pdf.typesetting.size_harmony import Fitted, fit_all
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import reconstruct
from tests.pdfs import make, retyped

WORDS = Words(Fonts("de"))
STYLE = Style(Family.SERIF, 10.0)
SENTENCE = "seven words make up a line here "
PARAGRAPH = (
    "The ferry runs every hour from the old harbour to the island and back, also on Sundays. " * 3
)


def text(lines, baseline, *, room=0, was=None, single=False):
    """So many lines of words where `was` as many were, with `room` under them in points, and
    their box.
    """
    last = baseline + 12 * ((was or lines) - 1)
    box = Box(
        0,
        150,
        baseline,
        last + DESCENT * 10 + room,
        10,
        12,
        single=single,
        original_right=150,
        last=last,
    )
    return WORDS.of([Run((SENTENCE * lines).strip(), STYLE)]), box


class TestTops:
    """Where texts of a column begin."""

    def test_what_needs_no_more_room_stays(self):
        assert tops([0, 50, 100], [40, 30, 40], [10, 10], (140, 150), most=9, crowded=False) == [
            0,
            50,
            100,
        ]

    def test_what_is_in_the_way_is_pushed_and_all_are_spaced_evenly(self):
        assert tops([0, 50, 100], [46, 30, 40], [6, 6], (140, 150), most=20, crowded=False) == [
            0,
            58,
            100,
        ]

    def test_what_would_be_far_apart_then_is_only_pushed(self):
        assert tops([0, 50, 100], [46, 10, 10], [6, 6], (140, 150), most=9, crowded=False) == [
            0,
            52,
            100,
        ]

    def test_in_a_crowded_column_they_follow_each_other(self):
        assert tops([0, 50, 100], [46, 10, 10], [6, 6], (140, 150), most=9, crowded=True) == [
            0,
            61,
            86,
        ]

    def test_what_is_short_makes_room_for_what_follows(self):
        assert tops([0, 50, 100], [20, 30, 60], [10, 10], (140, 140), most=9, crowded=True) == [
            0,
            35,
            80,
        ]

    def test_there_may_be_no_room(self):
        assert tops([0, 50], [60, 70], [6], (100, 130), most=9, crowded=True) is None

    @given(st.lists(st.floats(5, 80), min_size=2, max_size=6), st.floats(0, 400), st.booleans())
    def test_nothing_overlaps_and_nothing_leaves_the_column(self, heights, end, crowded):
        wanted = [40.0 * place for place in range(len(heights))]
        found = tops(
            wanted, heights, [2.0] * (len(heights) - 1), (end, end), most=9, crowded=crowded
        )
        if found is not None:
            ends = [top + height for top, height in zip(found, heights, strict=True)]
            assert all(
                top >= before + 2 - 1e-6 for before, top in zip(ends, found[1:], strict=False)
            )
            assert ends[-1] <= end + 1e-6


def test_a_longer_text_takes_what_the_next_one_leaves():
    first, second = text(8, 100, was=6), text(2, 190, was=4, room=12)
    column = Column([first, second], unsplit)
    look = column.least()
    upper, lower = column.settings(look)
    assert LOOKS[look].scale == 1
    assert lower.lines[0].baseline > second[1].baseline
    assert lower.lines[0].baseline - ASCENT * 10 > upper.lines[-1].baseline
    assert lower.lines[-1].baseline + DESCENT * 10 <= second[1].bottom + 0.01


def test_what_fits_with_a_look_fits_with_each_after_it():
    column = Column([text(9, 100, was=6), text(5, 190, was=4), text(3, 250, was=2)], unsplit)
    first = column.least()
    assert 0 < first < NEVER
    assert [column.settings(number) is not None for number in range(len(LOOKS))] == [
        number >= first for number in range(len(LOOKS))
    ]


def test_what_cannot_be_set_at_all_is_said():
    assert Column([text(60, 100, was=2), text(60, 130, was=2)], unsplit).least() == NEVER


def test_a_title_of_one_line_stays_one_and_keeps_its_size():
    column = Column(
        [text(9, 100, was=6), text(1, 186, single=True), text(4, 204, was=4, room=4)], unsplit
    )
    title = column.settings(column.least())[1]
    assert len(title.lines) == 1
    assert title.scale == 1


def test_columns_of_a_page_look_alike():
    texts = [Fitted(*text(9, 100, was=6), "body"), Fitted(*text(4, 190, was=4, room=4), "body")]
    beside = [Fitted(*text(6, 100, was=6), "body"), Fitted(*text(4, 190, was=4, room=30), "body")]
    alone = fit_all(beside, unsplit, [[0, 1]])
    assert {one.scale for one in alone} == {1.0}
    together = fit_all([*texts, *beside], unsplit, [[0, 1], [2, 3]])
    looks = {(one.scale, one.narrow) for one in together}
    assert len(looks) == 1
    assert looks != {(1.0, 1.0)}


@pytest.mark.parametrize(
    ("between", "moves"),
    [
        (None, True),
        (lambda page: page.draw_line((72, 179), (272, 179)), False),
        (lambda page: page.insert_text((30, 196), "Note"), False),
        (lambda page: page.draw_rect((52, 186, 62, 196)), False),
        (lambda page: page.insert_text((290, 160), "beside it, in a column of its own"), True),
    ],
    ids=["nothing", "a rule", "a label", "a box to tick", "another column"],
)
def test_a_paragraph_moves_if_nothing_is_there_to_keep_level_with(tmp_path, between, moves):
    def draw(pdf):
        page = pdf[0]
        page.insert_textbox((72, 72, 272, 176), PARAGRAPH, fontsize=10)
        page.insert_textbox((72, 184, 272, 288), PARAGRAPH, fontsize=10)
        if between:
            between(page)

    source = make(tmp_path / "source.pdf", "", draw=draw)
    blocks = {block.text[:9]: block for block in extract(source).pages[0].blocks}
    two = [block for block in extract(source).pages[0].blocks if block.text.startswith("The ferry")]
    assert len(two) == 2, blocks
    assert two[1].under == (two[0].id if moves else None)


def test_both_paragraphs_of_a_column_have_one_size_on_the_page(tmp_path):
    def draw(pdf):
        pdf[0].insert_textbox((72, 72, 272, 176), PARAGRAPH, fontsize=10)
        pdf[0].insert_textbox((72, 184, 272, 288), "An ending. " + PARAGRAPH, fontsize=10)
        pdf[0].draw_line((72, 296), (272, 296))

    source, out = make(tmp_path / "source.pdf", "", draw=draw), tmp_path / "out.pdf"
    longer = retyped(
        extract(source),
        lambda shown: shown if shown.startswith("An") else shown + shown[: len(shown) // 2],
    )
    assert reconstruct(source, longer, out, options=Options("en")) == ()
    with pymupdf.open(out) as pdf:
        lines = [line for block in pdf[0].get_text("dict")["blocks"] for line in block["lines"]]
    assert len({round(line["spans"][0]["size"], 1) for line in lines}) == 1
    ends = sorted(line["spans"][0]["origin"][1] for line in lines)
    assert min(below - above for above, below in pairwise(ends)) > 8
    assert ends[-1] < 296


def test_a_title_over_a_column_stays_around_its_middle():
    words = WORDS.of([Run("A title", STYLE)])
    title = Box(-100, 250, 0, 2, 10, 12, single=True, original_right=90, last=0, align=Align.CENTER)
    column = Column([(words, title), text(2, 24)], unsplit)
    (line,) = column.settings(0)[0].lines
    width = sum(word.width for word in words) + words[0].blank.width
    assert line.x + width / 2 == pytest.approx(75)
