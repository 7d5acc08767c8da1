"""The JSON that Slack makes of its things (docs.slack.dev/reference/objects): pure, model in,
JSON out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.servers.slack.model import App, Channel, File, Installation, Json, Message, User, View

if TYPE_CHECKING:
    from tests.servers.slack.world import World

CHANNEL_TYPES = {"public": "channel", "private": "group", "im": "im", "mpim": "mpim"}


def without_none(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def message(
    world: World,
    it: Message,
    *,
    replies: bool = False,
    metadata: bool = False,
    shares: bool = False,
) -> Json:
    """A message as `conversations.history` and events have it."""
    if it.tombstone:
        return _tombstone(world, it)
    author = world.users.get(it.user)
    return without_none(
        type="message",
        subtype=it.subtype,
        user=it.user,
        text=it.text,
        ts=it.ts,
        thread_ts=it.thread_ts,
        parent_user_id=_parent_user(world, it),
        client_msg_id=it.client_msg_id,
        team=it.team,
        user_team=author.team_id if author and author.team_id != it.team else None,
        bot_id=it.bot_id,
        app_id=it.app_id,
        blocks=it.blocks or None,
        attachments=it.attachments or None,
        files=[file_in_message(world, world.files[one], shares=shares) for one in it.files] or None,
        upload=False if it.files else None,
        edited=it.edited,
        inviter=it.inviter,
        reactions=reactions(it) or None,
        metadata=it.metadata if metadata else None,
        **(_thread(world, it) if replies else {}),
    )


def reactions(it: Message) -> list[Json]:
    return [
        {"name": name, "users": users, "count": len(users)}
        for name, users in it.reactions.items()
        if users
    ]


def _tombstone(world: World, it: Message) -> Json:
    """What is left of a deleted message that has replies."""
    return {
        "type": "message",
        "subtype": "tombstone",
        "text": "This message was deleted.",
        "user": "USLACKBOT",
        "hidden": True,
        "ts": it.ts,
        "thread_ts": it.ts,
        **_thread(world, it),
    }


def _parent_user(world: World, it: Message) -> str | None:
    parent = (
        world.channels[it.channel].messages.get(it.thread_ts)
        if it.is_reply and it.thread_ts
        else None
    )
    return parent.user if parent else None


def _thread(world: World, it: Message) -> Json:
    replies = world.replies_of(it)
    if not replies:
        return {}
    users = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "reply_users": users[:5],
        "latest_reply": replies[-1].ts,
        "is_locked": it.ts in world.channels[it.channel].locked_threads,
        "subscribed": False,
    }


def file_in_message(world: World, it: File, *, shares: bool = False) -> Json:
    """A file as it stands in a message: whole, a tombstone, or Slack Connect's stub."""
    if it.deleted:
        return {"id": it.id, "mode": "tombstone"}
    if it.unseen:
        return {
            "id": it.id,
            "mode": "file_access",
            "file_access": "check_file_info",
            "created": 0,
            "timestamp": 0,
            "user": "",
        }
    return file(world, it, shares=shares)


def file(world: World, it: File, *, shares: bool = True) -> Json:
    """A file as `files.info` has it; events carry no `shares`."""
    owner = world.users.get(it.user)
    name = re.sub(r"[^a-z0-9._-]+", "_", it.name.lower())
    place = f"{world.file_host_url}/files-pri/{owner.team_id if owner else 'T0'}-{it.id}"
    external = it.external_url is not None
    answer = {
        "id": it.id,
        "created": it.created,
        "timestamp": it.created,
        "name": it.name,
        "title": it.title or it.name,
        "mimetype": it.mimetype,
        "filetype": it.filetype,
        "pretty_type": it.filetype.upper(),
        "user": it.user,
        "user_team": owner.team_id if owner else None,
        "editable": False,
        "size": it.size,
        "mode": "external" if external else it.mode,
        "is_external": external,
        "external_type": "gdrive" if external else "",
        "is_public": bool(_places(world, it, "public")),
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": it.external_url or f"{place}/{name}",
        "permalink": f"https://{world.domain_of(it.user)}.slack.com/files/{it.user}/{it.id}/{name}",
        "has_rich_preview": False,
        "file_access": "visible",
    }
    if not external:
        answer["url_private_download"] = f"{place}/download/{name}"
    return answer | (_shared(world, it) if shares else {})


def _places(world: World, it: File, kind: str) -> dict[str, list[Json]]:
    """The shares of a kind, channel by channel; direct messages count as private."""
    found: dict[str, list[Json]] = {}
    for channel_id, ts, thread_ts in it.shares:
        channel = world.channels[channel_id]
        if ("public" if channel.kind == "public" else "private") != kind:
            continue
        share = without_none(
            reply_users=[],
            reply_users_count=0,
            reply_count=0,
            ts=ts,
            thread_ts=thread_ts,
            channel_name=channel.name,
            team_id=channel.team_id,
            share_user_id=it.user,
            source="UPLOAD",
        )
        found.setdefault(channel_id, []).append(share)
    return found


def _shared(world: World, it: File) -> Json:
    kinds = [(channel_id, world.channels[channel_id].kind) for channel_id, _, _ in it.shares]
    shares = {
        kind: places for kind in ("public", "private") if (places := _places(world, it, kind))
    }
    return {
        "channels": [channel for channel, kind in kinds if kind == "public"],
        "groups": [channel for channel, kind in kinds if kind in {"private", "mpim"}],
        "ims": [channel for channel, kind in kinds if kind == "im"],
        "shares": shares,
    }


def channel(it: Channel, caller: str, *, locale: bool = False) -> Json:
    """A conversation as `conversations.info` has it for `caller`."""
    kind = it.kind
    answer = {
        "id": it.id,
        "created": it.created,
        "is_archived": it.is_archived,
        "is_channel": kind == "public",
        "is_group": kind == "private",
        "is_im": kind == "im",
        "is_mpim": kind == "mpim",
        "is_private": kind != "public",
        "is_shared": it.is_ext_shared,
        "is_ext_shared": it.is_ext_shared,
        "is_org_shared": False,
        "context_team_id": it.team_id,
    }
    if kind == "im":
        answer |= {"user": it.user, "is_open": True, "is_user_deleted": False}
    else:
        answer |= {
            "name": it.name,
            "name_normalized": it.name,
            "creator": it.creator,
            "is_general": False,
            "is_member": caller in it.members,
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }
    return answer | ({"locale": "en-US"} if locale else {})


def user(it: User, team_id: str, *, locale: bool, email: bool) -> Json:
    """A user as `users.info` has it in a team; the address only with `users:read.email`."""
    profile = {"real_name": it.real_name, "display_name": it.name, "team": it.team_id}
    if it.email and email:
        profile["email"] = it.email
    if it.bot_id:
        profile |= {"bot_id": it.bot_id, "api_app_id": it.app_id or ""}
    answer = {
        "id": it.id,
        "team_id": it.team_id,
        "name": it.name,
        "deleted": it.deleted,
        "real_name": it.real_name,
        "tz": it.tz,
        "tz_label": it.tz,
        "tz_offset": 3600,
        "profile": profile,
        "is_admin": it.is_admin,
        "is_owner": it.is_owner,
        "is_primary_owner": False,
        "is_restricted": it.is_restricted,
        "is_ultra_restricted": it.is_ultra_restricted,
        "is_bot": it.is_bot,
        "is_app_user": False,
        "is_stranger": it.team_id != team_id and team_id not in it.grid_teams,
        "updated": 0,
    }
    if it.grid_teams:
        answer["enterprise_user"] = {"id": it.id, "teams": list(it.grid_teams)}
    return answer | ({"locale": it.locale} if locale else {})


def view(world: World, it: View) -> Json:
    """A view as `views.*` and interaction payloads have it."""
    here = world.installation(it.app_id, it.team_id)
    body = {
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "submit": None,
        "close": None,
    } | it.body
    return body | {
        "id": it.id,
        "team_id": it.team_id,
        "app_id": it.app_id,
        "app_installed_team_id": it.team_id,
        "bot_id": here.bot_id,
        "hash": it.hash,
        "root_view_id": it.root_id,
        "previous_view_id": it.previous_id,
        "state": {"values": it.state},
        "clear_on_close": it.body.get("clear_on_close", False),
        "notify_on_close": it.body.get("notify_on_close", False),
    }


def event_callback(
    app: App, here: Installation, event: Json, event_id: str, at: int, *, shared: bool
) -> Json:
    """The outer event (docs.slack.dev/apis/events-api#events-JSON)."""
    return {
        "token": app.verification_token,
        "team_id": here.team_id,
        "context_team_id": here.team_id,
        "context_enterprise_id": None,
        "api_app_id": app.id,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": at,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": here.team_id,
                "user_id": here.bot_user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": shared,
        "event_context": f"4-{event_id}",
    }
