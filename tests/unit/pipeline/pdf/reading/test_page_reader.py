import pymupdf
import pytest

from dragoman.domain.document import Align, BlockKind, Family
from pipeline.pdf.analysis.block_builder import ROMAN, page_of
from pipeline.pdf.model.styles import style_of
from pipeline.pdf.reading import page_reader
from pipeline.pdf.reading.page_reader import detach_annotations
from tests.pdfs import LOREM


def page(*commands, rotation=0):
    """What is read of a page on which each command has drawn."""
    with pymupdf.open() as pdf:
        sheet = pdf.new_page()
        for command in commands:
            command(sheet)
        sheet.set_rotation(rotation)
        with pymupdf.open("pdf", pdf.tobytes()) as again:
            _, annotations = detach_annotations(again, 0)
            return page_of(again.load_page(0), 0, annotations)


def text(words, at=(72, 100), **style):
    return lambda sheet: sheet.insert_text(at, words, **({"fontsize": 11} | style))


def box(words, rect, **style):
    return lambda sheet: sheet.insert_textbox(pymupdf.Rect(rect), words, fontsize=11, **style)


def test_a_paragraph_is_one_block_with_its_lines():
    read = page(box(LOREM, (72, 72, 300, 400)))
    assert [block.text for block in read.blocks] == [LOREM]
    assert len(read.blocks[0].lines) > 3


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_rotated_page_is_read_in_its_unrotated_space(rotation):
    read = page(box(LOREM, (72, 72, 300, 400)), rotation=rotation)
    assert (read.width, read.height, read.rotation) == (595, 842, rotation)
    assert [block.text for block in read.blocks] == [LOREM]
    assert read.blocks[0].bbox[0] == pytest.approx(72, abs=1)


@pytest.mark.parametrize(("turn", "direction"), [(90, (0, -1)), (180, (-1, 0)), (270, (0, 1))])
def test_turned_text_is_a_paragraph_with_its_direction(turn, direction):
    read = page(box(LOREM, (100, 100, 400, 400), rotate=turn))
    assert [block.text for block in read.blocks] == [LOREM]
    assert read.blocks[0].lines[0].direction == direction


def test_text_aslant_is_left_out():
    sheet_turn = pymupdf.Matrix(30)
    read = page(
        lambda sheet: sheet.insert_text(
            (200, 300), "DRAFT", morph=(pymupdf.Point(200, 300), sheet_turn)
        )
    )
    assert read.blocks == ()


def test_what_people_filled_into_fields_is_not_read():
    def field(sheet):
        widget = pymupdf.Widget()
        widget.field_name, widget.field_type = "name", pymupdf.PDF_WIDGET_TYPE_TEXT
        widget.rect, widget.field_value = pymupdf.Rect(150, 88, 300, 104), "Alice Example"
        sheet.add_widget(widget)

    read = page(text("First name"), field)
    assert [block.text for block in read.blocks] == ["First name"]
    assert read.blocks[0].room[2] < 150


def test_typewriter_text_on_a_page_of_prose_is_code():
    read = page(box(LOREM, (72, 200, 500, 400)), text("for x in y:", fontname="cour"))
    assert {block.kind for block in read.blocks} == {BlockKind.PARAGRAPH, BlockKind.CODE}


def test_a_page_all_in_typewriter_letters_is_prose():
    read = page(box(LOREM, (72, 200, 500, 400), fontname="cour"))
    assert [block.kind for block in read.blocks] == [BlockKind.PARAGRAPH]


def test_numbers_and_single_letters_are_not_translated():
    read = page(text("1,234.50"), text("x", at=(72, 140)))
    assert not any(block.translatable for block in read.blocks)


def test_a_header_at_the_right_margin_is_right_aligned():
    read = page(
        box(LOREM, (72, 200, 523, 400), align=3),
        lambda sheet: sheet.insert_textbox((400, 60, 523, 80), "May 2026", align=2),
    )
    assert {block.text: block.align for block in read.blocks}["May 2026"] is Align.RIGHT


def test_entries_of_a_table_of_contents_keep_their_own_blocks():
    read = page(
        text("Getting started . . . . . . . . 5"),
        text("Going further . . . . . . . . . 9", at=(72, 114)),
    )
    assert len(read.blocks) == 2


@pytest.mark.parametrize(
    ("font", "family", "bold", "italic"),
    [
        ("ABCDEF+TimesNewRomanPS-BoldItalicMT", Family.SERIF, True, True),
        ("Arial-BoldMT", Family.SANS, True, False),
        ("HelveticaNeueLTStd-Roman", Family.SANS, False, False),
        ("CMTT10", Family.MONO, False, False),
        ("NimbusRomNo9L-Medi", Family.SERIF, True, False),
        ("DejaVuSerif", Family.SERIF, False, False),
        ("NotoSans-Italic", Family.SANS, False, True),
        ("Unheard-Of", Family.SANS, False, False),
        ("F30", Family.SERIF, False, False),  # TeX's fonts of dots have no other name
    ],
)
def test_the_style_is_told_from_the_name_of_the_font(font, family, bold, italic):
    style = style_of(
        {
            "font": font,
            "flags": 4,
            "char_flags": 16,
            "size": 10.04,
            "color": 0xFF,
            "alpha": 255,
        }
    )
    assert (style.family, style.bold, style.italic, style.size, style.color) == (
        family,
        bold,
        italic,
        10.0,
        0xFF,
    )


def test_a_formula_in_a_sentence_is_read_as_the_letters_of_the_page():
    read = page(
        text("The speed is", (72, 100)),
        text("a", (140, 100), fontname="symb", set_simple=True),
        text("today", (152, 100)),
    )
    assert [
        (run.text.strip(), run.style.original is not None) for run in read.blocks[0].source
    ] == [
        ("The speed is", False),
        ("a", True),
        ("today", False),
    ]


def test_a_sentence_with_a_bar_over_a_letter_stays_as_it_is():
    def bar(sheet):
        sheet.draw_line((141, 89), (147, 89), width=0.4)

    words = (
        text("The speed is", (72, 100)),
        text("a", (140, 100), fontname="symb", set_simple=True),
        text("today", (152, 100)),
    )
    assert [block.kind for block in page(*words, bar).blocks] == [BlockKind.FORMULA]
    assert [block.kind for block in page(*words).blocks] == [BlockKind.PARAGRAPH]


def test_a_bullet_of_a_typeface_of_symbols_is_no_formula():
    read = page(text("•", (72, 100), fontname="symb"), text("An item", (82, 100)))
    assert [
        run.style.original for block in read.blocks for run in block.source if "item" in run.text
    ] == [None]
    assert all("item" not in block.text or "•" not in block.text for block in read.blocks)


def words_at(baseline, words, gap, size=11):
    """Each word drawn alone, `gap` points behind the one before it."""
    x, drawn = 72.0, []
    for one in words.split():
        drawn.append(text(one, (x, baseline), fontname="tiro"))
        x += pymupdf.get_text_length(one, "tiro", size) + gap
    return drawn


def test_a_line_stretched_to_its_column_is_one_sentence():
    assert [
        block.text for block in page(*words_at(100, "The ferry leaves a harbour.", 16)).blocks
    ] == ["The ferry leaves a harbour."]


def test_words_in_columns_are_cells():
    cells = [
        text(word, (72 + 60 * column, 100 + 30 * row))
        for row, words in enumerate(("Name Age Town Fare", "Alice ten Brighton two"))
        for column, word in enumerate(words.split())
    ]
    assert len(page(*cells).blocks) == 8


def from_the_right(words, rect=(72, 72, 523, 200)):
    return lambda sheet: sheet.insert_htmlbox(
        rect, f'<p dir="rtl" style="font-family:sans-serif">{words}</p>'
    )


def test_a_line_from_the_right_in_two_colours_is_one_row():
    read = page(
        from_the_right('העבורת יוצאת <span style="color:#c00">מן הנמל</span> בכל בוקר בשבע')
    )
    (block,) = read.blocks
    (line,) = block.lines
    assert len(line.spans) == 3
    assert block.bbox[0] < block.bbox[2]
    assert block.bbox[0] == pytest.approx(min(span.bbox[0] for span in line.spans))
    assert " ".join(block.text.split()) == "העבורת יוצאת מן הנמל בכל בוקר בשבע"


@pytest.mark.parametrize(
    "words", ["העבורת (והנוסעים) יוצאת [בכל] בוקר", "העבורת יוצאת (ferry) בבוקר, (בשבע) בדיוק"]
)
def test_brackets_from_the_right_open_before_they_close(words):
    assert [block.text for block in page(from_the_right(words)).blocks] == [words]


def test_the_same_word_in_other_places_is_read_each_time():
    read = page(text("Ferry"), text("Ferry", at=(200, 100)), text("Ferry", at=(72, 130)))
    assert [block.text for block in read.blocks] == ["Ferry"] * 3


@pytest.mark.parametrize(
    ("coded", "meant"),
    [
        (b"The o\x1ecer waits", "The officer waits"),
        (b"He de\x0cned o\x0bers", "He defined offers"),
        (b"\x1crst re\x0dects", "first reflects"),
        (b"x \x0c 2 \x1c y", "x \ufffc 2 \ufffc y"),
    ],
)
def test_ligatures_without_a_name_are_spelled_in_words_only(coded, meant):
    def unnamed(sheet):
        sheet.insert_text((72, 100), "X", fontname="helv", fontsize=11)
        pdf, number = sheet.parent, sheet.get_contents()[0]
        pdf.update_stream(
            number, pdf.xref_stream(number).replace(b"<58>", b"<" + coded.hex().encode() + b">")
        )
        names = " ".join(f"/a{code}" for code in range(32))
        pdf.xref_set_key(
            sheet.get_fonts()[0][0], "Encoding", f"<</Type/Encoding/Differences[0 {names}]>>"
        )

    assert " ".join(block.text for block in page(unnamed).blocks) == meant


def test_rows_of_one_line_have_orders_of_their_own():
    with pymupdf.open() as pdf:
        sheet = pdf.new_page()
        for x, words in (
            (72, "First name"),
            (150, "          "),
            (200, "Last name"),
            (300, "First name"),
        ):
            sheet.insert_text((x, 100), words, fontsize=10)
        (rows,) = page_reader.read(sheet).rows.values()
    assert [row.text for row in rows] == ["First name", "Last name", "First name"]
    assert len({row.order for row in rows}) == len(rows)


def faces(*parts):
    """Words in several typefaces one after the other."""

    def draw(sheet):
        x = 72.0
        for words, face in parts:
            sheet.insert_text(
                (x, 100), words, fontname=face, fontsize=11, set_simple=face == "symb"
            )
            x += pymupdf.get_text_length(words, face, 11)

    return draw


def test_dots_from_a_typeface_of_mathematics_are_no_formula():
    entry = (
        ("Ferries and ", "tiro"),
        ("islands", "cour"),
        (" . . . . . . . .", "symb"),
        (" 21", "tiro"),
    )
    (block,) = page(faces(*entry)).blocks
    assert block.kind is BlockKind.PARAGRAPH
    assert block.text.replace(" .", "") == "Ferries and islands 21"
    assert not any(run.style.original for run in block.source)
    assert block.source[-1].style == block.source[0].style


def test_an_ellipsis_between_variables_is_a_formula():
    (block,) = page(
        faces(("for the ferries ", "tiro"), ("a . . . b", "symb"), (" in the harbour", "tiro"))
    ).blocks
    assert [run.style.original is not None for run in block.source] == [False, True, False]


def test_a_row_goes_on_with_its_larger_size_where_an_address_in_small_letters_stands_in_it():
    read = page(
        text("He has written to", (72, 200), fontsize=10),
        text("http://www.example.org/a/long/way", (151, 200), fontsize=8.5, fontname="cour"),
        text("and has got an answer to all that he had asked for then.", (72, 212), fontsize=10),
    )
    assert len(read.blocks) == 1


def test_a_letter_in_a_circle_is_the_sign_that_it_looks_like(monkeypatch):
    spans = [span(words, x) for words, x in (("Copyright c", 72), ("\u20dd", 128), (" 1990", 140))]
    line = {"lines": [{"dir": (1.0, 0.0), "wmode": 0, "spans": spans}], "number": 0, "type": 0}
    with pymupdf.open() as pdf:
        sheet = pdf.new_page()
        monkeypatch.setattr(page_reader, "parted", lambda *_: [line])
        ((row,),) = page_reader.read(sheet).rows.values()
    assert row.text == "Copyright © 1990"


def span(text, x, **more):
    width = 5 * len(text)
    return {
        "text": text, "bbox": (x, 90, x + width, 102), "origin": (x, 100), "size": 10.0, "color": 0, "flags": 4,
        "font": "CMSY10" if text == "\u20dd" else "CMR10", "char_flags": 16, "alpha": 255, **more,
    }  # fmt: skip


def test_a_number_on_a_ball_stands_by_itself():
    read = page(
        lambda sheet: sheet.draw_circle((76, 196), 7, fill=(0, 0, 1), color=None),
        lambda sheet: sheet.insert_text((74, 199), "1", fontsize=7, color=(1, 1, 1)),
        text("To know what words mean", (84, 200), fontsize=10),
    )
    assert [block.text for block in read.blocks if block.translatable] == [
        "To know what words mean"
    ]


def test_a_thick_rule_is_a_rule_and_no_ground():
    with pymupdf.open() as pdf:
        sheet = pdf.new_page()
        sheet.draw_rect((72, 150, 523, 154), fill=(0, 0, 0), color=None)
        sheet.draw_rect((72, 200, 523, 230), fill=(0, 0, 0), color=None)
        marks = page_reader.read(sheet).marks
    assert (len(marks.rules), len(marks.fills)) == (1, 1)


@pytest.mark.parametrize("number", ["ii", "iv", "xxxix", "XII", "xl"])
def test_roman_numbers_are_not_translated(number):
    assert not any(block.translatable for block in page(text(number)).blocks)


@pytest.mark.parametrize("word", ["mix", "dim", "I", "iiii", "civil"])
def test_words_of_such_letters_are_no_numbers(word):
    assert ROMAN.fullmatch(word) is None


def test_the_baseline_of_a_row_is_that_of_most_letters_of_its_size(monkeypatch):
    parts = [
        span("An open hole of an", 72),
        span("Zh is calculated", 170) | {"origin": (170, 101.5)},
    ]
    line = {"lines": [{"dir": (1.0, 0.0), "wmode": 0, "spans": parts}], "number": 0, "type": 0}
    with pymupdf.open() as pdf:
        sheet = pdf.new_page()
        monkeypatch.setattr(page_reader, "parted", lambda *_: [line])
        ((row,),) = page_reader.read(sheet).rows.values()
    assert row.baseline == 100
