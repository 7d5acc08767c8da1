"""The fake's Web API answers slack_sdk as Slack does."""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler


def error_of(call, **arguments):
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return caught.value.response


def section(text="hello"):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(**more):
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": "Go"},
        "action_id": "go",
        **more,
    }


def test_a_token_is_asked_for_and_checked(slack, general):
    assert error_of(WebClient(base_url=slack.api_url).auth_test)["error"] == "not_authed"
    assert (
        error_of(WebClient("xoxb-other", base_url=slack.api_url).auth_test)["error"]
        == "invalid_auth"
    )
    assert (
        error_of(WebClient(slack.app_token, base_url=slack.api_url).auth_test)["error"]
        == "not_allowed_token_type"
    )


def test_auth_test_names_bot_and_team(slack, client):
    answer = client.auth_test()
    assert (answer["user_id"], answer["bot_id"]) == (slack.bot.id, slack.bot.bot_id)
    assert "chat:write" in answer.headers["X-Oauth-Scopes"]


def test_a_revoked_token_and_an_uninstalled_app_are_told_apart(slack, client):
    slack.revoke_tokens()
    assert error_of(client.auth_test)["error"] == "token_revoked"
    slack.uninstall()
    assert error_of(client.auth_test)["error"] == "account_inactive"


def test_a_missing_scope_is_named(slack, client, general):
    slack.here.scopes.discard("chat:write")
    answer = error_of(client.chat_postMessage, channel=general.id, text="hello")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "chat:write")
    assert "files:read" in answer["provided"]


def test_a_message_is_posted_changed_and_deleted(slack, client, general):
    posted = client.chat_postMessage(channel=general.id, text="one", blocks=[section()])
    client.chat_update(channel=general.id, ts=posted["ts"], text="two")
    message = general.messages[posted["ts"]]
    assert (message.text, len(message.blocks), len(message.history)) == ("two", 1, 2)
    client.chat_delete(channel=general.id, ts=posted["ts"])
    assert message not in slack.messages(general)


def test_form_and_json_bodies_are_the_same(slack, client, general):
    for how in ("json", "params"):
        arguments = {"channel": general.id, "text": "hello", "blocks": [section()]}
        if how == "params":
            arguments["blocks"] = (
                '[{"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}]'
            )
        client.api_call("chat.postMessage", **{how: arguments})
    first, second = slack.messages(general)
    assert first.blocks == second.blocks


def test_a_thread_is_read_with_its_metadata(slack, client, general, ann):
    parent = slack.post(ann, general, "question")
    metadata = {"event_type": "card", "event_payload": {"job": "1"}}
    client.chat_postMessage(
        channel=general.id, thread_ts=parent.ts, text="answer", metadata=metadata
    )
    replies = client.conversations_replies(
        channel=general.id, ts=parent.ts, include_all_metadata=True
    )["messages"]
    assert [one["text"] for one in replies] == ["question", "answer"]
    assert replies[0]["reply_count"] == 1
    assert replies[1]["metadata"] == metadata
    assert (
        "metadata"
        not in client.conversations_replies(channel=general.id, ts=parent.ts)["messages"][1]
    )
    assert [
        one["text"] for one in client.conversations_history(channel=general.id)["messages"]
    ] == ["question"]


def test_a_reply_to_a_deleted_message_lands_in_the_channel(slack, client, general, ann):
    parent = slack.post(ann, general, "question")
    slack.delete(parent)
    answer = client.chat_postMessage(channel=general.id, thread_ts=parent.ts, text="orphan")
    assert "thread_ts" not in answer["message"]


def test_history_comes_in_pages(slack, client, general, ann):
    for number in range(5):
        slack.post(ann, general, str(number))
    pages = client.conversations_history(channel=general.id, limit=2)
    assert [[one["text"] for one in page["messages"]] for page in pages] == [
        ["4", "3"],
        ["2", "1"],
        ["0"],
    ]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda slack, channel, parent: slack.kick(channel), "not_in_channel"),
        (lambda slack, channel, parent: setattr(channel, "is_archived", True), "is_archived"),
        (
            lambda slack, channel, parent: setattr(channel, "is_read_only", True),
            "restricted_action_read_only_channel",
        ),
        (
            lambda slack, channel, parent: slack.lock_thread(parent),
            "restricted_action_thread_locked",
        ),
    ],
)
def test_where_the_bot_may_not_write(slack, client, general, ann, change, error):
    parent = slack.post(ann, general, "question")
    change(slack, general, parent)
    assert (
        error_of(client.chat_postMessage, channel=general.id, text="x", thread_ts=parent.ts)[
            "error"
        ]
        == error
    )


def test_a_private_channel_without_the_bot_does_not_exist(slack, client, ann):
    secret = slack.channel("secret", ann, bot=False, kind="private")
    assert error_of(client.conversations_info, channel=secret.id)["error"] == "channel_not_found"
    assert (
        error_of(client.chat_postMessage, channel=secret.id, text="x")["error"]
        == "channel_not_found"
    )


def test_a_person_can_be_written_to(slack, client, ann):
    channel = client.conversations_open(users=ann.id)["channel"]["id"]
    assert client.chat_postMessage(channel=ann.id, text="hello")["channel"] == channel


def test_people_have_locale_and_address_only_where_allowed(slack, client, ann):
    ann.locale = "de-DE"
    user = client.users_info(user=ann.id, include_locale=True)["user"]
    assert (user["locale"], user["profile"]["email"]) == ("de-DE", "ann@example.com")
    slack.here.scopes.discard("users:read.email")
    assert "email" not in client.users_info(user=ann.id)["user"]["profile"]
    partner = slack.user("bob", team_id=slack.team("Partner", "partner").id)
    assert client.users_info(user=partner.id)["user"]["is_stranger"]
    assert "locale" not in client.users_info(user=ann.id)["user"]


def test_reactions_are_added_once_and_removed_once(slack, client, general, ann):
    post = slack.post(ann, general, "hello")
    where = {"channel": general.id, "timestamp": post.ts, "name": "eyes"}
    client.reactions_add(**where)
    assert error_of(client.reactions_add, **where)["error"] == "already_reacted"
    shown = client.reactions_get(channel=general.id, timestamp=post.ts)["message"]["reactions"]
    assert shown == [{"name": "eyes", "users": [slack.bot.id], "count": 1}]
    client.reactions_remove(**where)
    assert error_of(client.reactions_remove, **where)["error"] == "no_reaction"


@pytest.mark.parametrize(
    ("blocks", "complaint"),
    [
        (
            [section("x" * 3001)],
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
            "less than 151 characters",
        ),
        (
            [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
            "must be a plain_text object",
        ),
        (
            [{"type": "actions", "elements": [button(value="x" * 2001)]}],
            "less than 2001 characters",
        ),
        (
            [{"type": "actions", "elements": [button(action_id="x" * 256)]}],
            "less than 256 characters",
        ),
        ([{"type": "actions", "elements": [button(), button()]}], "`action_id` go already exists"),
        (
            [{"block_id": "b", **section()}, {"block_id": "b", **section()}],
            "`block_id` b already exists",
        ),
        ([{"type": "sparkles"}], "unsupported type: sparkles"),
        ([section()] * 51, "no more than 50 items allowed"),
        (
            [
                {
                    "type": "plan",
                    "title": "x",
                    "tasks": [{"task_id": "1", "title": "x", "status": "odd"}],
                }
            ],
            "valid enum",
        ),
    ],
)
def test_blocks_beyond_the_limits_are_refused(client, general, blocks, complaint):
    answer = error_of(client.chat_postMessage, channel=general.id, text="x", blocks=blocks)
    assert answer["error"] == "invalid_blocks"
    assert complaint in answer["errors"][0]
    assert answer["response_metadata"]["messages"][0].startswith("[ERROR] ")


def test_blocks_within_the_limits_are_taken(client, general):
    options = [
        {"text": {"type": "plain_text", "text": str(one)}, "value": str(one)} for one in range(100)
    ]
    feedback = {"type": "feedback_buttons", "action_id": "f"}
    for name in ("positive_button", "negative_button"):
        feedback[name] = {"text": {"type": "plain_text", "text": name}, "value": name}
    blocks = [
        section("x" * 3000),
        {
            "type": "actions",
            "elements": [button(), {"type": "static_select", "action_id": "s", "options": options}],
        },
        {
            "type": "plan",
            "title": "Job",
            "tasks": [{"task_id": "1", "title": "Read", "status": "in_progress"}],
        },
        {"type": "context_actions", "elements": [feedback]},
    ]
    assert client.chat_postMessage(channel=general.id, text="x", blocks=blocks)["ok"]


def test_long_texts_are_refused(client, general):
    posted = client.chat_postMessage(channel=general.id, text="x" * 5000)
    assert (
        error_of(client.chat_update, channel=general.id, ts=posted["ts"], text="x" * 4001)["error"]
        == "msg_too_long"
    )
    blocks = [section("x" * 3000) for _ in range(5)]
    assert (
        error_of(client.chat_postMessage, channel=general.id, text="x", blocks=blocks)["error"]
        == "msg_blocks_too_long"
    )


def test_a_text_that_would_notify_everybody_is_remembered(slack, client, general):
    client.chat_postMessage(channel=general.id, text="&lt;!channel&gt;")
    assert slack.world.broadcasts == []
    client.chat_postMessage(channel=general.id, text="hi", blocks=[section("<!channel> hi")])
    client.chat_postMessage(channel=general.id, text="<!here|here>")
    assert slack.world.broadcasts == ["<!channel> hi", "<!here|here>"]


def test_calls_beyond_a_tier_are_answered_429_with_a_time_to_wait(slack, client, general):
    slack.api.limits.limits["chat.update"] = 2
    posted = client.chat_postMessage(channel=general.id, text="0")
    where = {"channel": general.id, "ts": posted["ts"]}
    for number in range(2):
        client.chat_update(**where, text=str(number))
    answer = error_of(client.chat_update, **where, text="3")
    assert (answer.status_code, answer["error"]) == (429, "ratelimited")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert slack.api.limits.refused == {"chat.update": 1}


def test_a_shorter_window_is_waited_out_by_the_sdk(slack, client, general):
    slack.api.limits.window_s, slack.api.limits.limits["chat.update"] = 1.0, 1
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    posted = client.chat_postMessage(channel=general.id, text="0")
    for number in range(2):
        client.chat_update(channel=general.id, ts=posted["ts"], text=str(number))
    assert len(slack.calls("chat.update", ok=True)) == 2
    assert len(slack.calls("chat.update", ok=False)) == 1


@pytest.mark.parametrize(
    ("how", "status"), [(429, 429), (503, 503), (500, 500), ("internal_error", 200)]
)
def test_calls_fail_on_order(slack, client, general, how, status):
    slack.fail("chat.postMessage", how)
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=general.id, text="x")
    assert caught.value.response.status_code == status
    assert client.chat_postMessage(channel=general.id, text="x")["ok"]
    assert len(slack.messages(general)) == 1
    assert [one.status for one in slack.calls("chat.postMessage")] == [status, 200]


def test_an_answer_gets_lost_before_or_after_the_deed(slack, client, general):
    for how, standing in (("cut", 0), ("cut_after", 1)):
        slack.fail("chat.postMessage", how)
        with pytest.raises(OSError):  # noqa: PT011 (what the connection says differs)
            client.chat_postMessage(channel=general.id, text="x")
        assert len(slack.messages(general)) == standing


def test_a_call_hangs_until_it_is_let_go(slack, general):
    slack.fail("chat.postMessage", "hang")
    with pytest.raises(TimeoutError):
        WebClient(slack.bot_token, base_url=slack.api_url, timeout=0.1).chat_postMessage(
            channel=general.id, text="x"
        )
    slack.faults.release()
    assert slack.messages(general) == []
