"""What does not fit between database and store, and what is stuck.

Looks only; the services may run meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

from dragoman.app.store import marker, orphans
from dragoman.app.store.marker import Standing
from dragoman.db.engine import Database
from dragoman.db.queries import named_files, stuck
from dragoman.db.queries.named_files import PREFIXES, Named
from dragoman.db.queries.stuck import Stuck
from dragoman.db.records import store_marks
from dragoman.ports import BlobStore


@dataclass(frozen=True, slots=True)
class Fitting:
    """How database and store stand to each other.

    `generation`: of the marker as the database knows it, `marked`: as the store has it, None
    without one. `missing`: what rows name and the store does not have. `left_over`: files that no
    row names (any more), of documents that the database knows: clean-up deletes them. `strangers`:
    files of documents that it does not know.
    """

    standing: Standing
    generation: int
    marked: int | None
    files: int
    missing: tuple[Named, ...]
    left_over: tuple[str, ...]
    strangers: tuple[str, ...]
    stuck: tuple[Stuck, ...]

    @property
    def fits(self) -> bool:
        """Whether nothing is wrong.

        What nobody names does no harm: bytes come before their row, and clean-up follows.
        """
        is_ours = self.standing is Standing.OURS or (
            self.standing is Standing.UNMARKED and not self.missing
        )
        return is_ours and not self.missing and not self.stuck


def look(database: Database, store: BlobStore) -> Fitting:
    """Look at all of it.

    Raises StoreUnavailable, DatabaseUnavailable, StoreOfAnother for a marker that cannot be read.
    """
    standing, found = marker.look(database, store), marker.read(store)
    with database.read() as connection:
        own = store_marks.known(connection)
    missing = _missing(database, store)
    with database.read() as connection:
        waiting = stuck.find(connection)
    unnamed = orphans.find(database, store)
    return Fitting(
        standing=standing,
        generation=own.generation if own else 0,
        marked=found.generation if found else None,
        files=unnamed.files,
        missing=missing,
        left_over=tuple(sorted(set(unnamed.orphans) - unnamed.strangers)),
        strangers=tuple(sorted(unnamed.strangers)),
        stuck=tuple(waiting),
    )


def _missing(database: Database, store: BlobStore) -> tuple[Named, ...]:
    """What was named before the store was looked through and still is, though it is not there
    even when it is asked for by name.
    """
    before = _names(database)
    there = {key for prefix in PREFIXES for key in store.keys(prefix)}
    lacking = before - {one for one in before if one.key in there}
    if not lacking:
        return ()
    gone = [one for one in lacking & _names(database) if store.size(one.key) is None]
    return tuple(sorted(gone, key=lambda one: (one.table, one.row_id, one.key)))


def _names(database: Database) -> set[Named]:
    with database.read() as connection:
        return set(named_files.names(connection))
