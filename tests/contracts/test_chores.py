"""The periodic chores: what a crash left behind goes, and nothing that somebody is just about
to need.
"""

from __future__ import annotations

import os
import tempfile
import time
from io import BytesIO
from pathlib import Path

import pytest

from dragoman.app.store import marker
from dragoman.db.records import translation_memory
from dragoman.db.records.process_registry import HEARTBEATS
from dragoman.db.records.translation_memory import TRANSLATIONS
from dragoman.db.tables import Base
from pipeline.attempt.context import Context
from pipeline.attempt.stage_run import FOLDER_PREFIX
from pipeline.worker import maintenance
from tests.races import together
from tests.rows import add_job

DAY_S = 86400


@pytest.fixture
def context(settings, database, store) -> Context:
    marker.admit(database, store)  # as each process does at its start
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
    maintenance.clean_up(context)
    assert orphans(context) == ["jobs/ff/source.pdf"]
    let_time_pass(context, 3600)
    maintenance.clean_up(context)
    assert orphans(context) == []


def test_two_clean_ups_at_once_take_no_bytes_whose_row_is_about_to_come(context):
    context.store.put("jobs/ff/source.pdf", BytesIO(b"x"))
    for _ in range(3):
        maintenance.clean_up(context)
    assert orphans(context) == ["jobs/ff/source.pdf"]


def test_files_of_stages_that_were_killed_go_by_their_age(context, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, age_s in (
        (f"{FOLDER_PREFIX}old", DAY_S),
        (f"{FOLDER_PREFIX}new", 60),
        ("another", DAY_S),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "source.pdf").write_bytes(b"%PDF-")
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    maintenance.clean_up(context)
    assert sorted(path.name for path in tmp_path.glob("*/source.pdf")) == ["source.pdf"] * 2
    assert not Path(tmp_path / f"{FOLDER_PREFIX}old").exists()


def test_chores_that_ring_twice_do_what_one_does(context):
    """Two Beats, or a message that comes twice: the second finds nothing left to do, and at
    once they are in nobody's way.
    """
    old, kept = add_job(context.database, state="done", ended_at=1.0), add_job(context.database)
    for job_id in (old, kept):
        context.store.put(f"jobs/{job_id}/source.pdf", BytesIO(b"x"))
    with context.database.write() as connection:
        translation_memory.remember(
            connection, {"old": "x"}, engine="deepl", target_lang="de", job_id=None
        )
        connection.execute(TRANSLATIONS.update().values(used_at=1.0))
    together(3, lambda _: maintenance.clean_up(context))
    once = everything(context)
    maintenance.clean_up(context)
    assert everything(context) == once
    assert orphans(context) == [f"jobs/{kept}/source.pdf"]
    assert once["translations"] == []


def test_a_worker_that_is_asked_twice_says_it_once(context):
    maintenance.check_health(context)
    once = everything(context)
    maintenance.check_health(context)
    assert everything(context) == once
    assert [row["engine"] for row in once["capabilities"]]


def everything(context: Context) -> dict[str, list[dict]]:
    """All rows of all tables, without the time at which something was last seen."""
    with context.database.read() as connection:
        return {
            table.name: [
                {name: value for name, value in row.items() if name != "seen_at"}
                for row in connection.execute(
                    table.select().order_by(*table.primary_key)
                ).mappings()
            ]
            for table in Base.metadata.sorted_tables
        }
