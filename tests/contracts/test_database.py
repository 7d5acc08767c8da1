"""The connection: what it keeps to itself."""

from __future__ import annotations

import stat

import pytest
from sqlalchemy.exc import DBAPIError

from dragoman.db import schema
from dragoman.db.engine import Database, insist
from dragoman.db.ledgers import outbox
from dragoman.errors import DatabaseUnavailable

SECRET = "Dear Bob, the contract"


def test_an_error_shows_no_values_of_its_statement(database):
    with pytest.raises(DBAPIError) as caught, database.write() as connection:
        connection.execute(outbox.OUTBOX.insert().values(id="1", owner=None, ref=SECRET))
    assert SECRET.split(",", maxsplit=1)[0] not in str(caught.value).split("DETAIL")[0]


def test_sqlite_s_files_are_for_their_owner_only_in_a_folder_for_all(tmp_path):
    tmp_path.chmod(0o755)
    database = Database(f"sqlite:///{tmp_path}/dragoman.db")
    schema.upgrade(database)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    database.close()
    assert modes == dict.fromkeys(("dragoman.db", "dragoman.db-wal", "dragoman.db-shm"), 0o600)


def test_patience_has_an_end():
    def away() -> None:
        raise DatabaseUnavailable

    with pytest.raises(DatabaseUnavailable):
        insist(away, patience_s=-1.0)
