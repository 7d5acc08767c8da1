"""What people do in Slack.

Texts are in Slack's wire form: a mention is `<@U…>`, a typed `<` is `&lt;`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.servers.slack.model import PDF, Channel, File, Installation, Message, User

if TYPE_CHECKING:
    from tests.servers.slack.courier import Courier
    from tests.servers.slack.world import World


class People:
    """Part of `FakeSlack`: people, places, and what the first do in the second."""

    world: World
    courier: Courier
    here: Installation

    def user(self, name: str, **more: Any) -> User:
        """A new person (see `User` for what may be said of them)."""
        more.setdefault("email", f"{name}@example.com")
        user = User(
            self.world.new_id("U"),
            more.pop("team_id", self.here.team_id),
            name,
            name.title(),
            **more,
        )
        self.world.users[user.id] = user
        return user

    def other_bot(self, name: str) -> User:
        """The bot of an app that is not under test."""
        more = {
            "is_bot": True,
            "bot_id": self.world.new_id("B"),
            "app_id": self.world.new_id("A"),
            "email": None,
        }
        return self.user(name, **more)

    def channel(self, name: str, *members: User, bot: bool = True, **more: Any) -> Channel:
        """A new channel of the first member's making; `bot`: the app's bot is in it, without an
        event.
        """
        team = more.pop("team_id", self.here.team_id)
        kind, creator = more.pop("kind", "public"), more.pop("creator", members[0].id)
        channel = Channel(
            self.world.new_id("C"), team, name, kind, creator, int(time.time()), **more
        )
        channel.members |= {one.id for one in members} | ({self.here.bot_user} if bot else set())
        self.world.channels[channel.id] = channel
        return channel

    def dm(self, user: User) -> Channel:
        """The direct message of a person with the app."""
        return self.world.direct_message(self.here, user.id)

    def file(self, name: str, content: bytes, **more: Any) -> File:
        """A file to be posted; `size` differs from the content's length where said."""
        more.setdefault("size", len(content))
        kind = name.rpartition(".")[2].lower()
        more.setdefault("filetype", kind)
        more.setdefault("mimetype", PDF if kind == "pdf" else "application/octet-stream")
        file = File(self.world.new_id("F"), name, "", int(time.time()), content, **more)
        self.world.files[file.id] = file
        return file

    def post(
        self,
        user: User,
        channel: Channel,
        text: str = "",
        files: Sequence[File] = (),
        thread_ts: str | None = None,
    ) -> Message:
        """Post a message. A file that is posted again is shared again."""
        message = Message(
            self.world.new_ts(), channel.id, user.id, text, channel.team_id, thread_ts=thread_ts
        )
        message.client_msg_id = None if user.is_bot else str(uuid.uuid4())
        message.bot_id, message.app_id = user.bot_id, user.app_id
        message.files = [file.id for file in files]
        for file in files:
            file.user = file.user or user.id
            file.unseen = file.unseen or channel.is_ext_shared
        return self.world.post(message)

    def edit(self, message: Message, text: str) -> None:
        self.world.edit(message, self.world.users[message.user], text=text)

    def unfurl(self, message: Message, url: str = "https://example.com") -> None:
        """Slack adds a preview of a link: `message_changed` that nobody caused."""
        attachment = {"id": 1, "from_url": url, "fallback": url, "title": "Example"}
        self.world.edit(message, None, attachments=[attachment])

    def delete(self, message: Message) -> None:
        self.world.delete(message)

    def delete_file(self, file: File) -> None:
        self.world.delete_file(file)

    def unshare(self, file: File, message: Message) -> None:
        self.world.unshare(file, message)

    def react(self, user: User, message: Message, name: str) -> None:
        self.world.react(message, user, name)

    def unreact(self, user: User, message: Message, name: str) -> None:
        self.world.unreact(message, user, name)

    def invite(self, inviter: User, channel: Channel, who: User | None = None) -> None:
        """Invite somebody, or the app's bot, into a channel."""
        self.world.join(channel, who or self.world.users[self.here.bot_user], inviter)

    def kick(self, channel: Channel, who: User | None = None) -> None:
        self.world.leave(channel, who or self.world.users[self.here.bot_user])

    def archive(self, user: User, channel: Channel) -> None:
        self.world.archive(channel, user)

    def lock_thread(self, message: Message) -> None:
        with self.world.changing():
            self.world.channels[message.channel].locked_threads.add(message.thread_ts or message.ts)

    def open_home(self, user: User) -> None:
        self.world.open_home(self.here, user)

    def uninstall(self) -> None:
        self.world.uninstall(self.here)

    def revoke_tokens(self) -> None:
        self.world.revoke(self.here)
