"""What acts or hides is gone from the result; links, forms and comments are there."""

from __future__ import annotations

import zlib

import pymupdf
import pytest

from dragoman.domain.job import Layout, Options
from pipeline.pdf.cleaning import clean
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import reconstruct
from tests.pdfs import LOREM, make, retyped


def add(pdf, text):
    xref = pdf.get_new_xref()
    pdf.update_object(xref, text)
    return xref


def link(pdf, action):
    """An action behind a link on the first page, written in the annotation itself."""
    page = pdf.page_xref(0)
    old = pdf.xref_get_key(page, "Annots")[1].strip("[]") if pdf.xref_get_key(page, "Annots")[0] == "array" else ""
    number = add(pdf, f"<</Type/Annot/Subtype/Link/Rect[72 700 200 720]/Border[0 0 0]/A {action}>>")
    pdf.xref_set_key(page, "Annots", f"[{old} {number} 0 R]")


def catalog(pdf, key, text):
    pdf.xref_set_key(pdf.pdf_catalog(), key, text)


HOSTILE = {
    "script behind a link": lambda pdf: link(pdf, "<</S/JavaScript/JS(evil)>>"),
    "script as a stream": lambda pdf: link(pdf, f"{add(pdf, '<</S/JavaScript/JS(evil)>>')} 0 R"),
    "program behind a link": lambda pdf: link(pdf, "<</S/Launch/F(evil.exe)>>"),
    "second action": lambda pdf: link(pdf, "<</S/GoTo/D[0/Fit]/Next<</S/Launch/F(evil.exe)>>>>"),
    "one of several next actions": lambda pdf: link(pdf, "<</S/GoTo/D[0/Fit]/Next[<</S/JavaScript/JS(evil)>>]>>"),
    "script on opening": lambda pdf: catalog(pdf, "OpenAction", "<</S/JavaScript/JS(evil)>>"),
    "page called on opening": lambda pdf: catalog(pdf, "OpenAction", "<</S/URI/URI(http://evil.example)>>"),
    "action on printing": lambda pdf: catalog(pdf, "AA", "<</WP<</S/JavaScript/JS(evil)>>>>"),
    "action of a page": lambda pdf: pdf.xref_set_key(pdf.page_xref(0), "AA", "<</O<</S/URI/URI(http://evil.e)>>>>"),
    "scripts of the document": lambda pdf: catalog(
        pdf, "Names", "<</JavaScript<</Names[(a)<</S/JavaScript/JS(evil)>>]>>>>"
    ),
    "name in disguise": lambda pdf: link(pdf, "<</S/J#61vaScript/JS(evil)>>"),
    "address with a script": lambda pdf: link(pdf, "<</S/URI/URI(javascript:evil)>>"),
    "address of a local file": lambda pdf: link(pdf, "<</S/URI/URI(file:///evil)>>"),
    "file of another host": lambda pdf: link(pdf, "<</S/GoToR/F(\\\\\\\\evil\\\\share)/D[0/Fit]>>"),
    "form that is sent": lambda pdf: link(pdf, "<</S/SubmitForm/F(http://evil.example)>>"),
    "XML form": lambda pdf: catalog(pdf, "AcroForm", "<</Fields[]/XFA(evil)>>"),
    "attached file": lambda pdf: pdf.embfile_add("evil", b"evil file " * 9, filename="evil.exe"),
    "file behind a pin": lambda pdf: pdf[0].add_file_annot((300, 500), b"evil file " * 9, "evil.exe"),
}


def through(source, tmp_path, layout=Layout.TRANSLATED):
    out = tmp_path / "out.pdf"
    warnings = reconstruct(source, retyped(extract(source), str.upper), out, options=Options("de", layout=layout))
    return out, {warning.code for warning in warnings}


def everything(path):
    """All that the file holds, unpacked, names undisguised."""
    with pymupdf.open(path) as pdf:
        objects = [pdf.xref_object(number).encode() for number in range(1, pdf.xref_length())]
        streams = [pdf.xref_stream(number) for number in range(1, pdf.xref_length()) if pdf.xref_is_stream(number)]
    return path.read_bytes() + b"\n".join(objects + streams)


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_it_is_left_and_it_is_said(tmp_path, name, layout):
    source = make(tmp_path / "source.pdf", LOREM, draw=HOSTILE[name])
    assert b"evil" in everything(source)
    out, said = through(source, tmp_path, layout)
    assert b"evil" not in everything(out)
    if layout is Layout.TRANSLATED:
        assert "active_content_removed" in said


KEPT = {
    "web": "<</S/URI/URI(https://example.org/a)>>",
    "mail": "<</S/URI/URI(mailto:a@example.org)>>",
    "without a scheme": "<</S/URI/URI(www.example.org)>>",
    "page": "<</S/GoTo/D[0/Fit]>>",
    "command of the reader": "<</S/Named/N/NextPage>>",
    "layers": "<</S/SetOCGState/State[]>>",
    "empty form": "<</S/ResetForm>>",
    "file beside it": "<</S/GoToR/F(volume2.pdf)/D[0/Fit]>>",
}


@pytest.mark.parametrize("name", KEPT)
def test_links_that_do_no_harm_stay(tmp_path, name):
    source = make(tmp_path / "source.pdf", LOREM, draw=lambda pdf: link(pdf, KEPT[name]))
    out, said = through(source, tmp_path)
    assert said == set()
    with pymupdf.open(out) as pdf:
        annotation = int(pdf.xref_get_key(pdf.page_xref(0), "Annots")[1].strip("[]").split()[0])
        assert pdf.xref_get_key(annotation, "A/S")[1] in KEPT[name]


def test_fields_and_comments_stay_beside_what_goes(tmp_path):
    def draw(pdf):
        widget = pymupdf.Widget()
        widget.field_name, widget.field_type = "Name", pymupdf.PDF_WIDGET_TYPE_TEXT
        widget.rect, widget.field_value = pymupdf.Rect(72, 500, 320, 520), "Alice"
        widget.script_calc = "evil()"
        pdf[0].add_widget(widget)
        pdf[0].add_text_annot((300, 300), "A comment")
        pdf[0].add_file_annot((300, 500), b"evil", "evil.exe")

    out, _ = through(make(tmp_path / "source.pdf", LOREM, draw=draw), tmp_path)
    with pymupdf.open(out) as pdf:
        assert [field.field_value for field in pdf[0].widgets()] == ["Alice"]
        assert [note.info["content"] for note in pdf[0].annots()] == ["A comment"]
    assert b"evil" not in everything(out)


def test_a_signature_is_left_out_and_said(tmp_path):
    def sign(pdf):
        value = add(pdf, "<</Type/Sig/Filter/Adobe.PPKLite/Contents<00>>>")
        field = add(pdf, f"<</FT/Sig/T(s)/Subtype/Widget/Type/Annot/Rect[0 0 0 0]/V {value} 0 R>>")
        catalog(pdf, "AcroForm", f"<</Fields[{field} 0 R]/SigFlags 3>>")

    out, said = through(make(tmp_path / "source.pdf", LOREM, draw=sign), tmp_path)
    assert said == {"signature_removed"}
    assert b"PPKLite" not in everything(out)
    assert b"SigFlags" not in everything(out)


def test_metadata_say_what_the_file_says_now(tmp_path):
    def describe(pdf):
        pdf.set_metadata({"title": "About ferries", "author": "A & B", "creationDate": "D:20260102030405+01'00'"})
        pdf.set_xml_metadata("<x>About ferries, PDF/A-1b pdfaid:part</x>")

    out, _ = through(make(tmp_path / "source.pdf", LOREM, draw=describe), tmp_path)
    with pymupdf.open(out) as pdf:
        xmp = pdf.get_xml_metadata()
        assert pdf.metadata["title"] == "ABOUT FERRIES"
        assert pdf.xref_get_key(pdf.pdf_catalog(), "Lang")[1] == "de"
    assert 'x-default">ABOUT FERRIES<' in xmp
    assert "<rdf:li>de</rdf:li>" in xmp
    assert "A &amp; B" in xmp
    assert "2026-01-02T03:04:05+01:00" in xmp
    assert "pdfaid" not in xmp


def test_deep_nesting_within_an_object_ends(tmp_path):
    source = make(tmp_path / "source.pdf", LOREM, draw=lambda pdf: link(pdf, "[" * 90 + "<</JS(x)>>" + "]" * 90))
    with pymupdf.open(source) as pdf:
        clean(pdf)
        assert b"JS" not in zlib.compress(b"") + pdf.tobytes(expand=255)
