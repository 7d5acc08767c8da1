"""What is drawn with words goes with them: opacity, outlines, underlines."""

import pymupdf
import pytest

from dragoman.domain.job import Options
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import reconstruct
from tests.pdfs import retyped

ROW = 20  # points between the rows of a paragraph


def through(tmp_path, draw, change=str.upper):
    """The first page of what `draw` makes, translated."""
    source, out = tmp_path / "source.pdf", tmp_path / "out.pdf"
    with pymupdf.open() as pdf:
        draw(pdf.new_page())
        pdf.save(source)
    reconstruct(source, retyped(extract(source), change), out, options=Options("de"))
    return pymupdf.open(out)


def spans(pdf):
    return [
        span
        for block in pdf[0].get_text("dict", flags=0)["blocks"]
        for line in block["lines"]
        for span in line["spans"]
    ]


@pytest.mark.parametrize("share", [0.15, 0.2, 0.6])
def test_faint_words_stay_faint(tmp_path, share):
    def draw(sheet):
        sheet.insert_text((72, 100), "The members agree to the rules of the house")
        sheet.insert_text((72, 300), "Confidential draft", fontsize=34, fill_opacity=share)

    with through(tmp_path, draw) as pdf:
        found = {span["text"]: span["alpha"] for span in spans(pdf)}
    assert found["THE MEMBERS AGREE TO THE RULES OF THE HOUSE"] == 255
    assert found["CONFIDENTIAL DRAFT"] == pytest.approx(255 * share, abs=2)


def test_outlined_words_stay_outlined_and_others_do_not_become_so(tmp_path):
    def draw(sheet):
        sheet.insert_text((72, 100), "Licensed to the head office", render_mode=1)
        sheet.insert_text((72, 300), "The members agree to the rules")

    with through(tmp_path, draw) as pdf:
        modes = {span["text"]: span["char_flags"] & (16 | 32) for span in spans(pdf)}
    assert modes == {"LICENSED TO THE HEAD OFFICE": 32, "THE MEMBERS AGREE TO THE RULES": 16}


def test_an_underline_goes_with_its_words(tmp_path):
    rows = ["until the earlier of the day on which the", "Commission says that it will not look at"]

    def draw(sheet):
        for number, row in enumerate(rows):
            sheet.insert_text((72, 100 + number * ROW), row, fontname="tiro")
        end = 72 + pymupdf.get_text_length("Commission", "tiro")
        sheet.draw_line((72, 101.5 + ROW), (end, 101.5 + ROW), width=0.6)

    def change(text):
        return text.replace("the earlier", "a very much earlier moment of the")

    with through(tmp_path, draw, change) as pdf:
        (line,) = [drawing["rect"] for drawing in pdf[0].get_drawings()]
        (word,) = pdf[0].search_for("Commission")
    assert (line.x0, line.x1) == pytest.approx((word.x0, word.x1), abs=0.5)
    assert word.y0 < line.y0 < word.y1
    assert line.height < 1


def test_rules_stay_where_they_are(tmp_path):
    def draw(sheet):
        sheet.insert_text((72, 100), "Summary of the year")
        sheet.draw_line((72, 103), (500, 103))

    with through(tmp_path, draw, lambda text: f"{text} {text}") as pdf:
        (line,) = [drawing["rect"] for drawing in pdf[0].get_drawings()]
    assert (line.x0, line.x1) == (72, 500)


CMAP = """/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Private def
/CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange
{count} beginbfchar
{codes}
endbfchar endcmap end end"""


def private(sheet, codes):
    """A typeface of signs with private codes on a page, as Wingdings: sign -> code."""
    signs = pymupdf.Font("zadb")
    number = sheet.insert_font("Wing", fontbuffer=signs.buffer)
    pdf = sheet.parent
    lines = [f"<{signs.has_glyph(ord(sign)):04x}> <{code:04x}>" for sign, code in codes.items()]
    cmap = CMAP.format(count=len(lines), codes="\n".join(lines))
    told = pdf.xref_get_key(number, "ToUnicode")[1]
    pdf.update_stream(int(told.split()[0]), cmap.encode())


def darkness(page, box):
    """How much ink is in a part of a page, 0 to 1."""
    drawn = page.get_pixmap(clip=box, dpi=200, colorspace=pymupdf.csGRAY)
    return 1 - sum(drawn.samples) / 255 / len(drawn.samples)


@pytest.mark.parametrize("lang", ["de", "ar"])
def test_signs_with_private_codes_stay_and_stay_told_apart(tmp_path, lang):
    signs = {"◆": 0xF075, "✔": 0xF0FC, "❏": 0xF06F}

    def draw(sheet):
        private(sheet, signs)
        for number, sign in enumerate(signs):
            y = 100 + 40 * number
            sheet.insert_text((60, y), sign, fontname="Wing")
            sheet.insert_text((76, y), "I agree to the terms of the house and to its rules")
            sheet.insert_text((76, y + 14), "as long as I live in it")

    with pymupdf.open() as pdf:
        draw(pdf.new_page())
        pdf.save(tmp_path / "source.pdf")
    out = tmp_path / "out.pdf"
    source = tmp_path / "source.pdf"
    warnings = reconstruct(source, retyped(extract(source), str.upper), out, options=Options(lang))
    with pymupdf.open(source) as before, pymupdf.open(out) as after:
        for code in signs.values():
            (was,), (at,) = places(before[0], chr(code)), places(after[0], chr(code))
            assert darkness(after[0], at) == pytest.approx(darkness(before[0], was), abs=0.02)
            assert (at.x0 > 300) == (lang == "ar")
    assert warnings == ()


def places(page, sign):
    """Where a sign stands on a page."""
    return [
        pymupdf.Rect(character["bbox"])
        for block in page.get_text("rawdict", flags=0)["blocks"]
        for line in block["lines"]
        for span in line["spans"]
        for character in span["chars"]
        if character["c"] == sign
    ]


def test_ticks_among_words_are_the_pages_own(tmp_path):
    def draw(sheet):
        private(sheet, {"✔": 0xF0FC, "❏": 0xF06F})
        x = 72.0
        for text, font in [
            ("The answer is yes ", "helv"),
            ("✔", "Wing"),
            (" or no ", "helv"),
            ("❏", "Wing"),
            (" as you please", "helv"),
        ]:
            sheet.insert_text((x, 100), text, fontname=font)
            face = pymupdf.Font("zadb") if font == "Wing" else pymupdf.Font(font)
            x += face.text_length(text, 11)

    with through(tmp_path, draw) as pdf:
        text = pdf[0].get_text().replace("\n", " ")
    assert " ".join(text.split()) == "THE ANSWER IS YES \uf0fc OR NO \uf06f AS YOU PLEASE"
