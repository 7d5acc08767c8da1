"""The fake's events reach bolt by HTTP and by socket, with deadlines, retries and signatures."""

import time

import pytest

from tests.patience import patience
from tests.servers.slack.slack import FakeSlack

KINDS = ("message", "file_shared", "app_mention")


def heard(bot):
    return [body["event"]["type"] for body, _ in bot.heard]


def broken():
    raise RuntimeError("the database is down")


def test_a_post_with_a_mention_and_a_file_gives_three_events_with_different_ids(
    slack, bot, ann, general
):
    bot.listen(*KINDS)
    post = slack.post(ann, general, f"<@{slack.bot.id}> to French", [slack.file("a.pdf", b"%PDF-")])
    slack.settle()
    assert heard(bot) == list(KINDS)
    assert len({body["event_id"] for body, _ in bot.heard}) == 3
    message, shared, mention = (body["event"] for body, _ in bot.heard)
    assert (message["subtype"], message["ts"], message["files"][0]["id"]) == (
        "file_share",
        post.ts,
        post.files[0],
    )
    assert "shares" not in message["files"][0]
    assert shared.keys() == {"type", "file_id", "user_id", "file", "channel_id", "event_ts"}
    assert mention["files"][0]["id"] == post.files[0]


def test_the_order_can_be_chosen_and_mentions_may_lack_their_files(slack, bot, ann, general):
    bot.listen(*KINDS)
    slack.world.event_order, slack.world.mention_with_files = (
        ("app_mention", "file_shared", "message"),
        False,
    )
    slack.post(ann, general, f"<@{slack.bot.id}>", [slack.file("a.pdf", b"%PDF-")])
    slack.settle()
    assert heard(bot) == ["app_mention", "file_shared", "message"]
    assert "files" not in bot.heard[0][0]["event"]


def test_what_is_not_acknowledged_comes_again(slack, bot, ann, general):
    bot.listen("message")
    bot.troubles += [broken, broken]
    slack.courier.within_s = 0.3  # a socket's silence is the only sign
    slack.post(ann, general, "hello")
    slack.settle()
    assert [number for _, number in bot.heard] == ["2"]
    delivery = slack.deliveries("message")[0]
    assert [one.reason is None for one in delivery.attempts] == [False, False, True]


def test_an_event_without_a_listener_is_sent_four_times(slack, http_bot, ann, general):
    slack.post(ann, general, "hello")
    slack.settle()
    delivery = slack.deliveries("message")[0]
    assert [one.status for one in delivery.attempts] == [404] * 4
    assert delivery.given_up


def test_who_is_too_slow_is_asked_again(slack, bot, ann, general):
    bot.listen("message")
    slack.courier.within_s = 0.1
    bot.troubles.append(lambda: time.sleep(patience(0.6)))
    slack.post(ann, general, "hello")
    slack.settle()
    reasons = [one.reason for one in slack.deliveries("message")[0].attempts]
    assert reasons[0] in {"http_timeout", "timeout"}
    assert reasons[-1] is None


def test_the_first_delivery_says_so_in_its_modes_way(slack, bot, ann, general):
    bot.listen("message")
    slack.post(ann, general, "hello")
    slack.settle()
    assert bot.heard[0][1] == (None if slack.app.request_url else "0")


@pytest.mark.parametrize("signature", ["wrong", "missing", "stale"])
def test_bolt_refuses_bad_signatures(slack, http_bot, ann, general, signature):
    http_bot.listen("message")
    slack.post(ann, general, "hello")
    slack.settle()
    forged = slack.replay(slack.deliveries("message")[0], signature)
    assert forged.attempts[0].status == 401
    assert len(http_bot.heard) == 1


def test_a_replay_has_the_same_id_and_may_be_of_another_team(slack, bot, ann, general):
    bot.listen("message")
    slack.post(ann, general, "hello")
    slack.settle()
    delivery = slack.deliveries("message")[0]
    slack.replay(delivery)
    slack.replay(delivery, team_id="T0OTHER")
    assert len({body["event_id"] for body, _ in bot.heard}) == 1
    assert [body["team_id"] for body, _ in bot.heard][-1] == "T0OTHER"


def test_the_request_url_is_verified(slack, http_bot):
    delivery = slack.verify_url()
    assert delivery.answer["challenge"] == delivery.payload["challenge"]


def test_held_events_come_in_the_order_asked_for(slack, bot, ann, general):
    bot.listen(*KINDS)
    slack.hold()
    slack.post(ann, general, f"<@{slack.bot.id}>", [slack.file("a.pdf", b"%PDF-")])
    assert heard(bot) == []
    slack.let_go(lambda delivery: -KINDS.index(delivery.event["type"]))
    slack.settle()
    assert heard(bot) == ["app_mention", "file_shared", "message"]


def test_only_subscribed_types_come_and_only_from_where_the_bot_is():
    with FakeSlack(events={"message.channels"}) as slack:
        ann = slack.user("ann")
        inside, outside = slack.channel("inside", ann), slack.channel("outside", ann, bot=False)
        post = slack.post(ann, inside, f"<@{slack.bot.id}>")
        slack.post(ann, outside, "hello")
        slack.post(ann, slack.dm(ann), "hello")
        slack.react(ann, post, "eyes")
        assert [one.name for one in slack.sent] == ["message"]


def test_an_app_in_two_teams_hears_of_both_under_their_own_names():
    with FakeSlack(events={"message.channels"}) as slack, FakeSlack() as other:
        team = slack.team("Second", "second")
        second = slack.install(slack.app, team, slack.here.scopes)
        ann, bob = slack.user("ann"), slack.user("bob", team_id=team.id)
        there = slack.channel("there", bob, bot=False, team_id=team.id)
        there.members.add(second.bot_user)
        slack.post(ann, slack.channel("here", ann), "hello")
        slack.post(bob, there, "hello")
        assert [one.payload["team_id"] for one in slack.sent] == [slack.here.team_id, team.id]
        assert other.sent == []


def test_changes_tell_what_was_and_what_is(slack, general, ann):
    post = slack.post(ann, general, "one", [slack.file("a.pdf", b"%PDF-")])
    slack.edit(post, "two")
    slack.unfurl(post)
    edited, unfurled = (one.event for one in slack.deliveries("message/message_changed"))
    assert (edited["previous_message"]["text"], edited["message"]["text"]) == ("one", "two")
    assert edited["message"]["edited"]["user"] == ann.id
    assert "attachments" in unfurled["message"]
    slack.unshare(slack.world.files[post.files[0]], post)
    slack.delete(post)
    assert slack.deliveries("file_unshared")
    assert slack.deliveries("message/message_deleted")[-1].event["deleted_ts"] == post.ts


def test_a_deleted_parent_leaves_a_tombstone(slack, client, general, ann):
    parent = slack.post(ann, general, "one")
    client.chat_postMessage(channel=general.id, thread_ts=parent.ts, text="reply")
    slack.delete(parent)
    assert slack.deliveries("message/message_deleted") == []
    assert slack.deliveries("message/message_changed")[0].event["message"]["subtype"] == "tombstone"
    assert (
        client.conversations_replies(channel=general.id, ts=parent.ts)["messages"][0]["subtype"]
        == "tombstone"
    )


def test_an_invitation_a_home_and_an_archive_are_told(slack, ann):
    quiet = slack.channel("quiet", ann, bot=False)
    slack.invite(ann, quiet)
    slack.open_home(ann)
    slack.archive(ann, quiet)
    joined = slack.deliveries("member_joined_channel")[0].event
    assert (joined["user"], joined["inviter"]) == (slack.bot.id, ann.id)
    assert slack.deliveries("app_home_opened")[0].event["tab"] == "home"
    assert slack.deliveries("channel_archive")[0].event["channel"] == quiet.id


def test_after_the_app_is_uninstalled_nothing_more_comes(slack, general, ann):
    slack.uninstall()
    slack.post(ann, general, "hello")
    assert [one.name for one in slack.sent] == ["tokens_revoked", "app_uninstalled"]


def test_the_apps_own_doings_come_too_but_bolt_drops_them(slack, client, bot, general):
    bot.listen("message")
    client.chat_postMessage(channel=general.id, text="hello")
    slack.settle()
    assert slack.deliveries("message")[0].acked
    assert bot.heard == []
