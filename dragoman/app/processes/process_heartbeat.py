"""The pulse of a process: every 15 s (or every quarter of a shorter lease) it says in the database
how it is, and the web door's `/metrics` tells it.

So one address tells of all processes, however many workers there are, and none of them needs a port
of its own. Nothing of a document, an address or a secret is in a pulse: numbers, and names of
tasks.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psutil
import structlog

from dragoman.db.engine import Database
from dragoman.db.records import process_registry
from dragoman.errors import DatabaseUnavailable
from dragoman.settings import Settings

log = structlog.get_logger(__name__)

LONGEST_GAP_S, SHORTEST_GAP_S = 15.0, 1.0
FORK_WAIT_S = 5.0
_quiet = threading.Lock()

Facts = Mapping[str, Any]


class Pulse:
    """Beats in a thread of its own from `start` to `stop`; a database that is away is waited for.

    `facts` adds what this kind of process counts. Whatever it looks at or connects to is let go of
    before the next fork. `works`: whether the process does its work; while it does not, the pulse
    stays away, as that of one that is stopped.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        facts: Callable[[], Facts] = dict,
        works: Callable[[], bool] = lambda: True,
    ) -> None:
        """`name` as in `dragoman NAME`. Nothing is connected between two beats."""
        self.service = f"{name}@{socket.gethostname()}"
        self._settings, self._facts, self._works = settings, facts, works
        self._every_s = max(min(LONGEST_GAP_S, settings.lease_s / 4), SHORTEST_GAP_S)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> Self:
        """Beat from now on."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Beat no more; the row goes, since nobody should miss a process that ended in peace."""
        self._stop.set()
        self._thread.join(FORK_WAIT_S)
        self._commit(
            lambda connection: process_registry.end_pulse(connection, self.service, os.getpid())
        )

    def __enter__(self) -> Self:
        """As `start`."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """As `stop`."""
        self.stop()

    def beat(self) -> bool:
        """Say now how the process is; whether the database took it."""
        facts = {**vitals(self._settings.data_dir), **self._facts()}
        return self._commit(
            lambda connection: process_registry.pulse(connection, self.service, os.getpid(), facts)
        )

    def _run(self) -> None:
        while not self._stop.is_set():
            works = self._works()
            if works:
                with _quiet:
                    self.beat()
            self._stop.wait(self._every_s if works else SHORTEST_GAP_S)

    def _commit(self, write: Callable[[Any], None]) -> bool:
        database = Database(self._settings.database)
        try:
            with database.write() as connection:
                write(connection)
        except DatabaseUnavailable as error:
            log.warning("pulse_missed", detail=error.detail)
            return False
        finally:
            database.close()
        return True


def vitals(data_dir: Path) -> dict[str, Any]:
    """The size and the load of this process with its children, and the room on its disks.

    `cpu_s`: seconds of CPU since the start, ended children included. `rss_bytes`: memory; pages
    that processes share are counted for each. `disk_free_bytes`: by the use of the folder; those
    that are not there are left out.
    """
    own = psutil.Process()
    tree = [own, *own.children(recursive=True)]
    folders = {"data": data_dir, "temporary": Path(tempfile.gettempdir())}
    return {
        "started_at": own.create_time(),
        "cpu_s": round(sum(_of(process, _cpu_s) for process in tree), 2),
        "rss_bytes": int(sum(_of(process, lambda one: one.memory_info().rss) for process in tree)),
        "processes": len(tree),
        "open_files": int(_of(own, lambda one: one.num_fds())),
        "disk_free_bytes": {
            use: shutil.disk_usage(folder).free
            for use, folder in folders.items()
            if folder.exists()
        },
    }


def folder_bytes(folder: Path) -> int:
    """The size of the files directly in `folder`; 0 if it is not there."""
    total = 0
    with suppress(FileNotFoundError):
        for entry in os.scandir(folder):
            with suppress(FileNotFoundError):
                total += entry.stat().st_size
    return total


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(sum((times.user, times.system, times.children_user, times.children_system)))


def _of(process: psutil.Process, number: Callable[[psutil.Process], float]) -> float:
    """0 for a process that has ended meanwhile."""
    with suppress(psutil.Error):
        return number(process)
    return 0.0


def _before_fork() -> None:
    # A child forked in the midst of a beat would inherit locks that nobody in it will ever open.
    global _held  # noqa: PLW0603
    _held = _quiet.acquire(timeout=FORK_WAIT_S)


def _after_fork() -> None:
    global _held  # noqa: PLW0603
    if _held:
        _held = False
        _quiet.release()


_held = False
os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
