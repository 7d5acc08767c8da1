"""A worker that is killed leaves no folder behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import patience

COUNTS_AND_DIES = "import os, billiard; billiard.Value('i'); os.kill(os.getpid(), 9)"
AS_A_WORKER = "from pipeline.worker import leave_no_folder; leave_no_folder()\n"


@pytest.mark.parametrize(("first", "left"), [("", 1), (AS_A_WORKER, 0)], ids=["plain", "worker"])
def test_what_counts_in_shared_memory_and_is_killed_leaves_no_folder(tmp_path: Path, first: str, left: int) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", first + COUNTS_AND_DIES], env=environment, check=False, timeout=patience(60)
    )
    assert ended.returncode == -signal.SIGKILL
    assert len(list(tmp_path.glob("pymp-*"))) == left
