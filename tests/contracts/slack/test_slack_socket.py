"""The fake's Socket Mode: tickets, hello, deadlines, refreshes, several connections."""

import json

import pytest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.patience import patience


@pytest.fixture
def opener(slack):
    return WebClient(slack.app_token, base_url=slack.api_url)


def test_a_ticket_opens_one_connection_and_begins_with_hello(slack, opener):
    url = opener.apps_connections_open(app_token=slack.app_token)["url"]
    with connect(url) as wire:
        hello = json.loads(wire.recv(timeout=patience(2)))
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        assert wire.ping().wait(patience(2))
        with pytest.raises(InvalidStatus, match="401"), connect(url):
            pass


def test_a_bots_token_opens_no_connection(slack, client):
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        client.api_call("apps.connections.open")


def test_an_envelope_is_acknowledged_or_sent_again(slack, opener, ann, general):
    slack.courier.within_s = 0.1
    with connect(opener.apps_connections_open(app_token=slack.app_token)["url"]) as wire:
        wire.recv(timeout=patience(2))
        slack.wait_until(lambda: slack.sockets.connections)
        slack.post(ann, general, "hello")
        first, second = (json.loads(wire.recv(timeout=patience(2))) for _ in range(2))
        wire.send(json.dumps({"envelope_id": second["envelope_id"]}))
        slack.settle()
    assert (first["retry_attempt"], second["retry_attempt"], second["retry_reason"]) == (
        0,
        1,
        "timeout",
    )
    assert first["payload"]["event_id"] == second["payload"]["event_id"]
    assert first["envelope_id"] != second["envelope_id"]


def test_what_a_broken_connection_held_goes_to_another(slack, opener, ann, general):
    urls = [opener.apps_connections_open(app_token=slack.app_token)["url"] for _ in range(2)]
    with connect(urls[0]) as one, connect(urls[1]) as other:
        wires = {0: one, 1: other}
        for wire in wires.values():
            wire.recv(timeout=patience(2))
        slack.wait_until(lambda: len(slack.sockets.connections) == 2)
        slack.post(ann, general, "hello")
        slack.wait_until(lambda: slack.sockets._awaited)
        holder = next(iter(slack.sockets._awaited.values())).connection
        slack.sockets.cut(holder)
        got = [json.loads(message) for wire in wires.values() for message in drained(wire)]
        assert [
            one["retry_attempt"] for one in sorted(got, key=lambda one: one["retry_attempt"])
        ] == [0, 1]


def drained(wire):
    try:
        while True:
            yield wire.recv(timeout=patience(0.3))
    except (TimeoutError, ConnectionClosed):
        return


def test_connections_take_turns(slack, opener, ann, general):
    urls = [opener.apps_connections_open(app_token=slack.app_token)["url"] for _ in range(2)]
    with connect(urls[0]) as one, connect(urls[1]) as other:
        slack.wait_until(lambda: len(slack.sockets.connections) == 2)
        for _ in range(4):
            slack.post(ann, general, "hello")
        slack.wait_until(lambda: len(slack.sockets._awaited) == 4)
        assert [len(list(drained(wire))) for wire in (one, other)] == [3, 3]  # hello and two each


def test_bolt_connects_anew_when_asked_and_loses_nothing(slack, socket_bot, ann, general):
    socket_bot.listen("message")
    slack.post(ann, general, "before")
    slack.settle()
    slack.sockets.disconnect(slack.sockets.connections[0])
    slack.wait_until(lambda: slack.sockets.opened == 2)
    slack.post(ann, general, "after")
    slack.settle()
    assert [body["event"]["text"] for body, _ in socket_bot.heard] == ["before", "after"]


def test_an_event_in_the_gap_of_a_refresh_arrives(slack, socket_bot, ann, general):
    socket_bot.listen("message")
    slack.sockets.disconnect(slack.sockets.connections[0], close_after_s=0)
    slack.post(ann, general, "in the gap")
    slack.settle()
    assert [body["event"]["text"] for body, _ in socket_bot.heard] == ["in the gap"]


def test_two_sockets_of_one_app_share_the_events(slack, socket_bot, close, ann, general):
    socket_bot.listen("message")
    second = SocketModeHandler(
        socket_bot.app,
        slack.app_token,
        web_client=WebClient(slack.app_token, base_url=slack.api_url),
    )
    second.connect()
    slack.wait_until(lambda: len(slack.sockets.connections) == 2)
    for number in range(4):
        slack.post(ann, general, str(number))
    slack.settle()
    assert sorted(body["event"]["text"] for body, _ in socket_bot.heard) == ["0", "1", "2", "3"]
    assert len({one.attempts[0].via for one in slack.deliveries("message")}) == 2
    close(second)


def test_a_closed_app_gets_nothing(slack, ann, general):
    slack.post(ann, general, "hello")
    slack.settle()
    assert {one.reason for one in slack.deliveries("message")[0].attempts} == {"connection_failed"}
