"""What the operator's pages tell: looked at now and then, and told from what is known in
between.
"""

from __future__ import annotations

import io
import threading
import time
import uuid
from collections.abc import Callable
from typing import Generic, TypeVar, cast

from dragoman.app.intake import Intake
from dragoman.db import schema
from dragoman.db.records import process_registry
from dragoman.errors import DatabaseUnavailable, TemporaryError

FRESH_S = 3.0

T = TypeVar("T")


class LastLook(Generic[T]):
    """What the last look saw.

    However often it is asked for, one thread at a time looks, and not more often than all
    `fresh_s`.
    """

    def __init__(self, fresh_s: float = FRESH_S) -> None:
        """Nothing is known: the first who asks looks."""
        self._fresh_s = fresh_s
        self._looked_at = float("-inf")
        self._seen: T | TemporaryError | None = None
        self._looking = threading.Lock()

    def seen(self, look: Callable[[], T]) -> T:
        """What `look` gave now or a few seconds ago. Raises the TemporaryError that it raised."""
        is_known = self._looked_at > float("-inf")
        # While somebody else looks, perhaps at a database that hangs, the last look has to do.
        if self._is_old() and self._looking.acquire(blocking=not is_known):
            try:
                if self._is_old():
                    self._look(look)
            finally:
                self._looking.release()
        if isinstance(self._seen, TemporaryError):
            raise self._seen.with_traceback(None)
        return cast("T", self._seen)

    def _is_old(self) -> bool:
        return time.monotonic() - self._looked_at > self._fresh_s

    def _look(self, look: Callable[[], T]) -> None:
        try:
            self._seen = look()
        except TemporaryError as error:
            self._seen = error
        self._looked_at = time.monotonic()


def check_ready(intake: Intake) -> None:
    """Raise DatabaseUnavailable or StoreUnavailable unless both would keep what is accepted now."""
    found = schema.fit(intake.database)
    if found is not schema.Fit.CURRENT:
        raise DatabaseUnavailable(str(found))
    with intake.database.write() as connection:
        process_registry.check_writable(connection)
    key = f"probes/{uuid.uuid4().hex}/ready"
    intake.store.put(key, io.BytesIO(b"ready"))
    intake.store.delete(key)
