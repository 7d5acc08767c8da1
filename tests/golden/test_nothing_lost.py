"""What is not translated is still there afterwards, whatever its typeface says of its height."""

import pymupdf
import pytest

from dragoman.domain.job import Options
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import reconstruct
from tests.pdfs import retyped

FORMULA = "x + y = 7"


def page_with_a_tall_typeface(path, box, *, twice=False):
    """A formula among rows of words, in a typeface whose letters reach from `box[0]` under the
    baseline to `box[1]` over it (thousandths of the size).

    `twice`: the page has another one of its name, so that nobody knows which of them draws it.
    """
    with pymupdf.open() as pdf:
        sheet = pdf.new_page()
        sheet.insert_font("F0", fontbuffer=pymupdf.Font("tiro").buffer)
        sheet.insert_text((72, 100), "The first row of this page has a sum of its own")
        sheet.insert_text((400, 114), FORMULA, fontname="F0", color=(0, 0, 1))
        sheet.insert_text((72, 128), "and the next row has words that go on for quite a while here")
        sheet.insert_text((380, 142), "a row of words stands under it")
        (inner,) = {
            xref
            for xref in range(1, pdf.xref_length())
            if pdf.xref_get_key(xref, "FontDescriptor")[0] == "xref"
        }
        descriptor = int(pdf.xref_get_key(inner, "FontDescriptor")[1].split()[0])
        pdf.xref_set_key(descriptor, "Descent", str(box[0]))
        pdf.xref_set_key(descriptor, "Ascent", str(box[1]))
        if twice:
            (number,) = [font[0] for font in sheet.get_fonts() if font[4] == "F0"]
            other = pdf.get_new_xref()
            pdf.update_object(other, pdf.xref_object(number))
            held = int(pdf.xref_get_key(sheet.xref, "Resources")[1].split()[0])
            pdf.xref_set_key(held, "Font/F1", f"{other} 0 R")
        pdf.save(path)
    return path


def through(source, out):
    warnings = reconstruct(source, retyped(extract(source), str.upper), out, options=Options("de"))
    with pymupdf.open(out) as pdf:
        spans = {
            span["text"]: span
            for block in pdf[0].get_text("dict", flags=0)["blocks"]
            for line in block["lines"]
            for span in line["spans"]
        }
        return spans, [warning.code for warning in warnings]


@pytest.mark.parametrize("box", [(-220, 700), (-3000, 3000)])
def test_a_formula_in_a_tall_typeface_stays(tmp_path, box):
    source = page_with_a_tall_typeface(tmp_path / "source.pdf", box)
    spans, warnings = through(source, tmp_path / "out.pdf")
    assert warnings == []
    assert spans[FORMULA]["origin"] == pytest.approx((400, 114), abs=0.1)
    assert spans[FORMULA]["color"] == 0x0000FF
    assert spans[FORMULA]["size"] == pytest.approx(11, abs=0.01)
    assert "THE FIRST ROW OF THIS PAGE HAS A SUM OF ITS OWN" in spans
    assert "A ROW OF WORDS STANDS UNDER IT" in spans
    assert len(spans) == 4


def test_what_cannot_be_kept_is_said(tmp_path):
    source = page_with_a_tall_typeface(tmp_path / "source.pdf", (-3000, 3000), twice=True)
    spans, warnings = through(source, tmp_path / "out.pdf")
    assert warnings == ["text_lost"]
    assert "THE FIRST ROW OF THIS PAGE HAS A SUM OF ITS OWN" in spans
