"""Pages in Arabic translated into a language from the left, as poppler sees them: all stands
again where it stands in such a page.
"""

import pytest

from dragoman.domain.document import Align, Run, with_targets
from dragoman.domain.job import Options
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import reconstruct
from tests.golden.test_right_to_left import ARABIC, HEBREW, seen, translated
from tests.pages import bullets, uneven_table
from tests.pdfs import LOREM
from tests.servers.process import needs

pytestmark = needs("pdftotext", "poppler-utils")

WORD = "ferry"


def again(tmp_path, draw, *, lang="en", word=WORD, text=LOREM):
    """A page that was translated into Arabic, translated once more: every word became `word`."""
    _, source = translated(tmp_path, draw, text=text)
    out = tmp_path / "again.pdf"
    document = extract(source)
    assert document.pages[0].from_right == (1.0, 0.0)
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
    assert (
        reconstruct(source, with_targets(document, targets, {}), out, options=Options(lang)) == ()
    )
    return document, seen(out)


def test_bullets_stand_at_the_left_of_their_items(tmp_path):
    _, words = again(tmp_path, bullets, text="")
    marks = [one for one in words if one[0] == "·"]
    items = [one for one in words if one[0] == WORD and one[3] > 180]
    assert len(marks) == 3
    assert max(right for _, _, right, _ in marks) < min(left for _, left, _, _ in items)


def test_paragraphs_begin_at_the_left(tmp_path):
    document, words = again(tmp_path, lambda _: None)
    assert document.blocks()[0].align in {Align.LEFT, Align.JUSTIFY}
    lines = {}
    for _, left, _, top in words:
        lines[round(top)] = min(left, lines.get(round(top), left))
    assert len(set(map(round, lines.values()))) == 1


def test_the_number_of_a_section_stands_at_the_left_of_its_title(tmp_path):
    def section(pdf):
        pdf[0].insert_text((72, 300), "2.1.", fontsize=14, fontname="hebo")
        pdf[0].insert_text(
            (110, 300), "Ferries and islands of the whole coast", fontsize=14, fontname="hebo"
        )

    _, words = again(tmp_path, section, text="")
    (number,) = [one for one in words if "2.1" in one[0]]
    title = [one for one in words if one[0] == WORD and abs(one[3] - number[3]) < 8]
    assert number[1] == pytest.approx(72, abs=2)
    assert title
    assert number[2] < min(left for _, left, _, _ in title)


def test_a_table_is_read_from_the_left(tmp_path):
    _, words = again(tmp_path, uneven_table, text="")
    names = [one for one in words if one[0] == WORD and one[3] > 220]
    figures = [one for one in words if one[0][0].isdigit()]
    assert len(figures) == 16
    assert max(right for _, _, right, _ in names) < min(left for _, left, _, _ in figures)


def test_nothing_changes_sides_on_the_way_to_hebrew(tmp_path):
    _, words = again(tmp_path, bullets, lang="he", word=HEBREW, text="")
    marks = [one for one in words if one[0] == "·"]
    items = [one for one in words if one[0] == HEBREW and one[3] > 180]
    assert len(marks) == 3
    assert min(left for _, left, _, _ in marks) > max(right for _, _, right, _ in items)
    assert max(right for _, _, right, _ in words) == pytest.approx(523, abs=2)


def test_a_few_words_do_not_turn_a_page(tmp_path):
    _, source = translated(tmp_path, lambda _: None, text="ferry", word=ARABIC)
    assert extract(source).pages[0].from_right is None
