from dragoman.domain.document import Family, Span, Style
from pipeline.pdf.analysis.page_graphics import Ground
from pipeline.pdf.analysis.structure.margins import numbered_margin
from pipeline.pdf.analysis.structure.page_model import page_model
from pipeline.pdf.analysis.structure.placed import common_edge
from pipeline.pdf.analysis.structure.row_joining import decisions
from pipeline.pdf.model.text_rows import Marks, Row


class Page:
    """Rows placed by hand; what is decided of each, by its words."""

    def __init__(self):
        self.rows = []

    def put(self, text, x, baseline, *, size=10.0, x1=None, also=(), **style):
        x1 = x + 0.5 * size * len(text) if x1 is None else x1
        span = Span(text, Style(Family.SERIF, size, **style), (x, 0, x1, 0), baseline)
        self.rows.append(Row((span,), len(self.rows), x, x1, baseline, size, also=also))
        return self

    def lines(self, *texts, x=50, top=100, leading=12, **options):
        for number, text in enumerate(texts):
            self.put(text, x, top + leading * number, **options)
        return self

    def model(self, **marks):
        return page_model(self.rows, Ground(Marks(**marks)))

    def rules(self, **marks):
        model = self.model(**marks)
        decided = decisions(model)
        return {
            one.text: decided[one.row.order].rule for one in model.rows if one.row.order in decided
        }


def of(model, text):
    return next(one for one in model.rows if one.text == text)


def test_rows_of_one_baseline_are_a_line():
    model = Page().put("a value", 200, 100.5).put("a label", 50, 100).put("below", 50, 112).model()
    assert [[one.text for one in line] for line in model.lines] == [
        ["a label", "a value"],
        ["below"],
    ]


def test_the_row_above_is_the_nearest_that_shares_some_width():
    page = Page().lines("far above it", "right above it").put("beside", 300, 112)
    model = page.put("under both", 50, 124).model()
    assert model.above[of(model, "under both").row.order].text == "right above it"


def test_edges_are_of_the_left_the_middle_or_the_right():
    model = Page().lines("wide row of words", "narrow", "narrow!", "indented").model()
    wide, narrow = model.rows[:2]
    assert common_edge(wide, narrow) == "left"
    page = Page().put("wide row", 50, 100, x1=150).put("middle", 75, 112, x1=125)
    wide, middle = page.put("right", 120, 124, x1=150).model().rows[:2]
    assert common_edge(wide, middle) == "centre"
    assert common_edge(wide, page.model().rows[2]) == "right"


TABLE = (("Berths", "twelve"), ("Depth", "nine metres"), ("Cranes", "two of them"))


def table(rows=TABLE):
    page = Page()
    for number, cells in enumerate(rows):
        for place, text in enumerate(cells):
            page.put(text, 50 + 150 * place, 100 + 15 * number)
    return page


def test_lines_that_share_edges_are_a_table():
    model = table().model()
    found = {model.tables[one.row.order] for one in model.rows}
    assert len(found) == 1
    assert found.pop().pitch == 15


def test_two_lines_that_share_edges_are_none():
    assert table(TABLE[:2]).model().tables == {}


def columns_of_text():
    page = Page()
    words = (
        "with which the ferry goes",
        "and so it leaves each day",
        "until the bell is heard again",
    )
    for number, text in enumerate((*words, "before anybody is aboard")):
        for x in (50, 250):
            page.put(text, x, 100 + 12 * number)
    return page


def test_columns_of_text_side_by_side_are_no_table():
    assert columns_of_text().model().tables == {}


def test_many_rows_in_small_letters_make_an_edge_of_text():
    model = columns_of_text().model()
    assert model.prose[50, 10] == 3
    assert model.prose.get((120, 10), 0) == 0


def test_entries_that_begin_with_one_word_make_no_edge_of_text():
    model = Page().lines(*(f"pointer to a handle of kind {kind}" for kind in "abcdef")).model()
    assert max(model.prose.values()) == 1


def numbered(texts):
    page = Page()
    for number, text in enumerate(texts, start=1):
        page.put(str(number), 60, 100 + 25 * number, x1=70).put(
            text, 100, 100 + 25 * number, x1=400
        )
    return page


SPOKEN = (
    "The matter came on for argument",
    *["before the court of the islands and"] * 8,
    "he sat.",
)


def test_numbers_of_lines_are_a_margin():
    page = numbered(SPOKEN)
    assert len(numbered_margin(page.rows)) == 10


def test_numbers_of_entries_are_none():
    assert not numbered_margin(numbered([f"Entry of the {n}th day" for n in range(12)]).rows)


def test_a_sentence_goes_on_over_numbered_lines():
    page = numbered([*(f"{letter}nd so it went on and on" for letter in "Abcdefgh"), "they sat."])
    assert set(page.rules().values()) == {"one sentence"}


def test_a_typed_rule_is_no_row_of_a_text():
    page = Page().lines("- - - - - - - - - - - x", "The matter came on for argument")
    assert set(page.rules().values()) == {"a line of signs"}


def test_small_capitals_do_not_make_a_row_smaller():
    page = Page().lines("comments to the address that stands under the", x1=250)
    page.put("ADDRESSES section. Include it", 50, 112, size=7.0, also=(10.0,), x1=240)
    assert page.rules()["ADDRESSES section. Include it"] != "size"


def test_rows_that_end_before_their_column_does_are_rows():
    page = Page().lines("A row of text that is as wide as its column is, from edge to edge", x1=400)
    page.lines("Veterans of the Day", "Parents of the School", "Evening Classes", top=130)
    found = page.rules()
    assert found["Parents of the School"] == "much room behind"


def test_what_stands_to_the_right_ends_the_column():
    page = Page().lines("A row of text that is as wide as its column is, from edge to edge", x1=400)
    page.lines("Morning ferries to the", "Island of Saints", top=130, x1=170)
    beside = ((185, 120, 400, 150),)
    assert page.rules(pictures=beside)["Island of Saints"] == "fits"


def test_cells_of_a_table_are_rows_though_they_could_be_a_sentence():
    page = table([("escape", "leaves it"), ("new line", "ends it"), ("form feed", "turns it")])
    assert set(page.rules().values()) == {"rows of a table"}


def test_events_with_dates_are_of_one_shape():
    page = Page().lines(
        "Nov. 7 · Vision Screening 8:30 to noon (Grades K and 5)",
        "Nov. 10 · Veterans Day Holiday · NO SCHOOL today",
        x1=300,
    )
    assert set(page.rules().values()) == {"same shape"}


def test_entries_of_an_index_are_rows():
    page = Page().lines("ferry, 3, 17–19", "fog", "  bell, 8", "harbour, 21", x1=110)
    assert set(page.rules().values()) == {"entries of an index"}


def test_an_entry_of_contents_goes_on_up_to_its_dots():
    page = Page().lines("THE MEASURES THAT WERE TAKEN IN THE", "HARBOUR ............... 17")
    assert page.rules()["HARBOUR ............... 17"] == "an entry that goes on"


def test_an_underline_parts_nothing_and_a_rule_does():
    page = Page().lines("the words that somebody", "underlined go on here", x1=165)
    under, wide = (50, 101, 165, 102), (40, 103, 300, 104)
    assert page.rules(rules=(under,)) != page.rules(rules=(wide,))
    assert page.rules(rules=(wide,))["underlined go on here"] == "rule or fill"


def test_fills_behind_each_row_of_a_text_part_nothing():
    long = "a row of text that a word processor has put a fill behind"
    page = Page().lines(long, "Another one that goes on in the same way to its end", x1=300)
    bands = ((50, 90, 300, 102), (50, 102, 300, 114))
    assert "rule or fill" not in page.rules(fills=bands).values()
    cells = ((50, 90, 300, 100), (50, 104, 300, 114))
    assert set(page.rules(fills=cells).values()) == {"rule or fill"}


def test_references_begin_with_their_number_and_hang_under_it():
    page = Page().put("[3] C. Chambers and D. Ungar: Customization of", 50, 100, x1=300)
    page.put("Technology for a Language", 66, 112).put("[4] Another work of theirs", 50, 124)
    assert page.rules() == {
        "Technology for a Language": "hangs under a marker",
        "[4] Another work of theirs": "marker",
    }


def test_codes_in_a_drawing_are_rows():
    assert Page().lines("Y2", "Y1").rules() == {"Y1": "numbers"}


def test_every_decision_says_what_it_weighed():
    page = Page().lines("One text over", "Another, far below", leading=22)
    model = page.model()
    (decision,) = decisions(model).values()
    assert (decision.joined, decision.rule) == (False, "leading")
    assert decision.value == 22
    assert decision.limit == 17.5


def test_lines_of_an_address_in_a_narrow_box_are_rows():
    page = Page().lines("Review Board of the Army", "251 18th Street", "Arlington, VA 22202-3531")
    assert set(page.rules().values()) == {"lines of an address"}


def test_a_label_of_two_rows_before_one_field_is_one():
    page = Page().lines("Enter your International Phone", "Number (if there is one)")
    beside = page.rules(fields=((205, 92, 300, 114),))
    assert "form field behind the upper row" not in beside.values()
    own = page.rules(fields=((205, 92, 300, 102),))
    assert set(own.values()) == {"form field behind the upper row"}


def test_a_box_to_tick_before_both_rows_of_its_label_parts_nothing():
    page = Page().lines("Sexual assault or any other", "Harassment by somebody")
    assert "form field before it" not in page.rules(fields=((35, 92, 48, 114),)).values()
    assert set(page.rules(fields=((35, 104, 48, 114),)).values()) == {"form field before it"}


def test_a_field_in_the_next_cell_answers_nothing():
    page = Page().lines("Is this request about any of", "These wars or operations?")
    field, wall = (215, 92, 230, 102), (200, 80, 201, 120)
    assert page.rules(fields=(field,), walls=(wall,)) != page.rules(fields=(field,))


def test_code_under_a_full_row_may_begin_a_sentence():
    page = Page().lines("These are convenient interfaces to the tables in the database.", x1=300)
    row = page.rows[0]
    code = Span("readTable", Style(Family.MONO, 10.0, font="Courier"), (50, 0, 100, 0), 112)
    rest = Span(
        " and its friends copy to and from frames,",
        Style(Family.SERIF, 10.0),
        (100, 0, 300, 0),
        112,
    )
    page.rows.append(Row((code, rest), 1, 50, 300, 112, row.size))
    assert "begins in another typeface" not in page.rules().values()


def test_the_head_of_a_column_over_the_last_line_of_a_head_is_one_text():
    page = table([("Total", "White", "Native"), ("Alabama", "1,204", "377"), ("Alaska", "12", "7")])
    page.put("American", 350, 85, x1=400)
    assert page.rules()["Native"] != "rows of a table"
