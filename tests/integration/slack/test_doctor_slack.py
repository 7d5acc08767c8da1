"""What the doctor says of Slack's tokens."""

from __future__ import annotations

import pytest

from dragoman.channels.slack.slack_api import SlackRevoked
from ingress.slack import doctor
from ops.doctor import Verdict


def findings(settings):
    return {one.what: one for one in doctor.door(settings)}


def test_a_whole_installation_is_well(slack, whole) -> None:
    found = findings(whole.model_copy(update={"slack_mode": "socket"}))
    assert {one.verdict for one in found.values()} == {Verdict.OK}
    assert "Example" in found["Slack"].said
    assert "Socket Mode" in found["Slack events"].said


def test_a_missing_permission_is_named(slack, whole) -> None:
    slack.here.scopes.discard("files:read")
    found = findings(whole)["Slack permissions"]
    assert found.verdict is Verdict.FAIL
    assert "files:read" in found.said


def test_a_token_that_was_taken_back_is_named(slack, whole) -> None:
    slack.revoke_tokens()
    with pytest.raises(SlackRevoked):
        findings(whole)


def test_http_without_a_public_address_is_doubted(slack, whole) -> None:
    assert findings(whole)["Slack events"].verdict is Verdict.WARN


def test_no_slack_is_no_fault(settings) -> None:
    assert (
        findings(settings.model_copy(update={"slack_bot_token": None}))["Slack"].said == "not used"
    )
