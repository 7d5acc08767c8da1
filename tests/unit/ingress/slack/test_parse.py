"""What Slack sends, as our values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingress.slack import parse

POST = {
    "type": "message",
    "subtype": "file_share",
    "user": "U1",
    "channel": "C1",
    "ts": "1.2",
    "text": "to French",
    "files": [{"id": "F1", "url_private": "https://files.slack.com/secret", "mode": "hosted"}],
}


def body(event, **more):
    return {"team_id": "T1", "event_id": "Ev1", "event": event, **more}


def test_a_post_is_kept_without_addresses_of_files():
    kept = parse.kept_event(body(POST, token="verification"))
    assert kept.key == "slack:T1:Ev1"
    assert kept.sender == "slack:T1:U1"
    assert "secret" not in str(kept.payload)
    assert "verification" not in str(kept.payload)
    posted = parse.read(kept.payload)
    assert posted == parse.Posted("T1", "C1", "1.2", None, "U1", "to French", ("F1",), direct=False)


def test_team_is_that_of_the_installation():
    shared = body(POST, authorizations=[{"team_id": "T9"}])
    assert parse.team_of(shared) == "T9"
    assert parse.team_of({"team": {"id": "T2"}}) == "T2"


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message", "user": "U1", "channel": "C1", "ts": "1.2", "text": "hello"},
        {**POST, "bot_id": "B1"},
        {**POST, "subtype": "channel_join"},
        {**POST, "ts": ""},
        {
            "type": "message",
            "subtype": "message_changed",
            "channel": "C1",
            "message": {"ts": "1", "files": []},
        },
        {
            "type": "reaction_added",
            "user": "U1",
            "reaction": "tada",
            "item": {"type": "message", "channel": "C1", "ts": "1"},
        },
        {"type": "app_home_opened", "user": "U1", "tab": "messages"},
        {"type": "tokens_revoked", "tokens": {"oauth": ["U1"]}},
        {"type": "channel_archive", "channel": "C1"},
        {"type": "unheard_of"},
        {},
    ],
)
def test_what_nothing_comes_of_is_not_kept(event):
    assert parse.kept_event(body(event)) is None


@pytest.mark.parametrize(
    ("event", "meaning"),
    [
        (
            {**POST, "channel_type": "im", "channel": "D1", "files": []},
            parse.Posted("T1", "D1", "1.2", None, "U1", "to French", (), direct=True),
        ),
        (
            {"type": "file_shared", "file_id": "F1", "channel_id": "C1", "user_id": "U1"},
            parse.Shared("T1", "C1", "U1", "F1"),
        ),
        (
            {"type": "message", "subtype": "message_deleted", "channel": "C1", "deleted_ts": "7"},
            parse.PostGone("T1", "C1", "7"),
        ),
        (
            {
                "type": "message",
                "subtype": "message_changed",
                "channel": "C1",
                "message": {"ts": "7", "subtype": "tombstone"},
            },
            parse.PostGone("T1", "C1", "7"),
        ),
        (
            {
                "type": "message",
                "subtype": "message_changed",
                "channel": "C1",
                "message": {"ts": "7", "files": [{"id": "F1"}]},
                "previous_message": {"ts": "7", "files": [{"id": "F1"}, {"id": "F2"}]},
            },
            parse.PostGone("T1", "C1", "7", ("F2",)),
        ),
        ({"type": "file_deleted", "file_id": "F1"}, parse.FileGone("T1", "F1")),
        (
            {"type": "file_unshared", "file_id": "F1", "channel_id": "C1"},
            parse.FileGone("T1", "F1", "C1"),
        ),
        (
            {
                "type": "reaction_added",
                "user": "U1",
                "reaction": "flag-es",
                "item": {"type": "message", "channel": "C1", "ts": "7"},
            },
            parse.Flagged("T1", "C1", "7", "U1", "es"),
        ),
        (
            {"type": "member_joined_channel", "channel": "C1", "user": "U9", "inviter": "U1"},
            parse.Joined("T1", "C1", "U9", "U1"),
        ),
        ({"type": "app_uninstalled"}, parse.Removed("T1")),
        ({"type": "tokens_revoked", "tokens": {"bot": ["U9"]}}, parse.Removed("T1")),
    ],
)
def test_meaning(event, meaning):
    assert parse.read(parse.kept_event(body(event)).payload) == meaning


def test_two_presses_are_two_and_one_press_is_one():
    press = {
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "container": {"channel_id": "C1", "message_ts": "7", "thread_ts": "3"},
        "actions": [{"action_id": "cancel_job", "value": "abc", "action_ts": "8.1"}],
    }
    one, again = parse.kept_action(press), parse.kept_action(press)
    later = parse.kept_action({**press, "actions": [{**press["actions"][0], "action_ts": "8.2"}]})
    assert one.key == again.key != later.key
    assert parse.read(one.payload) == parse.Pressed("T1", "C1", "7", "3", "U1", "cancel_job", "abc")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "files", "id", "item", "message", "ts", "file", "tokens", "text", "user"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.sampled_from(sorted(parse.EVENTS)),
    st.dictionaries(
        st.sampled_from(
            [
                *list(POST),
                "item",
                "message",
                "previous_message",
                "file",
                "tokens",
                "tab",
                "reaction",
            ]
        ),
        JSON,
    ),
)
def test_no_event_breaks_it(kind, event):
    parse.kept_event(body({**event, "type": kind}))
