"""The fake's clicks, modals, shortcuts and commands reach bolt, whose answers have their effect."""

import time

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from tests.servers.slack import methods_views

MODAL = {
    "type": "modal",
    "callback_id": "settings",
    "title": {"type": "plain_text", "text": "Settings"},
    "submit": {"type": "plain_text", "text": "Save"},
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "language",
            "label": {"type": "plain_text", "text": "Language"},
            "element": {
                "type": "static_select",
                "action_id": "to",
                "options": [
                    {"text": {"type": "plain_text", "text": one}, "value": one}
                    for one in ("de", "fr")
                ],
            },
        }
    ],
}


def card(client, channel, **where):
    button = {
        "type": "button",
        "text": {"type": "plain_text", "text": "Cancel"},
        "action_id": "cancel",
        "value": "job1",
    }
    options = [{"text": {"type": "plain_text", "text": one}, "value": one} for one in ("de", "fr")]
    select = {"type": "static_select", "action_id": "to", "options": options}
    blocks = [{"type": "actions", "block_id": "acts", "elements": [button, select]}]
    return client.chat_postMessage(channel=channel.id, text="card", blocks=blocks, **where)["ts"]


def test_a_click_carries_its_message_and_can_be_answered(slack, client, bot, ann, general):
    seen = []

    @bot.app.action("cancel")
    def cancelled(ack, body, respond):
        ack()
        seen.append(body)
        respond("only for you")

    message = general.messages[card(client, general)]
    delivery = slack.click(ann, message, "cancel")
    assert delivery.acked
    assert seen[0]["actions"][0]["value"] == "job1"
    assert seen[0]["message"]["ts"] == message.ts
    assert (slack.world.ephemerals[0].text, slack.world.ephemerals[0].ephemeral_to) == (
        "only for you",
        ann.id,
    )
    with pytest.raises(LookupError, match="cancel"):
        slack.click(ann, message, "retry")


def test_a_choice_carries_the_option(slack, client, bot, ann, general):
    seen = []

    @bot.app.action("to")
    def chosen(ack, body):
        ack()
        seen.append(body)

    slack.choose(ann, general.messages[card(client, general)], "to", "fr")
    assert seen[0]["actions"][0]["selected_option"]["value"] == "fr"
    assert seen[0]["state"]["values"]["acts"]["to"]["selected_option"]["value"] == "fr"


def test_a_shortcut_opens_a_modal_that_is_corrected_and_submitted(slack, client, bot, ann, general):
    submitted = []

    @bot.app.shortcut("translate")
    def opened(ack, body):
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @bot.app.view("settings")
    def saved(ack, view):
        chosen = view["state"]["values"]["language"]["to"]["selected_option"]
        submitted.append(chosen)
        ack(
            response_action="errors", errors={"language": "Choose one"}
        ) if chosen is None else ack()

    elsewhere = slack.channel("elsewhere", ann, bot=False)
    slack.message_shortcut(ann, slack.post(ann, elsewhere, "hello"), "translate")
    slack.wait_until(lambda: slack.modal(ann))
    assert slack.submit(ann).answer["errors"] == {"language": "Choose one"}
    slack.submit(ann, {"to": "fr"})
    assert submitted[1]["value"] == "fr"
    with pytest.raises(LookupError):
        slack.modal(ann)


def test_a_modal_that_asked_for_it_tells_when_it_is_closed(slack, client, bot, ann, general):
    closed = []

    @bot.app.shortcut("open")
    def opened(ack, body):
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @bot.app.view_closed("settings")
    def noticed(ack, body):
        ack()
        closed.append(body["type"])

    slack.shortcut(ann, "open")
    slack.close(ann)
    assert closed == ["view_closed"]


def test_a_command_is_answered_in_the_acknowledgement(slack, bot, ann, general):
    @bot.app.command("/translate")
    def told(ack, command):
        ack(f"{command['text']} in {command['channel_name']}")

    delivery = slack.command(ann, general, "/translate", "status")
    answer = delivery.answer if isinstance(delivery.answer, str) else delivery.answer["text"]
    assert answer == "status in general"


def test_a_trigger_is_good_once_and_for_a_short_time(slack, client, ann, monkeypatch):
    trigger = slack.world.new_trigger(ann, slack.here.team_id)
    client.views_open(trigger_id=trigger, view=MODAL)
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        client.views_open(trigger_id=trigger, view=MODAL)
    late = slack.world.new_trigger(ann, slack.here.team_id)
    monkeypatch.setattr(methods_views, "TRIGGER_TTL_S", 0.0)
    time.sleep(0.001)
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        client.views_open(trigger_id=late, view=MODAL)


def test_a_view_beyond_the_limits_is_refused(slack, client, ann):
    for change in (
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"private_metadata": "x" * 3001},
        {"odd": 1},
    ):
        with pytest.raises(SlackApiError, match="invalid_arguments"):
            client.views_open(
                trigger_id=slack.world.new_trigger(ann, slack.here.team_id), view=MODAL | change
            )


def test_the_home_is_published_and_clicked(slack, client, bot, ann):
    seen = []

    @bot.app.action("go")
    def gone(ack, body):
        ack()
        seen.append(body["container"]["type"])

    button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go"}
    client.views_publish(
        user_id=ann.id, view={"type": "home", "blocks": [{"type": "actions", "elements": [button]}]}
    )
    slack.click(ann, slack.home(ann), "go")
    assert seen == ["view"]


def test_a_view_is_not_overwritten_by_who_looked_earlier(slack, client, ann):
    view = client.views_open(
        trigger_id=slack.world.new_trigger(ann, slack.here.team_id), view=MODAL
    )["view"]
    client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    with pytest.raises(SlackApiError, match="hash_conflict"):
        client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)


def test_a_response_url_is_good_for_five_posts(slack, client, bot, ann, general):
    @bot.app.action("cancel")
    def cancelled(ack):
        ack()

    ts = card(client, general)
    url = slack.click(ann, general.messages[ts], "cancel").payload["response_url"]
    answers = [WebhookClient(url).send(text=str(one)).status_code for one in range(6)]
    assert answers == [200] * 5 + [404]
    assert len(slack.world.ephemerals) == 5
