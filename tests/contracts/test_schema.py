"""The schema: made by migrations, the same as the models, made once however many processes
start together.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import structlog
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, text

from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.db.ledgers import jobs
from dragoman.db.records import process_registry
from dragoman.db.schema import Fit
from dragoman.db.tables import Base
from dragoman.errors import DatabaseUnavailable, OperatorError
from tests.patience import patience
from tests.races import together
from tests.servers.process import LOOPBACK, free_port, wait_until


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('tmp_path')}/new/dragoman.db"
    return request.getfixturevalue("postgresql_url")


@pytest.fixture
def empty(url: str) -> Iterator[Database]:
    """A database without a single table."""
    database = Database(url)
    yield database
    database.close()


def test_empty_database_is_not_current(empty):
    assert not schema.is_current(empty)


def test_upgrade_makes_it_current_and_may_be_repeated(empty):
    schema.upgrade(empty)
    schema.upgrade(empty)
    assert schema.is_current(empty)


def test_an_older_and_a_newer_schema_are_told_apart_with_what_to_do(empty):
    assert schema.fit(empty) is Fit.OLDER
    with empty.write() as connection:
        command.upgrade(schema.config(connection), "0005")
    assert "dragoman db upgrade" in schema.fit(empty)
    schema.upgrade(empty)
    assert schema.fit(empty) is Fit.CURRENT
    with empty.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "update this program" in schema.fit(empty)


def test_a_newer_schema_is_left_alone_and_said_so(empty):
    schema.upgrade(empty)
    with empty.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(OperatorError) as refused:
        schema.upgrade(empty)
    assert refused.value.advice == str(Fit.NEWER)
    assert schema.fit(empty) is Fit.NEWER


def test_a_process_waits_for_its_schema_and_goes_on_by_itself(url, empty):
    waiting = threading.Thread(target=schema.wait_until_current, args=(url,), daemon=True)
    with structlog.testing.capture_logs() as lines:
        waiting.start()
        wait_until(lambda: bool(lines), 10, "it says what it waits for")
        assert waiting.is_alive()
        schema.upgrade(empty)
        waiting.join(patience(20))
    assert not waiting.is_alive()
    assert "dragoman db upgrade" in lines[0]["reason"]


def test_statements_of_another_version_are_trouble_that_passes(empty):
    """A worker that runs while somebody forgot `db upgrade` gives nothing up for it."""
    with pytest.raises(DatabaseUnavailable), empty.read() as connection:
        jobs.by_id(connection, "0" * 32)


def test_postgresql_that_takes_no_writes_is_trouble_that_passes(postgresql_url):
    database = Database(f"{postgresql_url}?options=-cdefault_transaction_read_only%3Don")
    with pytest.raises(DatabaseUnavailable) as caught, database.write() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
    assert "read-only" in caught.value.detail
    database.close()


def test_postgresql_that_takes_no_rows_is_seen_without_changing_one(postgresql_url):
    database, reading = (
        Database(postgresql_url),
        Database(f"{postgresql_url}?options=-cdefault_transaction_read_only%3Don"),
    )
    schema.upgrade(database)
    with database.write() as connection:
        process_registry.check_writable(connection)
    with pytest.raises(DatabaseUnavailable, match="does not answer"), reading.write() as connection:
        process_registry.check_writable(connection)
    database.close()
    reading.close()


def test_processes_that_start_together_upgrade_once(url):
    def start(number: int) -> bool:
        database = Database(url)
        schema.upgrade(database)
        current = schema.is_current(database)
        database.close()
        return current

    assert together(4, start) == [True] * 4


def test_models_and_migrations_say_the_same(empty):
    schema.upgrade(empty)
    with empty.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_database_that_refuses_is_unavailable():
    database = Database(f"postgresql+psycopg://nobody@{LOOPBACK}:{free_port()}/none")
    with pytest.raises(DatabaseUnavailable), database.read():
        pass
    with pytest.raises(DatabaseUnavailable):
        schema.upgrade(database)
    database.close()


def test_wrong_password_is_unavailable_and_is_not_told(postgresql_url):
    _, _, place = postgresql_url.partition("@")
    database = Database(f"postgresql+psycopg://tests:wrong-but-secret@{place}")
    with pytest.raises(DatabaseUnavailable) as caught, database.read():
        pass
    assert "wrong-but-secret" not in caught.value.detail
    database.close()


def test_sqlite_commits_are_durable_and_readers_do_not_wait(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/d.db")
    with database.read() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2  # FULL
    with database.write() as writer, database.read() as reader:
        writer.execute(text("CREATE TABLE t (x)"))
        assert reader.scalar(text("SELECT count(*) FROM sqlite_master")) == 0
    database.close()


def test_data_folder_is_the_owner_s_alone(tmp_path):
    Database(f"sqlite:///{tmp_path}/data/d.db").close()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_writers_of_sqlite_queue_up(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/d.db")
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
        connection.execute(text("INSERT INTO t VALUES (0)"))

    def add(number: int) -> None:
        for _ in range(10):
            with database.write() as connection:
                before = connection.scalar(text("SELECT x FROM t"))
                connection.execute(text("UPDATE t SET x = :x"), {"x": before + 1})

    together(8, add)
    with database.read() as connection:
        assert connection.scalar(text("SELECT x FROM t")) == 80
    database.close()


def test_postgresql_that_comes_back_is_used_again(postgresql, postgresql_url):
    database = Database(postgresql_url)
    schema.upgrade(database)
    postgresql.stop()
    try:
        with pytest.raises(DatabaseUnavailable), database.read() as connection:
            connection.execute(text("SELECT 1"))
    finally:
        postgresql.start()
    assert schema.is_current(database)
    database.close()


# Of the version that may still be at work while a newer one has brought the schema up to date.
PREVIOUS = "0014"
SAMPLES = {str: "x", int: 1, float: 1.0, bool: True, object: {"of": "JSON"}, dict: {"of": "JSON"}}


def tables(connection: Connection) -> dict[str, Table]:
    """The tables that are there, each after those that it points to."""
    known = MetaData()
    known.reflect(connection)
    return {one.name: one for one in known.sorted_tables if one.name != "alembic_version"}


def types(table: Table) -> set[tuple[str, str]]:
    return {(one.name, str(one.type)) for one in table.columns}


def test_the_previous_version_goes_on_on_the_new_schema(empty):
    """Migrations only add: whoever runs while `db upgrade` is run reads and writes as before."""
    with empty.write() as connection:
        schema.build(connection, PREVIOUS)
    with empty.read() as connection:
        before = tables(connection)
    schema.upgrade(empty)
    with empty.read() as connection:
        after = tables(connection)
    for name, table in before.items():
        assert types(table) <= types(after[name])
        fresh = [one for one in after[name].columns if one.name not in table.columns]
        assert [one.name for one in fresh if not (one.nullable or one.server_default)] == []
    with empty.write() as connection:
        for table in before.values():
            row = {one.name: SAMPLES[one.type.python_type] for one in table.columns}
            connection.execute(table.insert().values(**row))
            assert dict(connection.execute(table.select()).mappings().one()) == row
