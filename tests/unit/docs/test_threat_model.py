"""The threat model is true as far as that can be looked up: each of its lines names a test that
exists.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "explanation" / "threat-model.md"
ROWS = [line for line in PAGE.read_text().splitlines() if line.startswith("|")][2:]
NAMED = re.compile(r"\| `(?P<file>[\w/]+\.py)(?P<names>(?:::\w+)+)` \|$")


@pytest.mark.parametrize("row", ROWS)
def test_each_line_names_a_test_that_exists(row: str) -> None:
    found = NAMED.search(row)
    assert found, "the last cell is a test"
    text = (ROOT / "tests" / found["file"]).read_text()
    for name in found["names"].split("::")[1:]:
        assert re.search(rf"^\s*(?:def|class) {name}\b", text, re.MULTILINE), name


def test_each_line_has_all_its_cells() -> None:
    assert len(ROWS) > 15
    assert {row.count("|") for row in ROWS} == {5}
