"""Source and translation in one file: both are seen, and what leads to or lies on the pages
stays alive.
"""

from __future__ import annotations

import pymupdf
import pytest

from dragoman.domain.job import Layout, Options
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import reconstruct
from tests.pdfs import LOREM, make, retyped, share_of_different_ink

WORDS = "The ferry leaves the harbour every morning."


def describe(pdf):
    pdf.set_toc([[1, "First chapter", 1], [1, "Second chapter", 2]])
    pdf.set_page_labels([{"startpage": 0, "prefix": "A-", "style": "D", "firstpagenum": 1}])
    page = pdf[0]
    page.insert_link(
        {
            "kind": pymupdf.LINK_URI,
            "from": pymupdf.Rect(72, 420, 200, 438),
            "uri": "https://example.org",
        }
    )
    page.insert_link(
        {"kind": pymupdf.LINK_GOTO, "from": pymupdf.Rect(72, 450, 200, 470), "page": 1}
    )
    page.add_highlight_annot(pymupdf.Rect(72, 72, 200, 90))
    page.draw_rect((300, 500, 400, 600), fill=(0.2, 0.4, 0.8))
    widget = pymupdf.Widget()
    widget.field_name, widget.field_type = "Name", pymupdf.PDF_WIDGET_TYPE_TEXT
    widget.rect, widget.field_value = pymupdf.Rect(72, 500, 220, 520), "Alice"
    page.add_widget(widget)


def made(tmp_path, layout, draw=describe, change=str.upper, pages=None):
    source = make(tmp_path / "source.pdf", LOREM, WORDS, draw=draw)
    out = tmp_path / "out.pdf"
    document = retyped(extract(source, pages=pages), change)
    assert reconstruct(source, document, out, options=Options("de", layout=layout)) == ()
    return source, out


def pixels(page, clip=None, *, annots=False):
    return page.get_pixmap(
        dpi=36, clip=clip, colorspace=pymupdf.csGRAY, alpha=False, annots=annots
    ).samples


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_side_by_side_shows_the_original_on_the_left_however_a_page_is_turned(tmp_path, rotation):
    source, out = made(tmp_path, Layout.SIDE_BY_SIDE, lambda pdf: pdf[0].set_rotation(rotation))
    with pymupdf.open(source) as before, pymupdf.open(out) as after:
        shown, sheet = before[0].rect, after[0].rect
        assert (sheet.width, sheet.height) == (2 * shown.width, shown.height)
        assert share_of_different_ink(pixels(before[0]), pixels(after[0], shown)) < 0.02
        right = pymupdf.Rect(shown.width, 0, sheet.width, sheet.height) * after[0].derotation_matrix
        assert "FERRY" in after[0].get_text(clip=right)
        assert "ferry" not in after[0].get_text(clip=right)


def test_side_by_side_shows_the_part_of_a_page_that_is_not_cropped(tmp_path):
    source, out = made(
        tmp_path,
        Layout.SIDE_BY_SIDE,
        lambda pdf: pdf[0].set_cropbox(pymupdf.Rect(50, 60, 550, 460)),
    )
    with pymupdf.open(source) as before, pymupdf.open(out) as after:
        assert (after[0].rect.width, after[0].rect.height) == (1000, 400)
        assert share_of_different_ink(pixels(before[0]), pixels(after[0], before[0].rect)) < 0.02


def test_side_by_side_keeps_links_fields_and_comments_over_the_translation(tmp_path):
    _, out = made(tmp_path, Layout.SIDE_BY_SIDE)
    with pymupdf.open(out) as pdf:
        places = sorted(
            (round(link["from"].x0), round(link["from"].y0)) for link in pdf[0].get_links()
        )
        assert places == [(72, 420), (72, 450), (72 + 595, 420), (72 + 595, 450)]
        assert [(field.field_value, round(field.rect.x0)) for field in pdf[0].widgets()] == [
            ("Alice", 72 + 595)
        ]
        notes = {(note.type[1], round(note.rect.x0, -1)) for note in pdf[0].annots()}
        assert notes == {("Highlight", 660), ("Stamp", 70)}
        assert [entry[2] for entry in pdf.get_toc()] == [1, 2]
        assert [page.get_label() for page in pdf] == ["A-1", "A-2"]


def test_alternating_keeps_each_page_whole_and_its_label(tmp_path):
    source, out = made(tmp_path, Layout.ALTERNATING)
    with pymupdf.open(source) as before, pymupdf.open(out) as after:
        assert after.page_count == 4
        for number in range(2):
            assert after[2 * number].get_text() == before[number].get_text()
            assert pixels(after[2 * number], annots=True) == pixels(before[number], annots=True)
            assert "FERRY" in after[2 * number + 1].get_text()
        assert [page.get_label() for page in after] == ["A-1", "A-1", "A-2", "A-2"]
        assert [entry[2] for entry in after.get_toc()] == [2, 4]
        assert [len(page.get_links()) for page in after] == [2, 2, 0, 0]
        assert [
            link["page"]
            for page in after
            for link in page.get_links()
            if link["kind"] == pymupdf.LINK_GOTO
        ] == [
            3,
            3,
        ]
        assert [sum(1 for _ in page.widgets()) for page in after] == [0, 1, 0, 0]


@pytest.mark.parametrize("layout", [Layout.SIDE_BY_SIDE, Layout.ALTERNATING])
def test_a_file_with_both_holds_pictures_once(tmp_path, layout):
    noise = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 200, 200))
    for x in range(200):
        for y in range(0, 200, 3):
            noise.set_pixel(x, y, (x * y % 251, x * 7 % 253, y * 11 % 249))
    _, out = made(
        tmp_path, layout, lambda pdf: pdf[0].insert_image((100, 400, 300, 600), pixmap=noise)
    )
    with pymupdf.open(out) as pdf:
        pictures = [
            n for n in range(1, pdf.xref_length()) if pdf.xref_get_key(n, "Subtype")[1] == "/Image"
        ]
    assert len(pictures) == 1


@pytest.mark.parametrize("layout", Layout)
def test_pages_that_nobody_chose_pass_byte_true(tmp_path, layout):
    source, out = made(tmp_path, layout, pages="2", draw=lambda pdf: None)
    with pymupdf.open(source) as before, pymupdf.open(out) as after:
        step = 2 if layout is Layout.ALTERNATING else 1
        if layout is not Layout.SIDE_BY_SIDE:
            assert after.xref_stream_raw(after[0].get_contents()[0]) == before.xref_stream_raw(
                before[0].get_contents()[0]
            )
            assert after[0].rect == before[0].rect
        assert "ferry" in after[0].get_text()
        assert "FERRY" in after[2 * step - 1].get_text()


def test_pages_that_share_inherited_resources_and_boxes(tmp_path):
    def inherit(pdf):
        parent = int(pdf.xref_get_key(pdf.page_xref(0), "Parent")[1].split()[0])
        for key in ("MediaBox", "Resources"):
            pdf.xref_set_key(parent, key, pdf.xref_get_key(pdf.page_xref(0), key)[1])
            for number in range(2):
                pdf.xref_set_key(pdf.page_xref(number), key, "null")

    for layout in (Layout.SIDE_BY_SIDE, Layout.ALTERNATING):
        _, out = made(tmp_path, layout, inherit)
        with pymupdf.open(out) as pdf:
            text = "".join(page.get_text() for page in pdf)
            assert "ferry" in text
            assert "FERRY" in text
