"""Typefaces whose names say nothing are told by their letters."""

import pymupdf
import pytest

from dragoman.domain.document import Family
from pipeline.pdf.reading.letter_shapes import feet
from pipeline.pdf.reading.page_reader import read

WORDS = "The family should take part in the training"


def family(code, flags):
    """What a page's words in a base font are, once it has another name and descriptor flags."""
    with pymupdf.open() as pdf:
        sheet = pdf.new_page()
        number = sheet.insert_font("F0", fontbuffer=pymupdf.Font(code).buffer)
        sheet.insert_text((72, 100), WORDS, fontname="F0")
        (inner,) = {
            xref
            for xref in range(1, pdf.xref_length())
            if pdf.xref_get_key(xref, "FontDescriptor")[0] == "xref"
        }
        descriptor = int(pdf.xref_get_key(inner, "FontDescriptor")[1].split()[0])
        for xref in (number, inner):
            pdf.xref_set_key(xref, "BaseFont", "/AdvPS405B6")
        pdf.xref_set_key(descriptor, "FontName", "/AdvPS405B6")
        pdf.xref_set_key(descriptor, "Flags", str(flags))
        with pymupdf.open("pdf", pdf.tobytes()) as again:
            (rows,) = read(again[0]).rows.values()
            assert [row.text for row in rows] == [WORDS]
            return rows[0].spans[0].style.family


@pytest.mark.parametrize("flags", [4, 6])  # ISO 32000-1 table 123: symbolic, with a serif
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("tiro", Family.SERIF),
        ("tibo", Family.SERIF),
        ("helv", Family.SANS),
        ("hebo", Family.SANS),
        ("heit", Family.SANS),
    ],
)
def test_a_nameless_typeface_is_told_by_its_feet(code, flags, expected):
    assert family(code, flags) is expected


def test_feet_are_compared_with_uprights():
    assert feet([4] * 38 + [12, 12]) == 3
    assert feet([4] * 40) == 1
    assert feet([4] * 5) is None
    assert feet([0] * 40) is None
