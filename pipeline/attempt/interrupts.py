"""A call that blocks ends at once when its row is taken away: the job was cancelled, or is in other
hands.

The heartbeat finds that out in a thread of its own and signals the thread that is blocked, as
Celery does at a soft time limit. Only calls to engines are interrupted: they touch nothing of ours,
while a commit that is cut off would leave its connection in the air.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dragoman.db.ledgers.lease import Lease
from dragoman.errors import LeaseLost

SIGNAL = signal.SIGUSR2
_blocked: list[Lease[Any]] = []  # the lease that the main thread makes a call for


def install() -> None:
    """Make this process interruptible; to be called in its main thread."""
    signal.signal(SIGNAL, _on_signal)


@contextmanager
def interruptible(lease: Lease[Any]) -> Iterator[None]:
    """The block raises LeaseLost as soon as the lease is lost, in the main thread of a process that
    was made interruptible.

    A process that is to end is no reason: what was asked for is paid for, so it is waited for.
    """
    main = threading.main_thread()
    if threading.current_thread() is not main or signal.getsignal(SIGNAL) is not _on_signal:
        yield
        return
    _blocked.append(lease)
    lease.on_lost = lambda: signal.pthread_kill(main.ident or 0, SIGNAL)
    try:
        _insist(lease)  # from here on a signal comes
        yield
    except Exception:
        _insist(lease)  # libraries wrap what they do not know
        raise
    finally:
        _blocked.clear()
        lease.on_lost = None


def _insist(lease: Lease[Any]) -> None:
    if lease.lost.is_set():
        raise LeaseLost


def _on_signal(*_: Any) -> None:
    if _blocked and _blocked[0].lost.is_set():
        raise LeaseLost
