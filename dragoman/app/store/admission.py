"""What each process that works with the store looks at when it starts: whether it is its
database's own.
"""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass, field

import structlog

from dragoman.adapters.storage import open_store
from dragoman.app.store import marker
from dragoman.app.store.marker import Standing, StoreOfAnother
from dragoman.db.engine import Database
from dragoman.errors import TemporaryError
from dragoman.settings import Settings

log = structlog.get_logger(__name__)

WAITS_S = 5.0  # what is away at the start, or slow, holds up no front end for longer
AGAIN_S = 5.0


def check(settings: Settings) -> None:
    """Look once.

    Raises StoreOfAnother; a store or a database that is away is no reason to stop, and the log says
    so.
    """
    try:
        _look(settings)
    except TemporaryError as error:
        log.warning("store_not_checked", code=error.code, detail=error.detail)


def keep_checking(settings: Settings) -> None:
    """Look for some seconds, then in a thread until store and database have answered; a refusal
    ends the process even then.

    For processes that fork no children. Raises StoreOfAnother.
    """
    asked = _Asked(settings)
    threading.Thread(target=asked.run, name="admission", daemon=True).start()
    asked.answered.wait(WAITS_S)
    with asked.lock:
        asked.is_left_alone = True
        if asked.refusal:
            raise asked.refusal


@dataclass
class _Asked:
    settings: Settings
    refusal: StoreOfAnother | None = None
    is_left_alone: bool = False  # nobody waits for the answer any more
    answered: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Until there is an answer; the first failure is one for whoever waits."""
        pause = threading.Event()
        while True:
            try:
                _look(self.settings)
            except TemporaryError as error:
                log.warning("store_not_checked", code=error.code, detail=error.detail)
                self.answered.set()
                pause.wait(AGAIN_S)
            except StoreOfAnother as error:
                self._refuse(error)
                return
            else:
                self.answered.set()
                return

    def _refuse(self, error: StoreOfAnother) -> None:
        with self.lock:
            self.refusal = error
            self.answered.set()
            if self.is_left_alone:
                log.error("store_of_another", reason=str(error), advice=error.for_admin)
                os.kill(os.getpid(), signal.SIGTERM)  # the next start says the same, at once


def _look(settings: Settings) -> None:
    database = Database(settings.database)
    try:
        if marker.admit(database, open_store(settings.storage)) is Standing.OUTDATED:
            log.error("store_marked_by_a_copy", advice=marker.OUTDATED_ADVICE)
    finally:
        database.close()
