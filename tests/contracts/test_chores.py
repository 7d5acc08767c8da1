"""The periodic chores: what a crash left behind goes, and nothing that somebody is just about to need."""

from __future__ import annotations

import os
import tempfile
import time
from io import BytesIO
from pathlib import Path

import pytest

from dragoman.db.presence import HEARTBEATS
from pipeline import chores
from pipeline.context import Context
from pipeline.run import FOLDER_PREFIX

DAY_S = 86400


@pytest.fixture
def context(settings, database, store) -> Context:
    return Context(settings, database, store)


def orphans(context: Context) -> list[str]:
    return list(context.store.keys("jobs/"))


def let_time_pass(context: Context, seconds: float) -> None:
    """As if the last clean-up had seen everything so much earlier."""
    with context.database.write() as connection:
        facts = connection.scalar(HEARTBEATS.select().with_only_columns(HEARTBEATS.c.facts))
        older = {key: since - seconds for key, since in facts["orphans"].items()}
        connection.execute(HEARTBEATS.update().values(facts={"orphans": older}))


def test_bytes_without_a_row_go_at_a_later_clean_up(context):
    context.store.put("jobs/ff/source.pdf", BytesIO(b"x"))
    chores.clean_up(context)
    assert orphans(context) == ["jobs/ff/source.pdf"]
    let_time_pass(context, 3600)
    chores.clean_up(context)
    assert orphans(context) == []


def test_two_clean_ups_at_once_take_no_bytes_whose_row_is_about_to_come(context):
    context.store.put("jobs/ff/source.pdf", BytesIO(b"x"))
    for _ in range(3):
        chores.clean_up(context)
    assert orphans(context) == ["jobs/ff/source.pdf"]


def test_files_of_stages_that_were_killed_go_by_their_age(context, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, age_s in ((f"{FOLDER_PREFIX}old", DAY_S), (f"{FOLDER_PREFIX}new", 60), ("another", DAY_S)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "source.pdf").write_bytes(b"%PDF-")
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    chores.clean_up(context)
    assert sorted(path.name for path in tmp_path.glob("*/source.pdf")) == ["source.pdf"] * 2
    assert not Path(tmp_path / f"{FOLDER_PREFIX}old").exists()
