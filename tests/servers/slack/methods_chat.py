"""`chat.*` and `reactions.*`."""

from __future__ import annotations

import json
import re

from tests.servers.slack import blocks, shapes
from tests.servers.slack.api import Call, method
from tests.servers.slack.errors import Refused, invalid
from tests.servers.slack.model import Channel, Installation, Json, Message
from tests.servers.slack.world import World

MAX_TEXT, MAX_UPDATE = 40_000, 4_000  # characters
MAX_METADATA = 8_000  # characters of JSON; Slack's own figure is not documented
BROADCAST = re.compile(r"<!(?:channel|here|everyone|group|subteam\^[^>]*)(?:\|[^>]*)?>")
EMOJI = re.compile(r"[a-z0-9_+'-]+(?:::skin-tone-[2-6])?")
MAX_REACTIONS = 50


def note_broadcasts(world: World, text: str, shown: list[Json]) -> None:
    """Remember each text in which Slack would notify a whole channel."""
    world.broadcasts.extend(one for one in [text, *blocks.mrkdwn(shown)] if BROADCAST.search(one))


def checked_blocks(call: Call) -> list[Json]:
    """The call's blocks. Raises Refused where Slack would not take them."""
    shown = call.structure("blocks", "invalid_blocks_format")
    if shown is None:
        return []
    if not isinstance(shown, list):
        raise Refused("invalid_blocks_format")
    found = blocks.complaints(shown)
    if found:
        raise invalid("invalid_blocks", found)
    if blocks.characters(shown) > blocks.MAX_MESSAGE_CHARACTERS:
        raise Refused("msg_blocks_too_long")
    return _with_ids(shown)


def _with_ids(shown: list[Json]) -> list[Json]:
    """Slack gives ids to blocks and elements that have none."""
    answer = []
    for number, block in enumerate(shown):
        block = json.loads(json.dumps(block))
        block.setdefault("block_id", f"b{number:04d}")
        for place, element in enumerate(blocks.elements(block)):
            element.setdefault("action_id", f"a{number:03d}{place}")
        answer.append(block)
    return answer


def may_post(call: Call, channel: Channel, thread_ts: str | None) -> None:
    """Raises Refused where the bot may not write."""
    here = call.installation
    if channel.is_archived:
        raise Refused("is_archived")
    if here.bot_user not in channel.members and not (
        channel.kind == "public" and "chat:write.public" in here.scopes
    ):
        raise Refused("not_in_channel")
    if channel.is_read_only:
        raise Refused("restricted_action_read_only_channel")
    if thread_ts and thread_ts in channel.locked_threads:
        raise Refused("restricted_action_thread_locked")


def _target(call: Call) -> Channel:
    """A channel by its id; a person's id stands for the direct message with them."""
    name = call.required("channel", "channel_not_found")
    if name in call.world.users:
        if call.world.users[name].is_bot:
            raise Refused("cannot_dm_bot")
        return call.world.direct_message(call.installation, name)
    return call.channel()


def _metadata(call: Call) -> Json | None:
    value = call.structure("metadata", "invalid_metadata_format")
    if value is None or value == {}:
        return None
    if not isinstance(value, dict) or not {"event_type", "event_payload"} <= value.keys():
        raise Refused("invalid_metadata_format")
    if not isinstance(value["event_payload"], dict):
        raise Refused("invalid_metadata_schema")
    if len(json.dumps(value)) > MAX_METADATA:
        raise Refused("metadata_too_large")
    return value


def _draft(call: Call, channel: Channel) -> Message:
    shown, attachments = (
        checked_blocks(call),
        call.structure("attachments", "invalid_attachments") or [],
    )
    text = str(call.arguments.get("text") or "")[:MAX_TEXT]
    if not (text or shown or attachments):
        raise Refused("no_text")
    note_broadcasts(call.world, text, shown)
    return bot_message(
        call.world, call.installation, channel, text, call.text("thread_ts"), shown, _metadata(call)
    )


def bot_message(
    world: World,
    here: Installation,
    channel: Channel,
    text: str,
    thread_ts: str | None = None,
    shown: list[Json] | None = None,
    metadata: Json | None = None,
) -> Message:
    """A message of the app's bot, not posted yet."""
    message = Message(
        world.new_ts(), channel.id, here.bot_user, text, here.team_id, thread_ts=thread_ts
    )
    message.blocks, message.metadata = shown or [], metadata
    message.bot_id, message.app_id = here.bot_id, here.app.id
    return message


@method("chat.postMessage", "chat:write", tier=0)
def post_message(call: Call) -> Json:
    channel = _target(call)
    may_post(call, channel, call.text("thread_ts"))
    message = call.world.post(_draft(call, channel))
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": shapes.message(call.world, message, metadata=True),
    }


@method("chat.postEphemeral", "chat:write", tier=4)
def post_ephemeral(call: Call) -> Json:
    channel, user = call.channel(), call.required("user", "user_not_in_channel")
    may_post(call, channel, None)
    if user not in channel.members:
        raise Refused("user_not_in_channel")
    message = _draft(call, channel)
    message.ephemeral_to = user
    call.world.ephemerals.append(message)
    return {"message_ts": message.ts}


def _own(call: Call) -> Message:
    channel = call.channel()
    message = call.world.find(channel.id, call.required("ts", "message_not_found"))
    if message.tombstone:
        raise Refused("message_not_found")
    if message.app_id != call.installation.app.id:
        raise Refused(
            "cant_update_message" if call.method == "chat.update" else "cant_delete_message"
        )
    return message


@method("chat.update", "chat:write", tier=3)
def update(call: Call) -> Json:
    """What is left out of text, blocks and metadata stays as it is; empty metadata takes it
    away.
    """
    message, channel = _own(call), call.channel()
    if channel.is_archived:
        raise Refused("is_inactive")
    may_post(call, channel, message.thread_ts)
    text = call.text("text")
    if len(text or "") > MAX_UPDATE:
        raise Refused("msg_too_long")
    shown = checked_blocks(call) if "blocks" in call.arguments else message.blocks
    if not (text or "blocks" in call.arguments):
        raise Refused("no_text")
    note_broadcasts(call.world, text or "", shown)
    changes = {"text": message.text if text is None else text, "blocks": shown}
    if "metadata" in call.arguments:
        changes["metadata"] = _metadata(call)
    call.world.edit(message, call.bot, **changes)
    answer = {"channel": message.channel, "ts": message.ts, "text": message.text}
    return answer | {"message": shapes.message(call.world, message, metadata=True)}


@method("chat.delete", "chat:write", tier=3)
def delete(call: Call) -> Json:
    message = _own(call)
    call.world.delete(message)
    return {"channel": message.channel, "ts": message.ts}


@method("chat.getPermalink", tier=4)
def permalink(call: Call) -> Json:
    channel, ts = call.channel(), call.required("message_ts", "message_not_found")
    message = call.world.find(channel.id, ts)
    domain = call.world.teams[channel.team_id].domain
    link = f"https://{domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _reacted(call: Call) -> tuple[Message, str]:
    if not call.text("timestamp"):
        raise Refused("no_item_specified")
    name = call.required("name", "invalid_name").strip(":")
    if not EMOJI.fullmatch(name):
        raise Refused("invalid_name")
    channel = call.channel()
    if channel.is_archived:
        raise Refused("is_archived")
    if call.installation.bot_user not in channel.members:
        raise Refused("not_in_channel")
    message = call.world.find(channel.id, call.required("timestamp"))
    if message.tombstone:
        raise Refused("message_not_found")
    if (message.thread_ts or message.ts) in channel.locked_threads:
        raise Refused("thread_locked")
    return message, name


@method("reactions.add", "reactions:write", tier=3)
def add_reaction(call: Call) -> Json:
    message, name = _reacted(call)
    if name not in message.reactions and len(message.reactions) >= MAX_REACTIONS:
        raise Refused("too_many_emoji")
    call.world.react(message, call.bot, name)
    return {}


@method("reactions.remove", "reactions:write", tier=2)
def remove_reaction(call: Call) -> Json:
    message, name = _reacted(call)
    call.world.unreact(message, call.bot, name)
    return {}


@method("reactions.get", "reactions:read", tier=3)
def get_reactions(call: Call) -> Json:
    channel = call.channel()
    message = call.world.find(channel.id, call.required("timestamp", "no_item_specified"))
    return {
        "type": "message",
        "channel": channel.id,
        "message": shapes.message(call.world, message, replies=True),
    }
