"""What Celery and billiard keep to themselves about their child processes.

Their pool replaces a child as soon as it has ended. Celery hears of an end by a pipe that closes
and asks the system once; but a process closes its pipes a moment before it counts as ended. Then
its place stayed empty until a timer looked again, and tasks waited up to 5 s for it (seen with
5.7.0).
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from typing import Any

from celery.concurrency import asynpool, prefork

LOOK_EVERY_S, LOOK_FOR_S = 0.002, 1.0


class Pool(asynpool.AsynPool):  # type: ignore[misc]
    """Looks for a child that closes its pipe until it has ended."""

    def _event_process_exit(self, hub: Any, proc: Any) -> None:
        until = time.monotonic() + LOOK_FOR_S
        while proc.exitcode is None and time.monotonic() < until:
            time.sleep(LOOK_EVERY_S)
        super()._event_process_exit(hub, proc)


class TaskPool(prefork.TaskPool):  # type: ignore[misc]
    """What `worker_pool` names."""

    Pool = Pool


def leave_no_folder() -> None:
    """Billiard keeps its counters in files that it deletes at once, in a folder of their own that a
    kill -9 would leave behind for ever.

    It asks the standard library's process, which it counts itself among, where that folder is.
    """
    multiprocessing.current_process()._config["tempdir"] = tempfile.gettempdir()  # type: ignore[attr-defined]
