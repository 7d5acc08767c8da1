"""When progress is worth a write."""

from __future__ import annotations

import pytest

from pipeline.attempt.stage_run import is_news


@pytest.mark.parametrize(
    ("more", "seconds", "news"),
    [
        (1, 2.0, True),
        (1, 1.9, False),
        (5, 0.5, True),
        (5, 0.4, False),
        (99, 0.1, False),
        (0, 60.0, False),
        (-3, 60.0, False),
    ],
)
def test_progress_is_written_every_2_s_or_5_percent_and_never_going_back(more, seconds, news):
    assert is_news(more, seconds) is news
