"""Links lie over the words that replaced theirs."""

import pymupdf
import pytest

from dragoman.domain.document import Run, with_targets
from dragoman.domain.job import Layout, Options
from pipeline.stages.extract import extract, extract_part
from pipeline.stages.reconstruct import join, reconstruct, set_part
from tests.pdfs import make

BLUE = (0, 0, 1)
TEXT = "Please read the manual before you start the engine, see page 12 for help."
LONGER = (
    "Vor dem Anlassen des Motors ist unbedingt die ganze Anleitung durchzulesen, Hilfe steht auf"
    " Seite 12 im Anhang."
)


def linked(path, anchor, **look):
    """A page with TEXT in one line, and a link over `anchor`, which may have a look of its own."""

    def draw(pdf):
        page, x = pdf[0], 72.0
        before, after = TEXT.split(anchor)
        for text, more in ((before, {}), (anchor, look), (after, {})):
            width = pymupdf.get_text_length(text, "helv", 11)
            page.insert_text((x, 200), text, fontsize=11, **more)
            if text == anchor:
                place = pymupdf.Rect(x, 190, x + width, 203)
                page.insert_link(
                    {"kind": pymupdf.LINK_URI, "from": place, "uri": "https://example.org"}
                )
            x += width

    return make(path, "", draw=draw)


def translated(document, text=LONGER, coloured=""):
    """Its only block set as `text`, where `coloured` has the colour of the anchor."""
    block = next(block for block in document.blocks() if block.translatable)
    plain = block.source[0].style
    marked = next((run.style for run in block.source if run.style.color), plain)
    before, _, after = text.partition(coloured) if coloured else (text, "", "")
    runs = [Run(before, plain), Run(coloured, marked), Run(after, plain)]
    return with_targets(document, {block.id: tuple(run for run in runs if run.text)}, {})


def under_links(path, page=0):
    with pymupdf.open(path) as pdf:
        return [_words(pdf[page], link["from"]) for link in pdf[page].get_links()]


def _words(page, box):
    """What stands in the middle of a box, without the tips of letters of the lines around."""
    third = box.height / 3
    return " ".join(
        page.get_textbox(pymupdf.Rect(box.x0, box.y0 + third, box.x1, box.y1 - third)).split()
    )


def run(source, tmp_path, coloured="", text=LONGER, layout=Layout.TRANSLATED):
    out = tmp_path / "out.pdf"
    document = translated(extract(source), text, coloured)
    reconstruct(source, document, out, options=Options("de", layout=layout))
    return out


def test_a_link_follows_the_colour_of_its_words(tmp_path):
    source = linked(tmp_path / "a.pdf", "the manual", color=BLUE)
    assert under_links(source) == ["the manual"]
    assert under_links(run(source, tmp_path, "die ganze Anleitung")) == ["die ganze Anleitung"]


def test_a_link_follows_words_that_are_still_there(tmp_path):
    assert under_links(run(linked(tmp_path / "a.pdf", "12"), tmp_path)) == ["12"]


def test_a_link_without_either_takes_words_at_its_place_of_the_sentence(tmp_path):
    found = under_links(run(linked(tmp_path / "a.pdf", "see page"), tmp_path))
    assert " ".join(found) in LONGER
    assert LONGER.index(found[0]) > len(LONGER) / 2


def test_a_link_over_all_of_a_block_stays_over_all_of_it(tmp_path):
    def draw(pdf):
        pdf[0].insert_text((72, 200), "Contents", fontsize=11)
        place = pymupdf.Rect(72, 190, 115, 203)
        pdf[0].insert_link({"kind": pymupdf.LINK_URI, "from": place, "uri": "https://example.org"})

    out = run(
        make(tmp_path / "a.pdf", "", draw=draw), tmp_path, text="Inhaltsverzeichnis dieses Buches"
    )
    assert under_links(out) == ["Inhaltsverzeichnis dieses Buches"]


def test_a_link_that_goes_on_in_another_line_lies_over_both(tmp_path):
    def draw(pdf):
        box = pymupdf.Rect(72, 180, 300, 260)
        html = (
            "<p style='font-size:11px'>This is a rather long sentence with <span"
            " style='color:#00f'>some words of a link</span> in it and a few more behind.</p>"
        )
        pdf[0].insert_htmlbox(box, html)
        for place in pdf[0].search_for("some words of a link"):
            pdf[0].insert_link(
                {"kind": pymupdf.LINK_URI, "from": place, "uri": "https://example.org"}
            )

    source = make(tmp_path / "a.pdf", "", draw=draw)
    words = (
        "ein paar ganz besonders lange Woerter eines sehr langen Verweises, der nicht in eine Zeile"
        " geht"
    )
    out = run(source, tmp_path, words, text=f"Ein Satz mit {words} und mehr.")
    with pymupdf.open(out) as pdf:
        links = pdf[0].get_links()
        found = " ".join(_words(pdf[0], link["from"]) for link in links).replace("- ", "")
    assert len(links) > 1
    assert {link["uri"] for link in links} == {"https://example.org"}
    assert found.split() == words.split()


def test_a_link_over_a_picture_and_no_words_stays(tmp_path):
    def draw(pdf):
        place = pymupdf.Rect(300, 300, 500, 500)
        pdf[0].insert_link({"kind": pymupdf.LINK_URI, "from": place, "uri": "https://example.org"})

    out = run(make(tmp_path / "a.pdf", "Some words up here.", draw=draw), tmp_path)
    with pymupdf.open(out) as pdf:
        assert [tuple(link["from"]) for link in pdf[0].get_links()] == [(300, 300, 500, 500)]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_links_move_on_a_turned_page_as_on_any_other(tmp_path, turn):
    source = linked(tmp_path / "a.pdf", "the manual", color=BLUE)
    with pymupdf.open(source) as pdf:
        pdf[0].set_rotation(turn)
        pdf.saveIncr()
    out = run(source, tmp_path, "die ganze Anleitung")
    with pymupdf.open(out) as pdf:
        assert pdf[0].rotation == turn
        pdf[0].set_rotation(0)
        link = pdf[0].get_links()[0]["from"]
        assert _words(pdf[0], link) == "die ganze Anleitung"


def test_links_move_in_parts_that_are_joined(tmp_path):
    source = linked(tmp_path / "a.pdf", "the manual", color=BLUE)
    document = translated(extract_part(source, [0]), coloured="die ganze Anleitung")
    part, out = tmp_path / "part", tmp_path / "out.pdf"
    set_part(source, document, part, target_lang="de")
    join(source, document, [part], out, options=Options("de"))
    assert under_links(out) == ["die ganze Anleitung"]


def test_the_original_beside_the_translation_has_its_links_where_they_were(tmp_path):
    source = linked(tmp_path / "a.pdf", "the manual", color=BLUE)
    out = run(source, tmp_path, "die ganze Anleitung", layout=Layout.ALTERNATING)
    assert under_links(out, 0) == ["the manual"]
    assert under_links(out, 1) == ["die ganze Anleitung"]


def test_a_link_over_an_entry_and_its_dots_stays_one(tmp_path):
    def entry(pdf):
        pdf[0].insert_text((72, 200), "The engine and its parts " + ". " * 50 + "12", fontsize=11)
        pdf[0].insert_link(
            {
                "kind": pymupdf.LINK_URI,
                "from": pymupdf.Rect(72, 190, 400, 203),
                "uri": "https://example.org",
            }
        )

    source, out = make(tmp_path / "a.pdf", "", draw=entry), tmp_path / "out.pdf"
    document = extract(source)
    (block,) = document.blocks()
    target = (Run("Der Motor und seine Teile " + ". " * 50 + "12", block.source[0].style),)
    reconstruct(source, with_targets(document, {block.id: target}, {}), out, options=Options("de"))
    (found,) = under_links(out)
    assert found.startswith("Der Motor und seine Teile . . .")
