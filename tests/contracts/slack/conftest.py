"""A Slack, a client of its bot, two people, a channel; and a bolt app that remembers, in both
modes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from tests.patience import patience
from tests.servers.slack.faults import Faults
from tests.servers.slack.http_server import Handler, Server
from tests.servers.slack.slack import FakeSlack


@pytest.fixture
def client(slack: FakeSlack) -> WebClient:
    """The bot's client, without any retries."""
    return WebClient(
        slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=patience(5)
    )


@pytest.fixture
def ann(slack: FakeSlack):
    return slack.user("ann")


@pytest.fixture
def general(slack: FakeSlack, ann):
    return slack.channel("general", ann)


@dataclass
class Bot:
    """A bolt app: `heard` has each event with its retry number; `troubles` are raised, or slept
    through, first.
    """

    app: App
    heard: list[tuple[dict, str | None]] = field(default_factory=list)
    troubles: list[Callable[[], None]] = field(default_factory=list)

    def listen(self, *types: str) -> None:
        for kind in types:
            self.app.event(kind)(self._hear)

    def _hear(self, body, request) -> None:
        if self.troubles:
            self.troubles.pop(0)()
        self.heard.append((body, request.headers.get("x-slack-retry-num", [None])[0]))


def new_bot(slack: FakeSlack, client: WebClient) -> Bot:
    quiet = logging.getLogger("quiet.bolt")
    quiet.setLevel(logging.CRITICAL)
    app = App(
        client=client,
        signing_secret=slack.signing_secret,
        process_before_response=True,
        logger=quiet,
    )
    return Bot(app)


class BoltHandler(Handler):
    app: App

    def do_POST(self) -> None:  # noqa: N802
        request = BoltRequest(
            body=self.body().decode(),
            headers={name: [value] for name, value in self.headers.items()},
        )
        response = self.app.dispatch(request)
        headers = {name: values[0] for name, values in response.headers.items()}
        self.reply(response.status, response.body or "", headers)


@pytest.fixture
def http_bot(slack: FakeSlack, client: WebClient) -> Iterator[Bot]:
    """A bolt app behind a request URL."""
    bot = new_bot(slack, client)
    server = Server(BoltHandler, app=bot.app, faults=Faults())
    slack.app.request_url = f"{server.url}/slack/events"
    yield bot
    server.stop()


@pytest.fixture
def close(slack: FakeSlack) -> Callable[[SocketModeHandler], None]:
    """How to close a handler at once: its reader waits for up to 3 s, and its queue for one."""

    def close(socket: SocketModeHandler) -> None:
        socket.client.auto_reconnect_enabled = socket.client.default_auto_reconnect_enabled = False
        for connection in list(slack.sockets.connections):
            slack.sockets.cut(connection)
        socket.client.closed = True
        socket.client.message_queue.put("")
        socket.close()

    return close


@pytest.fixture
def socket_bot(
    slack: FakeSlack, client: WebClient, close: Callable[[SocketModeHandler], None]
) -> Iterator[Bot]:
    """A bolt app in Socket Mode, connected."""
    bot = new_bot(slack, client)
    socket = SocketModeHandler(
        bot.app, slack.app_token, web_client=WebClient(slack.app_token, base_url=slack.api_url)
    )
    socket.client.logger = bot.app.logger
    socket.connect()
    slack.wait_until(lambda: slack.sockets.connections)
    yield bot
    close(socket)


@pytest.fixture(params=["http", "socket"])
def bot(request: pytest.FixtureRequest) -> Bot:
    """A bolt app, once in each mode."""
    return request.getfixturevalue(f"{request.param}_bot")
