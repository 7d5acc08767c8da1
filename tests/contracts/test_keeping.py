"""Backup, restore and check, on both kinds of database and store."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import insert

from dragoman.adapters.storage import FolderStore
from dragoman.app.backup import consistency, idle_check, manifest
from dragoman.app.backup.create import back_up
from dragoman.app.backup.errors import (
    BackupUnusable,
    DoesNotFit,
    ServicesRunning,
    StoreTaken,
    TargetNotEmpty,
)
from dragoman.app.backup.folder import UNFINISHED, Folder
from dragoman.app.backup.manifest import Manifest, Rows
from dragoman.app.backup.restore import Plan, Restored, restore
from dragoman.app.store import marker, orphans
from dragoman.app.store.marker import Standing, StoreOfAnother
from dragoman.db import schema
from dragoman.db.backup import after_restore, portable_rows
from dragoman.db.backup.portable_rows import RowRefused, Sum
from dragoman.db.engine import Database, DatabaseDamaged
from dragoman.db.ledgers import inbox, jobs
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX, Kind, owe
from dragoman.db.ledgers.parts import PARTS
from dragoman.db.queries.named_files import names
from dragoman.db.records import process_registry
from dragoman.db.records.process_registry import HEARTBEATS
from dragoman.domain.job import RowState
from dragoman.ports import BlobStore
from pipeline.attempt.context import Context
from pipeline.worker import maintenance
from tests.patience import patience
from tests.rows import (
    add_job,
    add_message,
    change,
    claim_job,
    complete,
    expire,
    message_with_jobs,
    row,
)
from tests.servers.postgresql import PostgreSQL

ONTO_NOTHING, OVER = Plan(), Plan(replace=True)


@pytest.fixture
def other(place: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of the other kind, without a schema."""
    if place.startswith("sqlite"):
        server: PostgreSQL = request.getfixturevalue("postgresql")
        url = server.fresh()
    else:
        url = f"sqlite:///{tmp_path}/elsewhere/dragoman.db"
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def elsewhere(tmp_path: Path) -> FolderStore:
    """An empty store."""
    return FolderStore(tmp_path / "another-store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def silent(done: int, total: int) -> None:
    assert done <= total


def backed_up(database: Database, store: BlobStore, folder: Path) -> Manifest:
    return back_up(database, store, folder, version="1", secret_key="key", tell=silent)


def put_back(
    database: Database, store: BlobStore, folder: Path, plan: Plan = ONTO_NOTHING
) -> Restored:
    return restore(database, store, folder, plan, silent)


def documents(database: Database, store: BlobStore, count: int, **values: object) -> list[str]:
    """The ids of `count` jobs with their files."""
    ids = [add_job(database, **values) for _ in range(count)]
    for job_id in ids:
        store.put(f"jobs/{job_id}/source.pdf", BytesIO(job_id.encode()))
    return ids


def mails(database: Database, store: BlobStore, count: int) -> list[str]:
    """The ids of `count` emails that wait to be opened."""
    ids = []
    for number in range(count):
        message_id = add_message(
            database, payload={"subject": f"Nº {number}", "from": "Ann@example.org"}
        )
        change(database, INBOX, message_id, blob=f"inbox/{message_id}/message")
        store.put(
            f"inbox/{message_id}/message",
            BytesIO(b"From: ann@example.org\r\nSubject: A \x1b[31mreport\r\n\r\nx"),
        )
        ids.append(message_id)
    return ids


def content(database: Database) -> dict[str, Sum]:
    """What is in each table, but for what services say of themselves and what a restore changes
    on purpose.
    """
    apart = {"heartbeats", "pulses", "store_marks", "jobs", "parts"}
    with database.read() as connection:
        found = portable_rows.tables(connection)
        return {
            table.name: portable_rows.summed(connection, table)
            for table in found
            if table.name not in apart
        }


def ids(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.scalars(JOBS.select().with_only_columns(JOBS.c.id)))


def files(store: BlobStore) -> dict[str, bytes]:
    found = {}
    for prefix in ("jobs/", "inbox/", "outbox/"):
        for key in store.keys(prefix):
            with store.open(key) as body:
                found[key] = body.read()
    return found


def clean_up_twice(settings, database: Database, store: BlobStore) -> None:
    """With half an hour and more in between."""
    for _ in range(2):
        maintenance.clean_up(Context(settings, database, store))
        with database.write() as connection:
            ours = HEARTBEATS.c.service == orphans.CLEAN_UP
            facts = connection.scalar(
                HEARTBEATS.select().with_only_columns(HEARTBEATS.c.facts).where(ours)
            )
            if facts is not None:  # else it was refused
                older = {
                    key: since - 2 * orphans.ORPHAN_S for key, since in facts["orphans"].items()
                }
                connection.execute(
                    HEARTBEATS.update().where(ours).values(facts={**facts, "orphans": older})
                )
    maintenance.clean_up(Context(settings, database, store))


def test_all_rows_and_all_files_come_back_in_another_database_and_store(
    database, store, other, elsewhere, folder
):
    marker.admit(database, store)
    mails(database, store, 3)
    documents(database, store, 4)
    before, stored = content(database), files(store)
    told = backed_up(database, store, folder)
    done = put_back(other, elsewhere, folder)
    assert content(other) == before
    assert ids(other) == ids(database)
    assert files(elsewhere) == stored == files(store)
    assert (done.put, done.there, done.newer, done.differing) == (7, 0, (), ())
    assert told.row_count == manifest.read(folder).row_count > 7
    assert marker.look(other, elsewhere) is Standing.OURS
    assert schema.is_current(other)


def test_what_is_newer_than_the_backup_is_listed_and_never_deleted(
    settings, database, store, folder
):
    marker.admit(database, store)
    known = documents(database, store, 3)
    backed_up(database, store, folder)
    newer, [mail] = documents(database, store, 30), mails(database, store, 1)
    stored = files(store)
    done = put_back(database, store, folder, OVER)
    assert ids(database) == sorted(known)
    assert sorted(one.key for one in done.newer) == sorted(
        [*(f"jobs/{one}/source.pdf" for one in newer), f"inbox/{mail}/message"]
    )
    [email] = [one for one in done.newer if one.is_email]
    assert (email.sender, email.subject) == ("ann@example.org", "A  [31mreport")
    clean_up_twice(settings, database, store)
    assert files(store) == stored
    assert marker.look(database, store) is Standing.OURS


def test_check_names_each_thing_that_does_not_fit(database, store):
    marker.admit(database, store)
    lost, known, _ = documents(database, store, 3)
    store.delete(f"jobs/{lost}/source.pdf")
    store.put(f"jobs/{known}/extract/1.json.gz", BytesIO(b"x"))
    store.put(f"jobs/{'0' * 32}/source.pdf", BytesIO(b"x"))
    late = add_message(database)
    change(database, INBOX, late, created_at=1.0)
    miscounted, _ = message_with_jobs(database, 2)
    change(database, INBOX, miscounted, jobs_left=3)
    held = add_job(database, source="")
    claim_job(database, held)
    change(database, JOBS, held, lease_until=1.0)
    waits = add_job(database, source="")
    change(database, JOBS, waits, run_after=jobs.NEVER)
    for job_id in ids(database):
        if job_id not in (lost, known, held, waits):
            store.put(f"jobs/{job_id}/source.pdf", BytesIO(b"x"))
    found = consistency.look(database, store)
    assert not found.fits
    assert [(one.key, one.table, one.row_id) for one in found.missing] == [
        (f"jobs/{lost}/source.pdf", "jobs", lost)
    ]
    assert found.left_over == (f"jobs/{known}/extract/1.json.gz",)
    assert found.strangers == (f"jobs/{'0' * 32}/source.pdf",)
    assert {one.row_id for one in found.stuck} == {late, miscounted, held, waits}


@pytest.mark.more
class TestBackup:
    def test_nobody_else_can_read_it(self, database, store, folder):
        documents(database, store, 1)
        backed_up(database, store, folder)
        modes = {stat.S_IMODE(one.stat().st_mode) for one in folder.rglob("*")}
        assert modes == {0o600, 0o700}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_that_was_cut_off_is_none_and_goes_on_where_it_was(
        self, database, store, other, elsewhere, folder
    ):
        kept, *_ = documents(database, store, 3)
        stopped = Folder(folder)
        stopped.begin()
        stopped.keep(f"jobs/{kept}/source.pdf", BytesIO(kept.encode()), 32)
        left = stopped.file("jobs/gone/source.pdf")
        left.parent.mkdir()
        left.write_bytes(b"deleted since")
        inode = stopped.file(f"jobs/{kept}/source.pdf").stat().st_ino
        with pytest.raises(BackupUnusable, match="no complete backup"):
            put_back(other, elsewhere, folder)
        told = backed_up(database, store, folder)
        assert stopped.file(f"jobs/{kept}/source.pdf").stat().st_ino == inode
        assert not left.exists()
        assert not (folder / UNFINISHED).exists()
        assert len(told.files) == 3
        assert put_back(other, elsewhere, folder).put == 3

    def test_never_goes_where_something_is(self, database, store, folder, tmp_path):
        backed_up(database, store, folder)
        with pytest.raises(TargetNotEmpty, match="complete backup"):
            backed_up(database, store, folder)
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "letter.txt").write_text("mine")
        with pytest.raises(TargetNotEmpty, match="no backup"):
            backed_up(database, store, tmp_path / "mine")

    def test_files_that_are_deleted_meanwhile_are_told_apart_from_those_that_were_lost(
        self, database, store, folder
    ):
        marker.admit(database, store)
        deleted, lost, kept = documents(database, store, 3)
        store.delete(f"jobs/{lost}/source.pdf")

        def purge(done: int, total: int) -> None:
            if done == 0:
                change(database, JOBS, deleted, purged_at=1.0)
                store.delete(f"jobs/{deleted}/source.pdf")

        told = back_up(database, store, folder, version="1", secret_key=None, tell=purge)
        assert list(told.files) == [f"jobs/{kept}/source.pdf"]
        assert told.missing == (f"jobs/{lost}/source.pdf",)
        assert told.gone == (f"jobs/{deleted}/source.pdf",)

    def test_rows_are_those_of_one_moment_while_others_write(
        self, database, store, other, elsewhere, folder
    ):
        """A job that ends while the rows are read is seen with its answer, or without both."""
        message_id, [job_id] = message_with_jobs(database, 1)
        store.put(f"jobs/{job_id}/source.pdf", BytesIO(b"x"))
        backing, ended = Folder(folder), []

        class Meanwhile(Folder):
            def write_rows(self, table: str, lines: object) -> str:
                if table == "jobs" and not ended:
                    complete(database, job_id)
                    ended.append(job_id)
                return super().write_rows(table, lines)

        from dragoman.app.backup import create

        Meanwhile(folder).begin()
        found = create._read(database, Meanwhile(folder))
        assert ended
        assert row(database, INBOX, message_id)["jobs_left"] == 0
        rows = {
            name: list(portable_rows.of_lines(backing.read_rows(name))) for name in found.tables
        }
        assert [one["jobs_left"] for one in rows["inbox"]] == [1]
        assert [one["state"] for one in rows["jobs"]] == [RowState.READY]
        assert rows["outbox"] == []

    def test_of_a_store_that_is_another_database_s_is_refused(self, database, store, other, folder):
        with other.write() as connection:
            schema.bring_up(connection)
        marker.admit(other, store)
        with pytest.raises(StoreOfAnother):
            backed_up(database, store, folder)
        assert not folder.exists()


@pytest.mark.more
class TestRestore:
    def test_whoever_held_a_row_then_holds_it_no_more_and_no_attempt_is_counted(
        self, database, store, folder
    ):
        [job_id] = documents(database, store, 1)
        claim_job(database, job_id)
        backed_up(database, store, folder)
        put_back(database, store, folder, OVER)
        found = row(database, JOBS, job_id)
        assert (found["state"], found["attempts"], found["losses"]) == (RowState.READY, 0, 0)
        complete(database, job_id)

    def test_no_file_of_a_restored_job_has_the_name_of_one_that_it_wrote_before(
        self, database, store, folder
    ):
        """A key is written once: the size in the row would be that of other bytes."""
        [job_id] = documents(database, store, 1)
        backed_up(database, store, folder)
        claimed = claim_job(database, job_id).row.epoch
        assert store.put(f"jobs/{job_id}/extract/{claimed}.json.gz", BytesIO(b"before"))
        put_back(database, store, folder, OVER)
        again = claim_job(database, job_id).row.epoch
        assert store.put(f"jobs/{job_id}/extract/{again}.json.gz", BytesIO(b"after"))
        expire(database, JOBS, job_id)
        assert claim_job(database, job_id).row.epoch == again + 1

    def test_says_which_answers_may_go_out_twice(self, database, store, folder):
        [unopened] = mails(database, store, 1)
        at_work, _ = message_with_jobs(database, 1)
        _, [ended] = message_with_jobs(database, 1)
        complete(database, ended)
        with database.write() as connection:
            connection.execute(OUTBOX.update().values(state=RowState.DONE))
        by_slack = add_job(database, channel="slack", owner="slack:T1:U1", filename="plan.pdf")
        post = add_message(database, channel="slack", sender="slack:T1:U1")
        add_job(database)  # an upload: its page is its answer
        backed_up(database, store, folder)
        owed = put_back(database, store, folder, OVER).owed
        assert {one.owner for one in owed} == {unopened, at_work, by_slack, post}
        assert {one.about for one in owed} >= {"Nº 0", "plan.pdf"}

    def test_leaves_all_as_it_was_where_the_backup_is_damaged(self, database, store, folder):
        marker.admit(database, store)
        [job_id] = documents(database, store, 1)
        backed_up(database, store, folder)
        [newer] = documents(database, store, 1)
        held = marker.read(store)
        for file in (Folder(folder).file(f"jobs/{job_id}/source.pdf"), Folder(folder).rows("jobs")):
            whole = file.read_bytes()
            file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
            with pytest.raises(BackupUnusable, match="not as"):
                put_back(database, store, folder, OVER)
            file.write_bytes(whole)
        assert ids(database) == sorted([job_id, newer])
        assert marker.read(store) == held

    def test_leaves_the_rows_as_they_were_where_one_is_refused(self, database, store, folder):
        [job_id] = documents(database, store, 1)
        told = backed_up(database, store, folder)
        [newer] = documents(database, store, 1)
        spoilt = [*Folder(folder).read_rows("jobs")]
        sha256 = Folder(folder).write_rows("jobs", [*spoilt, spoilt[-1]])  # the same id twice
        tables = {**told.tables, "jobs": Rows(2, "0" * 64, sha256)}
        manifest.write(Manifest(**{**_facts(told), "tables": tables}), folder)
        with pytest.raises(RowRefused) as refused:
            put_back(database, store, folder, OVER)
        assert job_id in refused.value.detail
        assert "paper.pdf" not in refused.value.detail, "no content of a row is shown"
        assert ids(database) == sorted([job_id, newer])

    def test_is_refused_where_documents_are(self, database, store, folder):
        backed_up(database, store, folder)
        documents(database, store, 1)
        with pytest.raises(TargetNotEmpty) as refused:
            put_back(database, store, folder)
        assert "--replace" in refused.value.advice

    def test_is_refused_while_a_service_works(self, database, store, folder):
        backed_up(database, store, folder)
        with database.write() as connection:
            process_registry.pulse(connection, "worker@another-host", 7, {})
        with pytest.raises(ServicesRunning, match="worker@another-host"):
            put_back(database, store, folder)
        with database.write() as connection:
            process_registry.end_pulse(connection, "worker@another-host", 7)
        put_back(database, store, folder)

    def test_is_refused_on_the_store_of_another_database_until_an_admin_says_so(
        self, settings, database, store, other, elsewhere, folder
    ):
        with other.write() as connection:
            schema.bring_up(connection)
        marker.admit(other, elsewhere)
        theirs = documents(other, elsewhere, 3)
        documents(database, store, 1)
        backed_up(database, store, folder)
        before = files(elsewhere)
        with pytest.raises(StoreTaken):
            put_back(database, elsewhere, folder, OVER)
        assert files(elsewhere) == before
        done = put_back(database, elsewhere, folder, Plan(replace=True, take_over=True))
        assert len(done.newer) == len(theirs)
        clean_up_twice(settings, database, elsewhere)
        assert before.items() <= files(elsewhere).items()
        assert marker.look(other, elsewhere) is Standing.FOREIGN

    def test_database_that_it_was_made_of_is_a_stranger_to_the_store_afterwards(
        self, settings, database, store, other, folder
    ):
        """Yesterday's backup on another machine, with the same store: the one that works on by
        mistake deletes nothing.
        """
        marker.admit(database, store)
        documents(database, store, 3)
        backed_up(database, store, folder)
        put_back(other, store, folder)
        assert marker.look(database, store) is Standing.FOREIGN
        before = files(store)
        clean_up_twice(settings, database, store)
        clean_up_twice(settings, other, store)
        assert files(store) == before

    def test_that_was_cut_off_starts_nothing_and_can_be_done_again(
        self, database, store, other, elsewhere, folder
    ):
        documents(database, store, 3)
        backed_up(database, store, folder)

        def power_cut(done: int, total: int) -> None:
            if done == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            restore(other, elsewhere, folder, Plan(), power_cut)
        done = put_back(other, elsewhere, folder)
        assert (done.put, done.there) == (1, 2)

    def test_of_an_earlier_schema_is_brought_up_to_date(self, other, elsewhere, folder, tmp_path):
        old = Database(f"sqlite:///{tmp_path}/old.db")
        with old.write() as connection:
            schema.build(connection, "0005")
            [table] = [one for one in portable_rows.tables(connection) if one.name == "places"]
            connection.execute(
                insert(table), {"key": "T1:C1", "wishes": {"to": ["de"]}, "changed_at": 1.5}
            )
        with old.read() as connection:
            folder.mkdir()
            backup = Folder(folder)
            backup.begin()
            counted = Sum()
            sha256 = backup.write_rows(
                "places", portable_rows.lines(table, portable_rows.rows(connection, table), counted)
            )
        old.close()
        tables = {"places": Rows(1, str(counted), sha256)}
        manifest.write(
            Manifest("2026-01-01T00:00:00+00:00", "0.1", "0005", "x", None, tables, {}), folder
        )
        put_back(other, elsewhere, folder)
        assert schema.is_current(other)
        with other.read() as connection:
            [found] = portable_rows.rows(connection, table)
        assert found == {"key": "T1:C1", "wishes": {"to": ["de"]}, "changed_at": 1.5}

    def test_of_a_later_schema_is_refused(self, database, store, folder):
        told = backed_up(database, store, folder)
        manifest.write(Manifest(**{**_facts(told), "schema": "9999"}), folder)
        with pytest.raises(BackupUnusable, match="newer version"):
            put_back(database, store, folder)

    @pytest.mark.parametrize(
        "key", ["../../etc/passwd", "/etc/passwd", "jobs/../../x", "jobs/a\nb"]
    )
    def test_manifest_that_leads_out_of_its_folder_is_refused(self, database, store, folder, key):
        told = backed_up(database, store, folder)
        manifest.write(
            Manifest(**{**_facts(told), "files": {key: manifest.Kept(1, "0" * 64)}}), folder
        )
        with pytest.raises(BackupUnusable):
            put_back(database, store, folder)

    def test_tables_of_others_in_the_same_database_stay(self, database, store, folder):
        backed_up(database, store, folder)
        with database.write() as connection:
            connection.exec_driver_sql("CREATE TABLE not_ours (n INTEGER)")
        try:
            put_back(database, store, folder)
            with database.read() as connection:
                assert connection.exec_driver_sql("SELECT count(*) FROM not_ours").scalar() == 0
        finally:
            with database.write() as connection:
                connection.exec_driver_sql("DROP TABLE not_ours")


@pytest.mark.more
class TestCheck:
    def test_what_fits(self, database, store):
        marker.admit(database, store)
        documents(database, store, 3)
        found = consistency.look(database, store)
        assert found.fits
        assert (found.files, found.missing, found.left_over, found.strangers, found.stuck) == (
            3,
            (),
            (),
            (),
            (),
        )

    def test_store_of_another(self, database, store, other):
        with other.write() as connection:
            schema.bring_up(connection)
        marker.admit(other, store)
        assert consistency.look(database, store).standing is Standing.FOREIGN
        assert not consistency.look(database, store).fits


def command(settings, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "DRAGOMAN_DATA_DIR": str(settings.data_dir),
        "DRAGOMAN_DATABASE_URL": settings.database,
        "DRAGOMAN_STORAGE_URL": settings.storage,
        "DRAGOMAN_SECRET_KEY": "k" * 32,
    }
    asked = [sys.executable, "-m", "dragoman", *words]
    return subprocess.run(
        asked, env=environment, capture_output=True, text=True, timeout=patience(90), check=False
    )


@pytest.mark.more
def test_commands_say_in_words_what_an_admin_has_to_know(settings, database, store, folder):
    marker.admit(database, store)
    mails(database, store, 2)
    made = command(settings, "backup", str(folder))
    assert made.returncode == 0, made.stderr
    assert "holds 3 rows and 2 files" in made.stdout
    assert "DRAGOMAN_SECRET_KEY, which is not in it" in made.stdout
    again = command(settings, "backup", str(folder))
    assert again.returncode == TargetNotEmpty.exit_code
    assert "complete backup" in again.stderr
    mails(database, store, 1)
    documents(database, store, 30)
    refused = command(settings, "restore", str(folder))
    assert refused.returncode == TargetNotEmpty.exit_code
    assert "--replace" in refused.stderr
    done = command(settings, "restore", str(folder), "--replace")
    assert done.returncode == 0, done.stderr
    assert "2 answers had not been sent when the backup was made" in done.stdout
    assert "email, to ann@example.org: Nº 0" in done.stdout
    assert "1 emails came in after the backup" in done.stdout
    assert "ann@example.org: A  [31mreport" in done.stdout
    assert "30 other files in the store" in done.stdout
    assert "and 10 more: --json lists them." in done.stdout
    checked = command(settings, "check")
    assert checked.returncode == 0, checked.stderr
    assert "Database and store fit." in checked.stdout
    with database.read() as connection:
        named = [one.key for one in names(connection)]
    store.delete(named[0])
    checked = command(settings, "check")
    assert checked.returncode == DoesNotFit.exit_code
    assert f"1 files are missing:\n  {named[0]} of inbox" in checked.stdout


@pytest.mark.more
def test_file_that_is_no_database_any_more_is_told_as_such(settings, sqlite_database, tmp_path):
    """In its place a backup can be put once the file is moved away."""
    file = settings.data_dir / "dragoman.db"
    store = FolderStore(settings.data_dir / "store")
    backup = tmp_path / "backup"
    backed_up(sqlite_database, store, backup)
    sqlite_database.close()
    file.write_bytes(b"no database" + bytes(5000))
    on_sqlite = settings.model_copy(
        update={"database_url": f"sqlite:///{file}", "storage_url": f"file://{store.root}"}
    )
    told = command(on_sqlite, "restore", str(backup), "--replace")
    assert told.returncode == DatabaseDamaged.exit_code, told.stderr
    assert "move the file away" in told.stderr
    for one in settings.data_dir.glob("dragoman.db*"):
        one.rename(tmp_path / one.name)
    done = command(on_sqlite, "restore", str(backup))
    assert done.returncode == 0, done.stderr


def test_every_ledger_is_let_go_by_a_restore():
    """Each table with a lease, so that a new one is not forgotten."""
    leased = {table.name for table in (INBOX, JOBS, PARTS, OUTBOX)}
    with_lease = {
        name for name, table in inbox.INBOX.metadata.tables.items() if "lease_until" in table.c
    }
    assert {table.name for table in after_restore.LEASED} == with_lease >= leased


def test_process_of_this_host_counts_while_it_lives_and_one_of_another_for_a_time():
    own, theirs = (
        process_registry.Pulse("web@here", 1, {}, 3.0),
        process_registry.Pulse("web@there", 1, {}, 3.0),
    )
    assert idle_check.running([own, theirs], "here", lambda pid: False) == [theirs]
    assert idle_check.running([own, theirs], "here", lambda pid: True) == [own, theirs]


def test_own_process_is_a_running_service(database):
    with database.write() as connection:
        process_registry.pulse(connection, f"web@{os.uname().nodename}", os.getpid(), {})
    with pytest.raises(ServicesRunning):
        idle_check.refuse_running(database)


def _facts(told: Manifest) -> dict[str, object]:
    return {name: getattr(told, name) for name in Manifest.__slots__}


def test_answer_that_waits_is_owed(database):
    job_id = add_job(database, channel="slack", owner="slack:T1:U1", state=RowState.DONE)
    with database.write() as connection:
        owe(connection, owner=job_id, run=1, kind=Kind.FINAL, channel="slack")
        assert [one.owner for one in after_restore.owed(connection)] == [job_id]
