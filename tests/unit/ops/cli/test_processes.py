"""What a process says when it cannot start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from dragoman.errors import SettingsInvalid
from tests.patience import patience


@pytest.mark.some(1)
@pytest.mark.parametrize("name", ["worker", "notifier", "sweeper", "beat", "flower"])
def test_a_process_without_a_broker_says_so_at_once_also_before_there_is_a_database(
    tmp_path, name: str
) -> None:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("DRAGOMAN_")}
    environment = {**clean, "DRAGOMAN_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "dragoman", name]
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=patience(30), check=False
    )
    assert ended.returncode == SettingsInvalid.exit_code
    assert "DRAGOMAN_BROKER_URL is empty" in ended.stderr
    assert "redis://" in ended.stderr
