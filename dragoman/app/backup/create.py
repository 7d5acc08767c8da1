"""A copy of database and store that fits together, made while the services work.

The rows are those of one moment. Each file that they name was in the store before its row was
committed, keeps its content for ever, and can only be deleted since: such a file is told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dragoman.app.backup.folder import Folder
from dragoman.app.backup.manifest import Kept, Manifest, Rows
from dragoman.app.store import marker
from dragoman.app.store.marker import Standing, StoreOfAnother
from dragoman.db import clock, schema
from dragoman.db.backup import portable_rows
from dragoman.db.backup.portable_rows import Sum
from dragoman.db.backup.snapshot import snapshot
from dragoman.db.engine import Database
from dragoman.db.queries import named_files
from dragoman.db.records import process_registry, store_marks
from dragoman.domain.moments import iso
from dragoman.errors import Gone
from dragoman.ports import BlobStore

# What services say of themselves while they run is of no use to those that start later.
PASSING = frozenset({process_registry.HEARTBEATS.name, process_registry.PULSES.name})

Tell = Callable[[int, int], None]
"""Called with how many files are done, and of how many."""


@dataclass
class _Rows:
    """What was read of the database."""

    made_at: str = ""
    schema: str = ""
    database: str = ""
    tables: dict[str, Rows] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)


def back_up(
    database: Database,
    store: BlobStore,
    path: Path,
    *,
    version: str,
    secret_key: str | None,
    tell: Tell,
) -> Manifest:
    """Make a backup in the folder `path`, or go on with one that was cut off there.

    `secret_key`: a fingerprint of the server's. Raises TargetNotEmpty, StoreOfAnother,
    StoreUnavailable, DatabaseUnavailable.
    """
    _refuse_other_store(database, store)
    folder = Folder(path)
    folder.begin()
    found = _read(database, folder)
    files, lost = _copy(store, folder, found.keys, tell)
    with database.read() as connection:
        still_named = {one.key for one in named_files.names(connection)} if lost else set()
    made = Manifest(
        made_at=found.made_at,
        dragoman=version,
        schema=found.schema,
        database=found.database,
        secret_key=secret_key,
        tables=found.tables,
        files=files,
        missing=tuple(key for key in lost if key in still_named),
        gone=tuple(key for key in lost if key not in still_named),
    )
    folder.finish(made)
    return made


def _refuse_other_store(database: Database, store: BlobStore) -> None:
    found = marker.look(database, store)
    if found is Standing.FOREIGN:
        raise StoreOfAnother
    if found is Standing.UNMARKED:
        marker.refuse_unlikely(database, store)


def _read(database: Database, folder: Folder) -> _Rows:
    found = _Rows()
    with snapshot(database, folder.path) as connection:
        found.made_at = iso(clock.now(connection)) or ""
        found.schema = schema.revision_of(connection) or ""
        own = store_marks.known(connection)
        found.database = own.database if own else ""
        for table in portable_rows.tables(connection):
            if table.name in PASSING:
                continue
            counted = Sum()
            sha256 = folder.write_rows(
                table.name,
                portable_rows.lines(table, portable_rows.rows(connection, table), counted),
            )
            found.tables[table.name] = Rows(counted.rows, str(counted), sha256)
        found.keys = sorted({one.key for one in named_files.names(connection)})
    return found


def _copy(
    store: BlobStore, folder: Folder, keys: Iterable[str], tell: Tell
) -> tuple[dict[str, Kept], list[str]]:
    """What was copied, and the keys that the store does not have."""
    wanted = list(keys)
    files: dict[str, Kept] = {}
    lost: list[str] = []
    for number, key in enumerate(wanted):
        tell(number, len(wanted))
        try:
            with store.open(key) as body:
                files[key] = folder.keep(key, body, store.size(key))
        except Gone:
            lost.append(key)
    tell(len(wanted), len(wanted))
    return files, lost
