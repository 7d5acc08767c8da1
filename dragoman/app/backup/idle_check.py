"""Whether anybody works with a database at this moment."""

from __future__ import annotations

import socket
from typing import Protocol

import psutil

from dragoman.app.backup.errors import ServicesRunning
from dragoman.db.backup import portable_rows
from dragoman.db.engine import Database
from dragoman.db.records import process_registry
from dragoman.db.records.process_registry import PULSES, Pulse

SILENT_S = 40.0  # a process says every 15 s that it lives; one that ends in peace says so


class _IsAlive(Protocol):
    def __call__(self, pid: int) -> bool: ...


def refuse_running(database: Database) -> None:
    """Raises ServicesRunning, which names them, or DatabaseUnavailable.

    A database without tables has none.
    """
    with database.read() as connection:
        if portable_rows.is_empty(connection, [PULSES.name]):
            return
        living = running(
            process_registry.pulses(connection, within_s=SILENT_S),
            socket.gethostname(),
            psutil.pid_exists,
        )
    if living:
        names = ", ".join(sorted({one.service for one in living}))
        raise ServicesRunning(f"Services that work with this database are running: {names}.")


def running(pulses: list[Pulse], host: str, is_alive: _IsAlive) -> list[Pulse]:
    """Those that were heard of and may live; of this host (`host`) only those whose process is
    there. Pure but for that question.
    """
    return [one for one in pulses if one.service.partition("@")[2] != host or is_alive(one.pid)]
