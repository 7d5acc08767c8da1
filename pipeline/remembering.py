"""The translation memory as a worker uses it: rows in the database, the freshest of them in Redis in front.

Each answered batch is committed, with what it cost, before the next one is asked for: that is the checkpoint that a
killed worker's successor goes on from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.cache import Cache
from dragoman.db import memory
from dragoman.db.jobs import JOBS
from dragoman.db.lease import Lease


class SharedMemory:
    """Implements `pipeline.translation.Memory` for one leased job."""

    def __init__(self, lease: Lease, engine: str, cache: Cache) -> None:
        """`engine`: the name that is noted beside each text."""
        self._lease, self._engine, self._cache = lease, engine, cache

    def recall(self, keys: Sequence[str]) -> dict[str, str]:
        """What is known of `keys`."""
        found = self._cache.get(keys)
        missing = [key for key in keys if key not in found]
        if not missing:
            return found
        with self._lease.database.write() as connection:
            known = memory.recall(connection, missing)
        self._cache.put(known)
        return found | known

    def remember(self, answers: Mapping[str, str], billed: int) -> None:
        """Commit a batch's answers and what they cost. Raises LeaseLost."""
        job = self._lease.row
        with self._lease.database.write() as connection:
            memory.remember(
                connection, answers, engine=self._engine, target_lang=job["target_lang"], job_id=self._lease.id
            )
            self._lease.write(connection, characters_billed=JOBS.c.characters_billed + billed)
        self._cache.put(answers)
