"""`dragoman glossary`: kept, listed, shown and forgotten, as an admin does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dragoman.db import schema
from dragoman.db.engine import Database
from tests.patience import patience
from tests.workbooks import workbook


@pytest.fixture
def dragoman(tmp_path: Path):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("DRAGOMAN_")
    }

    environment["DRAGOMAN_DATABASE_URL"] = f"sqlite:///{tmp_path}/dragoman.db"
    database = Database(environment["DRAGOMAN_DATABASE_URL"])
    schema.upgrade(database)
    database.close()

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dragoman", "glossary", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=patience(60),
            check=False,
        )

    return run


def test_a_glossary_is_kept_listed_shown_and_forgotten(dragoman, tmp_path: Path):
    file = tmp_path / "legal.xlsx"
    file.write_bytes(workbook([("contract", "Vertrag"), ("party", "Partei")]))
    whose = ("--for", "@Example.org")
    kept = dragoman("add", str(file), *whose, "--to", "German", "--from", "en")
    assert (kept.returncode, kept.stdout) == (0, "“legal” is kept for @example.org: 2 terms.\n")
    listed = json.loads(dragoman("list", "--json").stdout)["glossaries"]
    assert listed == [
        {
            "for": "@example.org",
            "name": "legal",
            "source_lang": "en",
            "target_lang": "de",
            "terms": 2,
        }
    ]
    shown = dragoman("show", *whose, "--name", "legal").stdout
    assert shown == "contract\tVertrag\nparty\tPartei\n"
    assert dragoman("remove", *whose, "--name", "legal").returncode == 0
    again = dragoman("remove", *whose, "--name", "legal")
    assert again.returncode != 0
    assert "No glossary “legal”" in again.stderr
    assert dragoman("list").stdout == "No glossary is kept.\n"
