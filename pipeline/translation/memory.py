"""The translation memory as a worker uses it: rows in the database, the freshest of them in Redis
in front.

Each answered batch is committed, with what it cost, before the next one is asked for: that is the
checkpoint that a killed worker's successor goes on from.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from dragoman.adapters.translation_cache import Cache
from dragoman.db.engine import insist
from dragoman.db.ledgers import jobs, reserved_texts
from dragoman.db.ledgers.lease import Lease
from dragoman.db.records import counters, translation_memory
from dragoman.domain.costs import prices
from dragoman.domain.owner import sharing
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.part import Part
from dragoman.ports import NO_TOKENS, Tokens
from dragoman.telemetry import hashed
from pipeline.translation.billing import Bill

LOOK_AGAIN_S = 0.25  # until others' answers are looked for again


class SharedMemory:
    """Implements `pipeline.translation.batches.Memory` for one leased job."""

    def __init__(
        self,
        lease: Lease[Job] | Lease[Part],
        engine: str,
        cache: Cache,
        job: Job,
        version: str = "",
        *,
        bill: Bill = lambda _characters, _tokens: None,
    ) -> None:
        """`engine` and its `version`: what is noted beside each text.

        `job`: who pays, None: the leased row itself. `bill`: what it comes to.
        """
        self._bill = bill
        self._lease, self._engine, self._cache, self._version = lease, engine, cache, version
        self._job = job
        self._reserves = prices.costs(engine)

    def recall(self, keys: Sequence[str]) -> dict[str, str]:
        """What is known of `keys`."""
        found = self._cache.get(keys)
        missing = [key for key in keys if key not in found]
        if not missing:
            return found
        with self._lease.database.write() as connection:
            known = translation_memory.recall(connection, missing)
        self._cache.put(known)
        return found | known

    def remember(self, answers: Mapping[str, str], billed: int, tokens: Tokens = NO_TOKENS) -> None:
        """Commit a batch's answers and what they cost, also for the job's next holder.

        Raises LeaseLost.
        """
        if insist(lambda: self._commit(answers, billed, tokens)):
            self._cache.put(answers)
        self._lease.renew()

    def reserve(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that no other job of the team asks for just now.

        What costs nothing is asked for without looking.
        """
        if not self._reserves:
            return set(keys)
        with self._lease.database.write() as connection:
            return reserved_texts.reserve(connection, keys, self._lease.id, self._lease.row.epoch)

    def release(self) -> None:
        """Let others ask for what was reserved and could not be answered."""
        if self._reserves:
            with self._lease.database.write() as connection:
                reserved_texts.release(connection, self._lease.id)

    def pause(self) -> None:
        """Wait a moment for the others' answers."""
        time.sleep(LOOK_AGAIN_S)

    def _commit(self, answers: Mapping[str, str], billed: int, tokens: Tokens) -> bool:
        """Whether they are kept: nothing is learnt from a purged job."""
        with self._lease.database.write() as connection:
            paid = self._bill(billed, tokens)
            if not jobs.note_cost(connection, self._job.id, billed, tokens, paid):
                return False
            translation_memory.remember(
                connection,
                answers,
                engine=self._engine,
                engine_version=self._version,
                target_lang=self._job.target_lang,
                job_id=self._job.id,
                team=hashed(sharing(self._job.owner)),
            )
            if billed:
                counters.add(connection, counters.CHARACTERS_BILLED, billed, engine=self._engine)
            for way, count in (("read", tokens.taken), ("written", tokens.given)):
                if count:
                    counters.add(connection, counters.TOKENS, count, engine=self._engine, way=way)
            return True
