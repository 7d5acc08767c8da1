"""A short, seeded run of `make chaos`: nothing is lost, nothing is answered twice, nothing is stuck."""

from __future__ import annotations

from tests.chaos.run import run


def test_promises_hold_under_fire() -> None:
    report = run(seed=7, seconds=25, jobs=16, postgresql=False, s3=False)
    assert report.broken == [], report.facts
    assert report.facts["accepted"] == 16
    assert sum(report.facts["faults"].values()) > 5
