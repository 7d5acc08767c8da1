"""Blanks that a file calls something else."""

import pymupdf
import pytest

from pipeline.pdf.reading.blank_glyphs import doubts
from pipeline.pdf.reading.page_reader import read

WORDS = "the office is open from eight to four on working days"


def rows(words, swap=None):
    """The rows of a page whose table for copying has one character for another."""
    with pymupdf.open() as pdf:
        sheet = pdf.new_page()
        face = pymupdf.Font("tiro")
        number = sheet.insert_font("F0", fontbuffer=face.buffer)
        sheet.insert_text((72, 100), words, fontname="F0")
        if swap:
            told = int(pdf.xref_get_key(number, "ToUnicode")[1].split()[0])
            glyphs = "".join(
                f"<{face.has_glyph(ord(one)):04x}> <{ord(swap.get(one, one)):04x}>\n"
                for one in sorted(set(words))
            )
            pdf.update_stream(
                told,
                b"begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
                + f"{len(set(words))} beginbfchar\n{glyphs}endbfchar endcmap".encode(),
            )
        with pymupdf.open("pdf", pdf.tobytes()) as again:
            return [row.text for found in read(again[0]).rows.values() for row in found]


@pytest.mark.parametrize("sign", ["#", "!", "_"])
def test_what_has_no_ink_is_a_blank(sign):
    assert rows(WORDS, {" ": sign}) == [WORDS]


def test_what_has_ink_stays():
    words = WORDS.replace(" ", "#")
    assert rows(words) == [words]
    assert rows(words, {"#": "!"}) == [words.replace("#", "!")]


def test_only_texts_without_blanks_are_doubtful():
    assert doubts(WORDS) == set()
    assert doubts(WORDS.replace(" ", "#")) == {"#"}
    assert doubts("short#text") == set()
    assert doubts("1.000,00 " * 10) == set()
    assert doubts("办公室#从八点" * 10) == set()
