"""Where blocks go when a page is read from the right: values in, edges out.

All pages are 400 points wide.
"""

import pytest

from dragoman.domain.document import Align, Block, BlockKind, Line, Page, Run, Span, Style
from pipeline.pdf.model.text_rows import Marks
from pipeline.pdf.typesetting.rtl_mirroring import plan

WIDTH = 400.0
STYLE = Style(size=10.0)


def block(
    name, x0, x1, y, text="Words", *, lines=1, kept=False, align=Align.LEFT, direction=(1.0, 0.0)
):
    """A block with its first line's top at `y`, its lines 12 points apart."""
    boxes = [(x0, y + 12 * place, x1, y + 12 * place + 9.7) for place in range(lines)]
    rows = tuple(Line((Span(text, STYLE, box, box[3] - 2.2),), box, direction) for box in boxes)
    runs = (Run(text, STYLE),)
    kind = BlockKind.FORMULA if kept else BlockKind.PARAGRAPH
    whole = (x0, boxes[0][1], x1, boxes[-1][3])
    return Block(
        name, kind, whole, rows, runs, align, None if kept else runs, None if kept else whole
    )


def column(name, x0, x1, y):
    return block(name, x0, x1, y, lines=10)


def planned(*blocks, **marks):
    return plan(Page(0, WIDTH, 600.0, 0, blocks), Marks(**marks))


def side(found, one):
    """From where to where a block goes, in whole points."""
    left, right = found.edges[one.id]
    return round(left + right - one.bbox[2]), round(left + right - one.bbox[0])


def test_the_number_of_a_section_goes_to_the_right_of_its_title():
    number, title = block("n", 50, 60, 100, "1.", kept=True), block("t", 70, 150, 100)
    found = planned(number, title, column("c", 50, 350, 120))
    assert (side(found, number), side(found, title)) == ((340, 350), (250, 330))
    assert found.moved == {"n": number}


def test_a_heading_goes_to_the_right_edge_of_its_own_column():
    heading = block("h", 50, 90, 100)
    found = planned(heading, column("a", 50, 190, 120), column("b", 210, 350, 100))
    assert side(found, heading) == (150, 190)


def test_a_header_over_the_columns_changes_sides_across_the_page():
    title, number = block("t", 50, 120, 40), block("n", 330, 350, 40, "17", kept=True)
    found = planned(title, number, column("a", 50, 190, 120), column("b", 210, 350, 120))
    assert (side(found, title), side(found, number)) == ((280, 350), (50, 70))


def test_cells_change_sides_between_the_ends_of_the_rules():
    cells = [
        block(f"{row}{place}", 60 + 60 * place, 100 + 60 * place, 100 + 20 * row)
        for row in range(2)
        for place in range(3)
    ]
    rules = tuple((60.0, 97.0 + 20 * row, 240.0, 98.0 + 20 * row) for row in range(3))
    found = planned(*cells, block("far", 50, 350, 300), rules=rules)
    assert [side(found, cell) for cell in cells[:3]] == [(200, 240), (140, 180), (80, 120)]


def test_figures_under_each_other_stay_so():
    rows = [
        (
            block(f"t{row}", 50, 150, 100 + 20 * row),
            block(f"f{row}", 350 - 8 * row, 350, 100 + 20 * row, "1" * row, kept=True),
        )
        for row in (1, 2, 3)
    ]
    found = planned(*(one for row in rows for one in row))
    assert {side(found, figure)[1] for _, figure in rows} == {74}


def test_walls_that_do_not_look_the_same_mirrored_keep_each_text_in_its_cell():
    first, second = block("a", 53, 90, 100), block("b", 123, 160, 100)
    walls = tuple((x, 95.0, x + 1, 115.0) for x in (50.0, 120.0, 349.0))
    found = planned(first, second, walls=walls)
    assert side(found, first)[1] <= 120
    assert side(found, second)[0] >= 120


def test_a_picture_in_a_row_keeps_its_place_and_its_neighbour_beside_it():
    caption = block("a", 210, 260, 100)
    found = planned(caption, block("b", 50, 350, 300), pictures=((50.0, 90.0, 200.0, 140.0),))
    assert side(found, caption)[0] >= 200


def test_a_title_on_a_picture_stays_in_its_middle():
    title = block("t", 130, 170, 300)
    found = planned(
        title, block("p", 340, 350, 560, "1", kept=True), pictures=((50.0, 250.0, 250.0, 350.0),)
    )
    assert side(found, title) == (130, 170)


def test_what_cannot_be_set_anew_stays_and_nothing_comes_over_it():
    formula, text = block("f", 50, 120, 100, "α∮β", kept=True), block("t", 150, 200, 100)
    found = planned(formula, text, block("w", 50, 350, 300))
    assert "f" not in found.moved
    assert side(found, text)[0] >= 120


def test_text_at_the_right_beside_a_picture_stays_there():
    words = block("a", 300, 350, 40, align=Align.RIGHT)
    found = planned(words, block("b", 50, 350, 300), pictures=((50.0, 30.0, 120.0, 60.0),))
    assert "a" not in found.edges
    assert found.ends == {"a"}


def test_text_in_another_direction_stays_where_it_begins():
    found = planned(column("a", 50, 350, 100), block("v", 20, 30, 300, direction=(0.0, -1.0)))
    assert "v" in found.ends
    assert "v" not in found.edges


FIELD = (95.0, 98.0, 140.0, 112.0)


def test_a_form_is_mirrored_with_its_fields():
    label = block("a", 50, 90, 100)
    found = planned(label, block("b", 150, 200, 100), fields=(FIELD,))
    assert found.flipped == (1.0, 0.0)
    assert side(found, label) == (310, 350)


@pytest.mark.parametrize(
    "stays", [{"pictures": ((300.0, 300.0, 350.0, 350.0),)}, {"kept": "∮"}, {"may_flip": False}]
)
def test_a_form_that_cannot_be_mirrored_stays_as_it_is(stays):
    blocks = [block("a", 50, 90, 100), block("b", 150, 200, 100)]
    blocks += [block("k", 60, 90, 400, stays["kept"], kept=True)] if "kept" in stays else []
    page = Page(0, WIDTH, 600.0, 0, tuple(blocks))
    found = plan(
        page,
        Marks(fields=(FIELD,), pictures=stays.get("pictures", ())),
        may_flip=stays.get("may_flip", True),
    )
    assert (found.edges, found.moved, found.flipped) == ({}, {}, None)


def test_what_runs_across_a_mirrored_page_goes_to_the_other_side_and_keeps_its_direction():
    upright, across = block("a", 50, 90, 100), block("v", 20, 30, 300, direction=(0.0, -1.0))
    found = planned(upright, across, fields=(FIELD,))
    # Its box lies from 20 to 30 points of 400: 350 points further right it lies from 370 to 380.
    assert found.lifts == {"v": 350}
    assert "v" in found.ends


def table(direction=(1.0, 0.0)):
    """Three columns of unlike width, and their walls."""
    cells = [
        block(f"{row}{x}", x, x + 30, 100 + 20 * row, direction=direction)
        for row in range(6)
        for x in (60.0, 160.0, 220.0)
    ]
    return cells, tuple((x, 95.0, x + 1, 220.0) for x in (55.0, 155.0, 215.0, 280.0))


def test_a_page_that_is_a_table_is_mirrored_with_its_walls():
    cells, walls = table()
    found = planned(*cells, walls=walls)
    assert found.flipped == (1.0, 0.0)
    assert side(found, cells[0]) == (310, 340)


@pytest.mark.parametrize("more", [{"pictures": ((300.0, 300.0, 350.0, 350.0),)}, {"kept": "∮"}])
def test_a_table_beside_what_cannot_be_mirrored_keeps_its_walls(more):
    cells, walls = table()
    cells += [block("k", 60, 90, 400, more["kept"], kept=True)] if "kept" in more else []
    found = planned(*cells, walls=walls, pictures=more.get("pictures", ()))
    assert found.flipped is None
    assert side(found, cells[0])[1] <= 155


def test_no_two_blocks_of_a_page_come_over_each_other():
    blocks = [
        block("m", 50, 58, 100, "•", kept=True), block("t", 66, 190, 100, lines=2), column("a", 66, 190, 130),
        column("b", 210, 350, 100), block("h", 50, 200, 40), block("p", 320, 350, 40, "3", kept=True), block("e", 150, 260, 270),
    ]  # fmt: skip
    found = planned(*blocks)
    boxes = [(*side(found, one), one.bbox[1], one.bbox[3]) for one in blocks]
    for place, (x0, x1, y0, y1) in enumerate(boxes):
        assert not [
            o
            for o in boxes[place + 1 :]
            if min(x1, o[1]) > max(x0, o[0]) and min(y1, o[3]) > max(y0, o[2])
        ]
