"""What a Slack consists of: teams, people, channels, messages, files, apps and their installations.

Plain values without behaviour; `world` changes them, `shapes` writes them as Slack's JSON.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
ChannelKind = Literal["public", "private", "im", "mpim"]
PDF = "application/pdf"


@dataclass(eq=False)
class Team:
    """A workspace."""

    id: str
    name: str
    domain: str


@dataclass(eq=False)
class User:
    """A person or a bot. `email` None: the profile has none. A user of another team is external,
    but for the workspaces of one Enterprise Grid organisation (`grid_teams`).
    """

    id: str
    team_id: str
    name: str
    real_name: str
    email: str | None = None
    locale: str = "en-US"
    tz: str = "Europe/Berlin"
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_bot: bool = False
    bot_id: str | None = None
    app_id: str | None = None
    deleted: bool = False
    grid_teams: tuple[str, ...] = ()


@dataclass(eq=False)
class Channel:
    """A conversation. `user`: the person of a direct message. `is_ext_shared`: Slack Connect."""

    id: str
    team_id: str
    name: str
    kind: ChannelKind
    creator: str
    created: int
    members: set[str] = field(default_factory=set)
    managers: set[str] = field(default_factory=set)
    user: str | None = None
    is_archived: bool = False
    is_ext_shared: bool = False
    is_read_only: bool = False
    locked_threads: set[str] = field(default_factory=set)
    messages: dict[str, Message] = field(default_factory=dict)


@dataclass(eq=False)
class Message:
    """A message, by its `ts` in its channel. `thread_ts` None: neither a parent nor a reply.

    `history` holds every version of text and blocks, oldest first; `deleted` ones stay for tests to
    look at.
    """

    ts: str
    channel: str
    user: str
    text: str = ""
    team: str = ""
    subtype: str | None = None
    thread_ts: str | None = None
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    files: list[str] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    bot_id: str | None = None
    app_id: str | None = None
    client_msg_id: str | None = None
    edited: Json | None = None
    inviter: str | None = None
    ephemeral_to: str | None = None
    deleted: bool = False
    tombstone: bool = False
    history: list[tuple[str, list[Json]]] = field(default_factory=list)

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass(frozen=True)
class Trouble:
    """How a download goes wrong: see `file_host`. `url`: where a redirect leads."""

    kind: Literal[
        "status", "sign_in", "sign_in_redirect", "redirect", "truncated", "empty", "cut", "hang"
    ]
    status: int = 503
    url: str = ""
    retry_after_s: int = 1


@dataclass(eq=False)
class File:
    """A file.

    `size` is what Slack says of it; `served` bytes come without end where `endless` (sizes in
    bytes).

    `troubles` befall the next downloads, one each; `always` all of them. `unseen`: Slack Connect's
    `check_file_info` stands in events instead of the file. `ready`: its bytes have been uploaded.
    """

    id: str
    name: str
    user: str
    created: int
    content: bytes = b""
    mimetype: str = PDF
    filetype: str = "pdf"
    title: str = ""
    size: int = 0
    mode: str = "hosted"
    external_url: str | None = None
    unseen: bool = False
    endless: bool = False
    deleted: bool = False
    ready: bool = True
    shares: list[tuple[str, str, str | None]] = field(default_factory=list)
    troubles: deque[Trouble] = field(default_factory=deque)
    always: Trouble | None = None


@dataclass(eq=False)
class App:
    """An app as its manifest describes it.

    `events`: the types it subscribed to, like `message.channels`.
    """

    id: str
    name: str
    signing_secret: str
    verification_token: str
    app_token: str
    events: set[str]
    request_url: str | None = None
    connection_scopes: set[str] = field(default_factory=lambda: {"connections:write"})


@dataclass(eq=False)
class Installation:
    """An app in a team, with its bot and its token."""

    app: App
    team_id: str
    bot_user: str
    bot_id: str
    bot_token: str
    scopes: set[str]
    state: Literal["active", "revoked", "uninstalled"] = "active"


@dataclass(eq=False)
class View:
    """A modal or a Home tab as it stands. `state`: block id -> action id -> value."""

    id: str
    app_id: str
    team_id: str
    user: str
    body: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    state: dict[str, dict[str, Json]] = field(default_factory=dict)


@dataclass(eq=False)
class Uploads:
    """Uploads under way: ticket of the URL -> file id.

    `shared`: the files that got into a channel, once for each time.

    A file is shared `share_after_s` after the answer that promised it (seconds); `later` is how to
    wait. `unshared`: how many of the next promises are not kept: the answer is `ok`, and the file
    is never to be seen.
    """

    tickets: dict[str, str] = field(default_factory=dict)
    shared: list[str] = field(default_factory=list)
    share_after_s: float = 0.02
    unshared: int = 0
    later: Callable[[float, Callable[[], None]], None] = lambda seconds, run: run()
