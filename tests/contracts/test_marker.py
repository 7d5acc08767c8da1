"""A store belongs to one database: another one is refused, and deletes nothing, whatever it
believes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dragoman.adapters.storage import open_store
from dragoman.app.store import marker, orphans
from dragoman.app.store.marker import Census, Standing, StoreEmpty, StoreOfAnother
from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.records import store_marks
from dragoman.db.records.process_registry import HEARTBEATS
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from pipeline.attempt.context import Context
from pipeline.worker import maintenance
from tests.patience import patience
from tests.races import together
from tests.rows import add_job, change

HALF_AN_HOUR_S = 1860


@pytest.fixture
def other(place: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Another Dragoman's database, of the same kind."""
    if place.startswith("sqlite"):
        file = tmp_path / "other.db"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), file)
        database = Database(f"sqlite:///{file}")
    else:
        database = Database(request.getfixturevalue("postgresql_url"))
        schema.upgrade(database)
    yield database
    database.close()


def put(store: BlobStore, *keys: str) -> None:
    for key in keys:
        store.put(key, BytesIO(b"x"))


def documents(database: Database, store: BlobStore, count: int) -> list[str]:
    """The keys of `count` documents that the database has rows of."""
    keys = [f"jobs/{add_job(database)}/source.pdf" for _ in range(count)]
    put(store, *keys)
    return keys


def strangers(store: BlobStore, count: int) -> list[str]:
    keys = [f"jobs/{number:032x}/source.pdf" for number in range(count)]
    put(store, *keys)
    return keys


def files(store: BlobStore) -> list[str]:
    return sorted(store.keys("jobs/"))


def let_time_pass(database: Database) -> None:
    """As if the last clean-up had been half an hour earlier."""
    with database.write() as connection:
        ours = HEARTBEATS.c.service == orphans.CLEAN_UP
        facts = connection.scalar(
            HEARTBEATS.select().with_only_columns(HEARTBEATS.c.facts).where(ours)
        )
        if facts is not None:
            older = {key: since - HALF_AN_HOUR_S for key, since in facts["orphans"].items()}
            connection.execute(
                HEARTBEATS.update().where(ours).values(facts={**facts, "orphans": older})
            )


def clean_up_twice(settings: Settings, database: Database, store: BlobStore) -> None:
    for _ in range(2):
        maintenance.clean_up(Context(settings, database, store))
        let_time_pass(database)
    maintenance.clean_up(Context(settings, database, store))


def copied(database: Database, copy: Database) -> None:
    """Let `copy` be what a dump of `database` would make."""
    with database.read() as connection:
        own = dict(connection.execute(store_marks.STORE_MARKS.select()).mappings().one())
    with copy.write() as connection:
        connection.execute(store_marks.STORE_MARKS.delete())
        connection.execute(store_marks.STORE_MARKS.insert().values(**own))


class TestAdoption:
    def test_empty_store_is_adopted_at_once(self, database, store):
        assert marker.admit(database, store) is Standing.OURS
        assert marker.look(database, store) is Standing.OURS

    def test_installation_from_before_goes_on_without_an_admin(self, database, store):
        kept = documents(database, store, 40)
        left = strangers(store, 3)
        assert marker.admit(database, store) is Standing.OURS
        assert files(store) == sorted(kept + left)

    def test_files_of_stages_of_known_jobs_are_known(self, database, store):
        job_id = add_job(database)
        put(store, *(f"jobs/{job_id}/{stage}/1.json" for stage in ("extract", "translate", "tone")))
        assert marker.census(database, store) == Census(files=3, strangers=0)
        assert marker.admit(database, store) is Standing.OURS

    def test_new_database_on_a_store_full_of_files_is_refused(self, database, store):
        strangers(store, 4)
        with pytest.raises(StoreOfAnother, match="4 files, of which this database knows 0"):
            marker.admit(database, store)
        assert marker.read(store) is None

    def test_empty_store_is_refused_where_the_database_names_files(self, database, store):
        """As after `s3://BUCKET/path`, whose path was ignored once, or where a disk is not
        mounted.
        """
        job_id = add_job(database)
        with pytest.raises(StoreEmpty, match="is empty, but the database names 1 files") as refused:
            marker.admit(database, store)
        assert "s3://BUCKET/PATH" in refused.value.for_admin
        assert marker.read(store) is None
        change(database, JOBS, job_id, purged_at=1.0)
        assert marker.admit(database, store) is Standing.OURS, "nothing is expected there any more"

    def test_empty_store_is_taken_by_an_admin_s_word(self, database, store):
        add_job(database)
        marker.take_over(database, store)
        assert marker.admit(database, store) is Standing.OURS

    def test_one_of_two_databases_that_adopt_at_once_has_it(self, database, other, store):
        def adopt(number: int) -> bool:
            try:
                return marker.admit((database, other)[number % 2], store) is Standing.OURS
            except StoreOfAnother:
                return False

        won = together(8, adopt)
        assert {won[0], won[1]} == {True, False}
        assert won == [won[number % 2] for number in range(8)], (
            "all processes of a database hear the same"
        )

    def test_marker_that_was_written_before_a_crash_is_known_as_ours(self, database, store):
        with database.write() as connection:
            own = store_marks.begin(connection)
        put_marker(store, own.database, 1, own.pending)  # and the process was killed here
        assert marker.admit(database, store) is Standing.OURS

    def test_marker_that_cannot_be_read_is_nobody_s(self, database, store):
        store.put("marker/1", BytesIO(b"\x00 not JSON"))
        with pytest.raises(StoreOfAnother, match="cannot be read"):
            marker.admit(database, store)


@pytest.mark.parametrize(
    ("count", "unknown", "is_ours"),
    [
        (0, 0, True),
        (1, 1, False),
        (5, 5, False),
        (11, 5, True),
        (10, 5, False),
        (1000, 100, True),
        (1000, 101, False),
    ],
)
def test_a_store_is_ours_where_we_know_nearly_all_of_it(count, unknown, is_ours):
    assert Census(count, unknown).is_ours is is_ours


def put_marker(store: BlobStore, database: str, generation: int, token: str) -> None:
    body = f'{{"database": "{database}", "token": "{token}"}}'
    assert store.put(f"marker/{generation}", BytesIO(body.encode()))


class TestOtherDatabase:
    def test_is_refused_and_deletes_nothing(self, settings, database, other, store):
        marker.admit(database, store)
        kept = documents(database, store, 30)
        with pytest.raises(StoreOfAnother):
            marker.admit(other, store)
        clean_up_twice(settings, other, store)
        assert files(store) == sorted(kept)

    def test_deletes_nothing_where_nobody_has_marked_the_store_yet(
        self, settings, database, other, store
    ):
        kept = documents(database, store, 30)
        clean_up_twice(settings, other, store)
        assert files(store) == sorted(kept)
        assert marker.admit(database, store) is Standing.OURS

    def test_deletes_nothing_from_the_moment_it_lost_the_store(
        self, settings, database, other, store
    ):
        marker.admit(database, store)
        left = strangers(store, 2)
        maintenance.clean_up(Context(settings, database, store))
        marker.take_over(other, store)
        let_time_pass(database)
        maintenance.clean_up(Context(settings, database, store))
        assert files(store) == sorted(left)

    def test_taking_over_counts_and_keeps_what_it_does_not_know(
        self, settings, database, other, store
    ):
        marker.admit(database, store)
        kept = documents(database, store, 8)
        assert marker.take_over(other, store) == Census(8, 8)
        assert marker.look(other, store) is Standing.OURS
        assert marker.look(database, store) is Standing.FOREIGN
        clean_up_twice(settings, other, store)
        assert files(store) == sorted(kept)
        assert orphans.held_back(other) == (8, 8)
        let_time_pass(other)
        assert orphans.delete_old(other, store, ordered=True) == 8
        assert files(store) == []


class TestCopy:
    """A dump that was loaded elsewhere, or yesterday's file: the same identity, and behind."""

    def test_is_known_once_the_original_has_worked_on(self, settings, database, other, store):
        marker.admit(database, store)
        copied(database, other)
        assert marker.renew(database, store) is Standing.OURS
        kept = documents(database, store, 5)
        assert marker.admit(other, store) is Standing.OUTDATED
        assert marker.renew(other, store) is Standing.OUTDATED
        clean_up_twice(settings, other, store)
        assert files(store) == sorted(kept)
        assert marker.look(database, store) is Standing.OURS

    def test_that_replaces_the_original_takes_the_store_over_and_deletes_nothing_newer(
        self, settings, database, other, store
    ):
        marker.admit(database, store)
        copied(database, other)
        marker.renew(database, store)
        newer = documents(database, store, 5)
        marker.take_over(other, store)
        clean_up_twice(settings, other, store)
        assert files(store) == sorted(newer)
        assert marker.look(database, store) is Standing.OUTDATED

    @pytest.mark.some(1)
    def test_the_worker_renews_the_mark_each_minute(self, settings, database, store):
        marker.admit(database, store)
        maintenance.check_health(Context(settings, database, store))
        assert marker.read(store).generation == 2

    def test_many_generations_leave_two_markers(self, database, store):
        for _ in range(5):
            assert marker.renew(database, store) is Standing.OURS
        assert sorted(store.keys("marker/")) == ["marker/5", "marker/6"]

    def test_processes_of_one_database_that_renew_at_once_all_keep_it(self, database, store):
        marker.admit(database, store)
        for _ in range(5):
            assert set(together(4, lambda _: marker.renew(database, store))) == {Standing.OURS}


class TestShare:
    """The second net, which needs no marker."""

    def test_what_would_be_most_of_the_store_is_held_back_until_an_admin_says_so(
        self, settings, database, store
    ):
        marker.admit(database, store)
        kept = documents(database, store, 10)
        left = strangers(store, orphans.MANY + 1)
        clean_up_twice(settings, database, store)
        assert files(store) == sorted(kept + left)
        assert orphans.held_back(database) == (21, 31)
        let_time_pass(database)
        assert orphans.delete_old(database, store, ordered=True) == 21
        assert files(store) == sorted(kept)
        assert orphans.held_back(database) == (0, 31)

    def test_few_and_a_small_share_go_as_ever(self, settings, database, store):
        marker.admit(database, store)
        kept = documents(database, store, 30)
        strangers(store, orphans.MANY + 1)
        clean_up_twice(settings, database, store)
        assert files(store) == sorted(kept)

    def test_what_stages_of_our_own_jobs_left_is_never_too_much(self, settings, database, store):
        marker.admit(database, store)
        [kept] = documents(database, store, 1)
        job_id = kept.split("/")[1]
        put(store, *(f"jobs/{job_id}/extract/{epoch}.json" for epoch in range(40)))
        clean_up_twice(settings, database, store)
        assert files(store) == [kept]


@pytest.fixture
def foreign(place: str, settings: Settings, request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment of a Dragoman whose store belongs to another database."""
    theirs = request.getfixturevalue("other")
    marker.admit(theirs, open_store(settings.storage))
    request.getfixturevalue("database")
    return {
        **os.environ,
        "DRAGOMAN_DATA_DIR": str(settings.data_dir),
        "DRAGOMAN_DATABASE_URL": settings.database,
        "DRAGOMAN_STORAGE_URL": settings.storage,
        "DRAGOMAN_SECRET_KEY": "k" * 32,
        "DRAGOMAN_BROKER_URL": "redis://127.0.0.1:1/0",
        "DRAGOMAN_WEB_LISTEN": "127.0.0.1:0",
        "DRAGOMAN_SMTP_LISTEN": "127.0.0.1:0",
        "DRAGOMAN_SLACK_API_URL": "http://127.0.0.1:1/api/",
        "DRAGOMAN_SLACK_BOT_TOKEN": "xoxb-of-nobody",
        "DRAGOMAN_SLACK_APP_TOKEN": "xapp-of-nobody",
    }


@pytest.mark.some(2)
@pytest.mark.parametrize("process", ["up", "web", "smtp", "worker", "notifier", "sweeper", "slack"])
def test_no_process_starts_on_the_store_of_another_database(foreign, process):
    started = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", "dragoman", process],
        env=foreign,
        capture_output=True,
        text=True,
        timeout=patience(60),
        check=False,
    )
    # A store that is slow to answer holds up no front end: the process ends when it has answered.
    was_late = '"event": "store_of_another"' in ended.stderr
    if not was_late:
        assert ended.returncode == StoreOfAnother.exit_code, ended.stderr
    assert "The file store belongs to another database." in ended.stderr
    assert "dragoman store adopt" in ended.stderr
    assert time.monotonic() - started < patience(60)


def test_no_process_starts_on_an_empty_store_where_files_should_be(foreign, settings, database):
    """A path below the bucket, or another folder: a store as empty as a new one's."""
    parts = urlsplit(settings.storage)
    empty = parts._replace(path=f"{parts.path}/path").geturl()
    add_job(database)
    started = run({**foreign, "DRAGOMAN_STORAGE_URL": empty}, "sweeper")
    assert started.returncode == StoreEmpty.exit_code, started.stderr
    assert "The file store is empty, but the database names 1 files in it." in started.stderr
    assert "s3://BUCKET/PATH" in started.stderr


@pytest.mark.more
def test_an_admin_adopts_it_by_a_command_and_hears_how_much_is_unknown(foreign, settings, database):
    store = open_store(settings.storage)
    strangers(store, 3)
    doctor = run(foreign, "doctor")
    assert "The file store belongs to another database." in doctor.stdout
    assert run(foreign, "store", "adopt").returncode != 0, "nobody said yes"
    assert marker.look(database, store) is Standing.FOREIGN
    adopted = run(foreign, "store", "adopt", "--yes")
    assert adopted.returncode == 0, adopted.stderr
    assert "3 of them belong to no document" in adopted.stdout
    assert "belongs to this database" in run(foreign, "doctor").stdout
    orphans.delete_old(database, store)
    assert "3 of 3 files belong to no document" in run(foreign, "doctor").stdout
    let_time_pass(database)
    assert "Deleted 3 files" in run(foreign, "clean-up", "--orphans").stdout
    assert files(store) == []


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dragoman", *words]
    return subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=patience(90),
        check=False,
    )
