"""Looking things up in Slack: a post with its files, a person, who manages a channel.

Each call raises as `dragoman.channels.slack.slack_api.our_errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slack_sdk import WebClient

from dragoman.channels.slack.slack_api import SlackRefused, our_errors
from dragoman.settings import Settings

NOT_THERE = frozenset(
    {"message_not_found", "thread_not_found", "file_not_found", "file_deleted", "user_not_found"}
)

THREAD = 200  # posts of a thread that are looked at


@dataclass(frozen=True, slots=True)
class Post:
    """A message as it is now. `files` are file objects; `bot`: a bot or an app wrote it."""

    place: str
    ts: str
    thread_ts: str | None
    user: str
    text: str
    files: tuple[str, ...]
    bot: bool


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of a user; all of it may be missing."""

    locale: str | None = None
    bot: bool = False
    external: bool = False
    admin: bool = False


NOBODY = Person()


@dataclass(frozen=True, slots=True)
class SlackFile:
    """A file object.

    `size` None: Slack did not say. `external`: its bytes are on somebody else's server.
    """

    id: str
    name: str
    size: int | None
    kind: str
    mime: str
    url: str
    user: str
    external: bool
    shares: Mapping[str, tuple[Mapping[str, Any], ...]] = field(hash=False)

    @property
    def is_pdf(self) -> bool:
        """Whether Slack, or its name, says that it is a PDF; the bytes decide later."""
        return (
            self.kind == "pdf"
            or self.mime == "application/pdf"
            or self.name.casefold().endswith(".pdf")
        )


def post(client: WebClient, place: str, ts: str, thread_ts: str | None = None) -> Post | None:
    """The message at `ts`, also a reply; None if it is gone."""
    message = _in_thread(client, place, thread_ts or ts, ts) or _in_channel(client, place, ts)
    if message is None or message.get("subtype") == "tombstone":
        return None
    return _post(message, place, thread_ts)


def _post(message: Mapping[str, Any], place: str, thread_ts: str | None) -> Post:
    files = tuple(
        str(one["id"])
        for one in message.get("files") or ()
        if one.get("id") and one.get("mode") != "tombstone"
    )
    own = message.get("thread_ts")
    return Post(
        place=place,
        ts=str(message.get("ts") or ""),
        thread_ts=str(own) if own else thread_ts,
        user=str(message.get("user") or ""),
        text=str(message.get("text") or ""),
        files=files,
        bot=bool(message.get("bot_id")) or message.get("subtype") == "bot_message",
    )


def latest_with_files(
    client: WebClient, place: str, thread_ts: str, *, without: str
) -> Post | None:
    """The post of a thread whose files somebody means who names none: its last one with files that
    `without` (our user) did not write; None where there is none.
    """
    try:
        with our_errors():
            found = client.conversations_replies(channel=place, ts=thread_ts, limit=THREAD)
    except SlackRefused as error:
        if error.error in NOT_THERE:
            return None
        raise
    posts = [_post(one, place, thread_ts) for one in found["messages"]]
    return next((one for one in reversed(posts) if one.files and one.user != without), None)


def file(client: WebClient, file_id: str) -> SlackFile | None:
    """The file as Slack knows it now (also what Slack Connect only announced); None if it is
    gone.
    """
    try:
        with our_errors():
            said = client.files_info(file=file_id)["file"]
    except SlackRefused as error:
        if error.error in NOT_THERE:
            return None
        raise
    if said.get("mode") == "tombstone":
        return None
    shares: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for kind in (said.get("shares") or {}).values():
        for place, entries in (kind or {}).items():
            shares[place] = tuple(entries or ())
    for name in ("channels", "groups", "ims"):
        for place in said.get(name) or ():
            shares.setdefault(place, ())
    return SlackFile(
        id=file_id,
        name=str(said.get("name") or said.get("title") or "document.pdf"),
        size=said.get("size") if isinstance(said.get("size"), int) else None,
        kind=str(said.get("filetype") or ""),
        mime=str(said.get("mimetype") or ""),
        url=str(said.get("url_private_download") or said.get("url_private") or ""),
        user=str(said.get("user") or ""),
        external=bool(said.get("is_external")) or said.get("mode") == "external",
        shares=shares,
    )


def person(client: WebClient, user: str, team: str) -> Person:
    """What is known of a user; nothing where Slack says nothing."""
    try:
        with our_errors():
            said = client.users_info(user=user, include_locale=True)["user"]
    except SlackRefused:
        return NOBODY
    home = said.get("team_id")
    # Colleagues of another workspace of the same Enterprise Grid organisation belong to ours, too.
    # docs.slack.dev/reference/objects/user-object
    of_grid = team in ((said.get("enterprise_user") or {}).get("teams") or ())
    is_elsewhere = home is not None and home != team and not of_grid
    return Person(
        locale=said.get("locale"),
        bot=bool(said.get("is_bot")),
        external=bool(said.get("is_stranger")) or is_elsewhere,
        admin=bool(said.get("is_admin") or said.get("is_owner") or said.get("is_primary_owner")),
    )


def may_steer(
    client: WebClient,
    settings: Settings,
    team: str,
    place: str,
    *,
    user: str,
    requester: str | None,
) -> bool:
    """Whether a person may cancel, retry or set what belongs to `requester`: themselves, an
    admin, or who made the channel.
    """
    if user == requester or user in settings.slack_admins:
        return True
    known = person(client, user, team)
    if known.external:
        return False
    if known.admin:
        return True
    try:
        with our_errors():
            return bool(client.conversations_info(channel=place)["channel"].get("creator") == user)
    except SlackRefused:
        return False


def _in_thread(client: WebClient, place: str, thread_ts: str, ts: str) -> Mapping[str, Any] | None:
    try:
        with our_errors():
            found = client.conversations_replies(
                channel=place, ts=thread_ts, oldest=ts, latest=ts, inclusive=True, limit=10
            )
    except SlackRefused as error:
        if error.error in NOT_THERE:
            return None
        raise
    return _at(found["messages"], ts)


def _in_channel(client: WebClient, place: str, ts: str) -> Mapping[str, Any] | None:
    with our_errors():
        found = client.conversations_history(
            channel=place, oldest=ts, latest=ts, inclusive=True, limit=1
        )
    return _at(found["messages"], ts)


def _at(messages: Any, ts: str) -> Mapping[str, Any] | None:
    return next((message for message in messages if message.get("ts") == ts), None)
