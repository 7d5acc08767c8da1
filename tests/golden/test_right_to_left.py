"""Pages translated into Arabic and Hebrew, as poppler sees them: what stood at the left stands
at the right, drawing and all.
"""

import subprocess
import xml.etree.ElementTree as ET

import pymupdf
import pytest

from dragoman.domain.document import Run, with_targets
from dragoman.domain.job import Layout, Options
from pipeline.pdf.model.scripts import RIGHT_TO_LEFT
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import reconstruct
from tests.pages import bullets, form, uneven_table
from tests.pdfs import LOREM, make, share_of_different_pixels
from tests.servers.process import needs

pytestmark = needs("pdftotext", "poppler-utils")

ARABIC, HEBREW = "عبارة", "מעבורת"
MARKS_OF_DIRECTION = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2069"))


def translated(tmp_path, draw, *, lang="ar", word=ARABIC, text=LOREM, layout="translated"):
    """A page whose every word became `word`; figures and dots stayed."""
    source, out = make(tmp_path / "source.pdf", text, draw=draw), tmp_path / "out.pdf"
    document = extract(source)
    targets = {
        block.id: (
            Run(
                " ".join(word if one.isalpha() else one for one in block.text.split()),
                block.source[0].style,
            ),
        )
        for block in document.blocks()
        if block.translatable
    }
    reconstruct(
        source,
        with_targets(document, targets, {}),
        out,
        options=Options(lang, layout=Layout(layout)),
    )
    return source, out


def seen(path):
    """Words as poppler places them: text, left and right edge, top.

    It gives their letters as they are seen from the left.
    """
    command = ["pdftotext", "-bbox", str(path), "-"]
    # poppler's
    page = ET.fromstring(subprocess.run(command, capture_output=True, check=True).stdout)
    return [
        (
            _read((one.text or "").translate(MARKS_OF_DIRECTION)),
            float(one.get("xMin")),
            float(one.get("xMax")),
            float(one.get("yMin")),
        )
        for one in page.iter("{http://www.w3.org/1999/xhtml}word")
    ]


def _read(text):
    return text[::-1] if RIGHT_TO_LEFT.search(text) else text


@pytest.mark.parametrize(("lang", "word"), [("ar", ARABIC), ("he", HEBREW)])
def test_bullets_stand_at_the_right_of_their_items(tmp_path, lang, word):
    _, out = translated(tmp_path, bullets, lang=lang, word=word)
    marks = [one for one in seen(out) if one[0] == "·"]
    items = [one for one in seen(out) if one[0] == word and one[3] > 180]
    assert len(marks) == 3
    assert min(left for _, left, _, _ in marks) > max(right for _, _, right, _ in items)


def test_the_number_of_a_section_stands_at_the_right_of_its_title(tmp_path):
    def section(pdf):
        pdf[0].insert_text((72, 300), "2.1.", fontsize=14, fontname="hebo")
        pdf[0].insert_text((110, 300), "Ferries and islands", fontsize=14, fontname="hebo")
        pdf[0].insert_textbox((72, 320, 523, 500), LOREM, fontsize=11, fontname="tiro")

    _, out = translated(tmp_path, section)
    (number,) = [one for one in seen(out) if "2.1" in one[0]]
    title = [one for one in seen(out) if one[0] == ARABIC and abs(one[3] - number[3]) < 8]
    assert number[2] == pytest.approx(523, abs=2)
    assert [len(title), number[1] > max(right for _, _, right, _ in title)] == [3, True]


def test_a_table_is_read_from_the_right(tmp_path):
    _, out = translated(tmp_path, uneven_table, text="")
    words = seen(out)
    names = [one for one in words if one[0] == ARABIC and one[3] > 220]
    figures = [one for one in words if one[0][0].isdigit()]
    assert len(figures) == 16
    assert min(left for _, left, _, _ in names) > max(right for _, _, right, _ in figures)


def test_the_walls_of_a_page_that_is_a_table_are_mirrored_with_it(tmp_path):
    source, out = translated(tmp_path, uneven_table, text="")
    pictures = []
    for path, mirror in ((source, True), (out, False)):
        with pymupdf.open(path) as pdf:
            page = pdf[0]
            page.add_redact_annot(page.rect, fill=False, cross_out=False)
            page.apply_redactions(images=0, graphics=0, text=0)
            turn = pymupdf.Matrix(-1, 0, 0, 1, 0, 0) if mirror else pymupdf.Identity
            pictures.append(bytes(page.get_pixmap(matrix=turn, colorspace=pymupdf.csGRAY).samples))
    assert share_of_different_pixels(*pictures) <= 0.001
    assert share_of_different_pixels(pictures[0], b"\xff" * len(pictures[0])) > 0.001


@pytest.mark.parametrize("layout", ["translated", "alternating"])
def test_a_form_is_mirrored_and_its_fields_keep_their_values(tmp_path, layout):
    source, out = translated(tmp_path, form, layout=layout)
    with pymupdf.open(source) as before, pymupdf.open(out) as after:
        width, last = before[0].rect.width, after[after.page_count - 1]
        fields = {
            field.field_name: (field.rect, field.field_value) for field in before[0].widgets()
        }
        names = [field.field_name.removesuffix(" (original)") for field in last.widgets()]
        assert len(names) == 2
        for field in last.widgets():
            (x0, y0, x1, y1), value = fields[field.field_name]
            assert tuple(field.rect) == pytest.approx((width - x1, y0, width - x0, y1), abs=0.1)
            assert field.field_value == value
    if layout == "translated":
        labels = [one for one in seen(out) if one[0] == ARABIC and one[3] > 180]
        assert labels
        assert min(left for _, left, _, _ in labels) >= 595 - 160


def test_a_link_follows_its_words_to_the_right(tmp_path):
    def link(pdf):
        pdf[0].insert_text((72, 300), "Timetables", fontsize=12)
        box = pymupdf.Rect(72, 288, 130, 304)
        pdf[0].insert_link({"kind": pymupdf.LINK_URI, "from": box, "uri": "https://example.org/"})

    _, out = translated(tmp_path, link)
    (word,) = [one for one in seen(out) if abs(one[3] - 290) < 10]
    with pymupdf.open(out) as pdf:
        (found,) = pdf[0].get_links()
        assert (found["from"].x0, found["from"].x1) == pytest.approx((word[1], word[2]), abs=1.5)
        assert found["from"].x0 > 400


def test_dots_lead_from_an_entry_to_the_number_at_the_left(tmp_path):
    def contents(pdf):
        for number in range(4):
            pdf[0].insert_text(
                (72, 300 + 20 * number),
                f"Ferries and islands {'. ' * 50} {12 + number}",
                fontsize=10,
            )

    _, out = translated(tmp_path, contents)
    words = [one for one in seen(out) if one[3] > 280]
    numbers = [one for one in words if one[0][:1] == "1"]
    assert len(numbers) == 4
    assert max(right for _, _, right, _ in numbers) < 160
    assert min(left for word, left, _, _ in words if word == ARABIC) > 300
