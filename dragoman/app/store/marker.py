"""A store belongs to one database: an object in the store, the marker, says to which.

Without it a second database on the same store (a staging server, a mistyped URL, a backup that was
loaded elsewhere) would take all files for left-overs, since none of its rows names them.

Markers are write-once as all else: `marker/GENERATION`, and the highest one counts. The database
that owns the store writes a new one each minute, with a random token that stands in its own row as
well. So a copy of the database, which has the same identity, falls behind the one that works, and
is known by that.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import Enum, auto
from io import BytesIO

import structlog

from dragoman.app import retention
from dragoman.db.engine import Database
from dragoman.db.queries import named_files
from dragoman.db.queries.named_files import PREFIXES
from dragoman.db.records import store_marks
from dragoman.db.records.store_marks import Own
from dragoman.errors import Gone, OperatorError
from dragoman.ports import BlobStore

log = structlog.get_logger(__name__)

FOLDER = "marker/"
FIRST = 1
# another process of the same database may be writing the next marker just now
TRIES, PAUSE_S = 8, 0.05
FEW = 5  # so many files without a row are no sign of another owner, where more files have one
NEARLY_ALL = 0.9

OUTDATED_ADVICE = (
    "This database looks like a copy or a backup: another one, with the same identity, has used the"
    " store since. Files that this database does not know are kept. If this database is the one to"
    " use from now on, run `dragoman store adopt`."
)


class StoreOfAnother(OperatorError):
    """The store's marker names another database than ours."""

    message = "The file store belongs to another database."
    code = "store_of_another"
    exit_code = 59
    for_admin = (
        "Correct DRAGOMAN_STORAGE_URL or DRAGOMAN_DATABASE_URL: each database needs a store of its"
        " own. If that other database is gone for good and this one replaces it, run `dragoman"
        " store adopt`, which deletes nothing."
    )


class StoreEmpty(StoreOfAnother):
    """The store has no marker and no bytes, while rows name some."""

    message = "The file store is empty, but the database names files in it."
    code = "store_empty"
    exit_code = 62
    for_admin = (
        "Is DRAGOMAN_STORAGE_URL the right one, and is its disk mounted? Earlier versions ignored"
        " the path in s3://BUCKET/PATH and put all files at the top of the bucket: take the path"
        " away, or move the files below it. If the files are lost for good: `dragoman restore` a"
        " backup, or `dragoman store adopt` to go on without them."
    )


class Standing(Enum):
    """How a database stands to a store."""

    OURS = auto()
    BEING_WRITTEN = auto()  # the marker is ours, and our row does not know it yet
    OUTDATED = auto()  # of this database, but a copy or a later state of it wrote the last marker
    FOREIGN = auto()
    UNMARKED = auto()


@dataclass(frozen=True, slots=True)
class Marker:
    """What stands in the store: which database it belongs to, and the token of this generation
    (from 1 on).
    """

    database: str
    generation: int
    token: str


@dataclass(frozen=True, slots=True)
class Census:
    """How many files are in a store, and how many of them lie below an id that no row of the
    database has.
    """

    files: int
    strangers: int

    @property
    def is_ours(self) -> bool:
        """Whether the database knows nearly all of the files, as the one that they were written
        for does.
        """
        known = self.files - self.strangers
        few = self.strangers <= FEW and known > self.strangers
        return few or known >= NEARLY_ALL * self.files


def standing(own: Own, found: Marker | None) -> Standing:
    """What a marker says to a database. Pure."""
    if found is None:
        return Standing.UNMARKED
    if own.pending is not None and found.token == own.pending:
        return Standing.BEING_WRITTEN
    if found.database != own.database:
        return Standing.FOREIGN
    same = (found.generation, found.token) == (own.generation, own.token)
    return Standing.OURS if same else Standing.OUTDATED


def read(store: BlobStore) -> Marker | None:
    """The marker as it is now; None if there is none.

    Raises StoreUnavailable, StoreOfAnother for one that cannot be read.
    """
    for _ in range(TRIES):
        generations = [
            int(key.removeprefix(FOLDER))
            for key in store.keys(FOLDER)
            if key[len(FOLDER) :].isdigit()
        ]
        if not generations:
            return None
        # else: overtaken by newer ones
        with suppress(Gone), store.open(f"{FOLDER}{max(generations)}") as body:
            return _parsed(body.read(), max(generations))
        time.sleep(PAUSE_S)
    raise StoreOfAnother("The marker of the file store cannot be read.")


def census(database: Database, store: BlobStore) -> Census:
    """Count what is in the store. Raises StoreUnavailable, DatabaseUnavailable."""
    keys = [key for prefix in PREFIXES for key in store.keys(prefix)]
    return Census(len(keys), len(retention.without_row(database, keys)))


def look(database: Database, store: BlobStore) -> Standing:
    """How the database stands to the store at this moment; nothing is adopted.

    Raises StoreUnavailable, DatabaseUnavailable.
    """
    found = Standing.UNMARKED
    for _ in range(TRIES):
        own = _own(database)
        marker = read(store)
        found = standing(own, marker)
        if found is Standing.BEING_WRITTEN and marker is not None:
            with database.write() as connection:
                store_marks.settle(connection, marker.token, marker.generation)
            return Standing.OURS
        if found is not Standing.OUTDATED:
            return found
        # the row may have been read before, and the marker after another process wrote both
        time.sleep(PAUSE_S)
    return found


def admit(database: Database, store: BlobStore) -> Standing:
    """OURS or OUTDATED; a store without a marker is adopted where the database knows its files.

    Safe to be called by many processes at once: a marker is written once. Raises StoreOfAnother,
    StoreEmpty, StoreUnavailable, DatabaseUnavailable.
    """
    found = look(database, store)
    if found is Standing.UNMARKED:
        counted = refuse_unlikely(database, store)
        _write(database, store, FIRST)
        found = look(database, store)
        log.info("store_adopted", files=counted.files, standing=found.name)
    if found is Standing.FOREIGN:
        raise StoreOfAnother
    return found


def refuse_unlikely(database: Database, store: BlobStore) -> Census:
    """What is in a store without a marker, where it can be this database's own.

    Raises StoreOfAnother (most files belong to no row), StoreEmpty (rows name files, and there is
    none at all), StoreUnavailable, DatabaseUnavailable.
    """
    counted = census(database, store)
    if not counted.is_ours:
        raise StoreOfAnother(
            f"The file store has {counted.files} files, of which this database knows"
            f" {counted.files - counted.strangers}: it seems to belong to another database."
        )
    if not counted.files and (missed := _named(database)):
        raise StoreEmpty(f"The file store is empty, but the database names {missed} files in it.")
    return counted


def renew(database: Database, store: BlobStore) -> Standing:
    """Write the next generation if the store is ours; how it stands. Raises as `admit`."""
    found = admit(database, store)
    if found is not Standing.OURS:
        return found
    generation = _own(database).generation + 1
    _write(database, store, generation)
    if (found := look(database, store)) is Standing.OURS:
        for key in list(store.keys(FOLDER)):
            if key[len(FOLDER) :].isdigit() and int(key[len(FOLDER) :]) < generation - 1:
                store.delete(key)
    return found


def take_over(database: Database, store: BlobStore) -> Census:
    """Make the store this database's own, whoever's it was; deletes nothing.

    For an admin's word alone.

    Files that no row knows stay until `dragoman clean-up --orphans`. Raises StoreOfAnother where
    another database does the same at the same moment, StoreUnavailable, DatabaseUnavailable.
    """
    counted = census(database, store)
    if look(database, store) is not Standing.OURS:
        found = read(store)
        _write(database, store, found.generation + 1 if found else FIRST)
        if look(database, store) is not Standing.OURS:
            raise StoreOfAnother
    if counted.strangers:
        with database.write() as connection:
            store_marks.keep_strangers(connection, keeps=True)
    return counted


def _own(database: Database) -> Own:
    with database.read() as connection:
        found = store_marks.known(connection)
    if found is None:
        with database.write() as connection:
            found = store_marks.own(connection)
    return found


def _named(database: Database) -> int:
    """How many files the rows name."""
    with database.read() as connection:
        return len({one.key for one in named_files.names(connection)})


def _write(database: Database, store: BlobStore, generation: int) -> None:
    """Put the marker of a generation; whether it is ours then, the marker says."""
    with database.write() as connection:
        own = store_marks.begin(connection)
    if own.pending is not None:
        marker = Marker(own.database, generation, own.pending)
        store.put(f"{FOLDER}{generation}", BytesIO(json.dumps(asdict(marker)).encode()))


def _parsed(body: bytes, generation: int) -> Marker:
    try:
        told = json.loads(body)
        return Marker(str(told["database"]), generation, str(told["token"]))
    except (ValueError, KeyError, TypeError) as error:
        raise StoreOfAnother(
            "The marker of the file store cannot be read.", detail=repr(body[:80])
        ) from error
