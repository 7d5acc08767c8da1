"""Pages of each class go through extract and reconstruct: what people look at afterwards is still there.

The words are set anew with themselves or made longer; everything else is compared as a picture, with all text taken off.
"""

from __future__ import annotations

from pathlib import Path

import pymupdf
import pytest

from dragoman.domain.job import Options
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import reconstruct
from tests.pdfs import LOREM, make, retyped, share_of_different_pixels, textless, words

SAMPLE = Path(__file__).parents[2] / "dragoman" / "sample.pdf"
SAME = 0.001  # share of pixels that may differ in what is no text


def columns(pdf):
    page = pdf[0]
    for x in (72, 310):
        page.insert_textbox((x, 200, x + 213, 700), f"{LOREM} {LOREM}", fontsize=10, fontname="tiro", align=3)
    page.draw_line((297, 200), (297, 600))


def table(pdf):
    page = pdf[0]
    page.draw_rect((72, 200, 432, 224), fill=(0.85, 0.9, 0.95))
    for row in range(4):
        for column in range(3):
            page.insert_text((80 + 120 * column, 216 + 24 * row), f"Cell {'abc'[column]} {'wxyz'[row]}", fontsize=9)
    for edge in range(5):
        page.draw_line((72, 200 + 24 * edge), (432, 200 + 24 * edge))
        page.draw_line((72 + 90 * edge, 200), (72 + 90 * edge, 296))


def form(pdf):
    page = pdf[0]
    for number, label in enumerate(("First name", "Last name")):
        page.insert_text((72, 200 + 30 * number), label)
        widget = pymupdf.Widget()
        widget.field_name, widget.field_type = label, pymupdf.PDF_WIDGET_TYPE_TEXT
        widget.rect, widget.field_value = pymupdf.Rect(160, 188 + 30 * number, 320, 206 + 30 * number), "Alice"
        page.add_widget(widget)


def picture(pdf):
    page = pdf[0]
    pixels = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 40, 40))
    pixels.clear_with(0x80)
    page.insert_image((100, 200, 300, 400), pixmap=pixels)
    page.insert_text((120, 300), "Words over a picture", color=(1, 1, 1))


def slide(pdf):
    page = pdf[0]
    page.draw_rect((0, 200, 595, 320), fill=(0.1, 0.2, 0.4), color=None)
    page.insert_text((72, 260), "White words on a dark band", fontsize=24, color=(1, 1, 1))


def turned(pdf):
    pdf[0].insert_textbox((400, 200, 500, 600), LOREM, rotate=90)
    pdf[0].insert_textbox((200, 200, 300, 600), LOREM, rotate=270)


def links(pdf):
    page = pdf[0]
    page.insert_link({"kind": pymupdf.LINK_URI, "from": pymupdf.Rect(72, 72, 200, 90), "uri": "https://example.org/a"})
    page.insert_link({"kind": pymupdf.LINK_GOTO, "from": pymupdf.Rect(72, 100, 200, 120), "page": 0})
    page.add_text_annot((300, 300), "A comment")


CLASSES = {draw.__name__: draw for draw in (columns, table, form, picture, slide, turned, links)}


@pytest.fixture(params=[*CLASSES, "rotated 90", "rotated 180", "rotated 270", "sample"])
def source(request, tmp_path):
    name = request.param
    if name == "sample":
        return SAMPLE
    draw = CLASSES.get(name) or (lambda pdf: (table(pdf), pdf[0].set_rotation(int(name.split()[1]))))
    return make(tmp_path / "source.pdf", LOREM, draw=draw)


def through(source, tmp_path, change=lambda text: text):
    out = tmp_path / "out.pdf"
    warnings = reconstruct(source, retyped(extract(source), change), out, options=Options("de"))
    return out, warnings


def longer(text):
    return " ".join(word + word[-2:] if word.isalpha() else word for word in text.split(" "))


def test_the_same_words_give_the_same_words(source, tmp_path):
    out, warnings = through(source, tmp_path)
    assert words(out) == words(source)
    assert warnings == ()


@pytest.mark.parametrize("change", [str, longer])
def test_everything_but_text_looks_the_same(source, tmp_path, change):
    out, _ = through(source, tmp_path, change)
    assert share_of_different_pixels(textless(source, 0), textless(out, 0)) <= SAME


def test_longer_words_stay_on_the_page_and_off_each_other(source, tmp_path):
    out, _ = through(source, tmp_path, longer)
    with pymupdf.open(out) as pdf:
        for page in pdf:
            boxes = [pymupdf.Rect(word[:4]) for word in page.get_text("words")]
            assert all(page.cropbox.contains(box + (1, 3, -1, -3)) for box in boxes)  # noqa: RUF005  # a Rect adds up
            cores = [box + (1, box.height * 0.3, -1, -box.height * 0.3) for box in boxes]  # noqa: RUF005
            overlapping = [
                (one, other)
                for number, one in enumerate(cores)
                for other in cores[number + 1 :]
                if not (one & other).is_empty and one.is_valid and other.is_valid and (one & other).is_valid
            ]
            assert overlapping == []


def test_what_the_file_holds_besides_pages_is_kept(source, tmp_path):
    out, _ = through(source, tmp_path)
    with pymupdf.open(source) as before, pymupdf.open(out) as after:
        assert after.get_toc() == before.get_toc()
        for one, other in zip(before, after, strict=True):
            assert (one.rect, one.rotation) == (other.rect, other.rotation)
            assert [link["from"] for link in one.get_links()] == [link["from"] for link in other.get_links()]
            assert [field.field_value for field in one.widgets()] == [field.field_value for field in other.widgets()]
            assert [note.info["content"] for note in one.annots()] == [note.info["content"] for note in other.annots()]
            assert len(one.get_images()) == len(other.get_images())


def test_the_comparison_can_fail(tmp_path):
    source = make(tmp_path / "a.pdf", LOREM, draw=slide)
    other = make(tmp_path / "b.pdf", LOREM, draw=picture)
    assert share_of_different_pixels(textless(source, 0), textless(other, 0)) > 0.05
    assert share_of_different_pixels(textless(source, 0), b"") == 1


def test_the_comparison_sees_no_text(tmp_path):
    one, other = make(tmp_path / "a.pdf", LOREM), make(tmp_path / "b.pdf", LOREM[::-1])
    assert share_of_different_pixels(textless(one, 0), textless(other, 0)) == 0
