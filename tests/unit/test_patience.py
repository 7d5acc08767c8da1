"""How long tests wait: as they say at rest, longer under load, and never for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import patience as waiting
from tests.patience import MOST, Patience, patience


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Says how loaded a machine with two processors is: by the last minute, and by this moment."""
    now = tmp_path / "loadavg"
    monkeypatch.setattr(waiting, "LOADAVG", now)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)

    def say(minute: float, running: int) -> None:
        now.write_text(f"{minute:.2f} 9.00 9.00 {running}/197 27284\n")
        monkeypatch.setattr("os.getloadavg", lambda: (minute, 9.0, 9.0))

    return say


@pytest.mark.parametrize(
    ("minute", "running", "expected"),
    [(0.1, 1, 10.0), (2.0, 2, 10.0), (10.0, 1, 50.0), (0.1, 10, 50.0), (900.0, 1, 10 * MOST)],
    ids=["at rest", "busy", "loaded", "suddenly loaded", "beyond measure"],
)
def test_a_wait_is_as_long_as_the_machine_is_slow(machine, minute, running, expected):
    machine(minute, running)
    assert patience(10) == pytest.approx(expected)


def test_where_linux_does_not_say_what_runs_the_last_minute_counts(machine, monkeypatch):
    machine(6.0, 50)
    monkeypatch.setattr(waiting, "LOADAVG", Path("/nowhere"))
    assert patience(1) == pytest.approx(3.0)


def test_load_that_comes_later_stretches_what_is_left(machine, monkeypatch):
    clock = iter([0.0, 5.0, 25.0, 49.0, 51.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    machine(0.0, 1)
    left = Patience(10.0)
    assert not left.is_over()  # half of it is gone
    machine(10.0, 1)
    assert [left.is_over() for _ in range(3)] == [False, True, True]
