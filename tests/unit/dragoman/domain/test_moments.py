"""Moments as they are typed and told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dragoman.domain import moments
from dragoman.errors import UnsupportedOption

NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45m", 2700),
        ("2h", 7200),
        ("3d", 259200),
        (" 1 W ago ", 604800),
        ("90s", 90),
        ("10min", 600),
        ("0h", 0),
    ],
)
def test_how_long_ago(text, seconds):
    assert moments.since(text, NOW) == NOW - seconds


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24", "2026-11-24T00:00:00+00:00"),
        ("2026-11-24T12:30", "2026-11-24T12:30:00+00:00"),
        ("2026-11-24 12:30:05", "2026-11-24T12:30:05+00:00"),
        ("2026-11-24T12:30:00Z", "2026-11-24T12:30:00+00:00"),
        ("2026-11-24T12:30:00+02:00", "2026-11-24T10:30:00+00:00"),
        ("2026-11-24T12:30:00 02:00", "2026-11-24T10:30:00+00:00"),
    ],
)
def test_a_date_is_in_utc_unless_it_says_otherwise(text, moment):
    assert moments.iso(moments.since(text, NOW)) == moment


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2x", "h", "-2h", "2026-13-01", "2026-02-30", "9" * 40 + "d"]
)
def test_what_is_no_time_is_said_with_an_example(text):
    with pytest.raises(UnsupportedOption) as caught:
        moments.since(text, NOW)
    assert "2h" in caught.value.advice


def test_ago_in_words():
    told = [
        moments.ago(NOW - seconds, NOW)
        for seconds in (-5, 59, 60, 3599, 3600, 47 * 3600, 48 * 3600, 9 * 86400)
    ]
    assert told == [
        "now",
        "now",
        "1 min ago",
        "59 min ago",
        "1 h ago",
        "47 h ago",
        "2 d ago",
        "9 d ago",
    ]
    assert moments.ago(None, NOW) == ""


def test_nothing_is_no_moment():
    assert moments.iso(None) is None
