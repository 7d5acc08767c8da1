import pytest

from dragoman.domain.document import Align, Family, Span, Style
from pipeline.pdf.analysis.line_joining import joined
from pipeline.pdf.analysis.page_graphics import Ground
from pipeline.pdf.analysis.paragraphs import group
from pipeline.pdf.model.text_rows import Marks, Row

WIDTH_OF_A_LETTER = 5.0


class Sheet:
    """Rows placed by hand, in the order in which a file would draw them."""

    def __init__(self):
        self.rows = []

    def put(self, text, x, baseline, *, size=10.0, x1=None, **style):
        x1 = x + len(text) * WIDTH_OF_A_LETTER if x1 is None else x1
        span = Span(
            text, Style(Family.SERIF, size, **style), (x, baseline - 8, x1, baseline + 2), baseline
        )
        self.rows.append(Row((span,), len(self.rows), x, x1, baseline, size))
        return self

    def texts(self, marks=None):
        return ["".join(run.text for run in joined(one.rows)) for one in self.grouped(marks)]

    def grouped(self, marks=None):
        return group(self.rows, Ground(marks or Marks()))


def test_lines_of_one_leading_are_one_paragraph():
    sheet = Sheet().put("The ferry leaves the", 50, 100, x1=200).put("harbour at seven.", 50, 112)
    assert sheet.texts() == ["The ferry leaves the harbour at seven."]


def test_columns_side_by_side_are_never_merged():
    sheet = Sheet().put("left one", 50, 100, x1=200).put("left two", 50, 112, x1=200)
    sheet.put("right one", 220, 100, x1=370).put("right two", 220, 112, x1=370)
    assert sheet.texts() == ["left one left two", "right one right two"]


def test_an_indent_begins_a_paragraph():
    sheet = Sheet().put("first line", 50, 100, x1=200).put("second line", 50, 112, x1=200)
    sheet.put("Indented line", 64, 124, x1=200).put("goes on", 50, 136)
    assert sheet.texts() == ["first line second line", "Indented line goes on"]


def test_an_indented_row_does_not_make_justified_text_right_aligned():
    sheet = Sheet().put("first line", 50, 100, x1=200).put("second line", 50, 112, x1=200)
    assert len(sheet.put("Indented line", 64, 124, x1=200).texts()) == 2


def test_a_line_that_ends_early_ends_its_paragraph():
    sheet = Sheet().put("A full line of words here", 50, 100, x1=250).put("The end.", 50, 112)
    sheet.put("Another begins without indent", 50, 124, x1=250)
    assert sheet.texts() == ["A full line of words here The end.", "Another begins without indent"]


@pytest.mark.parametrize("marker", ["• ", "1. ", "(a) ", "– "])
def test_a_list_marker_begins_an_item(marker):
    sheet = (
        Sheet()
        .put(f"{marker}first item here", 50, 100, x1=200)
        .put(f"{marker}second item", 50, 112, x1=200)
    )
    assert len(sheet.texts()) == 2


def test_a_number_in_brackets_in_the_middle_of_a_sentence_begins_nothing():
    sheet = (
        Sheet()
        .put("We know two kinds of boats, namely", 50, 100, x1=250)
        .put("(2) small ones and large ones too", 50, 112, x1=250)
    )
    assert len(sheet.texts()) == 1


def test_another_size_is_another_paragraph():
    sheet = (
        Sheet()
        .put("A heading over", 50, 100, size=14.0, x1=200)
        .put("the text under it", 50, 114, x1=200)
    )
    assert len(sheet.texts()) == 2


def test_a_bold_line_does_not_run_into_plain_text():
    sheet = (
        Sheet()
        .put("A bold heading of some length", 50, 100, x1=200, bold=True)
        .put("the text under it", 50, 112, x1=200)
    )
    assert len(sheet.texts()) == 2


def test_a_rule_parts_what_stands_over_and_under_it():
    sheet = (
        Sheet()
        .put("cell over the rule", 50, 100, x1=200)
        .put("cell under the rule", 50, 113, x1=200)
    )
    assert len(sheet.texts()) == 1
    assert len(sheet.texts(Marks(rules=((40, 102.5, 300, 103.5),)))) == 2


def test_text_on_a_fill_is_apart_from_text_beside_it():
    sheet = (
        Sheet().put("title on a band", 50, 100, x1=200).put("text on plain paper", 50, 112, x1=200)
    )
    assert len(sheet.texts(Marks(fills=((40, 88, 300, 104),)))) == 2


def test_rows_of_a_table_without_rules_are_not_merged():
    sheet = Sheet()
    for row, (name, number) in enumerate([("Alabama", "1,204"), ("Alaska", "377")]):
        sheet.put(name, 50, 100 + 12 * row, x1=90).put(number, 120, 100 + 12 * row).put(
            "7%", 180, 100 + 12 * row
        )
    assert "Alabama" in sheet.texts()
    assert "Alaska" in sheet.texts()


def test_labels_of_form_fields_are_not_merged():
    sheet = Sheet().put("First name", 50, 100, x1=100).put("Last name", 50, 113, x1=100)
    fields = ((110, 92, 200, 102), (110, 105, 200, 115))
    assert len(sheet.texts(Marks(fields=fields))) == 2


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(50, 250), (50, 250), (50, 120)], Align.JUSTIFY),
        ([(50, 250), (50, 230), (50, 120)], Align.LEFT),
        ([(50, 250), (60, 240), (70, 230)], Align.CENTER),
        ([(50, 250), (90, 250), (70, 250)], Align.RIGHT),
    ],
)
def test_alignment_is_told_from_the_edges(rows, expected):
    sheet = Sheet()
    for number, (x0, x1) in enumerate(rows):
        sheet.put("words that go on and", x0, 100 + 12 * number, x1=x1)
    assert [one.align for one in sheet.grouped()] == [expected]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("the jour-", "ney home", "the journey home"),
        ("the jour\u00ad", "ney home", "the journey home"),
        ("the Anglo-", "Saxon poem", "the Anglo-Saxon poem"),
        ("pages 10-", "20 of it", "pages 10-20 of it"),
        ("two", "words", "two words"),
        ("Aktien-", "und Fondskonten", "Aktien- und Fondskonten"),
        ("漢字", "文章", "漢字文章"),
    ],
)
def test_line_ends_are_resolved(before, after, expected):
    rows = Sheet().put(before, 50, 100).put(after, 50, 112).rows
    assert "".join(run.text for run in joined(rows)) == expected


def test_a_rounded_size_is_no_style_of_its_own():
    rows = (
        Sheet()
        .put("eleven points", 50, 100, size=11.0)
        .put("nearly eleven", 50, 112, size=11.1)
        .rows
    )
    assert len(joined(rows)) == 1


def names(*texts, wide=400, at=50):
    sheet = Sheet().put(
        "Running text with the same left edge, as wide as the page", 50, 40, x1=wide
    )
    for number, words in enumerate(texts):
        sheet.put(words, at, 100 + 12 * number, x1=at + 60)
    return sheet


def test_lines_of_an_address_stay_lines():
    assert names("Harbour Office", "12 Ferry Road", "Island City").texts()[1:] == [
        "Harbour Office",
        "12 Ferry Road",
        "Island City",
    ]


@pytest.mark.parametrize(
    ("texts", "options"),
    [
        (("The ferry", "leaves at", "seven."), {}),  # a sentence goes on in small letters
        (("Morning ferries,", "Evening ferries"), {}),
        (("Morning Ferries", "Leave at Seven"), {"wide": 125}),  # no text is wider here
    ],
)
def test_short_rows_of_one_text_are_joined(texts, options):
    assert names(*texts, **options).texts()[1:] == [" ".join(texts)]


def test_short_rows_beside_text_are_in_a_column_of_their_own():
    sheet = names("Morning Ferries", "Leave at Seven")
    sheet.put("another column", 150, 106, x1=300)
    assert "Morning Ferries Leave at Seven" in sheet.texts()


def spaced(leading, lines=7):
    sheet = Sheet()
    for number in range(lines):
        sheet.put(
            f"Line {number} of a typescript that is set far apart goes on",
            50,
            100 + leading * number,
            x1=320,
        )
    return sheet.texts()


def test_rows_that_are_all_as_far_apart_are_one_paragraph():
    assert len(spaced(24)) == 1


def test_rows_farther_apart_than_in_any_typescript_are_not():
    assert len(spaced(32)) == 7


def test_a_few_rows_far_apart_are_not_either():
    assert len(spaced(24, lines=3)) == 3


def test_lines_that_end_long_before_the_column_does_are_lines_of_their_own():
    sheet = (
        Sheet()
        .put("Copyright 1994 by Daniel Quinlan", 50, 100)
        .put("Copyright 2001 by Paul Russell", 50, 112)
    )
    sheet.put(
        "The column is as wide as this row of words is, which begins at the same edge as they do",
        50,
        160,
        x1=400,
    )
    assert len(sheet.texts()) == 3


def test_lines_around_one_middle_are_lines_of_their_own_where_text_around_it_is_wide():
    sheet = Sheet().put("A wide title around the middle of the page", 100, 60, x1=400)
    sheet.put("John Frampton", 210, 100, x1=290).put("Department of Phonology", 190, 112, x1=310)
    assert sheet.texts() == [
        "A wide title around the middle of the page",
        "John Frampton",
        "Department of Phonology",
    ]


def test_a_sentence_beside_a_picture_stays_one():
    sheet = (
        Sheet()
        .put("The harbour of the island in May", 50, 100)
        .put("Copyright by Paul Russell, 2001", 50, 112)
    )
    sheet.put(
        "The column is as wide as this row of words is, which begins at the same edge as they do",
        50,
        160,
        x1=400,
    )
    beside = Marks(pictures=((230, 80, 400, 120),))
    assert len(sheet.texts(beside)) == 2


def test_values_beside_labels_are_cells():
    sheet = Sheet()
    for place, label in enumerate(("Marital status:", "Spouse name:", "Years of education:")):
        sheet.put(label, 50, 100 + 12 * place).put("Not on file", 220, 100 + 12 * place)
    assert sorted(sheet.texts()) == [
        "Marital status:",
        *["Not on file"] * 3,
        "Spouse name:",
        "Years of education:",
    ]


def test_names_beside_what_they_did_are_cells():
    sheet = Sheet()
    for place, (name, part) in enumerate(
        (("Spring", "First part"), ("Frogge", "Second part"), ("Haoyun", "Third part"))
    ):
        sheet.put(name, 50, 100 + 12 * place).put(part, 130, 100 + 12 * place)
    assert len(sheet.texts()) == 6


def test_a_cell_that_goes_on_beside_another_is_one():
    sheet = Sheet().put("Member of a", 50, 100).put("Not on file", 130, 100)
    sheet.put("club or two", 50, 112).put("or elsewhere", 130, 112)
    assert sorted(sheet.texts()) == ["Member of a club or two", "Not on file or elsewhere"]


def test_a_title_in_capitals_is_no_line_of_what_follows():
    sheet = (
        Sheet()
        .put("ACTA ACUSTICA UNITED WITH ACUSTICA", 50, 100)
        .put("Vol. 99 of the year 2013", 50, 112)
    )
    assert len(sheet.texts()) == 2


def test_a_paragraph_in_capitals_is_one():
    sheet = (
        Sheet()
        .put("THE SOFTWARE IS PROVIDED AS IT IS, WITHOUT ANY", 50, 100)
        .put("WARRANTY 2.", 50, 112)
    )
    assert len(sheet.texts()) == 1


def test_a_colon_at_the_end_of_a_line_of_a_column_is_no_label():
    sheet = Sheet()
    for place, words in enumerate(
        (
            "For service information you may",
            "contact the airplanes' maker, Attention:",
            "Contractual and Data Services",
        )
    ):
        sheet.put(words, 50, 100 + 12 * place, x1=250).put(
            "what the other column says here", 270, 100 + 12 * place, x1=470
        )
    assert len(sheet.texts()) == 2


def test_a_sentence_in_capitals_may_end_within_a_row():
    sheet = Sheet().put("I MAKE THIS STATEMENT, WITH FULL KNOWLEDGE OF THE", 50, 100, x1=320)
    sheet.put("PENALTIES INVOLVED. (Code, Title 18, Section 287)", 50, 112, x1=320)
    assert len(sheet.texts()) == 1


def test_a_name_in_capitals_makes_no_title_of_chinese():
    sheet = (
        Sheet()
        .put("本模板名为书籍，意即钱院学辅之书，是西安", 50, 100, x1=250)
        .put("交通大学自编资料时所采用的 LATEX 书籍模板", 50, 112, x1=250)
    )
    assert len(sheet.texts()) == 1
