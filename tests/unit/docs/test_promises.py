"""The page of promises is true: each test that it names exists, and `make test` runs it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import patience

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "promises.md"
ROW = re.compile(r"^\| (?P<promise>[^|]+) \| `(?P<test>[^`|]+)` \|$", re.MULTILINE)


NAMED = ["tests/" + row["test"] for row in ROW.finditer(PAGE.read_text())]


@pytest.fixture(scope="module")
def found(request: pytest.FixtureRequest) -> list[str]:
    """What `make test` would run of the tests that are named, as pytest finds them."""
    of_this_run = ["tests/" + item.nodeid.removeprefix("tests/") for item in request.session.items]
    if request.config.option.markexpr == "not more" and not untouched(of_this_run):
        return of_this_run  # this is `make test` itself
    asked = ["--collect-only", "-q", "-m", "not more", "-p", "no:cacheprovider", *NAMED]
    command = [sys.executable, "-m", "pytest", *asked]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=patience(120), check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr  # 4: there is no test of that name
    return [line for line in done.stdout.splitlines() if "::" in line]


def untouched(found: list[str]) -> list[str]:
    """The tests that promises name and that are not among these."""
    return [test for test in NAMED if not any(one.startswith(test) for one in found)]


def test_each_promise_is_touched_by_make_test(found: list[str]) -> None:
    assert len(NAMED) >= 40
    assert untouched(found) == []


def test_every_row_of_the_table_names_a_test() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")][1:]
    assert [row for row in rows if not ROW.fullmatch(row)] == []


@pytest.mark.parametrize(
    ("file", "places"),
    [("test_ledgers.py", ("sqlite+folder", "postgresql+s3")), ("test_store.py", ("folder", "s3"))],
)
def test_make_test_takes_both_databases_and_both_stores(
    found: list[str], file: str, places: tuple[str, ...]
) -> None:
    cases = [one for one in found if f"/{file}::" in one]
    assert [place for place in places if not any(f"[{place}" in one for one in cases)] == []
