import pymupdf
import pytest

from dragoman.domain.document import Run, with_targets
from dragoman.domain.job import Layout, Options
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import join, reconstruct, set_part
from tests.pages import inline_formulas
from tests.pdfs import LOREM, make, retyped, words

TO_GERMAN = Options("de")


@pytest.fixture
def source(tmp_path):
    def describe(pdf):
        pdf.set_toc([[1, "First chapter", 1], [1, "Second chapter", 2]])
        pdf.set_metadata({"title": "About ferries"})
        pdf[0].insert_link(
            {
                "kind": pymupdf.LINK_URI,
                "from": pymupdf.Rect(72, 72, 300, 90),
                "uri": "https://example.org",
            }
        )

    return make(tmp_path / "source.pdf", LOREM, "Second page with a few words.", draw=describe)


def run(source, tmp_path, change=lambda text: text, *, options=TO_GERMAN, pages=None, **more):
    document = retyped(extract(source, pages=pages, password=more.get("password")), change)
    out = tmp_path / "out.pdf"
    return out, reconstruct(source, document, out, options=options, **more)


def text_of(out, number=0):
    with pymupdf.open(out) as pdf:
        return " ".join(pdf[number].get_text().split())


def test_the_words_are_replaced_and_none_of_the_old_ones_stay(source, tmp_path):
    out, warnings = run(source, tmp_path, str.upper)
    assert warnings == ()
    assert text_of(out) == LOREM.upper()


def test_copy_and_search_work_in_greek_cyrillic_vietnamese_and_chinese(source, tmp_path):
    shown = "Ελληνικά Русский Tiếng Việt 中文"
    out, _ = run(source, tmp_path, lambda _: shown)
    assert text_of(out) == shown


def test_arabic_is_shaped_and_seen(source, tmp_path):
    out, _ = run(source, tmp_path, lambda _: "هذا المستند مترجم إلى العربية")
    with pymupdf.open(out) as pdf:
        assert "ferry" not in pdf[0].get_text()
        assert min(pdf[0].get_pixmap(colorspace=pymupdf.csGRAY).samples) < 100


def test_links_stay(source, tmp_path):
    out, _ = run(source, tmp_path, str.upper)
    with pymupdf.open(out) as pdf:
        assert [link["uri"] for link in pdf[0].get_links()] == ["https://example.org"]


def test_outline_title_and_language_are_translated(source, tmp_path):
    out, _ = run(source, tmp_path, str.upper)
    with pymupdf.open(out) as pdf:
        assert [entry[1:] for entry in pdf.get_toc()] == [
            ["FIRST CHAPTER", 1],
            ["SECOND CHAPTER", 2],
        ]
        assert pdf.metadata["title"] == "ABOUT FERRIES"
        assert pdf.xref_get_key(pdf.pdf_catalog(), "Lang") == ("string", "de")


def test_pages_that_are_not_chosen_are_not_touched(source, tmp_path):
    out, _ = run(source, tmp_path, str.upper, pages="2")
    with pymupdf.open(source) as before, pymupdf.open(out) as after:
        assert before[0].read_contents() == after[0].read_contents()
        assert after[1].get_text().strip() == "SECOND PAGE WITH A FEW WORDS."


def test_a_password_is_needed_once_and_gone_afterwards(tmp_path):
    locked = make(
        tmp_path / "a.pdf",
        LOREM,
        encryption=pymupdf.PDF_ENCRYPT_AES_256,
        owner_pw="owner",
        user_pw="open sesame",
    )
    out, _ = run(locked, tmp_path, str.upper, password="open sesame")
    assert text_of(out) == LOREM.upper()


def test_the_stamp_is_printed_on_every_page(source, tmp_path):
    out, _ = run(source, tmp_path, stamp="Not a translation.")
    assert "Not a translation." in text_of(out, 0)
    assert "Not a translation." in text_of(out, 1)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_stamp_is_at_the_top_of_the_page_as_it_is_shown(tmp_path, rotation):
    source = make(tmp_path / "a.pdf", LOREM, draw=lambda pdf: pdf[0].set_rotation(rotation))
    out, _ = run(source, tmp_path, stamp="Not a translation.")
    with pymupdf.open(out) as pdf:
        page = pdf[0]
        assert page.rotation == rotation
        found = page.search_for("Not a translation.")[0] * page.rotation_matrix
        assert found.y1 < 20
        assert found.x0 < 20


def test_text_that_had_to_be_set_very_small_is_reported(source, tmp_path):
    _, warnings = run(source, tmp_path, lambda text: text * 60)
    assert ("text_tiny", 0) in {(warning.code, warning.page) for warning in warnings}


def test_text_whose_translation_has_no_room_stays_and_is_reported(source, tmp_path):
    out, warnings = run(source, tmp_path, lambda text: text * 400)
    assert {(warning.code, warning.page) for warning in warnings} == {("text_kept", 0)}
    assert text_of(out) == LOREM


def test_characters_that_no_typeface_has_are_reported(source, tmp_path):
    _, warnings = run(source, tmp_path, lambda text: text + " \U00013000")
    assert [warning.code for warning in warnings] == ["characters_missing"]


def test_side_by_side_puts_source_and_result_on_one_sheet(source, tmp_path):
    out, _ = run(source, tmp_path, str.upper, options=Options("de", layout=Layout.SIDE_BY_SIDE))
    with pymupdf.open(out) as pdf:
        assert pdf.page_count == 2
        sheet = pdf[0]
        assert sheet.rect.width == pytest.approx(2 * 595)
        assert "FERRY" in sheet.get_text(clip=(595, 0, 1190, 842))
        assert "ferry" in sheet.get_text(clip=(0, 0, 595, 842))
        assert len(sheet.get_links()) == 2


def test_alternating_puts_each_translation_after_its_page(source, tmp_path):
    out, _ = run(source, tmp_path, str.upper, options=Options("de", layout=Layout.ALTERNATING))
    with pymupdf.open(out) as pdf:
        assert ["ferry" in page.get_text() or "Second" in page.get_text() for page in pdf] == [
            True,
            False,
            True,
            False,
        ]
        assert [entry[2] for entry in pdf.get_toc()] == [2, 4]


def test_progress_rises_to_one(source, tmp_path):
    told = []
    run(source, tmp_path, on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1


def test_the_words_of_both_pages_are_there(source, tmp_path):
    out, _ = run(source, tmp_path)
    assert words(out) == words(source)


def test_blanks_on_both_sides_of_a_line_go_with_it(tmp_path):
    def entry(pdf):
        for x, shown, face in (
            (72, " ", "cour"),
            (80, "An entry with its number", "helv"),
            (205, " ", "cour"),
        ):
            pdf[0].insert_text((x, 500), shown, fontname=face)

    source = make(tmp_path / "blanks.pdf", "Words.", draw=entry)
    out, _ = run(source, tmp_path, str.upper)
    assert typewritten(source) == 2
    assert typewritten(out) == 0


def test_numbers_on_both_sides_of_a_new_text_are_two_texts_in_their_own_letters(tmp_path):
    def entry(pdf):
        page = pdf[0]
        page.insert_text((72, 500), "1.1", fontname="tiro")
        shown = (
            f"BT /tiro 10 Tf 1 0 0 1 72 {page.rect.height - 500:g} Tm [(4.1)-2000(About the"
            " ferries)-9000(27)]TJ ET"
        )
        number = pdf.get_new_xref()
        pdf.update_object(number, "<<>>")
        pdf.update_stream(number, shown.encode())
        page.set_contents(number)

    def numbers(path):
        with pymupdf.open(path) as pdf:
            traces = [trace for trace in pdf[0].get_texttrace() if trace["font"] == "Times-Roman"]
        return [
            [chr(one[0]) for one in trace["chars"] if chr(one[0]) in "0123456789."]
            for trace in traces
        ], [
            (one[0], round(one[2][0], 1))
            for trace in traces
            for one in trace["chars"]
            if chr(one[0]).isdigit()
        ]

    source = make(tmp_path / "entry.pdf", "", draw=entry)
    out, warnings = run(source, tmp_path, str.upper)
    assert warnings == ()
    assert numbers(source)[0] == [["4", ".", "1", "2", "7"]]
    assert numbers(out)[0] == [["4", ".", "1"], ["2", "7"]]
    assert numbers(out)[1] == numbers(source)[1]
    assert "ABOUT THE FERRIES" in text_of(out)


def typewritten(path):
    with pymupdf.open(path) as pdf:
        return sum(
            len(trace["chars"]) for trace in pdf[0].get_texttrace() if trace["font"] == "Courier"
        )


def glyphs_of(path, typeface):
    with pymupdf.open(path) as pdf:
        return [
            (character[1], character[2])
            for trace in pdf[0].get_texttrace()
            if typeface in trace["font"]
            for character in trace["chars"]
            if character[0] != ord(" ")
        ]


def test_a_formula_returns_to_its_place_in_the_sentence_with_its_own_letters(tmp_path):
    source = make(tmp_path / "formulas.pdf", "Words.", draw=inline_formulas)
    out, warnings = run(source, tmp_path, lambda text: text.replace("speed", "very great speed"))
    before, after = glyphs_of(source, "Symbol"), glyphs_of(out, "Symbol")
    assert warnings == ()
    assert [glyph for glyph, _ in after] == [glyph for glyph, _ in before]
    assert after[0][1][0] > before[0][1][0] + 40
    assert "grows with a + b as long" in text_of(out)
    assert "falls with g where" in text_of(out)


def test_formulas_of_a_part_return_too(tmp_path):
    source = make(tmp_path / "formulas.pdf", "Words.", draw=inline_formulas)
    document, out = retyped(extract(source), str.upper), tmp_path / "out.pdf"
    set_part(source, document, tmp_path / "part", target_lang="de")
    join(source, document, [tmp_path / "part"], out, options=TO_GERMAN)
    assert [glyph for glyph, _ in glyphs_of(out, "Symbol")] == [
        glyph for glyph, _ in glyphs_of(source, "Symbol")
    ]


def test_a_sum_that_hangs_over_a_line_is_not_taken_off_with_its_words(tmp_path):
    def hanging(pdf):
        pdf[0].insert_text((72, 500), "Here the ferry waits for", fontname="tiro")
        pdf[0].insert_text((195, 484), "∑", fontname="symb", fontsize=28)
        pdf[0].insert_text((230, 500), "passengers on the deck.", fontname="tiro")

    source = make(tmp_path / "sum.pdf", "Words.", draw=hanging)
    out, _ = run(source, tmp_path, str.upper)
    assert len(glyphs_of(out, "Symbol")) == 1


def test_a_number_close_under_erased_lines_stays(tmp_path):
    """The box that MuPDF gives its letters reaches up between those lines, by the typeface's
    ascender.
    """

    def entries(pdf):
        for x, y, shown, size in (
            (72, 497, "Words over a number", 9),
            (72, 510, "2.", 11),
            (320, 502, "More words", 7),
        ):
            pdf[0].insert_text((x, y), shown, fontname="helv", fontsize=size)

    out, _ = run(make(tmp_path / "numbers.pdf", "Words.", draw=entries), tmp_path, str.upper)
    assert "2." in text_of(out).split()


def test_what_a_blank_at_a_line_s_end_reaches_into_stays(tmp_path):
    def captions(pdf):
        end = 72 + pymupdf.get_text_length("A caption of a figure ", "helv", 9)
        pdf[0].insert_text((end - 1.5, 500), "(2)", fontname="heit", fontsize=9)
        pdf[0].insert_text((72, 500), "A caption of a figure ", fontname="helv", fontsize=9)

    source = make(tmp_path / "captions.pdf", "Words.", draw=captions)
    assert "(2)" in [block.text for block in extract(source).blocks()]
    out, _ = run(source, tmp_path, str.upper)
    assert "(2)" in text_of(out)


def test_words_in_a_typeface_that_is_said_to_have_no_height_are_taken_off(tmp_path):
    """Ascender and descender in units of the letter instead of thousandths: MuPDF finds such
    letters at their baseline only.
    """

    def low(pdf):
        pdf[0].insert_font(fontname="F7", fontbuffer=pymupdf.Font("helv").buffer)
        pdf[0].insert_text((72, 500), "The ferry waits", fontname="F7")
        for number in range(1, pdf.xref_length()):
            if pdf.xref_get_key(number, "Ascent")[0] != "null":
                pdf.xref_set_key(number, "Ascent", "9.4")
                pdf.xref_set_key(number, "Descent", "-2.7")

    out, warnings = run(make(tmp_path / "low.pdf", "Words.", draw=low), tmp_path, str.upper)
    assert warnings == ()
    assert text_of(out) == "WORDS. THE FERRY WAITS"


@pytest.mark.parametrize("shift", [0, 0.3])
def test_what_is_printed_twice_is_translated_once_and_printed_twice(tmp_path, shift):
    def twice(pdf):
        for x in (72, 72 + shift):
            pdf[0].insert_textbox((x, 300, x + 200, 500), LOREM, fontname="helv", fontsize=10)

    source = make(tmp_path / "twice.pdf", "Words.", draw=twice)
    out, warnings = run(source, tmp_path, str.upper)
    assert [block.text for block in extract(source).blocks()] == ["Words.", LOREM]
    assert [block.prints for block in extract(out).blocks()] == [1, 2]
    assert warnings == ()
    assert words(out) == sorted(f"WORDS. {LOREM.upper()} {LOREM.upper()}".split())
    assert extract(source).blocks()[1].source[0].style.bold is bool(shift)


def test_a_line_from_the_right_in_two_colours_is_taken_off_whole(tmp_path):
    def mixed(pdf):
        words = 'העבורת יוצאת <span style="color:#c00">מן הנמל</span> בבוקר'
        pdf[0].insert_htmlbox(
            (72, 300, 523, 400), f'<p dir="rtl" style="font-family:sans-serif">{words}</p>'
        )

    out, warnings = run(
        make(tmp_path / "right.pdf", "Words.", draw=mixed), tmp_path, lambda _: "Ferry"
    )
    assert warnings == ()
    assert text_of(out).replace(" ", "") == 4 * "Ferry"  # one of "Words.", and one of each colour


def test_what_an_earlier_translation_set_stays_when_the_result_is_translated(tmp_path):
    def two(pdf):
        pdf[0].insert_text((72, 500), "Jump quickly", fontname="tiro")

    source, once, twice = (
        make(tmp_path / "source.pdf", LOREM, draw=two),
        tmp_path / "once.pdf",
        tmp_path / "twice.pdf",
    )
    reconstruct(source, retyped(extract(source), str.upper), once, options=Options("de"))
    document = extract(once)
    first = document.blocks()[0]
    left = with_targets(document, {first.id: (Run("alles neu", first.source[0].style),)}, {})
    reconstruct(once, left, twice, options=Options("de"))
    assert words(twice) == ["JUMP", "QUICKLY", "alles", "neu"]
