"""What a worker process needs to work: opened once per process, after the fork."""

from __future__ import annotations

from dataclasses import dataclass

from dragoman.cache import Cache
from dragoman.db.engine import Database
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from dragoman.storage import open_store


@dataclass(frozen=True)
class Context:
    """Settings, the database and the store of one process."""

    settings: Settings
    database: Database
    store: BlobStore

    @classmethod
    def open(cls, settings: Settings) -> Context:
        """Nothing is connected before its first use."""
        return cls(settings, Database(settings.database), open_store(settings.storage))

    @property
    def cache(self) -> Cache:
        """The broker's Redis as a cache; a new one each time, so that one failure does not switch it off for good."""
        return Cache(self.settings.broker_url)
