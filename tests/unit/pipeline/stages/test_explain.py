import json

import pymupdf
import pytest
from typer.testing import CliRunner

from ops.cli import app
from pipeline.stages.explain import explain

LEFT = [
    "The ferry leaves the harbour each",
    "morning at seven and comes to the",
    "island an hour later, where the",
    "people wait for it, and where each",
]
RIGHT = [
    "of them has a letter for somebody",
    "on the shore. They do so because",
    "nobody else carries letters here,",
    "whatever the weather may be then.",
]


@pytest.fixture
def source(tmp_path):
    """A table over two columns, of which the first goes on in the second; a list on the next page."""
    pdf = pymupdf.open()
    page = pdf.new_page(width=500, height=700)
    for place, rows in ((50, LEFT), (270, RIGHT)):
        for number, text in enumerate(rows):
            page.insert_text((place, 150 + 13 * number), text, fontsize=11, fontname="cour")
    for number, cells in enumerate([("Berth", "12"), ("Depth", "9"), ("Crane", "two of them")]):
        for place, text in enumerate(cells):
            page.insert_text((50 + 150 * place, 30 + 20 * number), text, fontsize=11)
    second = pdf.new_page(width=500, height=700)
    for number, text in enumerate(("1. Bring the letters", "2. Wait for the bell", "3. Go ashore")):
        second.insert_text((50, 420 + 14 * number), text, fontsize=11)
    path = tmp_path / "ferry.pdf"
    pdf.save(path)
    return path


def test_a_page_is_explained(source):
    page, second = explain(source)
    assert len(page.columns) == 2
    assert [one.count for one in page.tables] == [3]
    assert [one.count for one in second.lists] == [2]  # items under another
    sent = [text.sent for text in page.texts if text.sent]
    assert any("where each of them has a letter" in text for text in sent)
    assert [text.follows for text in page.texts].count(True) == 1
    assert all(pair.decision.rule for pair in page.rows)


def run(*arguments):
    return CliRunner().invoke(app, ["explain", *map(str, arguments)])


def test_the_command_tells_texts_and_reasons(source):
    said = run(source, "--page", "1").output
    assert "Page 1: columns 50-" in said
    assert "Page 2" not in said
    assert "(goes with the text before it)" in said
    assert "leading (20.0, limit" in said


def test_its_json_has_all_of_it(source):
    (page,) = json.loads(run(source, "--page", "1", "--json").output)["pages"]
    assert page["page"] == 1
    assert {"columns", "tables", "lists", "texts", "rows"} < page.keys()
    pair = next(one for one in page["rows"] if one["lower"] == LEFT[1])
    assert pair["joined"]
    assert pair["upper"] == LEFT[0]


def test_it_draws_over_the_page(source, tmp_path):
    out = tmp_path / "overlay.pdf"
    assert run(source, "--page", "1", "-o", out).exit_code == 0
    with pymupdf.open(out) as drawn:
        assert drawn.page_count == 1
        assert len(drawn[0].get_drawings()) > 8
        assert "The ferry leaves" in drawn[0].get_text()


def test_a_file_that_is_none_is_told(tmp_path):
    assert run(tmp_path / "nothing.pdf", "--json").exit_code != 0
