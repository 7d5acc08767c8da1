"""Whose turn it is, as one worker asks: before it claims a row, and when it has done with one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection, Table

from dragoman.adapters import queues
from dragoman.db.engine import Database
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.queries import turns
from dragoman.domain.turns import Places
from dragoman.errors import DatabaseUnavailable

log = structlog.get_logger(__name__)

Admits = Callable[[Connection, str], bool]
"""Whether the row with this id may be claimed in this transaction."""

COUNT_EVERY_S = 10.0
# children of each worker beside its usual places, for who would be kept out of all of these
SPARE = 1


@dataclass
class Turns:
    """`own`: this worker's usual places. Those of all workers are counted every now and then."""

    own: int
    _known: Places | None = field(default=None, init=False)
    _counted_at: float = field(default=0.0, init=False)

    def admits(self, table: Table) -> Admits:
        """For `dragoman.db.ledgers.lease.attempt`."""

        def admitted(connection: Connection, row_id: str) -> bool:
            return turns.may_claim(connection, table, row_id, self._places(connection))

        return admitted

    def is_next(self, database: Database, job_id: str) -> bool:
        """Whether it is worth the way to claim the job. Raises DatabaseUnavailable."""
        with database.read() as connection:
            if turns.is_next(connection, JOBS, job_id, self._places(connection)):
                return True
        with database.write() as connection:
            turns.put_off(connection, JOBS, job_id)
        return False

    def next_rings(self, database: Database) -> list[tuple[str, str]]:
        """The tasks and ids to ring for, now that a place may be free; none where that cannot
        be told: the sweeper looks too.
        """
        try:
            with database.write() as connection:
                chosen = turns.take_next(connection, self._places(connection))
        except DatabaseUnavailable as error:
            log.warning("next_not_known", detail=error.detail)
            return []
        return [(task_of(table), row.id) for table, row in chosen]

    def _places(self, connection: Connection) -> Places:
        now = time.monotonic()
        if self._known is None or now - self._counted_at > COUNT_EVERY_S:
            self._known, self._counted_at = turns.places(connection, self.own), now
        return self._known


def task_of(table: Table) -> str:
    """The doorbell of a job or of a part."""
    return queues.EXTRACT_AND_TRANSLATE if table is JOBS else queues.PART
