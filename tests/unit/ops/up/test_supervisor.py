"""What `up` keeps and stops."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time

import pytest
import structlog
from sqlalchemy import update

from dragoman.db.records import process_registry
from dragoman.errors import SettingsInvalid
from dragoman.settings import Settings
from ops.up import supervisor
from ops.up.supervisor import Child, Watch, with_secrets
from tests.patience import patience
from tests.servers.process import wait_until

# A process whose child does not notice its parent's end, as one that is busy with a document.
PARENT = (
    "import subprocess, sys, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True);"
    " time.sleep(60)"
)


def test_secrets_are_made_once_and_for_their_owner_only(tmp_path):
    first = with_secrets(Settings.from_env(data_dir=tmp_path))
    second = with_secrets(Settings.from_env(data_dir=tmp_path))
    assert first.secret_key == second.secret_key
    assert first.tokens == second.tokens
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}


def test_a_secret_that_a_full_disk_left_empty_is_made_anew(tmp_path):
    (tmp_path / "secret_key").touch()
    (tmp_path / "api_token").write_text("\n")
    settings = with_secrets(Settings.from_env(data_dir=tmp_path))
    assert settings.secret_key
    assert len(settings.secret_key.get_secret_value()) > 30
    assert len(next(iter(settings.tokens))) > 30
    assert with_secrets(Settings.from_env(data_dir=tmp_path)).tokens == settings.tokens


def test_an_empty_secret_key_is_refused():
    with pytest.raises(SettingsInvalid, match="DRAGOMAN_SECRET_KEY"):
        Settings.from_env(secret_key="")


@pytest.mark.parametrize("end", ["dies", "is_stopped"])
def test_what_a_process_leaves_behind_ends_with_it(end):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, start_new_session=True
    )
    assert parent.stdout
    left = int(parent.stdout.readline())
    parent.stdout.close()
    child = Child("worker", {}, parent, started=time.monotonic())
    os.kill(parent.pid, signal.SIGKILL)
    if end == "dies":
        parent.wait()
        child.deaths = 5  # none is started again during the pause after so many
        child.look()
    else:
        child.wait(time.monotonic() + patience(10))
    try:
        wait_until(lambda: not is_running(left), 10, "what it left has ended")
    finally:
        if is_running(left):
            os.kill(left, signal.SIGKILL)


def test_a_child_that_dies_thrice_in_a_row_is_reported_and_started_later_each_time(monkeypatch):
    child = Child("worker", {})
    monkeypatch.setattr(Child, "start", lambda self: setattr(self, "process", dead()))
    with structlog.testing.capture_logs() as lines:
        for _ in range(5):  # started, died and started, died, started, died
            child.start_after, child.started = 0.0, time.monotonic()
            child.look()
    lines = [line for line in lines if line["event"] == "process_died"]
    assert [line["log_level"] for line in lines] == ["warning", "warning", "error"]
    assert [line["again_in_s"] for line in lines] == [0.0, 1.0, 2.0]
    assert child.all_deaths == 3


def dead() -> subprocess.Popen:
    """A process that has ended."""
    process = subprocess.Popen(["true"], start_new_session=True)
    process.wait()
    return process


class Living:
    """A process that is there."""

    def __init__(self, pid: int) -> None:
        self.pid = pid


class TestWatch:
    """Who hangs. All these processes were started long ago, by the clock of the machine."""

    OWN, CHILD = os.getpid(), 424_242

    @pytest.fixture
    def watch(self, settings, database, monkeypatch):
        monkeypatch.setattr(supervisor, "WATCH_EVERY_S", 0.0)
        monkeypatch.setattr(supervisor, "HANGS_AFTER_S", 0.0)
        return Watch(settings, "up@here")

    def children(self, name="worker"):
        return [Child(name, {}, Living(self.CHILD), started=time.monotonic() - 3600)]

    def heard(self, database, pid, seconds_ago):
        with database.write() as connection:
            process_registry.pulse(connection, "any@here", pid, {})
            seen = process_registry.PULSES.c.seen_at
            older = (
                update(process_registry.PULSES)
                .where(process_registry.PULSES.c.pid == pid)
                .values(seen_at=seen - seconds_ago)
            )
            connection.execute(older)

    def test_a_child_without_a_pulse_hangs(self, watch, database):
        self.heard(database, self.OWN, 1)
        self.heard(database, self.CHILD, 3600)
        children = self.children()
        assert watch.hanging(children) == children

    def test_a_child_that_never_had_one_hangs(self, watch, database):
        self.heard(database, self.OWN, 1)
        children = self.children()
        assert watch.hanging(children) == children

    def test_a_child_that_has_only_just_started_does_not(self, watch, database):
        self.heard(database, self.OWN, 1)
        (child,) = self.children()
        child.started = time.monotonic()
        assert watch.hanging([child]) == []

    def test_a_child_with_a_pulse_does_not(self, watch, database):
        self.heard(database, self.OWN, 1)
        self.heard(database, self.CHILD, 16)
        assert watch.hanging(self.children()) == []

    def test_nobody_hangs_while_the_database_takes_nothing(self, watch, database):
        self.heard(database, self.OWN, 3600)
        self.heard(database, self.CHILD, 3600)
        assert watch.hanging(self.children()) == []

    def test_it_is_missed_for_a_while_first(self, watch, database, monkeypatch):
        monkeypatch.setattr(supervisor, "HANGS_AFTER_S", 30.0)
        self.heard(database, self.OWN, 1)
        self.heard(database, self.CHILD, 3600)
        assert watch.hanging(self.children()) == []

    def test_flower_has_none_and_is_not_missed(self, watch, database):
        self.heard(database, self.OWN, 1)
        assert watch.hanging(self.children("flower")) == []


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie, which nobody may be there to collect."""
    status = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return status.stdout.strip()[:1] not in ("", "Z")
