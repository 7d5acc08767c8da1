"""Orphans: bytes in the store that no row names (any more), and the clean-up that deletes them.

Two nets hold it, each by itself: the marker, read anew before each batch, must say that the store
is ours; and where most of the store belongs to no row at all, nothing of that is deleted before an
admin says so, since it is more likely that the database is the wrong one than that so many uploads
were cut off.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import structlog

from dragoman.app import retention
from dragoman.app.store import marker
from dragoman.app.store.marker import Standing, StoreOfAnother
from dragoman.db.engine import Database
from dragoman.db.queries.named_files import PREFIXES
from dragoman.db.records import process_registry, store_marks
from dragoman.ports import BlobStore

log = structlog.get_logger(__name__)

CLEAN_UP = "clean_up"
# opening a mail, whose PDFs are stored one by one before their rows, may take 330 s
ORPHAN_S = 1800.0
MANY, LARGEST_SHARE = 20, 0.5
BATCH = 100
COMMAND = "`dragoman clean-up --orphans`"


@dataclass(frozen=True, slots=True)
class Found:
    """What is in the store: the number of files, the orphans among them, and those orphans
    whose id no row has.
    """

    files: int
    orphans: tuple[str, ...]
    strangers: frozenset[str]

    @property
    def is_too_much(self) -> bool:
        """Whether so much of the store is unknown to the database that it may be the wrong
        database.
        """
        count = len(self.strangers)
        return count > MANY and count > LARGEST_SHARE * self.files


def find(database: Database, store: BlobStore) -> Found:
    """Look through the whole store. Raises StoreUnavailable, DatabaseUnavailable."""
    files = sum(1 for prefix in PREFIXES for _ in store.keys(prefix))
    orphans = [
        key for prefix in PREFIXES for key in retention.unreferenced(database, store, prefix)
    ]
    return Found(files, tuple(orphans), frozenset(retention.without_row(database, orphans)))


def delete_old(database: Database, store: BlobStore, *, ordered: bool = False) -> int:
    """Delete orphans that an earlier clean-up saw too, since a row follows its bytes; how many.

    `ordered`: an admin said that also those go which are held back, too many or left from a
    take-over; they have to be half an hour old all the same. Raises StoreUnavailable,
    DatabaseUnavailable.
    """
    if not _is_ours(database, store):
        return 0
    found = find(database, store)
    now = time.time()
    with database.write() as connection:
        before: dict[str, float] = process_registry.said(connection, CLEAN_UP).get("orphans", {})
        since = {key: before.get(key, now) for key in found.orphans}
        if ordered:
            store_marks.keep_strangers(connection, keeps=False)
        own = store_marks.known(connection)
        holds_back = not ordered and (
            found.is_too_much or (own is not None and own.keeps_strangers)
        )
        held = len(found.strangers) if holds_back else 0
        process_registry.beat(
            connection, CLEAN_UP, {"orphans": since, "held_back": held, "files": found.files}
        )
    if held:
        advice = f"Is this the right database? If these files can be deleted: {COMMAND}."
        log.error("orphans_held_back", held_back=held, files=found.files, advice=advice)
    old = [key for key, seen_at in since.items() if now - seen_at > ORPHAN_S]
    return _delete(database, store, [key for key in old if not (held and key in found.strangers)])


def held_back(database: Database) -> tuple[int, int]:
    """How many orphans the last clean-up left alone for an admin to decide about, of how many
    files. Raises DatabaseUnavailable.
    """
    with database.read() as connection:
        facts = process_registry.said(connection, CLEAN_UP)
    return facts.get("held_back", 0), facts.get("files", 0)


def _delete(database: Database, store: BlobStore, keys: list[str]) -> int:
    gone = 0
    for start in range(0, len(keys), BATCH):
        if not _is_ours(database, store):  # somebody may have taken it over meanwhile
            break
        for key in keys[start : start + BATCH]:
            store.delete(key)
            gone += 1
    return gone


def _is_ours(database: Database, store: BlobStore) -> bool:
    """Whether the marker, read now, says so; the log tells why not."""
    try:
        found = marker.admit(database, store)
    except StoreOfAnother as error:
        # no traceback
        log.error("orphans_kept", reason=str(error), advice=error.for_admin)  # noqa: TRY400
        return False
    if found is not Standing.OURS:
        log.error("orphans_kept", reason=marker.OUTDATED_ADVICE)
    return found is Standing.OURS
