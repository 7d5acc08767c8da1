"""What we rely on in Celery's pool and in billiard beyond what they document; a release that breaks
it fails here.

Celery calls `AsynPool._event_process_exit(hub, process)` when a child's pipe closes, and that looks
for the child's end once; `celery.concurrency.prefork.TaskPool.Pool` is the class of the pool that
it makes. Billiard takes the folder for what its processes share from the standard library's
`current_process()._config["tempdir"]`.
"""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from celery.concurrency import asynpool, prefork

from pipeline.worker.billiard_internals import Pool
from tests.patience import patience


class OnePlace(Pool):
    """A pool of which nothing runs: it notes whether a child had ended when its place was
    looked at.
    """

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


def test_celery_s_pool_hears_of_a_child_s_end_by_the_name_that_is_ours_too() -> None:
    assert list(inspect.signature(asynpool.AsynPool._event_process_exit).parameters) == [
        "self",
        "hub",
        "proc",
    ]
    assert "self._event_process_exit" in inspect.getsource(asynpool.AsynPool), "nobody calls it"
    assert prefork.TaskPool.Pool is asynpool.AsynPool


COUNTS_AND_DIES = "import os, billiard; billiard.Value('i'); os.kill(os.getpid(), 9)"
AS_A_WORKER = "from pipeline.worker.billiard_internals import leave_no_folder; leave_no_folder()\n"


@pytest.mark.parametrize(("first", "left"), [("", 1), (AS_A_WORKER, 0)], ids=["plain", "worker"])
def test_what_counts_in_shared_memory_and_is_killed_leaves_no_folder(
    tmp_path: Path, first: str, left: int
) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", first + COUNTS_AND_DIES],
        env=environment,
        check=False,
        timeout=patience(60),
    )
    assert ended.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob("pymp-*"))) == left
