"""`doctor --live` in a Slack: a file is posted, translated and answered in its thread, and all
of it is gone afterwards.
"""

from __future__ import annotations

import pytest

from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.records import process_registry
from dragoman.ports import Capabilities
from ops.doctor import Verdict
from ops.doctor.live import Plan, try_all
from ops.doctor.live import slack as slack_trial

WITHIN_S = 60.0


@pytest.fixture
def trial(http, whole, general):
    with http.database.write() as connection:
        process_registry.publish(
            connection, "worker@test", [Capabilities("pseudo", frozenset({"de", "fr"}))]
        )

    def run(channel: str | None):
        return list(
            slack_trial.post(http.settings, Plan(("slack",), WITHIN_S, slack_channel=channel))
        )

    return run


def test_a_page_is_posted_answered_checked_and_taken_away(http, slack, general, trial) -> None:
    # here rows are worked on as soon as they are there, by the sweeper after some seconds
    http.held_back.add("inbox")
    found = trial(general.id)
    http.held_back.discard("inbox")
    assert [one.verdict for one in found] == [Verdict.OK, Verdict.OK]
    assert "translated page was in the thread" in found[-1].said
    http.quiet()
    [job] = http.jobs
    assert (job["state"], job["channel"], job["filename"]) == ("done", "slack", "")
    assert [message for message in slack.messages(general) if not message.deleted] == []


def test_without_a_channel_it_says_what_to_do(trial) -> None:
    [one] = trial(None)
    assert one.verdict is Verdict.WARN
    assert "--slack-channel" in one.todo


def test_a_channel_that_is_closed_to_us_is_told(http, whole, slack, trial) -> None:
    [one] = try_all(http.settings, Plan(("slack",), 3.0, slack_channel="C0NOTTHERE1"))
    assert one.verdict is Verdict.FAIL
    assert "[slack_closed]" in one.said
    assert http.jobs == http.rows(JOBS) == []


def test_a_workspace_that_refuses_files_is_told(http, slack, general, trial) -> None:
    slack.fail("files.getUploadURLExternal", "file_uploads_disabled")
    *_, last = try_all(http.settings, Plan(("slack",), WITHIN_S, slack_channel=general.id))
    assert last.verdict is Verdict.FAIL
    assert "file_uploads_disabled" in last.said
