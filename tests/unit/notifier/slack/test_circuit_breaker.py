"""The breaker on the line to Slack."""

from __future__ import annotations

import time

import pytest

from dragoman.errors import OutboundUnavailable, StoreUnavailable
from notifier.slack.circuit_breaker import Line
from tests.patience import patience


def fail(line: Line, after_s: float, error: Exception) -> None:
    with line.taken():
        time.sleep(after_s)
        raise error


def test_after_a_call_that_hung_nobody_waits_for_a_while() -> None:
    pause_s = patience(0.2)
    line = Line(slow_s=0.02, pause_s=pause_s)
    with pytest.raises(OutboundUnavailable):
        fail(line, 0.03, OutboundUnavailable())
    with pytest.raises(OutboundUnavailable) as refused, line.taken():
        pytest.fail("the line was open")
    assert refused.value.retry_after_s
    time.sleep(1.1 * pause_s)
    with line.taken():
        pass


@pytest.mark.parametrize(
    ("after_s", "error"), [(0.0, OutboundUnavailable()), (0.12, StoreUnavailable())]
)
def test_what_fails_at_once_or_elsewhere_leaves_it_open(after_s: float, error: Exception) -> None:
    line = Line(slow_s=0.1 if after_s else patience(0.1), pause_s=60.0)
    with pytest.raises(type(error)):
        fail(line, after_s, error)
    with line.taken():
        pass
