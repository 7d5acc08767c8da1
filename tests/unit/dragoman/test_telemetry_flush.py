"""Spans are sent at the end of a task, but never at the price of the next one."""

import threading
import time

from dragoman.telemetry import Flush
from tests.patience import patience


def test_a_collector_that_is_away_holds_nothing_up():
    let_go, begun = threading.Event(), []

    def slow() -> None:
        begun.append(1)
        let_go.wait(patience(60))

    flush = Flush()
    started = time.monotonic()
    flush(slow)
    flush(slow)
    assert time.monotonic() - started < patience(3 * Flush.WAIT_S)
    assert len(begun) == 1
    let_go.set()


def test_a_quick_flush_is_done_when_it_returns():
    done = []
    flush = Flush()
    flush(lambda: done.append(1))
    flush(lambda: done.append(2))
    assert done == [1, 2]
