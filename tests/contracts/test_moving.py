"""All rows from one kind of database to the other and back: every value the same, and counters
go on behind the last row.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from dragoman.adapters.storage import FolderStore
from dragoman.app.backup import database_copy
from dragoman.app.backup.database_copy import CopyDiffers, move
from dragoman.app.backup.errors import ServicesRunning, TargetNotEmpty
from dragoman.app.store import marker
from dragoman.app.store.marker import Standing
from dragoman.db import schema
from dragoman.db.backup import portable_rows
from dragoman.db.backup.portable_rows import RowRefused
from dragoman.db.engine import Database
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.records import process_registry, store_marks
from dragoman.db.tables import Base, StageTimeRow
from dragoman.domain.job import Stage
from tests.contracts.conftest import PLACES
from tests.rows import add_job, add_message, change, message_with_jobs, row
from tests.servers.postgresql import PostgreSQL

# The fixtures of SQLite, whatever the place: these tests have both databases.
pytestmark = pytest.mark.parametrize("place", [PLACES[0]])
A_TIME = {
    "stage": Stage.EXTRACT,
    "engine": "pseudo",
    "pages": 3,
    "seconds": 0.1,
    "ended_at": 1e9 / 3,
}
ODD = "Zoë “ß” \u2028\u200f\U0001f600 \\ ' \" %s {} \x7f"


@pytest.fixture
def target(postgresql: PostgreSQL) -> Iterator[Database]:
    """An empty PostgreSQL database without a schema."""
    url = postgresql.fresh()
    database = Database(url)
    yield database
    database.close()
    postgresql.drop(url)


@pytest.fixture
def back(tmp_path: Path) -> Iterator[Database]:
    """An empty SQLite file."""
    database = Database(f"sqlite:///{tmp_path}/back/dragoman.db")
    yield database
    database.close()


def fill(database: Database, store: FolderStore) -> None:
    marker.admit(database, store)
    message_id, _ = message_with_jobs(database, 3)
    change(
        database,
        INBOX,
        message_id,
        payload={"subject": ODD, "deep": [1, 2.5, None, True, {"a": "\u0000"}]},
    )
    add_job(
        database,
        filename=ODD[:80],
        source_size=2**40,
        options={"target_lang": "de", "pages": [1, 2]},
    )
    times = [
        {**A_TIME, "seconds": 1 / (number + 3)} for number in range(2 * portable_rows.AT_ONCE + 1)
    ]
    with database.write() as connection:
        connection.execute(insert(StageTimeRow.__table__), times)


def test_to_postgresql_and_back_to_sqlite_every_value_is_the_same(
    sqlite_database, target, back, tmp_path
):
    store = FolderStore(tmp_path / "store")
    fill(sqlite_database, store)
    there = move(sqlite_database, target, tmp_path)
    assert move(target, back, tmp_path) == there
    assert {one.table for one in there} == set(Base.metadata.tables)
    assert {one.table: one.rows for one in there}["jobs"] == 4
    with sqlite_database.read() as before, target.read() as moved, back.read() as returned:
        for table in portable_rows.tables(before):
            values = [
                sorted(map(repr, portable_rows.rows(one, table))) for one in (before, returned)
            ]
            assert values[0] == values[1], table.name
            assert portable_rows.summed(moved, table) == portable_rows.summed(before, table)
    assert schema.is_current(target)
    assert marker.look(target, store) is Standing.OURS, "the store goes with the rows"


@pytest.mark.more
def test_rows_that_the_new_database_counts_go_on_behind_the_last_one(
    sqlite_database, target, tmp_path
):
    fill(sqlite_database, FolderStore(tmp_path / "store"))
    move(sqlite_database, target, tmp_path)
    with target.write() as connection:
        last = connection.exec_driver_sql("SELECT max(id) FROM stage_times").scalar()
        connection.execute(insert(StageTimeRow.__table__), A_TIME)
        assert connection.exec_driver_sql("SELECT max(id) FROM stage_times").scalar() == last + 1


@pytest.mark.more
def test_a_value_that_the_new_database_does_not_take_is_named_and_nothing_is_written(
    sqlite_database, target, tmp_path
):
    kept, refused = add_job(sqlite_database), add_job(sqlite_database, filename="a\0b.pdf")
    with pytest.raises(RowRefused) as told:
        move(sqlite_database, target, tmp_path)
    assert refused in told.value.detail
    assert kept not in told.value.detail
    with target.read() as connection:
        assert portable_rows.tables(connection) == []


@pytest.mark.more
def test_a_database_with_rows_is_left_alone(sqlite_database, target, tmp_path):
    with target.write() as connection:
        schema.bring_up(connection)
    theirs = add_job(target)
    add_job(sqlite_database)
    with pytest.raises(TargetNotEmpty):
        move(sqlite_database, target, tmp_path)
    assert row(target, JOBS, theirs)["id"] == theirs


@pytest.mark.more
def test_services_have_to_rest_meanwhile(sqlite_database, target, tmp_path):
    with sqlite_database.write() as connection:
        process_registry.pulse(connection, "smtp@another-host", 7, {})
    with pytest.raises(ServicesRunning):
        move(sqlite_database, target, tmp_path)


@pytest.mark.more
def test_a_copy_that_differs_is_none(sqlite_database, target, tmp_path):
    """A trigger stands for whatever may change a value on its way."""
    with target.write() as connection:
        schema.bring_up(connection)
    add_message(sqlite_database)
    with sqlite_database.frozen() as reading, target.write() as writing:
        writing.exec_driver_sql(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.size = 7;"
            " RETURN NEW; END $$"
        )
        writing.exec_driver_sql(
            "CREATE TRIGGER spoil BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION spoil()"
        )
        [table] = [one for one in portable_rows.tables(reading) if one.name == "inbox"]
        copied = portable_rows.load(writing, table, portable_rows.rows(reading, table))
        with pytest.raises(CopyDiffers):
            database_copy._compared(writing, "inbox", copied)


@pytest.mark.more
def test_dump_that_is_loaded_elsewhere_deletes_nothing_of_the_one_that_works_on(
    sqlite_database, target, tmp_path
):
    store = FolderStore(tmp_path / "store")
    fill(sqlite_database, store)
    move(sqlite_database, target, tmp_path)
    assert marker.renew(sqlite_database, store) is Standing.OURS
    assert marker.admit(target, store) is Standing.OUTDATED
    with target.read() as connection:
        assert store_marks.known(connection)
