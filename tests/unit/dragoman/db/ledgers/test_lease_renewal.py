"""One thread keeps alive whatever is held, for as long as it is held."""

from __future__ import annotations

import os
import threading
import time

import pytest

from dragoman.db.ledgers.lease_renewal import Heart
from tests.patience import Patience, patience
from tests.servers.process import wait_until


class Beats:
    """Counts; `goes_on` is what it answers, `trouble` what it raises."""

    def __init__(self, *, goes_on: bool = True, trouble: Exception | None = None) -> None:
        self.times: list[float] = []
        self.goes_on, self.trouble = goes_on, trouble

    def __call__(self) -> bool:
        self.times.append(time.monotonic())
        if self.trouble:
            raise self.trouble
        return self.goes_on


@pytest.fixture
def heart() -> Heart:
    return Heart()


def test_beats_again_and_again_with_its_own_gap_and_never_after_the_block(heart: Heart) -> None:
    quick, slow = Beats(), Beats()
    with heart.keeps(slow, 1000.0), heart.keeps(quick, 0.05):
        wait_until(lambda: len(quick.times) >= 4, 10, "it beats")
    seen = len(quick.times)
    assert quick.times[3] - quick.times[0] >= 0.15
    assert slow.times == []
    with heart.keeps(other := Beats(), 0.05):
        wait_until(lambda: len(other.times) >= 3, 10, "another one beats")
    assert len(quick.times) == seen


def test_stops_when_there_is_nothing_left_to_renew(heart: Heart) -> None:
    lost, held = Beats(goes_on=False), Beats()
    with heart.keeps(lost, 0.02), heart.keeps(held, 0.02):
        wait_until(lambda: len(held.times) >= 5, 10, "the other one beats")
    assert len(lost.times) == 1


def test_surprise_of_one_ends_no_other(heart: Heart) -> None:
    broken, held = Beats(trouble=RuntimeError("?")), Beats()
    with heart.keeps(broken, 0.02), heart.keeps(held, 0.02):
        wait_until(lambda: len(held.times) >= 3 <= len(broken.times), 10, "both beat")


def test_end_of_the_block_waits_for_a_beat_under_way(heart: Heart) -> None:
    began, ended = threading.Event(), threading.Event()

    def beat() -> bool:
        began.set()
        time.sleep(0.2)
        ended.set()
        return True

    with heart.keeps(beat, 0.01):
        assert began.wait(patience(10))
    assert ended.is_set()


def test_what_comes_after_a_long_rest_is_kept_too(heart: Heart) -> None:
    for _ in range(2):
        with heart.keeps(beats := Beats(), 0.05):
            wait_until(lambda beats=beats: beats.times, 10, "it beats")
        time.sleep(0.2)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forked_child_has_a_heart_of_its_own(heart: Heart) -> None:
    with heart.keeps(Beats(), 0.02):
        child = os.fork()
        if child == 0:
            with heart.keeps(own := Beats(), 0.02):
                left = Patience(10)
                while not own.times and not left.is_over():
                    time.sleep(0.01)
            os._exit(0 if own.times else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
