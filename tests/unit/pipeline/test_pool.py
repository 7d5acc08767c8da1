"""The place of a child that ends is filled at once."""

from __future__ import annotations

import subprocess
import time

from pipeline.pool import Pool
from tests.patience import patience


class OnePlace(Pool):
    """A pool of which nothing runs: it notes whether a child had ended when its place was looked at."""

    def __init__(self) -> None:
        self.ended: list[bool] = []

    def _untrack_child_process(self, proc, hub) -> None:
        self.proc = proc

    def maintain_pool(self) -> None:
        self.ended.append(self.proc.exitcode is not None)


class Child:
    """A real process that ends `seconds` after its pipe is seen to be closed."""

    def __init__(self, seconds: float) -> None:
        self._process = subprocess.Popen(["/bin/sleep", str(seconds)])

    @property
    def exitcode(self) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def test_child_that_closed_its_pipe_is_looked_at_until_it_has_ended():
    pool, child = OnePlace(), Child(0.1)
    pool._event_process_exit(None, child)
    assert pool.ended == [True]


def test_child_that_does_not_end_holds_nobody_up_for_long():
    pool, child = OnePlace(), Child(600.0)
    began = time.monotonic()
    pool._event_process_exit(None, child)
    took_s = time.monotonic() - began
    child.kill()
    assert pool.ended == [False]
    assert took_s < patience(2.5)
