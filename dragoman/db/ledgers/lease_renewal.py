"""The heartbeat: one thread of a process renews all leases that it holds.

A thread for each would cost more than a claim.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0  # while nothing is held: so a short attempt need not wake the thread to be seen


@dataclass(eq=False)
class _Held:
    """What is kept alive; `busy` is held during a beat."""

    beat: Callable[[], bool]
    every_s: float
    due: float
    busy: threading.Lock = field(default_factory=threading.Lock)


class Heart:
    """Beats for whatever is held, from the first `keeps` of a process on; a forked child begins
    anew, with nothing held.
    """

    def __init__(self) -> None:
        """Nothing is held, no thread runs."""
        self._pid = 0

    @contextmanager
    def keeps(self, beat: Callable[[], bool], every_s: float) -> Iterator[None]:
        """Call `beat` every `every_s` seconds during the block, until it says False; never
        after the block.
        """
        if self._pid != os.getpid():
            self._begin()
        held = _Held(beat, every_s, time.monotonic() + every_s)
        with self._changed:
            self._all.append(held)
            if held.due < self._wakes_at:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._all.remove(held)
            with held.busy:  # a beat under way ends first
                pass

    def _begin(self) -> None:
        self._pid, self._all, self._wakes_at = os.getpid(), list[_Held](), 0.0
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="heartbeat", daemon=True).start()

    def _run(self) -> None:
        while True:
            for held in self._due():
                with held.busy:
                    if held in self._all:
                        held.due = (
                            time.monotonic() + held.every_s if _goes_on(held) else float("inf")
                        )

    def _due(self) -> list[_Held]:
        """What has to beat now, after a wait for it."""
        with self._changed:
            now = time.monotonic()
            self._wakes_at = min((held.due for held in self._all), default=now + LOOK_EVERY_S)
            self._changed.wait(min(max(self._wakes_at - now, 0.0), threading.TIMEOUT_MAX))
            return [held for held in self._all if held.due <= time.monotonic()]


def _goes_on(held: _Held) -> bool:
    try:
        return held.beat()
    except Exception:
        log.exception("heartbeat_failed")  # the other leases of this process must not end with it
        return True


heart = Heart()
"""The heart of this process."""
