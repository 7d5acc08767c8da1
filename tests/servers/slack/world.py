"""The state of the fake Slack and everything that changes it; each change tells the apps that may
know of it.

One lock guards all of it. Whoever changes something does so inside `with world.changing() as
batch`: its events are handed to `deliver` together when the block ends, and those who wait
(`wait_until`) look again.
"""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.servers.slack import events
from tests.servers.slack.errors import Refused
from tests.servers.slack.events import Announcement
from tests.servers.slack.model import (
    App,
    Channel,
    File,
    Installation,
    Json,
    Message,
    Team,
    Uploads,
    User,
    View,
)


@dataclass
class Trigger:
    """A `trigger_id`: who caused it and when (monotonic seconds)."""

    user: str
    team_id: str
    at: float
    used: bool = False


@dataclass
class ResponseUrl:
    """A `response_url`: where it posts, since when (monotonic seconds) and how often it was
    used.
    """

    here: Installation
    channel: str
    user: str
    message_ts: str | None
    at: float
    uses: int = 0


@dataclass(eq=False)
class World:
    """All things, by id."""

    teams: dict[str, Team] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)
    installations: list[Installation] = field(default_factory=list)
    views: dict[str, View] = field(default_factory=dict)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    ephemerals: list[Message] = field(default_factory=list)
    broadcasts: list[str] = field(default_factory=list)
    uploads: Uploads = field(default_factory=Uploads)
    file_host_url: str = ""
    event_order: tuple[str, ...] = ("message", "file_shared", "app_mention")
    mention_with_files: bool = True
    bot_uploads_name_the_bot: bool = True
    deliver: Callable[[list[Announcement]], None] = lambda batch: None

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self._numbers = itertools.count(1)
        self._last_ts = 0
        self._batch: list[Announcement] | None = None

    @contextmanager
    def changing(self) -> Iterator[list[Announcement]]:
        """The lock, for a change; what is announced inside is delivered when the outermost
        block ends.
        """
        with self.lock:
            outermost = self._batch is None
            batch = self._batch = [] if self._batch is None else self._batch
            try:
                yield batch
            finally:
                if outermost:
                    self._batch = None
                    if batch:
                        self.deliver(sorted(batch, key=self._rank))
                    self.changed.notify_all()

    def _rank(self, announcement: Announcement) -> int:
        kind = announcement.event["type"]
        return self.event_order.index(kind) if kind in self.event_order else -1

    # ---------- names and numbers

    def new_id(self, prefix: str) -> str:
        """An id as Slack's: a letter for the kind, then capitals and digits."""
        return f"{prefix}{next(self._numbers):04X}{secrets.token_hex(3).upper()}"

    def new_ts(self) -> str:
        """A message's timestamp: seconds with six decimals, unique and ascending."""
        self._last_ts = max(self._last_ts + 1, int(time.time() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def domain_of(self, user_id: str) -> str:
        user = self.users.get(user_id)
        return self.teams[user.team_id].domain if user and user.team_id in self.teams else "example"

    def installation(self, app_id: str, team_id: str) -> Installation:
        return next(
            one for one in self.installations if (one.app.id, one.team_id) == (app_id, team_id)
        )

    def new_trigger(self, user: User, team_id: str) -> str:
        key = f"{secrets.randbelow(10**12)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self.triggers[key] = Trigger(user.id, team_id, time.monotonic())
        return key

    # ---------- conversations

    def replies_of(self, parent: Message) -> list[Message]:
        messages = self.channels[parent.channel].messages.values()
        return [
            one
            for one in messages
            if one.thread_ts == parent.ts and one.is_reply and not one.deleted
        ]

    def find(self, channel_id: str, ts: str) -> Message:
        """A message that is still there. Raises Refused."""
        message = self.channels[channel_id].messages.get(ts)
        if message is None or message.deleted:
            raise Refused("message_not_found")
        return message

    def direct_message(self, here: Installation, user_id: str) -> Channel:
        """The conversation of an app's bot with a person; made where there is none."""
        for channel in self.channels.values():
            if channel.kind == "im" and channel.members == {here.bot_user, user_id}:
                return channel
        members = {here.bot_user, user_id}
        channel = Channel(
            self.new_id("D"),
            here.team_id,
            "directmessage",
            "im",
            user_id,
            int(time.time()),
            members,
            user=user_id,
        )
        self.channels[channel.id] = channel
        return channel

    def join(self, channel: Channel, user: User, inviter: User | None = None) -> None:
        with self.changing() as batch:
            if user.id in channel.members:
                return
            channel.members.add(user.id)
            text = f"<@{user.id}> has joined the channel"
            notice = self._add(
                Message(
                    self.new_ts(),
                    channel.id,
                    user.id,
                    text,
                    channel.team_id,
                    subtype="channel_join",
                    inviter=inviter.id if inviter else None,
                )
            )
            batch.append(events.posted(self, notice))
            batch.append(events.joined(self, channel, user, inviter))

    def leave(self, channel: Channel, user: User) -> None:
        with self.changing() as batch:
            batch.append(events.left(self, channel, user))
            channel.members.discard(user.id)

    def archive(self, channel: Channel, user: User) -> None:
        with self.changing() as batch:
            channel.is_archived = True
            batch.append(events.archived(self, channel, user))

    # ---------- messages

    def post(self, message: Message) -> Message:
        """Add a message with its files, and tell: message, `file_shared` for each file,
        `app_mention`.
        """
        with self.changing() as batch:
            channel = self.channels[message.channel]
            self._settle_thread(channel, message)
            self._add(message)
            for file_id in message.files:
                self.files[file_id].shares.append((channel.id, message.ts, message.thread_ts))
            batch.append(events.posted(self, message))
            batch.extend(
                events.shared(self, message, self.files[file_id]) for file_id in message.files
            )
            batch.extend(events.mentions(self, message))
        return message

    def _settle_thread(self, channel: Channel, message: Message) -> None:
        """A reply to what is no parent, or is there no more, stands in the channel by itself."""
        if message.thread_ts is None:
            return
        parent = channel.messages.get(message.thread_ts)
        if parent is None or parent.deleted or parent.is_reply:
            message.thread_ts = None
        else:
            parent.thread_ts = parent.ts

    def _add(self, message: Message) -> Message:
        message.history.append((message.text, message.blocks))
        self.channels[message.channel].messages[message.ts] = message
        return message

    def edit(self, message: Message, by: User | None, **changes: object) -> None:
        """Change text, blocks, metadata or attachments.

        `by` None: Slack did it (an unfurl): no mark of an edit.
        """
        with self.changing() as batch:
            before = events.as_it_stands(self, message)
            for name, value in changes.items():
                setattr(message, name, value)
            message.history.append((message.text, message.blocks))
            if by:
                message.edited = {"user": by.id, "ts": self.new_ts()}
            batch.append(events.changed(self, message, before))

    def delete(self, message: Message) -> None:
        """Delete a message; one with replies leaves a tombstone, which comes as
        `message_changed`.
        """
        with self.changing() as batch:
            before = events.as_it_stands(self, message)
            if self.replies_of(message):
                message.tombstone = True
                batch.append(events.changed(self, message, before))
            else:
                message.deleted = True
                batch.append(events.deleted(self, message, before))
            for file_id in message.files:
                self._unshare(self.files[file_id], message, batch)

    def _unshare(self, file: File, message: Message, batch: list[Announcement]) -> None:
        file.shares = [share for share in file.shares if share[:2] != (message.channel, message.ts)]
        batch.append(events.unshared(self, message, file))

    def unshare(self, file: File, message: Message) -> None:
        """Take a file out of a message; the file itself stays."""
        with self.changing() as batch:
            before = events.as_it_stands(self, message)
            message.files.remove(file.id)
            self._unshare(file, message, batch)
            if message.files or message.text:
                batch.append(events.changed(self, message, before))
            else:
                message.deleted = True
                batch.append(events.deleted(self, message, before))

    def delete_file(self, file: File) -> None:
        """Delete a file: messages keep a tombstone of it, or go with it where they were nothing
        else.
        """
        with self.changing() as batch:
            messages = [self.channels[channel].messages[ts] for channel, ts, _ in file.shares]
            before = [events.as_it_stands(self, message) for message in messages]
            file.deleted = True
            batch.append(events.file_deleted(self, file))
            for message, was in zip(messages, before, strict=True):
                if message.text or any(not self.files[one].deleted for one in message.files):
                    batch.append(events.changed(self, message, was))
                else:
                    message.deleted = True
                    batch.append(events.deleted(self, message, was))
            file.shares.clear()

    def react(self, message: Message, user: User, name: str) -> None:
        with self.changing() as batch:
            users = message.reactions.setdefault(name, [])
            if user.id in users:
                raise Refused("already_reacted")
            users.append(user.id)
            batch.append(events.reaction(self, "reaction_added", message, user, name))

    def unreact(self, message: Message, user: User, name: str) -> None:
        with self.changing() as batch:
            users = message.reactions.get(name, [])
            if user.id not in users:
                raise Refused("no_reaction")
            users.remove(user.id)
            batch.append(events.reaction(self, "reaction_removed", message, user, name))

    # ---------- apps

    def uninstall(self, here: Installation) -> None:
        """Take the app out of its team: `tokens_revoked` and `app_uninstalled`, then silence."""
        with self.changing() as batch:
            batch.append(events.tokens_revoked(here))
            batch.append(events.app_uninstalled(here))
            here.state = "uninstalled"
            for channel in self.channels.values():
                channel.members.discard(here.bot_user)

    def revoke(self, here: Installation) -> None:
        with self.changing() as batch:
            batch.append(events.tokens_revoked(here))
            here.state = "revoked"

    def open_home(self, here: Installation, user: User) -> None:
        with self.changing() as batch:
            batch.append(events.home_opened(self, here, user, self.home_of(here, user.id)))

    def home_of(self, here: Installation, user_id: str) -> View | None:
        """The Home tab that the app has published for a person."""
        views = [
            one for one in self.views.values() if one.user == user_id and one.app_id == here.app.id
        ]
        return next(
            (
                one
                for one in views
                if one.body.get("type") == "home" and one.team_id == here.team_id
            ),
            None,
        )

    def new_view(
        self, here: Installation, user_id: str, body: Json, previous: View | None = None
    ) -> View:
        view_id = self.new_id("V")
        root = previous.root_id if previous else view_id
        view = View(view_id, here.app.id, here.team_id, user_id, body, self.new_hash(), root)
        view.previous_id = previous.id if previous else None
        self.views[view_id] = view
        return view

    def new_hash(self) -> str:
        return f"{int(time.time())}.{secrets.token_hex(4)}"
