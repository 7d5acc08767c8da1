"""Pages of each class go through extract and reconstruct: what people look at afterwards is still
there.

The words are set anew with themselves or made longer; everything else is compared as a picture,
with all text taken off.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pymupdf
import pytest

from dragoman.domain.job import Options
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import reconstruct
from tests.pages import PAGES, picture, scan, slide, table
from tests.pdfs import (
    LOREM,
    make,
    retyped,
    share_of_different_ink,
    share_of_different_pixels,
    small_picture,
    textless,
    words,
)
from tests.servers.process import needs

SAMPLE = Path(__file__).parents[2] / "dragoman" / "sample.pdf"
# Share of the ink that may differ on pages with the same words; our typeface for Chinese is not
# that of the sample.
ALIKE, CHINESE_ALIKE, SCAN_ALIKE = 0.05, 0.35, 0.15
SAME = 0.001  # share of pixels that may differ in what is no text


@pytest.fixture(params=[*PAGES, "rotated 90", "rotated 180", "rotated 270", "sample"])
def source(request, tmp_path):
    name = request.param
    if name == "sample":
        return SAMPLE
    draw = PAGES.get(name) or (lambda pdf: (table(pdf), pdf[0].set_rotation(int(name.split()[1]))))
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


def test_the_same_words_look_about_the_same(source, tmp_path, request):
    out, _ = through(source, tmp_path)
    alike = CHINESE_ALIKE if "chinese" in request.node.name else ALIKE
    assert share_of_different_ink(small_picture(source, 0), small_picture(out, 0)) <= alike


@needs("qpdf", "qpdf")
def test_another_reader_finds_no_fault(source, tmp_path):
    out, _ = through(source, tmp_path, longer)
    checked = subprocess.run(["qpdf", "--check", out], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs("tesseract", "tesseract-ocr")
def test_a_scan_looks_like_its_page_afterwards(tmp_path):
    source = make(tmp_path / "source.pdf", LOREM, draw=lambda pdf: (slide(pdf), scan(pdf)))
    out, warnings = through(source, tmp_path)
    assert warnings == ()
    assert set(LOREM.split()) <= set(words(out))
    assert share_of_different_ink(small_picture(source, 0), small_picture(out, 0)) <= SCAN_ALIKE


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
                if not (one & other).is_empty
                and one.is_valid
                and other.is_valid
                and (one & other).is_valid
            ]
            assert overlapping == []


def aim(link):
    """Where a link leads."""
    return {name: link.get(name) for name in ("kind", "uri", "page", "to", "file")}


def test_what_the_file_holds_besides_pages_is_kept(source, tmp_path):
    out, _ = through(source, tmp_path)
    with pymupdf.open(source) as before, pymupdf.open(out) as after:
        assert after.get_toc() == before.get_toc()
        for one, other in zip(before, after, strict=True):
            assert (one.rect, one.rotation) == (other.rect, other.rotation)
            assert [aim(link) for link in one.get_links()] == [
                aim(link) for link in other.get_links()
            ]
            # over the translated words
            for link, moved in zip(one.get_links(), other.get_links(), strict=True):
                assert link["from"].intersects(moved["from"])
            assert [field.field_value for field in one.widgets()] == [
                field.field_value for field in other.widgets()
            ]
            assert [note.info["content"] for note in one.annots()] == [
                note.info["content"] for note in other.annots()
            ]
            assert len(one.get_images()) == len(other.get_images())


def test_the_comparison_can_fail(tmp_path):
    source = make(tmp_path / "a.pdf", LOREM, draw=slide)
    other = make(tmp_path / "b.pdf", LOREM, draw=picture)
    assert share_of_different_pixels(textless(source, 0), textless(other, 0)) > 0.05
    assert share_of_different_pixels(textless(source, 0), b"") == 1


def test_the_comparison_of_looks_can_fail(tmp_path):
    one, other = make(tmp_path / "a.pdf", LOREM), make(tmp_path / "b.pdf", LOREM[:60])
    assert share_of_different_ink(small_picture(one, 0), small_picture(other, 0)) > CHINESE_ALIKE


def test_the_comparison_sees_no_text(tmp_path):
    one, other = make(tmp_path / "a.pdf", LOREM), make(tmp_path / "b.pdf", LOREM[::-1])
    assert share_of_different_pixels(textless(one, 0), textless(other, 0)) == 0
