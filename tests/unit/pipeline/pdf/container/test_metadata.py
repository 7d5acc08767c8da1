"""What a file says outside its pages is translated; what people filled in is not."""

import pymupdf

from dragoman.domain.job import Options
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import reconstruct
from tests.pdfs import make, retyped


def form(pdf):
    for place, (hint, value) in enumerate({"Your first name": "Alice", "": "Bob"}.items()):
        widget = pymupdf.Widget()
        widget.field_name, widget.field_type = f"field {place}", pymupdf.PDF_WIDGET_TYPE_TEXT
        widget.rect, widget.field_value = (
            pymupdf.Rect(72, 500 + 40 * place, 220, 520 + 40 * place),
            value,
        )
        if hint:
            widget.field_label = hint
        pdf[0].add_widget(widget)


def figure(pdf):
    root, element = pdf.get_new_xref(), pdf.get_new_xref()
    pdf.update_object(root, f"<</Type/StructTreeRoot/K {element} 0 R>>")
    pdf.update_object(
        element, f"<</Type/StructElem/S/Figure/P {root} 0 R/Alt(A ferry at sea)/K {element} 0 R>>"
    )
    pdf.xref_set_key(pdf.pdf_catalog(), "StructTreeRoot", f"{root} 0 R")


def through(tmp_path, draw):
    source, out = make(tmp_path / "a.pdf", "Some words.", draw=draw), tmp_path / "out.pdf"
    reconstruct(source, retyped(extract(source), str.upper), out, options=Options("de"))
    return out


def test_hints_of_fields_are_translated_and_values_are_not(tmp_path):
    with pymupdf.open(through(tmp_path, form)) as pdf:
        fields = [
            (field.field_name, field.field_label, field.field_value) for field in pdf[0].widgets()
        ]
    assert fields == [("field 0", "YOUR FIRST NAME", "Alice"), ("field 1", None, "Bob")]


def test_descriptions_of_figures_are_translated_even_in_a_tree_that_runs_in_a_circle(tmp_path):
    with pymupdf.open(through(tmp_path, figure)) as pdf:
        objects = [
            pdf.xref_object(number, compressed=True) for number in range(1, pdf.xref_length())
        ]
    assert [text for text in objects if "/Alt(A FERRY AT SEA)" in text]
