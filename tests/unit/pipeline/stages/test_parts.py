"""A document read and set in ranges, on several workers perhaps, is the document read and set
at once.
"""

from __future__ import annotations

import pymupdf
import pytest

from dragoman.domain.document import Document, DocumentWarning
from dragoman.domain.job import Options
from dragoman.errors import NoText, TooManyPages
from pipeline.stages.extract import extract, extract_part, gist, judge, ranges, survey
from pipeline.stages.reconstruct import join, once, reconstruct, set_part
from tests.pdfs import LOREM, make, retyped, words

TO_GERMAN = Options("de")


def describe(pdf):
    pdf.set_toc([[1, "First chapter", 1], [1, "Second chapter", 3]])
    pdf.set_page_labels([{"startpage": 0, "prefix": "A-", "style": "D", "firstpagenum": 1}])
    pdf[0].insert_link(
        {"kind": pymupdf.LINK_GOTO, "from": pymupdf.Rect(72, 72, 200, 90), "page": 4}
    )
    widget = pymupdf.Widget()
    widget.field_name, widget.field_type = "Name", pymupdf.PDF_WIDGET_TYPE_TEXT
    widget.rect, widget.field_value = pymupdf.Rect(72, 500, 320, 520), "Alice"
    pdf[2].add_widget(widget)


@pytest.fixture
def source(tmp_path):
    return make(
        tmp_path / "source.pdf",
        *(f"{LOREM} (Seite № {number}: δ)" for number in range(5)),
        draw=describe,
    )


def in_parts(source, tmp_path, numbers=range(5), size=2, change=str.upper):
    shell = retyped(survey(source), change)
    made = []
    for place, chosen in enumerate(ranges(numbers, size)):
        made.append(tmp_path / f"{place}.part")
        set_part(source, retyped(extract_part(source, chosen), change), made[-1], target_lang="de")
    out = tmp_path / "joined.pdf"
    join(source, shell, reversed(made), out, options=TO_GERMAN)
    return out


def test_the_words_are_those_of_one_run(source, tmp_path):
    whole = tmp_path / "whole.pdf"
    reconstruct(source, retyped(extract(source), str.upper), whole, options=TO_GERMAN)
    joined = in_parts(source, tmp_path)
    assert words(joined) == words(whole)
    assert joined.stat().st_size < whole.stat().st_size * 1.02


def test_no_typeface_is_embedded_twice(source, tmp_path):
    with pymupdf.open(in_parts(source, tmp_path, change=lambda text: f"{text} 中")) as pdf:
        names = {(font[0], font[3]) for number in range(5) for font in pdf.get_page_fonts(number)}
    assert len(names) == len({name for _, name in names})
    assert len(names) > 1


def test_outline_labels_links_and_fields_are_those_of_the_source(source, tmp_path):
    with pymupdf.open(source) as before, pymupdf.open(in_parts(source, tmp_path)) as after:
        assert after.get_toc() == [
            [level, text.upper(), page] for level, text, page in before.get_toc()
        ]
        assert [page.get_label() for page in after] == ["A-1", "A-2", "A-3", "A-4", "A-5"]
        assert [link["page"] for link in after[0].get_links()] == [4]
        assert [field.field_value for field in after[2].widgets()] == ["Alice"]


def test_pages_of_no_part_pass_as_they_are(source, tmp_path):
    with (
        pymupdf.open(source) as before,
        pymupdf.open(in_parts(source, tmp_path, numbers=[1])) as after,
    ):
        for number in (0, 2, 3, 4):
            assert raw_contents(after, number) == raw_contents(before, number)
        assert raw_contents(after, 1) != raw_contents(before, 1)


def raw_contents(pdf, number):
    return [pdf.xref_stream(xref) for xref in pdf[number].get_contents()]


def test_a_stream_that_pages_share_is_not_changed_for_the_other_page(tmp_path):
    def share(pdf):
        for key in ("Contents", "Resources"):
            pdf.xref_set_key(pdf.page_xref(1), key, pdf.xref_get_key(pdf.page_xref(0), key)[1])

    source = make(tmp_path / "source.pdf", LOREM, "", draw=share)
    out = in_parts(source, tmp_path, numbers=[0])
    with pymupdf.open(out) as pdf:
        assert "FERRY" in pdf[0].get_text()
        assert "ferry" in pdf[1].get_text()


def test_ranges_are_of_about_the_same_length():
    assert [len(part) for part in ranges(range(81), 40)] == [27, 27, 27]
    assert ranges([8, 2, 5], 2) == [(2,), (5, 8)]
    assert ranges([]) == []


def test_a_survey_reads_no_pages_but_counts_them(source):
    assert survey(source).page_count == 5
    assert [label.text for label in survey(source).labels] == ["First chapter", "Second chapter"]
    with pytest.raises(TooManyPages):
        survey(source, max_pages=4)


def test_the_whole_is_judged_by_all_parts(tmp_path, source):
    empty = make(tmp_path / "empty.pdf", "")
    nothing, something = gist(extract_part(empty, [0])), gist(extract_part(source, [0, 1]))
    assert judge([nothing, something]) == "en"
    assert judge([something], "fr") == "fr"
    with pytest.raises(NoText):
        judge([nothing])


def test_a_file_that_is_no_part_is_refused(source, tmp_path):
    wrong = tmp_path / "wrong.part"
    wrong.write_bytes(b"PK")
    with pytest.raises(ValueError, match="not a part"):
        join(source, Document((), 5), [wrong], tmp_path / "out.pdf", options=TO_GERMAN)


def test_warnings_of_all_parts_are_told_once_by_page():
    whole, second, first = (
        DocumentWarning("a", "a"),
        DocumentWarning("b", "b", 1),
        DocumentWarning("b", "b", 0),
    )
    assert once([whole, second, whole, first]) == (first, second, whole)
