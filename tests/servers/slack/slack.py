"""An own Slack on loopback that slack_bolt and slack_sdk talk to over sockets, and that tests
control as people would.

    slack = FakeSlack(events={"message.channels", "app_mention"}, scopes={"chat:write",
    "files:read"})
    client = WebClient(slack.bot_token, base_url=slack.api_url)
    ann = slack.user("ann")
    post = slack.post(ann, slack.channel("general", ann), files=[slack.file("a.pdf", data)])
    slack.wait_until(lambda: "eyes" in post.reactions)

Where it is known to differ from Slack:

- Times are shorter: retries after `courier.retry_after_s` instead of at once, 1 and 5 minutes;
  socket connections are never refreshed unless a test asks. Events of one change are sent in turn
  unless `courier.together` is set.
- Rate limits count a sliding window of `api.limits.window_s`; Slack's buckets are not documented.
  Posting allows a burst of 10.
- The order of a post's events is `world.event_order`; Slack promises none. `is_archived`, joins and
  the like tell the main event only.
- `app_mention` comes only where the bot is a member; Slack offers to invite it elsewhere.
- A reply to a reply's `ts`, or to a message that is gone, stands in the channel. A second
  `files.completeUploadExternal` shares the file a second time. Slack says of both only that one
  should not.
- Upload bodies of another length than announced are refused with 400; Slack's answer is not
  documented.
- Metadata may have 8,000 characters; `msg_blocks_too_long` comes at 13,200 characters of text
  (seen, not documented).
- Block Kit: types and limits that a translator's messages use; rich text, tables and cards are not
  looked into.
- No Enterprise Grid, no user tokens, no token rotation, no OAuth. Managers of a channel are in the
  model, but no method tells a bot about them: `conversations.info` has `creator` only.
"""

from __future__ import annotations

import copy
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Self

from tests.patience import Patience
from tests.servers.slack import events, methods_people, shapes  # noqa: F401 (methods_people registers its methods)
from tests.servers.slack.api import Api, Call
from tests.servers.slack.courier import Agenda, Courier, Delivery
from tests.servers.slack.events import Announcement
from tests.servers.slack.faults import Faults
from tests.servers.slack.file_host import Download, Elsewhere, FileHandler, Upload
from tests.servers.slack.http_server import Server
from tests.servers.slack.interactions import Interactions
from tests.servers.slack.model import App, Channel, Installation, Message, Team, User
from tests.servers.slack.people import People
from tests.servers.slack.request_url import RequestUrl
from tests.servers.slack.socket_mode import SocketMode
from tests.servers.slack.web import ApiHandler
from tests.servers.slack.world import World

ALL_EVENTS = frozenset({*events.SCOPES, "app_home_opened", "app_uninstalled", "tokens_revoked"})
ALL_SCOPES = frozenset(
    {
        *(scope for scopes in events.SCOPES.values() for scope in scopes),
        *(
            "im:read",
            "mpim:read",
            "im:write",
            "chat:write",
            "files:write",
            "reactions:write",
            "commands",
        ),
        *("users:read", "users:read.email", "team:read", "channels:join"),
    }
)


class FakeSlack(People, Interactions):
    """One workspace with one app under test, listening from its making on; more of both can be
    added.

    `events` and `scopes` are the manifest's. `request_url` None: Socket Mode.
    """

    def __init__(
        self,
        events: Iterable[str] = ALL_EVENTS,
        scopes: Iterable[str] = ALL_SCOPES,
        request_url: str | None = None,
    ) -> None:
        self.world = World(deliver=self._announce)
        self.faults, self.agenda = Faults(), Agenda()
        self.api = Api(self.world)
        self.uploads, self.downloads = list[Upload](), list[Download]()
        self.world.uploads.later = self.agenda.later
        self._api_server = Server(ApiHandler, api=self.api, faults=self.faults)
        shared = {"downloads": self.downloads, "uploads": self.uploads}
        self._file_server = Server(FileHandler, world=self.world, faults=self.faults, **shared)
        self.elsewhere = Elsewhere(self.faults)
        self.sockets = SocketMode(self.world)
        self.courier = Courier(self.world, self.agenda)
        self.courier.transports = {"http": RequestUrl(), "socket": self.sockets}
        self.world.file_host_url = self.file_host_url = self._file_server.url
        self.api.socket_url = self.sockets.open
        self.api_url, self.response_host = f"{self._api_server.url}/api/", self._api_server.url
        self.app = self._new_app("Dragoman", set(events), request_url)
        self.here = self.install(self.app, self.team("Example", "example"), set(scopes))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End all servers; what hangs is let go."""
        self.faults.stop()
        self.agenda.stop()
        self.sockets.stop()
        for server in (self._api_server, self._file_server, self.elsewhere):
            server.stop()

    # ---------- the app under test

    @property
    def bot_token(self) -> str:
        return self.here.bot_token

    @property
    def app_token(self) -> str:
        return self.app.app_token

    @property
    def signing_secret(self) -> str:
        return self.app.signing_secret

    @property
    def bot(self) -> User:
        return self.world.users[self.here.bot_user]

    def team(self, name: str, domain: str) -> Team:
        team = Team(self.world.new_id("T"), name, domain)
        self.world.teams[team.id] = team
        return team

    def _new_app(self, name: str, subscribed: set[str], request_url: str | None) -> App:
        app_id = self.world.new_id("A")
        token = f"xapp-1-{app_id}-{secrets.token_hex(12)}"
        app = App(
            app_id,
            name,
            secrets.token_hex(16),
            secrets.token_hex(12),
            token,
            subscribed,
            request_url,
        )
        self.world.apps[app_id] = app
        return app

    def install(self, app: App, team: Team, scopes: set[str]) -> Installation:
        """Install an app in a team, with a bot and a token of its own."""
        bot_id, user_id = self.world.new_id("B"), self.world.new_id("U")
        name = app.name.lower()
        bot = User(user_id, team.id, name, app.name, is_bot=True, bot_id=bot_id, app_id=app.id)
        self.world.users[user_id] = bot
        here = Installation(app, team.id, user_id, bot_id, f"xoxb-{secrets.token_hex(16)}", scopes)
        self.world.installations.append(here)
        return here

    # ---------- deliveries

    @property
    def sent(self) -> list[Delivery]:
        """All that was sent to apps, oldest first."""
        return self.courier.sent

    def deliveries(self, name: str) -> list[Delivery]:
        """Those of a name: `message/file_share`, `app_mention`, `block_actions`, `/translate` …"""
        return [one for one in self.sent if one.name == name]

    def _announce(self, batch: list[Announcement]) -> None:
        self.courier.post([one for announced in batch for one in self._deliveries(announced)])

    def _deliveries(self, it: Announcement) -> list[Delivery]:
        shared = bool(it.channel and it.channel.is_ext_shared)
        made = []
        for app, here in events.audience(self.world, it):
            event_id = self.world.new_id("Ev")
            payload = shapes.event_callback(
                app, here, it.event, event_id, int(time.time()), shared=shared
            )
            made.append(Delivery(app, "event", it.name, copy.deepcopy(payload)))
        return made

    def hold(self) -> None:
        """Keep deliveries back until `let_go`."""
        self.courier.held = []

    def let_go(self, order: Callable[[Delivery], int] = lambda _: 0) -> None:
        """Send what was kept back, sorted by `order`."""
        held, self.courier.held = self.courier.held or [], None
        for delivery in held:
            self.courier.sent.remove(delivery)
        self.courier.post(sorted(held, key=order))

    def replay(self, delivery: Delivery, signature: str = "good", **changes: object) -> Delivery:
        """Send something again, as Slack sometimes does much later, and wait for the answer.

        `signature`: good, wrong, stale or missing; `changes`: to the payload, like `event_id` or
        `team_id`.
        """
        payload = copy.deepcopy(delivery.payload) | changes
        again = Delivery(delivery.app, delivery.kind, delivery.name, payload, signature)
        with self.world.changing():
            self.courier.sent.append(again)
        self.courier.attempt(again)
        return again

    def verify_url(self) -> Delivery:
        """The `url_verification` that precedes all events by HTTP: the app answers with the
        challenge.
        """
        challenge = {
            "type": "url_verification",
            "challenge": secrets.token_hex(8),
            "token": self.app.verification_token,
        }
        return self.replay(Delivery(self.app, "event", "url_verification", challenge))

    # ---------- looking

    def wait_until(
        self,
        condition: Callable[[], object],
        timeout: float = 10.0,
        what: str = "the condition holds",
    ) -> None:
        """Wait until `condition` is true; looked at under the lock, after each change.

        Raises TimeoutError.

        `timeout`: in seconds, at rest; under load longer (`tests.patience`).
        """
        left = Patience(timeout)
        with self.world.lock:
            while not condition():
                if left.is_over():
                    raise TimeoutError(f"{what}: not within {timeout:.1f} s at rest")
                self.world.changed.wait(0.1)

    def settle(self, timeout: float = 10.0) -> None:
        """Wait until everything sent was acknowledged or given up."""
        self.wait_until(
            lambda: all(one.over for one in self.sent), timeout, "everything sent is acknowledged"
        )

    def fail(self, method: str, how: int | str, times: int = 1, retry_after_s: int = 1) -> None:
        """Let the next calls of a method go wrong: see `faults`."""
        self.faults.add(method, how, times, retry_after_s)

    def calls(self, method: str, *, ok: bool | None = None) -> list[Call]:
        """The calls of a method, oldest first; `ok`: only those that succeeded or that failed."""
        found = [one for one in self.api.calls if one.method == method]
        return found if ok is None else [one for one in found if one.answer.get("ok") is ok]

    def messages(self, channel: Channel) -> list[Message]:
        """What stands in a channel, replies too, oldest first."""
        return [one for one in channel.messages.values() if not one.deleted]

    def thread(self, parent: Message) -> list[Message]:
        """The replies to a message, oldest first."""
        return self.world.replies_of(parent)

    def files_in(self, messages: Iterable[Message]) -> list[tuple[str, bytes]]:
        """Names and bytes of the files in messages."""
        found = [self.world.files[one] for message in messages for one in message.files]
        return [(one.name, one.content) for one in found if not one.deleted]
