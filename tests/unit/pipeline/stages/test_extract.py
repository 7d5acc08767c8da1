from contextlib import suppress

import pymupdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dragoman.domain.document import from_bytes, to_bytes
from dragoman.errors import (
    DamagedPdf,
    EmptyFile,
    EncryptedPdf,
    NotAPdf,
    NoText,
    RequestError,
    TooManyPages,
    UnsupportedOption,
    VerticalText,
    WrongPassword,
)
from pipeline.stages.extract import extract
from tests.pdfs import LOREM, make

LOCKED = {"encryption": pymupdf.PDF_ENCRYPT_AES_256, "owner_pw": "owner", "user_pw": "open sesame"}


@pytest.fixture
def plain(tmp_path):
    return make(
        tmp_path / "plain.pdf",
        LOREM,
        "Second page with a few words.",
        "Third page with other words.",
    )


def test_a_document_is_read_with_its_language(plain):
    document = extract(plain)
    assert document.source_lang == "en"
    assert document.page_count == len(document.pages) == 3
    assert document.pages[0].blocks[0].text == LOREM


def test_a_named_language_is_not_questioned(plain):
    assert extract(plain, source_lang="de").source_lang == "de"


GERMAN = "Die Fähre verlässt den Hafen jeden Morgen um sieben Uhr und kehrt am Abend zurück."


def test_a_footer_of_every_page_does_not_decide_on_the_language(tmp_path):
    def footer(pdf):
        for page in pdf:
            page.insert_text((72, 700), GERMAN)

    assert extract(make(tmp_path / "a.pdf", LOREM, *["Tea"] * 9, draw=footer)).source_lang == "en"


@pytest.mark.parametrize(("target", "source"), [("de", "en"), ("en", "de"), (None, "de")])
def test_of_two_languages_that_to_be_translated_counts(tmp_path, target, source):
    pages = [GERMAN + " " + GERMAN, LOREM[:100]]
    assert extract(make(tmp_path / "a.pdf", *pages), target_lang=target).source_lang == source


def test_only_the_chosen_pages_are_read(plain):
    document = extract(plain, pages="2-3")
    assert [page.number for page in document.pages] == [1, 2]
    assert document.page_count == 3


def test_pages_that_do_not_exist_are_refused(plain):
    with pytest.raises(UnsupportedOption):
        extract(plain, pages="7")


def test_too_many_pages_are_refused(plain):
    with pytest.raises(TooManyPages):
        extract(plain, max_pages=2)


def test_title_and_outline_are_labels(tmp_path):
    def describe(pdf):
        pdf.set_toc([[1, "First chapter", 1]])
        pdf.set_metadata({"title": "About ferries"})

    document = extract(make(tmp_path / "a.pdf", LOREM, draw=describe))
    assert {label.key: label.text for label in document.labels} == {
        "title": "About ferries",
        "outline.0": "First chapter",
    }


def test_progress_rises_to_one(plain):
    told = []
    extract(plain, on_progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1


def test_what_was_read_survives_being_stored(plain):
    document = extract(plain)
    assert from_bytes(to_bytes(document)) == document


def test_an_empty_file_is_called_empty(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"")
    with pytest.raises(EmptyFile):
        extract(tmp_path / "a.pdf")


@pytest.mark.parametrize(
    "data", [b"hello, world", b"PK\x03\x04 a document of another kind", b"\x89PNG\r\n\x1a\n"]
)
def test_other_files_are_no_pdf(tmp_path, data):
    (tmp_path / "a.pdf").write_bytes(data)
    with pytest.raises(NotAPdf):
        extract(tmp_path / "a.pdf")


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.7\nThis is no PDF at all\n%%EOF"])
def test_a_header_alone_is_a_damaged_pdf(tmp_path, data, capfd):
    (tmp_path / "a.pdf").write_bytes(data)
    with pytest.raises(DamagedPdf):
        extract(tmp_path / "a.pdf")
    assert capfd.readouterr().err == ""


def test_a_locked_pdf_asks_for_its_password(tmp_path):
    locked = make(tmp_path / "a.pdf", LOREM, **LOCKED)
    with pytest.raises(EncryptedPdf):
        extract(locked)
    with pytest.raises(WrongPassword):
        extract(locked, password="please")
    assert extract(locked, password="open sesame").pages[0].blocks[0].text == LOREM


def test_pages_without_any_text_are_a_scan(tmp_path):
    with pytest.raises(NoText):
        extract(make(tmp_path / "a.pdf", "", draw=lambda pdf: pdf[0].draw_rect((10, 10, 90, 90))))


def test_one_page_with_text_among_pictures_is_enough(tmp_path):
    assert extract(make(tmp_path / "a.pdf", "", LOREM)).pages[1].blocks


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_cut_or_garbled_file_is_read_or_refused_but_never_breaks_the_reader(tmp_path, data):
    whole = make(tmp_path / "whole.pdf", LOREM).read_bytes()
    # Drawn as shares: a PDF made anew may differ by a byte in length, and what is drawn must not
    # depend on that.
    start, end = sorted(
        9 + data.draw(st.integers(0, 999)) * (len(whole) - 9) // 999 for _ in range(2)
    )
    (tmp_path / "cut.pdf").write_bytes(
        whole[:start] + data.draw(st.binary(max_size=20)) + whole[end:]
    )
    with suppress(RequestError):
        extract(tmp_path / "cut.pdf")


def hidden(pdf):
    pdf[0].insert_text((72, 100), "recognised words under a picture", render_mode=3)


def test_a_scan_with_hidden_text_is_no_text_to_translate(tmp_path):
    with pytest.raises(NoText):
        extract(make(tmp_path / "a.pdf", "", draw=hidden))


def test_a_scanned_page_among_others_is_kept_and_said(tmp_path):
    document = extract(make(tmp_path / "a.pdf", "", LOREM, draw=hidden))
    assert [(warning.code, warning.page) for warning in document.warnings] == [
        ("text_unreadable", 0)
    ]


def from_top_to_bottom(pdf):
    """Japanese in writing mode 1, by a predefined CMap (ISO 32000-2 9.7.5.2)."""
    font = pdf.get_new_xref()
    pdf.update_object(
        font,
        "<</Type/Font/Subtype/Type0/BaseFont/HeiseiMin-W3/Encoding/UniJIS-UTF16-V"
        "/DescendantFonts[<</Type/Font/Subtype/CIDFontType0/BaseFont/HeiseiMin-W3"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>"
        "/FontDescriptor<</Type/FontDescriptor/FontName/HeiseiMin-W3/Flags 4/Ascent 880"
        "/Descent -120/CapHeight 700/ItalicAngle 0/StemV 80/FontBBox[0 -120 1000 880]>>>>]>>",
    )
    page = pdf[0]
    pdf.xref_set_key(page.xref, "Resources", f"<</Font<</V {font} 0 R>>>>")
    words = "縦書きの文章は上から下へ読みます".encode("utf-16-be").hex()
    content = pdf.get_new_xref()
    pdf.update_object(content, "<<>>")
    pdf.update_stream(content, f"BT /V 18 Tf 400 700 Td <{words}> Tj ET".encode())
    pdf.xref_set_key(page.xref, "Contents", f"{content} 0 R")


def test_text_from_top_to_bottom_is_said_to_be_that_and_no_scan(tmp_path):
    with pytest.raises(VerticalText):
        extract(make(tmp_path / "a.pdf", "", draw=from_top_to_bottom))


def test_a_page_of_it_among_others_is_kept_and_said(tmp_path):
    document = extract(make(tmp_path / "a.pdf", "", LOREM, draw=from_top_to_bottom))
    assert [(warning.code, warning.page) for warning in document.warnings] == [("vertical_kept", 0)]
