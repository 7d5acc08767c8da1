import pytest

from dragoman.domain.document import Block, BlockKind, Document, Line, Page, Run, Span, Style
from pipeline.pdf.analysis.flows import begins_small, ends_open, with_flows
from pipeline.pdf.analysis.running_headers import running_headers

STYLE = Style(size=10.0)
FULL = (
    "The ferry that takes the people over to the",
    "island leaves each morning at seven, and so",
)
GOES_ON = ("they come to the harbour while the bell is", "still silent and nobody is on board.")


def block(name, rows, x, y, *, right=None, kind=BlockKind.PARAGRAPH, style=STYLE, first=0.0):
    """Rows from edge to edge but for the last, which is as long as it is."""
    right = x + 200 if right is None else right
    lines = []
    for number, text in enumerate(rows):
        full = len(text) > 38 or number < len(rows) - 1
        x0, top = x + (0.0 if number else first), y + 12 * number
        box = (x0, top, right if full else x0 + 5 * len(text), top + 10)
        lines.append(Line((Span(text, style, box, top + 8),), box))
    text = " ".join(rows)
    box = (x, y, right, y + 12 * len(rows))
    return Block(name, kind, box, tuple(lines), (Run(text, style),))


def page(number, *blocks):
    return Page(number, 500.0, 700.0, 0, blocks)


def columns(first, second, *, between=()):
    """A page of two columns: text fills both, and `first` ends where `second` begins."""
    left = block("0.0", ["A row of the column that is full of text."] * 5, 30, 150)
    right = block("0.9", ["Another row of the column that is full, "] * 5, 260, 300)
    return page(
        0,
        left,
        block("0.1", first, 30, 400),
        *between,
        block("0.2", second, 260, 150),
        right,
    )


def flows(*pages):
    document = Document(with_flows(pages, lambda _before, _after: False), len(pages))
    return [
        (passage.text, [one.id for one in passage.blocks])
        for passage in document.passages()
        if len(passage.blocks) > 1
    ]


def test_a_sentence_goes_on_in_the_next_column():
    assert flows(columns(FULL, GOES_ON)) == [
        (" ".join([*FULL, *GOES_ON]), ["0.1", "0.2"]),
    ]


def test_a_word_cut_between_columns_is_whole():
    (found,) = flows(
        columns(
            [FULL[0], "island leaves each morning at seven, for the is-"],
            ["land of the saints and of the many birds", "is far."],
        )
    )
    assert "for the island of the saints" in found[0]


def test_a_sentence_that_ended_does_not_go_on():
    assert flows(columns([FULL[0], "island leaves each morning at seven, as ever."], GOES_ON)) == []


def test_a_last_row_with_room_for_the_next_word_does_not_go_on():
    assert flows(columns([FULL[0], "island leaves at seven"], GOES_ON)) == []


def test_an_indented_row_begins_a_text():
    left = columns(FULL, GOES_ON)
    indented = block("0.2", GOES_ON, 260, 150, first=12.0)
    blocks = [indented if one.id == "0.2" else one for one in left.blocks]
    assert flows(page(0, *blocks)) == []


def test_a_text_goes_on_over_a_page_and_its_footer():
    body = [FULL[0]] * 5
    footer = [block(f"{n}.8", [f"The Harbour Gazette, page {n}"], 30, 660) for n in (0, 1)]
    pages = (
        page(0, block("0.0", body, 30, 150), block("0.1", FULL, 30, 600), footer[0]),
        page(1, block("1.0", GOES_ON, 30, 150), block("1.1", body, 30, 300), footer[1]),
    )
    assert [names for _, names in flows(*pages)] == [["0.1", "1.0"]]


def test_pages_that_do_not_follow_one_another_hold_no_flow():
    body = [FULL[0]] * 5
    first = page(0, block("0.0", body, 30, 150), block("0.1", FULL, 30, 600))
    third = page(2, block("2.0", GOES_ON, 30, 150), block("2.1", body, 30, 300))
    assert flows(first, third) == []


def test_a_caption_is_none_of_the_text():
    caption = (
        "Figure 3. The ferry that takes the people to",
        "island leaves each morning at seven, and so",
    )
    assert flows(columns(caption, GOES_ON)) == []


def test_texts_of_two_looks_are_two():
    other = columns(FULL, GOES_ON)
    bold = block("0.2", GOES_ON, 260, 150, style=Style(size=10.0, bold=True))
    assert flows(page(0, *[bold if one.id == "0.2" else one for one in other.blocks])) == []


def test_headers_say_the_same_on_several_pages_but_for_numbers():
    pages = [
        page(
            n, block(f"{n}.0", [f"{n} The Harbour Gazette"], 30, 20), block(f"{n}.1", FULL, 30, 300)
        )
        for n in range(3)
    ]
    assert running_headers(pages) == {"0.0", "1.0", "2.0"}


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("the end.", False),
        ("the end.”", False),
        ("the modem.1", False),
        ("and so", True),
        ("終わり。", False),
        ("", False),
    ],
)
def test_a_sentence_is_open_until_its_mark(text, is_open):
    assert ends_open(text) is is_open


def test_quotes_hide_no_small_letter():
    assert begins_small("“and so")
    assert not begins_small("(And so")
