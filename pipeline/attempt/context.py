"""What a worker process needs to work: opened once per process, after the fork."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Table

from dragoman.adapters.storage import open_store
from dragoman.adapters.translation_cache import Cache
from dragoman.db.engine import Database
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from pipeline.attempt.turns import Admits, Turns


@dataclass(frozen=True)
class Context:
    """Settings, the database and the store of one process.

    `turns` None: whatever is due is done, in any order.
    """

    settings: Settings
    database: Database
    store: BlobStore
    turns: Turns | None = None

    @classmethod
    def open(cls, settings: Settings, turns: Turns | None = None) -> Context:
        """Nothing is connected before its first use."""
        return cls(settings, Database(settings.database), open_store(settings.storage), turns)

    def admits(self, table: Table) -> Admits:
        """Whether a row of `table` may be claimed now, as `dragoman.db.ledgers.lease.attempt`
        asks it.
        """
        return self.turns.admits(table) if self.turns else lambda _connection, _row_id: True

    @property
    def cache(self) -> Cache:
        """The broker's Redis as a cache; a new one each time, so that one failure does not
        switch it off for good.
        """
        return Cache(self.settings.broker_url)
