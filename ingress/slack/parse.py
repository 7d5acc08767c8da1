"""What Slack sends, as our values (pure): which of it is kept, under which key, and what it means
once it is opened.

Shapes: docs.slack.dev/reference/events, docs.slack.dev/reference/interaction-payloads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dragoman.channels.slack.owner import CHANNEL, owner_of
from dragoman.domain.wishes import options
from ingress.slack import language_choice

LONGEST_TEXT = 4000  # characters of a post that are looked at
MOST_FILES = 25  # of one post
# Subtypes of `message` that a person makes; all others are news about the channel.
BY_PEOPLE = frozenset({None, "file_share", "thread_broadcast"})
# In a direct message of two all is for us; where several talk (mpim), only what names us is.
DIRECT = "im"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the door keeps of something Slack sent: `key` says when two are the same."""

    key: str
    sender: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Posted:
    """A person's message.

    `files` are ids; `direct`: in a direct message of one person with us. `told_password`: one stood
    in the text, and was cut out of it.
    """

    team: str
    place: str
    ts: str
    thread_ts: str | None
    user: str
    text: str
    files: tuple[str, ...]
    direct: bool
    told_password: bool = False


@dataclass(frozen=True, slots=True)
class Edited:
    """A person changed what their post with files asks for; `text` is the new one."""

    team: str
    place: str
    ts: str
    user: str
    text: str


@dataclass(frozen=True, slots=True)
class Shared:
    """A file came into a channel; the message that brought it has to be found."""

    team: str
    place: str
    user: str
    file: str


@dataclass(frozen=True, slots=True)
class Flagged:
    """A person put a country's flag on a message."""

    team: str
    place: str
    ts: str
    user: str
    language: str


@dataclass(frozen=True, slots=True)
class PostGone:
    """A message was deleted, or lost some of its files (`files`; empty: all of it is gone)."""

    team: str
    place: str
    ts: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileGone:
    """A file was deleted, or (`place`) is not shared in a channel any more."""

    team: str
    file: str
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody, perhaps Dragoman, came into a channel; `inviter` None: by themselves."""

    team: str
    place: str
    user: str
    inviter: str | None


@dataclass(frozen=True, slots=True)
class HomeOpened:
    """A person looks at the app's home."""

    team: str
    user: str


@dataclass(frozen=True, slots=True)
class Removed:
    """The app was uninstalled, or its token taken back."""

    team: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button or a choice in one of our messages.

    `value`: what it stands for; `late`: a dialog could not be opened in time.
    """

    team: str
    place: str
    ts: str
    thread_ts: str | None
    user: str
    action: str
    value: str
    late: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filled-in dialog for a post: tags of languages, tone, layout, pages, None where nothing
    was chosen.
    """

    team: str
    place: str
    ts: str
    user: str
    languages: tuple[str, ...]
    tone: str | None = None
    layout: str | None = None
    pages: str | None = None
    glossary: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """A filled-in dialog with the wishes of a channel or of a person (`place`: its id)."""

    team: str
    place: str
    user: str
    wishes: dict[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing to do, and why."""

    reason: str


Event = (
    Posted
    | Edited
    | Shared
    | Flagged
    | PostGone
    | FileGone
    | Joined
    | HomeOpened
    | Removed
    | Pressed
    | Wanted
    | Settled
    | Nothing
)


def team_of(body: Mapping[str, Any]) -> str:
    """The workspace that something is for: that of our installation, which may be another one
    than the author's (Slack Connect).
    """
    for one in body.get("authorizations") or ():
        if one.get("team_id"):
            return str(one["team_id"])
    team = body.get("team")
    inner = team.get("id") if isinstance(team, Mapping) else team
    return str(body.get("team_id") or inner or "")


def kept_event(body: Mapping[str, Any]) -> Kept | None:
    """What to keep of an event; None: nothing will come of it, an ack is enough."""
    event, team = body.get("event") or {}, team_of(body)
    payload = _payload(team, event)
    if isinstance(read(payload), Nothing):
        return None
    key = f"{CHANNEL}:{team}:{body.get('event_id', '')}"[:200]
    return Kept(key, owner_of(team, str(event.get("user") or "")), payload)


def kept_action(body: Mapping[str, Any], *, late: bool = False) -> Kept:
    """What to keep of a press of a button; `late`: the dialog that it should open could not be
    opened in time.
    """
    team, action = team_of(body), (body.get("actions") or [{}])[0]
    container, user = body.get("container") or {}, str((body.get("user") or {}).get("id", ""))
    chosen = action.get("selected_option") or {}
    event = {
        "type": "pressed",
        "user": user,
        "channel": container.get("channel_id") or (body.get("channel") or {}).get("id", ""),
        "ts": container.get("message_ts") or "",
        "thread_ts": container.get("thread_ts"),
        "action": action.get("action_id", ""),
        "value": str(chosen.get("value") or action.get("value") or "")[:200],
        "late": late,
    }
    key = f"{CHANNEL}:{team}:action:{user}:{event['ts']}:{action.get('action_ts', '')}"
    return Kept(key[:200], owner_of(team, user), _payload(team, event))


def kept_view(body: Mapping[str, Any], kind: str, facts: Mapping[str, Any]) -> Kept:
    """What to keep of a filled-in dialog: `kind` is `wanted` or `settled`, `facts` what was
    filled in.
    """
    team, user, view = (
        team_of(body),
        str((body.get("user") or {}).get("id", "")),
        body.get("view") or {},
    )
    key = f"{CHANNEL}:{team}:view:{view.get('id', '')}:{view.get('hash', '')}"
    return Kept(
        key[:200], owner_of(team, user), _payload(team, {**facts, "type": kind, "user": user})
    )


def read(payload: Mapping[str, Any]) -> Event:
    """What a kept payload means.

    Never raises for anything that Slack, or somebody in its name, may send.
    """
    event, team = payload.get("event") or {}, str(payload.get("team") or "")
    place, user = (
        _text(event.get("channel") or event.get("channel_id")),
        _text(event.get("user") or event.get("user_id")),
    )
    if event.get("bot_id") and event.get("type") in ("message", "app_mention"):
        return Nothing("a bot's")
    reader = _READERS.get(_text(event.get("type")))
    return reader(event, team, place, user) if reader else Nothing("nothing to do")


def _message(event: Mapping[str, Any], team: str, place: str, user: str) -> Event:
    subtype = _text(event.get("subtype")) or None
    if subtype == "message_deleted":
        return PostGone(team, place, _text(event.get("deleted_ts")))
    if subtype == "message_changed":
        return _changed(event, team, place)
    if subtype not in BY_PEOPLE:
        return Nothing(f"subtype {subtype}")
    posted = _posted(event, team, place, user)
    if not (place and user and posted.ts):
        return Nothing("incomplete")
    return posted if posted.files or posted.direct or _may_answer(posted) else Nothing("no file")


def _may_answer(posted: Posted) -> bool:
    """Whether a line without a file may answer our question. What people say to each other is not
    kept beside that; a mention comes as `app_mention`.
    """
    is_reply = bool(posted.thread_ts) and "<@" not in posted.text
    return is_reply and language_choice.is_answer(posted.text)


def _changed(event: Mapping[str, Any], team: str, place: str) -> Event:
    now, before = event.get("message") or {}, event.get("previous_message") or {}
    ts = _text(now.get("ts") or before.get("ts"))
    if now.get("subtype") == "tombstone":  # a deleted post whose thread stays
        return PostGone(team, place, ts)
    lost = tuple(file for file in _files(before) if file not in _files(now))
    lost += tuple(
        _text(file.get("id")) for file in now.get("files") or () if file.get("mode") == "tombstone"
    )
    if lost and ts:
        return PostGone(team, place, ts, lost)
    text, user = _text(now.get("text")), _text(now.get("user"))
    is_persons = bool(user) and not now.get("bot_id") and now.get("subtype") in BY_PEOPLE
    if ts and is_persons and _files(now) and _asks_anew(text, _text(before.get("text"))):
        return Edited(team, place, ts, user, text)
    return Nothing("edited")


def _asks_anew(text: str, before: str) -> bool:
    """Whether a new text names languages that the one before it did not."""
    if text == before:
        return False
    wanted = set(language_choice.read(text).targets)
    return bool(wanted - set(language_choice.read(before).targets))


def _posted(event: Mapping[str, Any], team: str, place: str, user: str) -> Posted:
    return Posted(
        team=team,
        place=place,
        ts=_text(event.get("ts")),
        thread_ts=_text(event.get("thread_ts")) or None,
        user=user,
        text=_text(event.get("text"))[:LONGEST_TEXT],
        files=_files(event),
        direct=event.get("channel_type") == DIRECT or place.startswith("D"),
        told_password=bool(event.get("told_password")),
    )


def _mention(event: Mapping[str, Any], team: str, place: str, user: str) -> Event:
    return (
        _posted(event, team, place, user)
        if place and user and event.get("ts")
        else Nothing("incomplete")
    )


def _shared(event: Mapping[str, Any], team: str, place: str, user: str) -> Event:
    file = _file_id(event)
    return Shared(team, place, user, file) if place and file else Nothing("incomplete")


def _file_gone(event: Mapping[str, Any], team: str, place: str, user: str) -> Event:
    file = _file_id(event)
    return FileGone(team, file, place or None) if file else Nothing("incomplete")


def _joined(event: Mapping[str, Any], team: str, place: str, user: str) -> Event:
    return Joined(team, place, user, event.get("inviter"))


def _home(event: Mapping[str, Any], team: str, place: str, user: str) -> Event:
    return HomeOpened(team, user) if event.get("tab") == "home" else Nothing("another tab")


def _uninstalled(event: Mapping[str, Any], team: str, place: str, user: str) -> Event:
    return Removed(team)


def _revoked(event: Mapping[str, Any], team: str, place: str, user: str) -> Event:
    return (
        Removed(team) if (event.get("tokens") or {}).get("bot") else Nothing("not the bot's token")
    )


def _file_id(event: Mapping[str, Any]) -> str:
    return _text(event.get("file_id") or (event.get("file") or {}).get("id"))


def _reaction(event: Mapping[str, Any], team: str, place: str, user: str) -> Event:
    item, language = event.get("item") or {}, language_choice.of_flag(_text(event.get("reaction")))
    if item.get("type") != "message" or language is None:
        return Nothing("no flag on a message")
    return Flagged(team, _text(item.get("channel")), _text(item.get("ts")), user, language)


def _pressed(event: Mapping[str, Any], team: str, place: str, user: str) -> Event:
    ts, thread_ts = _text(event.get("ts")), _text(event.get("thread_ts")) or None
    action, value = _text(event.get("action")), _text(event.get("value"))
    return Pressed(team, place, ts, thread_ts, user, action, value, bool(event.get("late")))


def _wanted(event: Mapping[str, Any], team: str, place: str, user: str) -> Event:
    chosen = {name: event.get(name) for name in ("tone", "layout", "pages", "glossary")}
    return Wanted(
        team, place, _text(event.get("ts")), user, tuple(event.get("languages") or ()), **chosen
    )


def _settled(event: Mapping[str, Any], team: str, place: str, user: str) -> Event:
    return Settled(team, place, user, dict(event.get("wishes") or {}))


def _files(message: Mapping[str, Any]) -> tuple[str, ...]:
    ids = (
        _text(file.get("id")) for file in message.get("files") or () if isinstance(file, Mapping)
    )
    return tuple(dict.fromkeys(one for one in ids if one))[:MOST_FILES]


_TEXTS = (
    "type", "subtype", "user", "user_id", "bot_id", "channel", "channel_id", "channel_type", "ts", "thread_ts", "file_id", "deleted_ts",  # noqa: E501
    "reaction", "inviter", "tab", "action", "value", "tone", "layout", "pages", "glossary",
)  # fmt: skip


def _payload(team: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an event: ids and the text, each of the type that it should have, no
    addresses of files and no tokens.

    `place`, `thread_ts` and `user` say where an answer belongs.
    """
    kept: dict[str, Any] = {
        name: event[name] for name in _TEXTS if isinstance(event.get(name), str) and event[name]
    }
    kept["text"], kept["told_password"] = _without_password(_text(event.get("text")))
    kept["files"] = _file_facts(event)
    kept["late"] = bool(event.get("late"))
    kept["languages"] = [one for one in _list(event.get("languages")) if isinstance(one, str)]
    kept["wishes"] = dict(_mapping(event.get("wishes")))
    kept["item"] = {
        name: _text(_mapping(event.get("item")).get(name)) for name in ("type", "channel", "ts")
    }
    kept["file"] = {"id": _text(_mapping(event.get("file")).get("id"))}
    kept["tokens"] = {"bot": _list(_mapping(event.get("tokens")).get("bot"))}
    for name in ("message", "previous_message"):
        message = _mapping(event.get(name))
        kept[name] = {
            "ts": _text(message.get("ts")),
            "subtype": _text(message.get("subtype")) or None,
            "files": _file_facts(message),
            "text": _without_password(_text(message.get("text")))[0],
            "user": _text(message.get("user")),
            "bot_id": _text(message.get("bot_id")),
        }
    kept = {name: value for name, value in kept.items() if value}
    place, ts = (
        kept.get("channel") or kept.get("channel_id"),
        kept.get("thread_ts") or kept.get("ts"),
    )
    return {
        "team": team,
        "event": kept,
        "place": place,
        "thread_ts": ts,
        "user": kept.get("user") or kept.get("user_id"),
    }


def _without_password(text: str) -> tuple[str, bool]:
    """A text as it is kept, and whether a password was cut out of it."""
    found = options.password(text[:LONGEST_TEXT])
    return found.rest, found.value is not None


def _file_facts(message: Mapping[str, Any]) -> list[dict[str, str]]:
    files = [one for one in _list(message.get("files")) if isinstance(one, Mapping)]
    return [{"id": _text(one.get("id")), "mode": _text(one.get("mode"))} for one in files]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


_READERS: dict[str, Callable[[Mapping[str, Any], str, str, str], Event]] = {
    "message": _message,
    "app_mention": _mention,
    "file_shared": _shared,
    "file_deleted": _file_gone,
    "file_unshared": _file_gone,
    "reaction_added": _reaction,
    "member_joined_channel": _joined,
    "app_home_opened": _home,
    "app_uninstalled": _uninstalled,
    "tokens_revoked": _revoked,
    "pressed": _pressed,
    "wanted": _wanted,
    "settled": _settled,
}
# what the app subscribes to, by type
EVENTS = frozenset(_READERS) - {"pressed", "wanted", "settled"}
