"""The source's own typefaces, in which a translation is set where they have its letters."""

import struct
import subprocess
from dataclasses import replace

import pymupdf
import pytest
import uharfbuzz as hb

from dragoman.domain.document import Document, Family, Page, Run, Style, with_targets
from dragoman.domain.job import Options
from pipeline.pdf.fonts.page_fonts import PageFonts
from pipeline.pdf.fonts.source_fonts import needed, own_faces, prevailing, suffices
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import join, reconstruct, set_part
from tests.pdfs import LOREM, retyped, words
from tests.servers.process import needs

NOTO = pymupdf.Font(script=1).buffer  # serif, which our faces for Latin are not
GERMAN = (
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich, und die Fähre fährt um"
    " sieben."
)


def with_rights(program, rights):
    """The font program with another fsType (OpenType 1.9, OS/2)."""
    records = range(12, 12 + 16 * struct.unpack_from(">H", program, 4)[0], 16)
    place = next(
        struct.unpack_from(">I", program, at + 8)[0]
        for at in records
        if program[at : at + 4] == b"OS/2"
    )
    return program[: place + 8] + struct.pack(">H", rights) + program[place + 10 :]


def made(tmp_path, *texts, program=NOTO, subset=False, simple=False):
    path = tmp_path / "source.pdf"
    with pymupdf.open() as pdf:
        for text in texts:
            page = pdf.new_page()
            page.insert_font(fontname="own", fontbuffer=program, set_simple=simple)
            page.insert_textbox(pymupdf.Rect(72, 72, 523, 400), text, fontsize=11, fontname="own")
        if subset:
            pdf.subset_fonts()
        pdf.save(path)
    return path


def fonts_of(path):
    with pymupdf.open(path) as pdf:
        spans = [
            span for page in pdf for block in page.get_text("dict", flags=0)["blocks"]
            for line in block["lines"] for span in line["spans"]
        ]  # fmt: skip
    return {span["font"].replace(" ", "").replace("-", "") for span in spans}


def translated(source, out, text=GERMAN, lang="de"):
    document = retyped(extract(source), lambda _: text)
    assert reconstruct(source, document, out, options=Options(lang)) == ()
    return fonts_of(out)


def test_a_translation_is_set_in_the_sources_font_where_that_has_its_letters(tmp_path):
    assert translated(made(tmp_path, LOREM + GERMAN), tmp_path / "out.pdf") == {"NotoSerifRegular"}


def test_so_it_is_in_a_font_with_codes_of_one_byte(tmp_path):
    source = made(tmp_path, LOREM + GERMAN, simple=True)
    assert translated(source, tmp_path / "out.pdf") == {"NotoSerifRegular"}
    assert words(tmp_path / "out.pdf") == sorted(GERMAN.split())


def test_letters_that_no_page_shows_come_by_the_encoding_of_a_whole_font(tmp_path):
    source = made(tmp_path, LOREM, simple=True)
    assert translated(source, tmp_path / "out.pdf") == {"NotoSerifRegular"}
    assert words(tmp_path / "out.pdf") == sorted(GERMAN.split())


def test_a_font_cut_to_other_letters_is_replaced_by_ours(tmp_path):
    source = made(tmp_path, LOREM, subset=True)
    assert translated(source, tmp_path / "out.pdf") == {"TimesRoman"}


def test_a_font_cut_to_the_same_letters_is_used(tmp_path):
    source = made(tmp_path, LOREM + GERMAN, subset=True)
    assert translated(source, tmp_path / "out.pdf") == {"NotoSerifRegular"}


@pytest.mark.parametrize(
    ("rights", "used"), [(0, True), (2, False), (4, False), (8, True), (12, True), (0x104, False)]
)
def test_a_font_that_may_not_be_edited_is_left_alone(tmp_path, rights, used):
    source = made(tmp_path, LOREM + GERMAN, program=with_rights(NOTO, rights))
    assert ("NotoSerifRegular" in translated(source, tmp_path / "out.pdf")) is used


@needs("pdftotext", "poppler-utils")
def test_its_words_can_be_copied(tmp_path):
    translated(made(tmp_path, LOREM + GERMAN), tmp_path / "out.pdf")
    found = subprocess.run(
        ["pdftotext", tmp_path / "out.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    assert found.replace("-\n", "").split() == GERMAN.split()


def test_no_new_program_comes_into_the_file(tmp_path):
    source = made(tmp_path, LOREM + GERMAN)
    translated(source, tmp_path / "out.pdf")
    assert (tmp_path / "out.pdf").stat().st_size < 1.02 * source.stat().st_size


def test_a_sign_that_it_lacks_comes_from_another_face(tmp_path):
    source = made(tmp_path, LOREM + GERMAN, subset=True)
    assert translated(source, tmp_path / "out.pdf", GERMAN + " (ja)") == {
        "NotoSerifRegular",
        "TimesRoman",
    }


def test_parts_are_set_in_it_too(tmp_path):
    source = made(tmp_path, LOREM + GERMAN, GERMAN + LOREM)
    document, parts = retyped(extract(source), lambda _: GERMAN), [tmp_path / "1", tmp_path / "2"]
    for page, part in zip(document.pages, parts, strict=True):
        assert set_part(source, replace(document, pages=(page,)), part, target_lang="de") == ()
    assert join(source, document, parts, tmp_path / "out.pdf", options=Options("de")) == ()
    assert fonts_of(tmp_path / "out.pdf") == {"NotoSerifRegular"}


def test_a_font_of_a_few_words_gives_way_to_the_face_of_most(tmp_path):
    source = made(tmp_path, LOREM)
    with pymupdf.open(source) as pdf:
        pdf[0].insert_text((72, 500), "The only words", fontname="tiro")
        pdf.saveIncr()
    document = extract(source)
    few = document.blocks()[-1]
    own = with_targets(document, {few.id: few.source}, {})
    most = with_targets(
        document,
        {
            block.id: (Run(GERMAN, replace(block.source[0].style, font="Other")),)
            for block in document.blocks()
        },
        {},
    )
    with pymupdf.open(source) as pdf:
        assert own_faces(pdf, own.pages) == {}  # it is no font of the file's
        assert own_faces(pdf, most.pages) == {}


def test_the_letters_of_a_font_by_its_encoding(tmp_path):
    with pymupdf.open(made(tmp_path, LOREM)) as pdf:
        number = pdf.get_new_xref()
        pdf.update_object(
            number,
            "<</Type/Font/Subtype/Type1/BaseFont/Own/FirstChar 32/LastChar 34/Widths[250 500"
            " 0]/Encoding<</BaseEncoding/WinAnsiEncoding/Differences[33/adieresis/nosuchname"
            " 200/Zcaron]>>>>",
        )
        pdf.xref_set_key(pdf[0].xref, "Resources", f"<</Font<</Enc {number} 0 R>>>>")
        (font,) = PageFonts(pdf, 0).named("Own")
        assert (font.encoded["ä"], font.encoded["Ž"], font.encoded["A"]) == (33, 200, 65)
        assert font.widths == {32: 0.25, 33: 0.5, 34: 0.0}
        assert (font.is_whole, font.program, font.may_be_edited) == (True, b"", False)


def test_a_font_whose_program_is_broken_is_not_used(tmp_path):
    source = made(tmp_path, LOREM, simple=True)
    with pymupdf.open(source) as pdf:
        (font,) = PageFonts(pdf, 0).named("NotoSerif-Regular")
        assert font.outlines is not None
        broken = replace(font)
        pdf.update_stream(
            next(
                xref
                for xref in range(1, pdf.xref_length())
                if len(pdf.xref_stream(xref) or b"") > 99_999
            ),
            b"broken",
        )
        assert broken.outlines is None


def test_needs_are_counted_by_font():
    one, other = Style(font="One"), Style(font="Other")
    found = needed([Run("aab", one), Run("b", one), Run("c", other), Run("d", Style())])
    assert found == {"One": {"a": 2, "b": 2}, "Other": {"c": 1}}


@pytest.mark.parametrize(
    ("letters", "enough"),
    [("ab ", True), ("ab", False), ("a ", False), ("ab .", True)],
    ids=["all but a sign", "no blank", "a letter lacks", "all"],
)
def test_what_suffices(letters, enough):
    assert suffices({"a": 9, "b": 9, " ": 2, ".": 3}, letters) is enough


def test_one_letter_in_a_thousand_may_lack():
    assert suffices({"a": 999, "x": 1}, "a")
    assert not suffices({"a": 99, "x": 1}, "a")


def test_the_font_of_most_text_of_its_kind_prevails():
    needs_of = needed([Run("a" * 90, Style(font="Body")), Run("a" * 10, Style(font="Head"))])
    kinds = {"Body": Family.SERIF, "Head": Family.SERIF}
    assert prevailing(needs_of, kinds, ["Body"]) == ["Body"]
    assert prevailing(needs_of, kinds, ["Head"]) == []
    assert prevailing(needs_of, kinds | {"Head": Family.SANS}, ["Head"]) == ["Head"]


def test_styles_that_differ_in_their_font_only_are_one():
    assert Style(font="One") == Style(font="Other")
    assert len({Style(font="One"), Style(font="Other")}) == 1


def test_the_face_has_the_fonts_widths(tmp_path):
    document = retyped(extract(made(tmp_path, LOREM + GERMAN)), lambda _: GERMAN)
    with pymupdf.open(tmp_path / "source.pdf") as pdf:
        face = own_faces(pdf, document.pages)["NotoSerif-Regular"]
    font = hb.Font(hb.Face(NOTO))
    expected = font.get_glyph_h_advance(font.get_nominal_glyph(ord("m"))) / font.face.upem
    glyph = face.glyph("m")
    assert abs(glyph.advance - expected) < 0.001
    assert face.glyph("ж") is None


def test_a_document_without_targets_is_not_looked_at():
    page = Page(0, 595, 842, 0, ())
    assert own_faces(None, Document((page,), 1).pages) == {}
