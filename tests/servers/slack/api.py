"""The Web API without HTTP: methods by name, and what comes before each: token, scope, rate limit.

A method is a function from `Call` to the answer's fields; it raises `Refused` for `ok: false`. It
runs under the world's lock.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.servers.slack.errors import Refused
from tests.servers.slack.faults import Fault, RateLimits
from tests.servers.slack.model import App, Channel, Installation, Json, User
from tests.servers.slack.world import World

READ_SCOPES = {"public": "channels", "private": "groups", "im": "im", "mpim": "mpim"}
Run = Callable[["Call"], Json]


@dataclass(frozen=True)
class Method:
    """A method: `scopes`, any one of which suffices (none: any token will do); `tier` 0 is
    posting's special limit.
    """

    name: str
    run: Run
    scopes: tuple[str, ...]
    tier: int
    token: Literal["bot", "app"]


METHODS: dict[str, Method] = {}


def method(
    name: str, *scopes: str, tier: int = 3, token: Literal["bot", "app"] = "bot"
) -> Callable[[Run], Run]:
    """Register a function as the method `name`."""

    def register(run: Run) -> Run:
        METHODS[name] = Method(name, run, scopes, tier, token)
        return run

    return register


@dataclass
class Call:
    """A call under way, and afterwards its record: `answer` is what was sent, `at` wall-clock
    seconds.
    """

    method: str
    arguments: Json
    token: str | None
    world: World
    here: Installation | None = None
    app: App | None = None
    base_url: str = ""
    socket_url: Callable[[App], str] | None = None
    status: int = 200
    answer: Json = field(default_factory=dict)
    at: float = field(default_factory=time.time)

    @property
    def installation(self) -> Installation:
        if self.here is None:
            raise Refused("not_authed")
        return self.here

    @property
    def bot(self) -> User:
        return self.world.users[self.installation.bot_user]

    def text(self, name: str) -> str | None:
        """An argument as text; None where it is absent or empty."""
        value = self.arguments.get(name)
        return None if value in {None, ""} else str(value)

    def required(self, name: str, error: str = "invalid_arguments") -> str:
        value = self.text(name)
        if value is None:
            messages = [f"[ERROR] missing required field: {name}"]
            raise Refused(error, response_metadata={"messages": messages})
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.arguments.get(name, default)
        return value if isinstance(value, bool) else str(value).lower() in {"1", "true"}

    def number(self, name: str, default: int) -> int:
        value = self.text(name)
        if value is not None and not value.lstrip("-").isdigit():
            raise Refused(
                "invalid_arguments",
                response_metadata={"messages": [f"[ERROR] {name} must be an integer"]},
            )
        return default if value is None else int(value)

    def structure(self, name: str, error: str) -> Any:
        """An argument that is JSON, as such or as text; None where absent.

        Raises Refused(error).
        """
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise Refused(error) from None

    def channel(self, name: str = "channel") -> Channel:
        """The conversation that the caller may know of: public, or one that it is in."""
        channel = self.world.channels.get(self.required(name, "channel_not_found"))
        here = self.installation
        hidden = channel and channel.kind != "public" and here.bot_user not in channel.members
        if channel is None or hidden or channel.team_id != here.team_id:
            raise Refused("channel_not_found")
        return channel

    def may(self, *scopes: str) -> None:
        """Raises Refused unless the token has one of the scopes."""
        here = self.installation
        if scopes and not here.scopes & set(scopes):
            provided = ",".join(sorted(here.scopes))
            raise Refused("missing_scope", needed=",".join(scopes), provided=provided)

    def may_read(self, channel: Channel, what: str = "read") -> None:
        """Raises Refused unless the token may `read` this kind of conversation, or its
        `history`.
        """
        self.may(f"{READ_SCOPES[channel.kind]}:{what}")


class Api:
    """Answers calls and keeps them: `calls` is the record, oldest first."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.limits = RateLimits()
        self.calls: list[Call] = []
        self.base_url = ""
        self.socket_url: Callable[[App], str] | None = None

    def answer(
        self, name: str, arguments: Json, token: str | None
    ) -> tuple[int, Json, dict[str, str]]:
        """Status, body and headers for a call."""
        call = Call(
            name, arguments, token, self.world, base_url=self.base_url, socket_url=self.socket_url
        )
        headers: dict[str, str] = {}
        with self.world.changing():
            try:
                call.answer = {"ok": True, **self._run(call, headers)}
            except Refused as refused:
                call.answer = {"ok": False, "error": refused.code, **refused.more}
                call.status = 429 if refused.code == "ratelimited" else 200
            self.calls.append(call)
        return call.status, call.answer, headers

    def note(self, name: str, arguments: Json, token: str | None, fault: Fault) -> None:
        """Keep a call that went wrong on order, before anything was done."""
        answer = {"ok": False, "error": "ratelimited" if fault.how == 429 else str(fault.how)}
        status = fault.how if isinstance(fault.how, int) else 200
        with self.world.changing():
            self.calls.append(
                Call(name, arguments, token, self.world, status=status, answer=answer)
            )

    def _run(self, call: Call, headers: dict[str, str]) -> Json:
        found = METHODS.get(call.method)
        if found is None:
            raise Refused("unknown_method", req_method=call.method)
        self._identify(call, found)
        if call.here:
            headers["X-OAuth-Scopes"] = ",".join(sorted(call.here.scopes))
            headers["X-Accepted-OAuth-Scopes"] = ",".join(found.scopes)
            call.may(*found.scopes)
        team = call.here.team_id if call.here else ""
        wait = self.limits.wait_s(call.method, found.tier, team, call.text("channel"))
        if wait:
            headers["Retry-After"] = str(wait)
            raise Refused("ratelimited")
        return found.run(call)

    def _identify(self, call: Call, found: Method) -> None:
        """Whose token it is. Raises Refused."""
        if not call.token:
            raise Refused("not_authed")
        app = next((one for one in self.world.apps.values() if one.app_token == call.token), None)
        here = next((one for one in self.world.installations if one.bot_token == call.token), None)
        if app is None and here is None:
            raise Refused("invalid_auth")
        if (found.token == "app") != (app is not None):
            raise Refused("not_allowed_token_type")
        if here and here.state != "active":
            raise Refused("token_revoked" if here.state == "revoked" else "account_inactive")
        if app and not app.connection_scopes & {"connections:write"}:
            raise Refused(
                "missing_scope",
                needed="connections:write",
                provided=",".join(app.connection_scopes),
            )
        call.app, call.here = app, here


def page(call: Call, items: list[Any], default: int = 100) -> tuple[list[Any], Json]:
    """The part of a list that `cursor` and `limit` ask for, and the fields that say what is
    left.
    """
    cursor = call.text("cursor")
    try:
        start = int(cursor.removeprefix("next:")) if cursor else 0
    except ValueError:
        raise Refused("invalid_cursor") from None
    limit = call.number("limit", default)
    end = start + max(1, min(limit, 1000))
    following = f"next:{end}" if end < len(items) else ""
    return items[start:end], {"response_metadata": {"next_cursor": following}}
