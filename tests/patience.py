"""How long a test waits: one rule, which stretches with what the machine has to do.

A test says what it would wait at rest: `wait_until(..., 10, ...)`, `SMTP(...,
timeout=patience(20))`. Where ten programs want two processors, each gets a fifth of its time at
rest, so that the same wait may last five times as long. At rest nothing is stretched: what a bound
proves there, it proves.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

MOST = 15.0  # times the patience at rest: what hangs is given up some day, under any load
# Linux; "4.22 4.76 2.32 5/197 27284": 5 of 197 threads want to run now
LOADAVG = Path("/proc/loadavg")


def stretch() -> float:
    """How many programs share a processor now: 1.0 (each has one of its own) to MOST.

    The load of the last minute lags behind when a crowd arrives, the threads of this moment do not,
    and what waits for a disk is in the first alone: the larger of both counts.
    """
    wanting = os.getloadavg()[0]
    with suppress(OSError):
        wanting = max(wanting, float(LOADAVG.read_text().split()[3].split("/")[0]))
    return min(max(wanting / _processors(), 1.0), MOST)


def patience(seconds: float) -> float:
    """`seconds` at rest, longer under load: for a time limit that somebody else keeps, a client
    or a lease.
    """
    return seconds * stretch()


class Patience:
    """Time to wait that goes by more slowly while the machine is loaded, also where the load
    comes later.
    """

    def __init__(self, seconds: float) -> None:
        """`seconds`: how long it lasts at rest."""
        self.left = seconds
        self._looked = time.monotonic()

    def is_over(self) -> bool:
        """Whether the time is up; to be asked again and again."""
        now = time.monotonic()
        self.left -= (now - self._looked) / stretch()
        self._looked = now
        return self.left <= 0


def _processors() -> int:
    """Those that this process may use; a container may have fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
