"""`auth.*`, `apps.*`, `users.*`, `bots.*`, `team.*` and `conversations.*`."""

from __future__ import annotations

from tests.servers.slack import shapes
from tests.servers.slack.api import READ_SCOPES, Call, method, page
from tests.servers.slack.errors import Refused
from tests.servers.slack.model import Json, Message

ANY_READ = ("channels:read", "groups:read", "im:read", "mpim:read")
KINDS = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}


@method("auth.test", tier=4)
def auth_test(call: Call) -> Json:
    here, team = call.installation, call.world.teams[call.installation.team_id]
    return {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": call.bot.name,
        "team_id": team.id,
        "user_id": here.bot_user,
        "bot_id": here.bot_id,
        "is_enterprise_install": False,
    }


@method("auth.revoke", tier=3)
def auth_revoke(call: Call) -> Json:
    call.world.revoke(call.installation)
    return {"revoked": True}


@method("apps.connections.open", tier=1, token="app")
def open_connection(call: Call) -> Json:
    if call.app is None or call.socket_url is None:
        raise Refused("internal_error")
    return {"url": call.socket_url(call.app)}


@method("users.info", "users:read", tier=4)
def user_info(call: Call) -> Json:
    user = call.world.users.get(call.required("user", "user_not_found"))
    if user is None:
        raise Refused("user_not_found")
    email = "users:read.email" in call.installation.scopes
    team = call.installation.team_id
    return {"user": shapes.user(user, team, locale=call.flag("include_locale"), email=email)}


@method("users.conversations", *ANY_READ, tier=3)
def user_conversations(call: Call) -> Json:
    kinds = {KINDS.get(name, "") for name in (call.text("types") or "public_channel").split(",")}
    for kind in kinds & READ_SCOPES.keys():
        call.may(f"{READ_SCOPES[kind]}:read")
    bot, shut_out = call.bot.id, call.flag("exclude_archived")
    mine = [one for one in call.world.channels.values() if bot in one.members and one.kind in kinds]
    part, more = page(call, [one for one in mine if not (shut_out and one.is_archived)])
    return {"channels": [shapes.channel(one, bot) for one in part], **more}


@method("bots.info", "users:read", tier=3)
def bot_info(call: Call) -> Json:
    bot_id = call.required("bot", "bot_not_found")
    user = next((one for one in call.world.users.values() if one.bot_id == bot_id), None)
    if user is None:
        raise Refused("bot_not_found")
    about = {"id": bot_id, "deleted": user.deleted, "name": user.name, "updated": 0, "icons": {}}
    return {"bot": about | {"app_id": user.app_id, "user_id": user.id}}


@method("team.info", "team:read", tier=3)
def team_info(call: Call) -> Json:
    team = call.world.teams[call.installation.team_id]
    return {
        "team": {
            "id": team.id,
            "name": team.name,
            "domain": team.domain,
            "email_domain": "",
            "icon": {},
        }
    }


@method("conversations.info", *ANY_READ, tier=3)
def conversation_info(call: Call) -> Json:
    channel = call.channel()
    call.may_read(channel)
    answer = shapes.channel(channel, call.bot.id, locale=call.flag("include_locale"))
    if call.flag("include_num_members"):
        answer["num_members"] = len(channel.members)
    return {"channel": answer}


@method("conversations.members", *ANY_READ, tier=4)
def conversation_members(call: Call) -> Json:
    channel = call.channel()
    call.may_read(channel)
    members, more = page(call, sorted(channel.members))
    return {"members": members, **more}


@method("conversations.open", "im:write", "mpim:write", tier=3)
def open_conversation(call: Call) -> Json:
    names = call.arguments.get("users")
    users = names if isinstance(names, list) else str(names or "").split(",")
    if call.text("channel"):
        return {"channel": {"id": call.channel().id}, "no_op": True, "already_open": True}
    if not users[0]:
        raise Refused("users_list_not_supplied")
    user = call.world.users.get(users[0])
    if user is None or len(users) > 1:
        raise Refused("user_not_found" if user is None else "method_not_supported_for_channel_type")
    if user.is_bot:
        raise Refused("cannot_dm_bot")
    if user.deleted:
        raise Refused("user_disabled")
    known = len(call.world.channels)
    channel = call.world.direct_message(call.installation, user.id)
    found = {"no_op": True, "already_open": True} if len(call.world.channels) == known else {}
    return {
        "channel": shapes.channel(channel, call.bot.id)
        if call.flag("return_im")
        else {"id": channel.id},
        **found,
    }


@method("conversations.join", "channels:join", tier=3)
def join_conversation(call: Call) -> Json:
    channel = call.channel()
    if channel.kind != "public":
        raise Refused("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise Refused("is_archived")
    known = call.bot.id in channel.members
    call.world.join(channel, call.bot)
    warning = {"warning": "already_in_channel"} if known else {}
    return {"channel": shapes.channel(channel, call.bot.id), **warning}


def _readable(call: Call) -> list[Message]:
    """The messages of the call's channel between `oldest` and `latest`. Raises Refused."""
    channel = call.channel()
    call.may_read(channel, "history")
    if call.bot.id not in channel.members:
        raise Refused("not_in_channel")
    oldest, latest = float(call.text("oldest") or 0), float(call.text("latest") or "inf")
    messages = [one for one in channel.messages.values() if not one.deleted]
    if call.flag("inclusive"):
        return [one for one in messages if oldest <= float(one.ts) <= latest]
    return [one for one in messages if oldest < float(one.ts) < latest]


def _listed(call: Call, messages: list[Message]) -> Json:
    part, more = page(call, messages)
    metadata = call.flag("include_all_metadata")
    shown = [shapes.message(call.world, one, replies=True, metadata=metadata) for one in part]
    left = bool(more["response_metadata"]["next_cursor"])
    return {"messages": shown, "has_more": left, **(more if left else {})}


@method("conversations.history", tier=3)
def history(call: Call) -> Json:
    """Newest first, without the replies in threads."""
    messages = [one for one in reversed(_readable(call)) if not one.is_reply]
    return _listed(call, messages) | {"pin_count": 0}


@method("conversations.replies", tier=3)
def replies(call: Call) -> Json:
    """The parent, whatever the bounds, then its replies, oldest first; of a reply's `ts` only
    that reply.
    """
    found, channel = _readable(call), call.channel()
    parent = channel.messages.get(call.required("ts", "thread_not_found"))
    if parent is None or parent.deleted:
        raise Refused("thread_not_found")
    return _listed(
        call, [parent, *(one for one in found if one.thread_ts == parent.ts and one.is_reply)]
    )
