"""The benchmark of PDFs measures what it says: the floor, ours, a peer that is named, and an
outside scorer's columns.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.pdfs import LOREM, make

pytestmark = pytest.mark.more

BENCH = Path(__file__).parents[2] / "bench" / "pdf.py"
SCORER = """
import json, sys, pymupdf
texts = [" ".join(page.get_text() for page in pymupdf.open(path)).split() for path in sys.argv[1:3]]
left = sum(word in texts[1] for word in texts[0]) / len(texts[0])
print(json.dumps({"leftover": left, "collide": 0, "collide_src": 0, "off_page": 0, "out_of_column": 0, "links": [2, 1]}))
"""


def test_all_tools_are_measured_on_all_files(tmp_path):
    folder = tmp_path / "pdfs"
    (folder / "broken").mkdir(parents=True)
    (folder / "broken" / "a.pdf").write_bytes(b"%PDF-")
    # so much that the CPU of the floor can be told from that of a start
    make(folder / "a.pdf", *[LOREM * 5] * 41)
    scorer = tmp_path / "scorer.py"
    scorer.write_text(SCORER)
    command = [sys.executable, BENCH, folder, "--pages", "40", "--scorer", scorer]
    peers = ["--peer", "copy=cp {source} {out}", "--peer", "fails=false"]
    table = subprocess.run([*command, *peers], capture_output=True, text=True, check=True).stdout
    rows = {
        line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]]
        for line in table.splitlines()[2:6]
    }
    head = [cell.strip() for cell in table.splitlines()[0].split("|")[2:-1]]
    figures = {name: dict(zip(head, cells, strict=True)) for name, cells in rows.items()}
    assert [one["files"] for one in figures.values()] == ["1/1", "1/1", "1/1", "0/1"]
    assert float(figures["copy"]["leftover"]) == 1
    assert float(figures["dragoman"]["leftover"]) < 0.5
    assert figures["dragoman"]["links"] == "1/2"
    assert float(figures["floor"]["x floor"]) == 1
    assert "fails failed on: 000-a.pdf" in table
