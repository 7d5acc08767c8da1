"""Files longer than one range of pages, through the command: whole, in order, nothing embedded
twice, little memory.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pymupdf
import pytest

from tests.pdfs import LOREM, make

pytestmark = pytest.mark.more

PAGES = 130
MOST_MIB = 250


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    def describe(pdf):
        pdf.set_toc([[1, f"Chapter {number}", number] for number in range(1, PAGES, 10)])
        for number in range(PAGES - 1):
            link = {
                "kind": pymupdf.LINK_GOTO,
                "from": pymupdf.Rect(72, 72, 200, 90),
                "page": number + 1,
            }
            pdf[number].insert_link(link)

    return make(
        tmp_path_factory.mktemp("long") / "in.pdf",
        *(f"{LOREM} Page {n}." for n in range(PAGES)),
        draw=describe,
    )


@pytest.mark.parametrize("layout", ["translated", "alternating"])
def test_a_long_file_comes_back_whole(source, tmp_path, layout):
    out = tmp_path / "out.pdf"
    command = [
        "translate",
        source,
        "--to",
        "de",
        "--engine",
        "pseudo",
        "--layout",
        layout,
        "-o",
        out,
        "--json",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "dragoman", *command], capture_output=True, text=True, check=True
    )
    report = json.loads(done.stdout)
    assert report["pages"] == PAGES
    assert report["blocks"] == PAGES
    assert report["peak_rss_mb"] < MOST_MIB
    step = 2 if layout == "alternating" else 1
    with pymupdf.open(out) as pdf:
        assert pdf.page_count == step * PAGES
        for number in range(0, PAGES, 7):
            page = pdf[step * number + step - 1]
            assert f"\n{number}." in page.get_text().replace(" ", "\n")
            assert "ferry" not in page.get_text()
        assert [entry[2] for entry in pdf.get_toc()] == [
            step * number for number in range(1, PAGES, 10)
        ]
        assert [link["page"] for link in pdf[step - 1].get_links()] == [step * 2 - 1]
        ours = {
            font[0]: font[3]
            for number in range(pdf.page_count)
            for font in pdf.get_page_fonts(number)
            if font[1] == "cid"
        }
        assert len(set(ours.values())) == len(ours)
