"""How a worker ends: the tasks it has in hand go on for a while, then their rows are handed back.

Celery's warm shutdown waits for tasks however long they take, and its soft one for a fixed time,
even when they have ended long before. So this one is warm, and a thread beside it sees to its end:
after `GRACE_S` the children are asked to leave at their next check, which for a translation is
between two batches, so that nothing that was paid for is lost; after `LEAVE_S` more, whoever is
still there is ended. Rows that are handed back are due at once, and no attempt is counted.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil
import structlog
from celery.worker import state

from dragoman.db.engine import Database
from dragoman.db.ledgers import lease
from dragoman.db.ledgers.lease import Ledger
from dragoman.errors import DatabaseUnavailable

log = structlog.get_logger(__name__)

# Together less than the 36 s of `up` and the 40 s of docker-compose.yml. An answer of an engine is
# waited for for LEAVE_S.
GRACE_S, LEAVE_S, END_S = 20.0, 10.0, 3.0
LEAVE = signal.SIGURG  # a child that does not know it is not ended by it


@dataclass
class Drain:
    """The end of one worker. `ledgers`: whose row a task works on, by the task's name."""

    database_url: str
    ledgers: Mapping[str, Ledger[Any]]
    grace_s: float = GRACE_S
    leave_s: float = LEAVE_S
    begun: bool = False

    def begin(self, **_: Any) -> None:
        """See to the end from now on; a receiver of Celery's `worker_shutting_down`."""
        if not self.begun:
            self.begun = True
            log.info("draining", tasks=len(state.requests), grace_s=self.grace_s)
            threading.Thread(target=self._run, name="drain", daemon=True).start()

    def _run(self) -> None:
        """In a thread that ends with the process, which is when the last task has ended."""
        time.sleep(self.grace_s)
        _signal_children(LEAVE)
        time.sleep(self.leave_s)
        self._hand_back((one.name, one.id, one.args) for one in list(state.requests.values()))
        _signal_children(signal.SIGKILL)
        time.sleep(END_S)
        os._exit(os.EX_OK)

    def _hand_back(self, held: Iterable[tuple[str, str, Any]]) -> None:
        database = Database(self.database_url)
        try:
            for task, task_id, arguments in held:
                if task in self.ledgers and lease.hand_back(
                    database, self.ledgers[task], arguments[0], task_id
                ):
                    log.warning("handed_back", task=task, id=arguments[0])
        except DatabaseUnavailable as trouble:  # the leases run out by themselves
            log.warning("lease_not_given_back", detail=trouble.detail)
        finally:
            database.close()


def install() -> None:
    """Make this child leave when it is asked to; to be called in its main thread."""
    signal.signal(LEAVE, lambda *_: lease.leave())


def _signal_children(number: signal.Signals) -> None:
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            child.send_signal(number)
