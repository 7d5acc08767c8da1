"""A backup becomes the data again: files first, then all rows in one transaction, then the store is
this database's own.

Cut off at any point it can be done again: files are written once, and rows that are there without
the marker start no service. Nothing is deleted from the store; what is newer there than the backup
is listed, and kept until an admin says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from dragoman.app.backup import idle_check, manifest
from dragoman.app.backup.errors import BackupUnusable, ServicesRunning, StoreTaken, TargetNotEmpty
from dragoman.app.backup.folder import Folder, hashed_body
from dragoman.app.backup.manifest import Manifest
from dragoman.app.backup.newer_files import Newer, look_at
from dragoman.app.store import marker
from dragoman.app.store.marker import Marker
from dragoman.db import schema
from dragoman.db.backup import after_restore, portable_rows
from dragoman.db.backup.after_restore import Owed
from dragoman.db.backup.portable_rows import Sum
from dragoman.db.engine import Database
from dragoman.db.queries import named_files
from dragoman.db.queries.named_files import PREFIXES
from dragoman.db.records import store_marks
from dragoman.ports import BlobStore

Tell = Callable[[int, int], None]
LEDGERS = tuple(table.name for table in after_restore.LEASED)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an admin allows.

    `replace`: rows that are there are deleted. `take_over`: the store may be another database's.
    """

    replace: bool = False
    take_over: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done, and what an admin has to know.

    `put`, `there`: files that were put into the store, and those that were in it already.
    `differing`: keys under which the store has other bytes than the backup; the store's stay.
    `absent`: keys that rows name, and that are in neither. `newer`: what is in the store and no row
    of the backup names. `owed`: answers that go out (again).
    """

    manifest: Manifest
    put: int
    there: int
    differing: tuple[str, ...]
    absent: tuple[str, ...]
    newer: tuple[Newer, ...]
    owed: tuple[Owed, ...]


def restore(database: Database, store: BlobStore, path: Path, plan: Plan, tell: Tell) -> Restored:
    """Put the backup in `path` in place of what is there.

    Raises BackupUnusable, TargetNotEmpty, ServicesRunning, StoreTaken, RowRefused,
    StoreUnavailable, DatabaseUnavailable; then the rows are as they were.
    """
    told, folder = manifest.read(path), Folder(path)
    if not schema.knows(told.schema):
        raise BackupUnusable(
            "The backup was made by a newer version of Dragoman: update this program."
        )
    idle_check.refuse_running(database)
    before = marker.read(store)
    _refuse(database, told, before, plan)
    folder.verify(told)
    put, differing = _put(store, folder, told, tell)
    if marker.read(store) != before:
        raise ServicesRunning(
            "Another Dragoman works with this store at this moment: its marker has just changed."
        )
    with database.write() as connection:
        _replace(connection, folder, told)
        owed = tuple(after_restore.owed(connection))
        after_restore.wake(connection)
        names = {one.key for one in named_files.names(connection)}
    keys = {key for prefix in PREFIXES for key in store.keys(prefix)}
    newer = look_at(store, sorted(keys - names))
    marker.take_over(database, store)
    there = len(told.files) - put - len(differing)
    return Restored(
        told, put, there, tuple(differing), tuple(sorted(names - keys)), tuple(newer), owed
    )


def _refuse(database: Database, told: Manifest, found: Marker | None, plan: Plan) -> None:
    with database.read() as connection:
        if not plan.replace and not portable_rows.is_empty(connection, LEDGERS):
            raise TargetNotEmpty(
                "The database has documents in it already.",
                advice=(
                    "To delete its rows and put those of the backup in their place: `dragoman"
                    " restore DIR --replace`."
                ),
            )
        own = _identity(connection)
    if found is not None and found.database not in (told.database, own) and not plan.take_over:
        raise StoreTaken


def _identity(connection: Connection) -> str | None:
    """Who the database is to its store; None for one without tables, or that never looked at
    one.
    """
    if portable_rows.is_empty(connection, [store_marks.STORE_MARKS.name]):
        return None
    own = store_marks.known(connection)
    return own.database if own else None


def _put(store: BlobStore, folder: Folder, told: Manifest, tell: Tell) -> tuple[int, list[str]]:
    """Put what is not in the store yet; how many files, and the keys under which it has
    something else.
    """
    put = 0
    differing: list[str] = []
    for number, (key, kept) in enumerate(told.files.items()):
        tell(number, len(told.files))
        if store.size(key) is None:
            with folder.file(key).open("rb") as body:
                put += store.put(key, body)
        with store.open(key) as body:
            if hashed_body(body) != kept:
                differing.append(key)
    tell(len(told.files), len(told.files))
    return put, differing


def _replace(connection: Connection, folder: Folder, told: Manifest) -> None:
    """All rows of the backup in place of all that is there, brought up to this program's schema."""
    portable_rows.drop_all(connection)
    schema.build(connection, told.schema)
    for table in portable_rows.tables(connection):
        if table.name not in told.tables:
            continue
        loaded = portable_rows.load(
            connection, table, portable_rows.of_lines(folder.read_rows(table.name))
        )
        wanted = told.tables[table.name]
        found = portable_rows.summed(connection, table)
        if not (_is(loaded, wanted.rows, wanted.sum) and _is(found, wanted.rows, wanted.sum)):
            raise BackupUnusable(
                f"The rows of the table {table.name} are not those that were read."
            )
    schema.bring_up(connection)


def _is(counted: Sum, rows: int, total: str) -> bool:
    return (counted.rows, str(counted)) == (rows, total)
