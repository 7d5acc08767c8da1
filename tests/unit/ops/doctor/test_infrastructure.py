"""What the doctor says of clocks."""

from __future__ import annotations

import pytest

from dragoman.db.queries.clock_steps import step
from ops.doctor.findings import Verdict
from ops.doctor.infrastructure import clock_finding

DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("ahead_s", "steps", "verdict", "words"),
    [
        (0.2, [], Verdict.OK, "same time"),
        (-3600.0, [], Verdict.WARN, "3600 s behind"),
        (90.0, [(-DAY_S, 60.0)], Verdict.WARN, "90 s ahead of"),
        (
            0.0,
            [(-DAY_S, 600.0), (DAY_S, 7200.0)],
            Verdict.WARN,
            "set back by 86400 s, 10 minutes ago",
        ),
        (0.0, [(DAY_S, 7200.0)], Verdict.WARN, "set forward by 86400 s, 120 minutes ago"),
        (0.0, [(DAY_S, 2 * DAY_S)], Verdict.OK, "same time"),
    ],
)
def test_clocks_that_differ_or_were_set_are_told(
    ahead_s: float, steps: list[tuple[float, float]], verdict: Verdict, words: str
) -> None:
    finding = clock_finding(ahead_s, steps)
    assert finding.verdict is verdict
    assert words in finding.said


@pytest.mark.parametrize(
    ("before_s", "after_s", "elapsed_s", "seconds"),
    [
        (1000.0, 1002.0, 2.0, 0.0),
        (1000.0, 1002.0, 12.0, 0.0),  # the database was slow to answer
        (100_000.0, 13_602.0, 2.0, -86_400.0),
        (100_000.0, 186_402.0, 2.0, 86_400.0),
        (100_000.0, 99_942.0, 2.0, -60.0),
    ],
)
def test_a_step_is_what_the_clock_did_besides_running(
    before_s: float, after_s: float, elapsed_s: float, seconds: float
) -> None:
    assert step(before_s, after_s, elapsed_s) == seconds
