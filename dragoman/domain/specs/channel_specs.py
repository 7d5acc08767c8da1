"""Everything that the program has to know of a channel, in one value; and the list of the channels.

A channel is a way in, a way back, or both. Its spec lies in its own folder and names the rest as
`module:name`, so that nobody loads what it does not use, and the core imports no channel. To add
one is one line in `MODULES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from dragoman.domain.specs.loading import load
from dragoman.domain.specs.setting import Setting

# The modules that hold a `CHANNEL`, in the order in which people are told of them.
MODULES = (
    "ingress.email.channel",
    "ingress.slack.channel",
    "ingress.web.channel",
    "notifier.webhook.channel",
)


class Answered(StrEnum):
    """What an answer belongs to: the whole message, with one answer to all its documents; each
    job; or nothing, since a page shows it.
    """

    MESSAGE = "message"
    JOB = "job"
    PAGE = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a server is asked whether it is well: `listen` names the setting with its HOST:PORT,
    `path` what is fetched there.

    Without a path it has to say `greeting` to whoever connects.
    """

    listen: str
    path: str = ""
    greeting: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process that receives messages, and the command `dragoman NAME` that runs it.

    `run` (settings) serves until SIGTERM. `health` None: it is well while its heartbeat is fresh.
    `wanted` (settings) says whether `dragoman up` starts it.
    """

    name: str
    about: str
    run: str
    health: Health | None = None
    wanted: str | None = None
    secrets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A line of `dragoman doctor`: what it is about, the function (settings) -> findings, and
    what to do when it raises.
    """

    what: str
    examine: str
    todo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A path of the web server that is a channel's: `make` (settings) gives the ASGI
    application, `wanted` (settings) says whether it is there.
    """

    path: str
    make: str
    wanted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyField:
    """The field of an upload's form that says where the answer goes by this channel.

    `read` (text, settings, owner) gives the address that the answer goes to, None: no answer by
    this channel. It is asked with "" where the field is missing, and raises RequestError.
    `described` stands in the API's reference. `secret` (settings, owner) gives what the receiver
    checks an answer with, None: there is nothing.
    """

    name: str
    read: str
    secret: str
    described: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSpec:
    """A channel. `name` is what rows call it, `title` what people do.

    `owner_prefix` begins the name of an owner who comes by this channel; "": all others are its;
    None: nobody comes by it. `at_in_owner`: whether such a name may have an @ in it. `team_parts`:
    how many parts of it (between colons) name the owner's team, 0: none. `opener`: the task that
    opens its messages, declared by `register(app, settings)` in the module `tasks`. `asks`: whether
    a question about the cost is a delivery; else a page or a card asks. `is_private`: whether
    nobody but the requester reads an answer, so that links in it may change things. `reply`
    (settings, store, database) opens the way back (`notifier.delivery.channel.WayBack`), None where
    it is not set up. `take_back` (database, settings, job id) deletes what was shown of a job.
    `refusals_concern_admin`: whether the admin hears of an answer that is not taken as it is.
    `live`: its part of `dragoman doctor --live`; the function takes (settings, plan). `secrets`:
    which settings that are secret other processes need for its sake, by process.
    """

    name: str
    title: str
    answered: Answered = Answered.PAGE
    owner_prefix: str | None = None
    at_in_owner: bool = False
    team_parts: int = 0
    opener: str | None = None
    tasks: str | None = None
    asks: bool = False
    is_private: bool = False
    process: Process | None = None
    served: tuple[Served, ...] = ()
    reply: str | None = None
    reply_field: ReplyField | None = None
    take_back: str | None = None
    refusals_concern_admin: bool = False
    doctor: tuple[Check, ...] = ()
    live: Check | None = None
    settings: tuple[Setting, ...] = ()
    secrets: Mapping[str, frozenset[str]] = field(default_factory=dict)


@cache
def channels() -> tuple[ChannelSpec, ...]:
    """All channels, in the order of `MODULES`."""
    return tuple(load(f"{module}:CHANNEL") for module in MODULES)


def by_name(name: str) -> ChannelSpec | None:
    """The channel that rows call so; None: there is none."""
    return next((one for one in channels() if one.name == name), None)


def named(name: str, answered: Answered) -> bool:
    """Whether answers by the channel of that name belong to `answered`."""
    spec = by_name(name)
    return spec is not None and spec.answered is answered


def answered_by(answered: Answered) -> frozenset[str]:
    """Names of the channels whose answers belong to `answered`."""
    return frozenset(one.name for one in channels() if one.answered is answered)


def openers() -> dict[str, str]:
    """The task that opens a message, by its channel."""
    return {one.name: one.opener for one in channels() if one.opener}


def senders() -> tuple[str, ...]:
    """Names of the channels that somebody's documents come by."""
    return tuple(one.name for one in channels() if one.owner_prefix is not None)


def processes() -> tuple[Process, ...]:
    """The processes of all channels."""
    return tuple(one.process for one in channels() if one.process)


def of_owner(owner: str) -> ChannelSpec:
    """The channel that an owner comes by."""
    others = [one for one in channels() if one.owner_prefix == ""]
    for one in channels():
        if (
            one.owner_prefix
            and owner.startswith(one.owner_prefix)
            and (one.at_in_owner or "@" not in owner)
        ):
            return one
    return others[0]
