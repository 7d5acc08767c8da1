"""What acts or hides is gone from the result; links, forms and comments are there."""

from __future__ import annotations

import zlib

import pymupdf
import pytest

from dragoman.domain.job import Layout, Options
from pipeline.pdf.container.sanitizing import clean
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
    old = (
        pdf.xref_get_key(page, "Annots")[1].strip("[]")
        if pdf.xref_get_key(page, "Annots")[0] == "array"
        else ""
    )
    number = add(pdf, f"<</Type/Annot/Subtype/Link/Rect[72 700 200 720]/Border[0 0 0]/A {action}>>")
    pdf.xref_set_key(page, "Annots", f"[{old} {number} 0 R]")


def catalog(pdf, key, text):
    pdf.xref_set_key(pdf.pdf_catalog(), key, text)


HOSTILE = {
    "script behind a link": lambda pdf: link(pdf, "<</S/JavaScript/JS(evil)>>"),
    "script as a stream": lambda pdf: link(pdf, f"{add(pdf, '<</S/JavaScript/JS(evil)>>')} 0 R"),
    "program behind a link": lambda pdf: link(pdf, "<</S/Launch/F(evil.exe)>>"),
    "second action": lambda pdf: link(pdf, "<</S/GoTo/D[0/Fit]/Next<</S/Launch/F(evil.exe)>>>>"),
    "one of several next actions": lambda pdf: link(
        pdf, "<</S/GoTo/D[0/Fit]/Next[<</S/JavaScript/JS(evil)>>]>>"
    ),
    "script on opening": lambda pdf: catalog(pdf, "OpenAction", "<</S/JavaScript/JS(evil)>>"),
    "page called on opening": lambda pdf: catalog(
        pdf, "OpenAction", "<</S/URI/URI(http://evil.example)>>"
    ),
    "action on printing": lambda pdf: catalog(pdf, "AA", "<</WP<</S/JavaScript/JS(evil)>>>>"),
    "action of a page": lambda pdf: pdf.xref_set_key(
        pdf.page_xref(0), "AA", "<</O<</S/URI/URI(http://evil.e)>>>>"
    ),
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
    "file behind a pin": (
        lambda pdf: pdf[0].add_file_annot((300, 500), b"evil file " * 9, "evil.exe")
    ),
}


def through(source, tmp_path, layout=Layout.TRANSLATED):
    out = tmp_path / "out.pdf"
    warnings = reconstruct(
        source, retyped(extract(source), str.upper), out, options=Options("de", layout=layout)
    )
    return out, {warning.code for warning in warnings}


def everything(path):
    """All that the file holds, unpacked, names undisguised."""
    with pymupdf.open(path) as pdf:
        objects = [pdf.xref_object(number).encode() for number in range(1, pdf.xref_length())]
        streams = [
            pdf.xref_stream(number)
            for number in range(1, pdf.xref_length())
            if pdf.xref_is_stream(number)
        ]
    return path.read_bytes() + b"\n".join(objects + streams)


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_it_is_left_and_it_is_said(tmp_path, name, layout):
    source = make(tmp_path / "source.pdf", LOREM, draw=HOSTILE[name])
    assert b"evil" in everything(source)
    out, said = through(source, tmp_path, layout)
    assert b"evil" not in everything(out)
    if layout is Layout.TRANSLATED:
        assert said in ({"active_content_removed"}, {"links_removed"})


KEPT = {
    "web": ("<</S/URI/URI(https://example.org/a)>>", "https://example.org/a"),
    "mail": ("<</S/URI/URI(mailto:a@example.org)>>", "mailto:a@example.org"),
    "telephone": ("<</Type/Action/S/URI/URI(tel:+1-202-555-0123)>>", "tel:+1-202-555-0123"),
    "without a scheme": ("<</S/URI/URI(www.example.org/a)>>", "http://www.example.org/a"),
    "in capitals": ("<</S/URI/URI(HTTPS://EXAMPLE.ORG/)>>", "HTTPS://EXAMPLE.ORG/"),
    "with a line break": ("<</S/URI/URI(https://example.org/a\\nb)>>", "https://example.org/ab"),
    "with letters of all kinds": (
        "<</S/URI/URI <68747470733a2f2f652e6f72672fc3bc>>>",
        "https://e.org/%C3%BC",
    ),
    "with a second action": (
        "<</S/URI/URI(http://e.org/)/Next<</S/Named/N/Print>>>>",
        "http://e.org/",
    ),
    "page": ("<</S/GoTo/D[0/Fit]>>", "[0/Fit]"),
    "place with a name": ("<</S/GoTo/D(chapter 2)>>", "chapter 2"),
    "page, with something beside it": ("<</S/GoTo/D[0/Fit]/F(evil.pdf)/P 1 0 R>>", "[0/Fit]"),
}


@pytest.mark.parametrize("name", KEPT)
def test_links_that_do_no_harm_stay(tmp_path, name):
    action, leads_to = KEPT[name]
    source = make(tmp_path / "source.pdf", LOREM, draw=lambda pdf: link(pdf, action))
    out, said = through(source, tmp_path)
    assert said == ({"links_removed"} if "Next" in action else set())
    with pymupdf.open(out) as pdf:
        annotation = int(pdf.xref_get_key(pdf.page_xref(0), "Annots")[1].strip("[]").split()[0])
        kind = pdf.xref_get_key(annotation, "A/S")[1].strip("/")
        assert pdf.xref_get_key(annotation, "A/URI" if kind == "URI" else "A/D")[1] == leads_to
        assert (
            pdf.xref_get_key(annotation, "A/Next")[0]
            == pdf.xref_get_key(annotation, "A/F")[0]
            == "null"
        )


GONE = {
    "program behind a link, dressed as an element": "<</S/Launch/F(evil.exe)/P 1 0 R>>",
    "program, by reference": lambda pdf: (
        f"{add(pdf, '<</S/Launch/Win<</F(evil.exe)>>/P 1 0 R>>')} 0 R"
    ),
    "program, without a known entry": "<</S/Launch/P 1 0 R/K 0>>",
    "script with a line break in its scheme": "<</S/URI/URI(java\\nscript:evil)>>",
    "script behind control characters": "<</S/URI/URI(\\001\\t javascript:evil)>>",
    "script in UTF-16": (
        "<</S/URI/URI <feff006a006100760061007300630072006900700074003a006500760069006c>>>"
    ),
    "script behind an invisible character": (
        "<</S/URI/URI <feff200b006a0061007600610073000a0063003a006500760069006c>>>"
    ),
    "address of nothing known": "<</S/URI/URI(evil-app://open)>>",
    "local file without a scheme": "<</S/URI/URI(evil.exe)>>",
    "other host without a scheme": "<</S/URI/URI(\\\\\\\\evil\\\\share)>>",
    "other host in slashes": "<</S/URI/URI(//evil/share)>>",
    "address that is no text": "<</S/URI/URI[(https://evil)]>>",
    "article in another file": "<</S/Thread/F(\\\\\\\\evil\\\\a.pdf)/D 0>>",
    "file beside it": "<</S/GoToR/F(evil.pdf)/D[0/Fit]>>",
    "file of another host": "<</S/GoToR/F<</FS/URL/F(http://evil)>>/D[0/Fit]>>",
    "page in an embedded file": "<</S/GoToE/D[0/Fit]/T<</N(evil)/R/C>>>>",
    "place that hides an action": "<</S/GoTo/D<</S/Launch/F(evil)>>>>",
    "place with an action in it": "<</S/GoTo/D[0/Fit<</S/Launch/F(evil)>>]>>",
    "command of the reader": "<</S/Named/N/evil>>",
    "layers": "<</S/SetOCGState/State[/evil]>>",
    "empty form": "<</S/ResetForm/Fields[(evil)]>>",
    "fields that vanish": "<</S/Hide/T(evil)>>",
    "a type that nobody knows": "<</S/Evil>>",
    "a list of actions": "[<</S/Launch/F(evil.exe)>>]",
    "no type at all": "<</URI(javascript:evil)>>",
}


@pytest.mark.parametrize("name", GONE)
@pytest.mark.parametrize("holder", ["A", "PA"])
def test_a_link_that_leads_elsewhere_goes_and_is_said(tmp_path, name, holder):
    action = GONE[name]

    def draw(pdf):
        link(pdf, action if isinstance(action, str) else action(pdf))
        number = int(pdf.xref_get_key(pdf.page_xref(0), "Annots")[1].strip("[]").split()[0])
        if holder == "PA":
            pdf.update_object(
                number,
                pdf.xref_object(number, compressed=True)
                .replace("/A", "/PA", 1)
                .replace("/PAnnot", "/Annot"),
            )

    out, said = through(make(tmp_path / "source.pdf", LOREM, draw=draw), tmp_path)
    left = everything(out)
    assert b"evil" not in left.lower()
    assert b"Launch" not in left
    assert said == {"links_removed"}


def outlined(pdf, action):
    item = add(pdf, "null")
    root = add(pdf, f"<</Type/Outlines/First {item} 0 R/Last {item} 0 R/Count 1>>")
    pdf.update_object(item, f"<</Title(Chapter)/Parent {root} 0 R/A {action}>>")
    catalog(pdf, "Outlines", f"{root} 0 R")


def add_field(pdf, action):
    field = add(pdf, f"<</Type/Annot/Subtype/Widget/FT/Btn/T(b)/Rect[9 9 20 20]/A {action}>>")
    pdf.xref_set_key(pdf.page_xref(0), "Annots", f"[{field} 0 R]")
    catalog(pdf, "AcroForm", f"<</Fields[{field} 0 R]>>")


PLACES = {
    "outline": outlined,
    "opening": lambda pdf, action: catalog(pdf, "OpenAction", action),
    "next but one": lambda pdf, action: link(
        pdf, f"<</S/GoTo/D[0/Fit]/Next[<</S/GoTo/D[0/Fit]/Next {action}>>]>>"
    ),
    "field": add_field,
    "presentation": lambda pdf, action: pdf.xref_set_key(
        pdf.page_xref(0), "PresSteps", f"<</NA {action}/PA {action}>>"
    ),
    "unknown entry": lambda pdf, action: catalog(
        pdf, "Later", f"<</Deep[[{action}]/x<</On {action}>>]>>"
    ),
    "object that nothing leads to": add,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "action", ["<</S/Launch/F(evil.exe)/P 1 0 R>>", "<</Type/Action/S/Thread/F(evil.pdf)/D 0>>"]
)
def test_wherever_an_action_can_stand(tmp_path, place, action):
    source = make(tmp_path / "source.pdf", LOREM, draw=lambda pdf: PLACES[place](pdf, action))
    assert b"evil" in everything(source)
    out, _ = through(source, tmp_path)
    assert b"evil" not in everything(out)


def test_what_a_reader_would_fetch_from_another_file_goes(tmp_path):
    def draw(pdf):
        form = add(pdf, "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Ref<</F(evil.pdf)/Page 0>>>>")
        pdf.update_stream(form, b" ")
        picture = add(pdf, "<</F<</FS/URL/F(http://evil)>>/FFilter/DCTDecode>>")
        pdf.update_stream(picture, b" ")
        catalog(pdf, "Later", f"[{form} 0 R {picture} 0 R]")
        catalog(pdf, "URI", "<</Base(javascript:evil)>>")

    source = make(tmp_path / "source.pdf", LOREM, draw=draw)
    assert everything(source).count(b"evil") >= 3
    out, said = through(source, tmp_path)
    assert b"evil" not in everything(out)
    assert said == {"links_removed"}


def test_the_structure_keeps_its_elements_and_attributes(tmp_path):
    def draw(pdf):
        root = add(pdf, "null")
        element = add(
            pdf,
            f"<</Type/StructElem/S/Sound/P {root} 0"
            " R/A[<</O/Layout/Placement/Block>>0]/Alt(kept)>>",
        )
        pdf.update_object(root, f"<</Type/StructTreeRoot/K {element} 0 R>>")
        catalog(pdf, "Later", f"{element} 0 R")

    source = make(tmp_path / "source.pdf", LOREM, draw=draw)
    with pymupdf.open(source) as pdf:
        assert clean(pdf) == ()
        left = pdf.tobytes(expand=255)
    assert b"/Placement/Block" in left
    assert b"(kept)" in left


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
        pdf.set_metadata(
            {"title": "About ferries", "author": "A & B", "creationDate": "D:20260102030405+01'00'"}
        )
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
    source = make(
        tmp_path / "source.pdf",
        LOREM,
        draw=lambda pdf: link(pdf, "[" * 90 + "<</JS(x)>>" + "]" * 90),
    )
    with pymupdf.open(source) as pdf:
        clean(pdf)
        assert b"JS" not in zlib.compress(b"") + pdf.tobytes(expand=255)
