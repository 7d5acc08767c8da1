"""Scans: pages that are pictures are read by the real Tesseract, covered and set anew; the
others pass as ever.
"""

from __future__ import annotations

import pymupdf
import pytest

from dragoman.domain.document import Family
from dragoman.domain.job import Options
from dragoman.errors import NoText, OcrMissing
from pipeline.pdf.reading import ocr
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import reconstruct
from tests.pdfs import LOREM, make, retyped
from tests.servers.process import needs

needs_tesseract = needs("tesseract", "tesseract-ocr")
INK, PAPER = (0.1, 0.1, 0.1), (0.96, 0.93, 0.85)


def picture_of(text=LOREM, *, font="tiro", size=12, turn=0, paper=PAPER):
    """A page with `text` on coloured paper, as pixels."""
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        page.draw_rect(page.rect, color=None, fill=paper)
        page.insert_textbox((72, 72, 523, 400), text, fontsize=size, fontname=font, color=INK)
        page.draw_rect((72, 600, 272, 700), color=None, fill=(0.8, 0.2, 0.2))
        page.set_rotation(turn)
        return page.get_pixmap(dpi=150).tobytes("png")


def scan(path, *pages, before=lambda pdf: None):
    def draw(pdf):
        for picture in pages:
            page = pdf.new_page()
            page.insert_image(page.rect, stream=picture, keep_proportion=False)
        if pdf.page_count > 1:
            pdf.delete_page(0)
        before(pdf)

    return make(path, "", draw=draw)


def set_anew(source, tmp_path, change=str.upper, **more):
    document = extract(source, **more)
    out = tmp_path / "out.pdf"
    warnings = reconstruct(source, retyped(document, change), out, options=Options("de"))
    return out, document, {one.code for one in (*document.warnings, *warnings)}


def text_of(path, number=0):
    with pymupdf.open(path) as pdf:
        return " ".join(pdf[number].get_text().split())


@needs_tesseract
def test_a_scan_is_read_covered_and_set(tmp_path):
    out, document, said = set_anew(scan(tmp_path / "a.pdf", picture_of()), tmp_path)
    assert document.source_lang == "en"
    assert said == {"text_recognised"}
    assert text_of(out) == LOREM.upper()
    assert document.pages[0].blocks[0].source[0].style.size == pytest.approx(12, abs=0.8)


@needs_tesseract
@pytest.mark.more
def test_the_ink_is_covered_in_the_papers_colour_and_the_rest_stays(tmp_path):
    source = scan(tmp_path / "a.pdf", picture_of())
    out, _, _ = set_anew(source, tmp_path, lambda _: "·")
    with pymupdf.open(out) as pdf:
        pixels = pdf[0].get_pixmap(dpi=72)
    middle = [pixels.pixel(x, y) for x in range(90, 500, 3) for y in range(76, 120)]
    dark = sum(max(color) < 150 for color in middle)
    assert dark < 0.002 * len(middle)
    assert all(
        abs(channel - round(255 * wanted)) < 12
        for channel, wanted in zip(middle[0], PAPER, strict=True)
    )
    red, green, _ = pixels.pixel(150, 650)
    assert red - green > 100


@needs_tesseract
@pytest.mark.parametrize(
    ("font", "family"), [("tiro", Family.SERIF), ("helv", Family.SANS), ("cour", Family.MONO)]
)
@pytest.mark.more
def test_the_kind_of_typeface_is_told_by_its_width(tmp_path, font, family):
    document = extract(scan(tmp_path / "a.pdf", picture_of(font=font)))
    assert document.pages[0].blocks[0].source[0].style.family is family


@needs_tesseract
@pytest.mark.more
def test_cells_side_by_side_have_places_of_their_own(tmp_path):
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        for row in range(4):
            for column, words in enumerate(("Morning ferry", "Evening ferry", "Small island")):
                page.insert_text(
                    (72 + 170 * column, 100 + 30 * row), words, fontsize=12, fontname="tiro"
                )
        picture = page.get_pixmap(dpi=150).tobytes("png")
    blocks = extract(scan(tmp_path / "a.pdf", picture)).pages[0].blocks
    lefts = sorted({round(block.bbox[0], -1) for block in blocks})
    assert len(lefts) == 3
    assert all("ferry" not in block.text for block in blocks if block.bbox[0] > 400)


@needs_tesseract
@pytest.mark.more
def test_light_words_on_dark_paper_stay_light(tmp_path):
    with pymupdf.open() as pdf:
        page = pdf.new_page()
        page.draw_rect((0, 200, 595, 320), color=None, fill=(0.1, 0.2, 0.4))
        page.insert_text((72, 260), "White words on a dark band", fontsize=24, color=(1, 1, 1))
        page.insert_text(
            (72, 400), "Red words on the paper of the page", fontsize=24, color=(0.8, 0.1, 0.1)
        )
        picture = page.get_pixmap(dpi=150).tobytes("png")
    light, red = (
        block.source[0].style.color
        for block in extract(scan(tmp_path / "a.pdf", picture)).pages[0].blocks
    )
    assert light == 0xFFFFFF
    assert red >> 16 > 150 > red & 0xFF


@needs_tesseract
@pytest.mark.parametrize("rotation", [90, 270])
@pytest.mark.more
def test_a_turned_page_is_read_as_it_is_shown(tmp_path, rotation):
    def lay(pdf):
        page = pdf.new_page(width=842, height=595)
        page.insert_image(page.rect, stream=picture_of(), rotate=rotation)
        page.set_rotation(rotation)
        pdf.delete_page(0)

    source = make(tmp_path / "a.pdf", "", draw=lay)
    with pymupdf.open(source) as pdf:
        assert pdf[0].rect.width < pdf[0].rect.height
    out, _, _ = set_anew(source, tmp_path)
    with pymupdf.open(out) as pdf:
        upright = [
            line["dir"]
            for block in pdf[0].get_text("dict")["blocks"]
            for line in block.get("lines", ())
        ]
        assert "FERRY LEAVES" in " ".join(pdf[0].get_text().split())
        shown = {
            pymupdf.Point(one) * pdf[0].rotation_matrix
            - pymupdf.Point(0, 0) * pdf[0].rotation_matrix
            for one in upright
        }
    assert {(round(point.x), round(point.y)) for point in shown} == {(1, 0)}


@needs_tesseract
@pytest.mark.more
def test_a_mixed_document_is_read_page_by_page(tmp_path):
    source = scan(
        tmp_path / "a.pdf",
        picture_of(),
        before=lambda pdf: pdf.new_page().insert_text((72, 72), LOREM[:60]),
    )
    out, document, _ = set_anew(source, tmp_path)
    assert [page.scanned for page in document.pages] == [True, False]
    assert text_of(out, 1) == LOREM[:60].upper()


@needs_tesseract
@pytest.mark.more
def test_a_language_without_a_file_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(ocr, "languages", lambda: frozenset({"eng"}))
    _, document, said = set_anew(scan(tmp_path / "a.pdf", picture_of()), tmp_path, source_lang="fi")
    assert said == {"text_recognised", "ocr_language_missing"}
    assert any("“fi”" in one.message for one in document.warnings)


def hide_words(pdf):
    pdf[0].insert_textbox((72, 72, 523, 400), LOREM, fontsize=12, fontname="tiro", render_mode=3)


@pytest.mark.more
def test_words_that_somebody_recognised_before_are_used(tmp_path, monkeypatch):
    monkeypatch.setattr(ocr, "languages", frozenset)
    out, document, said = set_anew(
        scan(tmp_path / "a.pdf", picture_of(), before=hide_words), tmp_path
    )
    assert document.pages[0].scanned
    assert said == {"text_recognised"}
    assert text_of(out) == LOREM.upper()


@pytest.fixture
def without_tesseract(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    ocr.languages.cache_clear()
    yield
    ocr.languages.cache_clear()


def test_without_tesseract_the_answer_says_what_to_install(tmp_path, without_tesseract):
    with pytest.raises(OcrMissing) as caught:
        extract(scan(tmp_path / "a.pdf", picture_of()))
    assert "apt-get install tesseract-ocr" in caught.value.for_admin
    assert "Tesseract" in caught.value.advice


@pytest.mark.more
def test_without_tesseract_a_scan_among_other_pages_stays_and_is_said(tmp_path, without_tesseract):
    source = scan(
        tmp_path / "a.pdf",
        picture_of(),
        before=lambda pdf: pdf.new_page().insert_text((72, 72), LOREM[:60]),
    )
    out, document, said = set_anew(source, tmp_path)
    assert said == {"ocr_missing"}
    assert [one.page for one in document.warnings] == [0]
    assert text_of(out, 1) == LOREM[:60].upper()


@pytest.mark.more
def test_an_empty_page_is_no_scan(tmp_path):
    with pytest.raises(NoText):
        extract(make(tmp_path / "a.pdf", ""))


@needs_tesseract
@pytest.mark.more
def test_a_picture_without_words_has_none(tmp_path):
    with pytest.raises(NoText):
        extract(scan(tmp_path / "a.pdf", picture_of("", paper=(0.2, 0.4, 0.6))))


@pytest.mark.more
def test_a_tesseract_that_fails_reads_nothing(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "tesseract"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\n[ "$1" = --list-langs ] && printf "List:\\neng\\n" && exit 0\nexit 3\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    ocr.languages.cache_clear()
    with pytest.raises(NoText):
        extract(scan(tmp_path / "a.pdf", picture_of()))
    ocr.languages.cache_clear()


@needs_tesseract
@pytest.mark.more
def test_a_page_in_letters_without_a_language_file_is_left_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(ocr, "languages", lambda: frozenset({"eng"}))
    russian = "Сумма налога к уплате по сроку не позднее двадцать пятого июля отчетного года. " * 6
    source = scan(
        tmp_path / "a.pdf", picture_of(russian), picture_of(russian), before=words_on_page
    )
    _, document, _ = set_anew(source, tmp_path)
    assert {page.scanned for page in document.pages} == {False}
    (told,) = {one.message for one in document.warnings if one.code == "ocr_script_missing"}
    assert "Cyrillic letters" in told


def words_on_page(pdf):
    pdf.new_page().insert_textbox((72, 72, 523, 400), LOREM, fontsize=11)
