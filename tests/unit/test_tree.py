"""The tree can be read: no folder holds too much, each says what it is, and a module's test
lies where its module does.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("dragoman", "ingress", "notifier", "ops", "pipeline")
MOST_FILES = 15
UNIT = ROOT / "tests" / "unit"
OF_NO_MODULE = {"docs"}  # folders of tests about other things


def folders() -> list[Path]:
    found = {file.parent for package in PACKAGES for file in (ROOT / package).rglob("*.py")}
    return sorted(one for one in found if "migrations" not in one.parts)


@pytest.mark.parametrize("folder", folders(), ids=lambda one: str(one.relative_to(ROOT)))
def test_a_folder_holds_no_more_than_can_be_seen_at_a_glance_and_says_what_it_is(
    folder: Path,
) -> None:
    assert len(list(folder.glob("*.py"))) <= MOST_FILES
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))


def test_unit_tests_lie_where_their_modules_do() -> None:
    tested = {file.parent.relative_to(UNIT) for file in UNIT.rglob("test_*.py")} - {Path()}
    known = {folder.relative_to(ROOT) for folder in folders()}
    assert (
        sorted(one for one in tested if one.parts[0] not in OF_NO_MODULE and one not in known) == []
    )
