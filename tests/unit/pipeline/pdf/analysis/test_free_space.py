from pipeline.pdf.analysis.free_space import GAP, Rooms
from pipeline.pdf.analysis.page_graphics import Ground, Neighbours
from pipeline.pdf.model.text_rows import Marks

PAGE = (0.0, 0.0, 595.0, 842.0)
TEXT = (72.0, 100.0, 172.0, 112.0)


def room(*others, marks=None, single=True):
    return Rooms(
        [TEXT, (72, 60, 523, 72), (72, 780, 523, 792), *others], Ground(marks or Marks()), PAGE
    ).around(TEXT, single=single)


def test_a_row_may_grow_to_the_margin():
    assert room()[2] == 523


def test_it_stops_before_a_neighbour_on_its_row():
    assert room((300, 100, 400, 112))[2] == 300 - GAP


def test_it_stops_before_the_wall_of_its_cell():
    assert room(marks=Marks(walls=((250, 50, 251, 200),)))[2] < 250


def test_it_stays_on_the_fill_that_it_stands_on():
    inside = room(marks=Marks(fills=((60, 90, 220, 130),)))
    assert inside[2] < 220
    assert inside[3] < 130


def test_it_stays_clear_of_form_fields():
    assert room(marks=Marks(fields=((200, 98, 300, 114),)))[2] < 200


def test_a_paragraph_keeps_its_width_and_grows_down_to_the_next_text():
    x0, _, x1, y1 = room((72, 160, 300, 172), single=False)
    assert (x0, x1) == (72, 172)
    assert 112 < y1 < 160


def test_text_behind_a_picture_counts_as_standing_on_it():
    assert room(marks=Marks(pictures=((0, 0, 595, 842),)))[2] == 523


def test_the_room_always_holds_the_text_itself():
    crowded = room((72, 108, 300, 120), (150, 95, 300, 130))
    assert crowded[0] <= TEXT[0]
    assert crowded[2] >= TEXT[2]
    assert crowded[3] >= TEXT[3]


def test_neighbours_below_are_found_across_bands():
    neighbours = Neighbours([(0, 500, 600, 510), (300, 50, 310, 60)])
    assert neighbours.next_below(10, 20, 0) == 500
    assert neighbours.next_below(300, 305, 0) == 50
    assert neighbours.next_below(700, 800, 0) is None


def test_a_row_stays_in_the_column_that_entries_end_at():
    entries = [
        (72.0, 130.0 + 20 * place, 250.0 + place / 4, 142.0 + 20 * place) for place in range(4)
    ]
    beside = (300, 100, 400, 112)
    within = Rooms([TEXT, beside, *entries], Ground(Marks()), PAGE, entries).around(
        TEXT, single=True
    )
    assert 250 <= within[2] <= 251
    too_few = Rooms([TEXT, beside, *entries], Ground(Marks()), PAGE, entries[:3]).around(
        TEXT, single=True
    )
    assert too_few[2] == 300 - GAP


def test_a_title_of_some_rows_grows_sideways_where_nothing_is_beside_it():
    alone = Rooms([TEXT, (72, 60, 523, 72)], Ground(Marks()), PAGE)
    assert alone.around(TEXT, single=False, title=True)[2] == 523
    beside = Rooms([TEXT, (72, 60, 523, 72), (300, 100, 400, 112)], Ground(Marks()), PAGE)
    assert beside.around(TEXT, single=False, title=True)[2] == TEXT[2]


def test_a_rule_under_a_text_is_a_mark_of_its_own():
    rule = (40, 113, 572, 115)
    assert Rooms([TEXT], Ground(Marks(rules=(rule,))), PAGE).has_mark(TEXT)
    assert not Rooms([TEXT], Ground(Marks(rules=((40, 130, 572, 132),))), PAGE).has_mark(TEXT)
