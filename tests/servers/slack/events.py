"""Which events a change causes and who hears of them (docs.slack.dev/reference/events).

An app hears of a conversation when its bot is in it, when its manifest subscribes to the type and
when its token has the type's scope. It hears of its own doings too: bolt drops those.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.servers.slack import shapes
from tests.servers.slack.model import App, Channel, File, Installation, Json, Message, User, View

if TYPE_CHECKING:
    from tests.servers.slack.world import World

SUBSCRIPTIONS = {
    "public": "message.channels",
    "private": "message.groups",
    "im": "message.im",
    "mpim": "message.mpim",
}
SCOPES = {
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "message.mpim": {"mpim:history"},
    "app_mention": {"app_mentions:read"},
    "file_shared": {"files:read"},
    "file_deleted": {"files:read"},
    "file_unshared": {"files:read"},
    "reaction_added": {"reactions:read"},
    "reaction_removed": {"reactions:read"},
    "member_joined_channel": {"channels:read", "groups:read"},
    "member_left_channel": {"channels:read", "groups:read"},
    "channel_archive": {"channels:read"},
    "group_archive": {"groups:read"},
}


@dataclass(frozen=True)
class Announcement:
    """An event and where it happened.

    `only`: the one installation that it concerns; `app`: filled in when sent.
    """

    event: Json
    channel: Channel | None = None
    only: Installation | None = None

    @property
    def subscription(self) -> str:
        """The name under which a manifest subscribes to it."""
        if self.event["type"] == "message" and self.channel:
            return SUBSCRIPTIONS[self.channel.kind]
        return str(self.event["type"])

    @property
    def name(self) -> str:
        """What tests call it: the type, and for messages the subtype after a slash."""
        subtype = self.event.get("subtype")
        return f"{self.event['type']}/{subtype}" if subtype else str(self.event["type"])


def audience(world: World, it: Announcement) -> list[tuple[App, Installation]]:
    """The installations that get the event."""
    return [(here.app, here) for here in world.installations if _hears(here, it)]


def _hears(here: Installation, it: Announcement) -> bool:
    if it.only is not None and it.only is not here:
        return False
    if here.state != "active" and it.subscription not in {"app_uninstalled", "tokens_revoked"}:
        return False
    if it.channel is not None and here.bot_user not in it.channel.members:
        return False
    wanted = SCOPES.get(it.subscription)
    return it.subscription in here.app.events and (not wanted or bool(wanted & here.scopes))


def as_it_stands(world: World, message: Message) -> Json:
    return shapes.message(world, message)


def _message(channel: Channel, event_ts: str, **fields: object) -> Json:
    kind = shapes.CHANNEL_TYPES[channel.kind]
    return {
        "type": "message",
        **fields,
        "channel": channel.id,
        "event_ts": event_ts,
        "channel_type": kind,
    }


def posted(world: World, message: Message) -> Announcement:
    channel = world.channels[message.channel]
    body = shapes.message(world, message)
    if message.files and not message.subtype:
        body["subtype"] = "file_share"
    return Announcement(_message(channel, message.ts, **body), channel)


def changed(world: World, message: Message, before: Json) -> Announcement:
    channel, ts = world.channels[message.channel], world.new_ts()
    now = shapes.message(world, message)
    fields = {
        "subtype": "message_changed",
        "hidden": True,
        "ts": ts,
        "message": now,
        "previous_message": before,
    }
    return Announcement(_message(channel, ts, **fields), channel)


def deleted(world: World, message: Message, before: Json) -> Announcement:
    channel, ts = world.channels[message.channel], world.new_ts()
    fields = {"subtype": "message_deleted", "hidden": True, "ts": ts, "deleted_ts": message.ts}
    return Announcement(_message(channel, ts, **fields, previous_message=before), channel)


def shared(world: World, message: Message, file: File) -> Announcement:
    return _about_file(world, "file_shared", message, file)


def unshared(world: World, message: Message, file: File) -> Announcement:
    return _about_file(world, "file_unshared", message, file)


def _about_file(world: World, kind: str, message: Message, file: File) -> Announcement:
    """Only ids, and no timestamp of the message."""
    event = {"type": kind, "file_id": file.id, "user_id": message.user, "file": {"id": file.id}}
    channel = world.channels[message.channel]
    return Announcement({**event, "channel_id": channel.id, "event_ts": world.new_ts()}, channel)


def file_deleted(world: World, file: File) -> Announcement:
    places = list(dict.fromkeys(channel for channel, _, _ in file.shares))
    event = {
        "type": "file_deleted",
        "file_id": file.id,
        "channel_ids": places,
        "event_ts": world.new_ts(),
    }
    return Announcement(event, world.channels[places[0]] if places else None)


def mentions(world: World, message: Message) -> list[Announcement]:
    """`app_mention` for each bot that the text names; never in direct messages."""
    channel = world.channels[message.channel]
    named = [here for here in world.installations if f"<@{here.bot_user}>" in message.text]
    if channel.kind == "im":
        return []
    body = shapes.message(world, message) | {"type": "app_mention"}
    body.pop("subtype", None)
    if not world.mention_with_files:
        body.pop("files", None)
        body.pop("upload", None)
    event = {**body, "channel": channel.id, "event_ts": message.ts}
    return [Announcement(event, channel, here) for here in named if here.bot_user != message.user]


def reaction(world: World, kind: str, message: Message, user: User, name: str) -> Announcement:
    channel = world.channels[message.channel]
    item = {"type": "message", "channel": channel.id, "ts": message.ts}
    event = {
        "type": kind,
        "user": user.id,
        "reaction": name,
        "item_user": message.user,
        "item": item,
    }
    return Announcement({**event, "event_ts": world.new_ts()}, channel)


def joined(world: World, channel: Channel, user: User, inviter: User | None) -> Announcement:
    return _membership(
        world, "member_joined_channel", channel, user, {"inviter": inviter.id} if inviter else {}
    )


def left(world: World, channel: Channel, user: User) -> Announcement:
    return _membership(world, "member_left_channel", channel, user, {})


def _membership(world: World, kind: str, channel: Channel, user: User, more: Json) -> Announcement:
    letter = "C" if channel.kind == "public" else "G"
    event = {
        "type": kind,
        "user": user.id,
        "channel": channel.id,
        "channel_type": letter,
        "team": user.team_id,
    }
    return Announcement({**event, **more, "event_ts": world.new_ts()}, channel)


def archived(world: World, channel: Channel, user: User) -> Announcement:
    kind = "channel_archive" if channel.kind == "public" else "group_archive"
    event = {
        "type": kind,
        "channel": channel.id,
        "user": user.id,
        "is_moved": 0,
        "event_ts": world.new_ts(),
    }
    return Announcement(event, channel)


def tokens_revoked(here: Installation) -> Announcement:
    tokens = {"oauth": [], "bot": [here.bot_user]}
    return Announcement(
        {"type": "tokens_revoked", "tokens": tokens, "event_ts": f"{time.time():.6f}"}, None, here
    )


def app_uninstalled(here: Installation) -> Announcement:
    return Announcement({"type": "app_uninstalled", "event_ts": f"{time.time():.6f}"}, None, here)


def home_opened(world: World, here: Installation, user: User, view: View | None) -> Announcement:
    channel = world.direct_message(here, user.id)
    event = {"type": "app_home_opened", "user": user.id, "channel": channel.id, "tab": "home"}
    shown = {"view": shapes.view(world, view)} if view else {}
    return Announcement({**event, **shown, "event_ts": world.new_ts()}, None, here)
