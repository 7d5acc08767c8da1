"""The HTTP side of the Web API (`/api/METHOD`) and of response URLs (`/response/KEY`)."""

from __future__ import annotations

import json
import time

from tests.servers.slack import blocks, methods_chat
from tests.servers.slack.api import Api
from tests.servers.slack.errors import Refused
from tests.servers.slack.http_server import Handler
from tests.servers.slack.model import Json
from tests.servers.slack.world import ResponseUrl, World

RESPONSE_URL_USES, RESPONSE_URL_TTL_S = 5, 1800.0


class ApiHandler(Handler):
    """`api` answers methods."""

    api: Api

    def do_GET(self) -> None:  # noqa: N802
        self.do_POST()

    def do_POST(self) -> None:  # noqa: N802
        raw = self.body()
        head, _, name = self.place.removeprefix("/").partition("/")
        fault = self.faults.next("response_url" if head == "response" else name)
        try:
            arguments = self.arguments(raw)
        except ValueError:
            self.reply(200, {"ok": False, "error": "invalid_json"})
            return
        token = self.bearer or arguments.pop("token", None)
        if fault and fault.how != "cut_after":
            self.api.note(name, arguments, token, fault)
            self.stumble(fault)
            return
        status, answer, headers = 404, {"ok": False, "error": "not_found"}, {}
        if head == "api":
            status, answer, headers = self.api.answer(name, arguments, token)
        elif head == "response":
            status, answer = respond(self.api.world, name, arguments)
        if fault:
            self.cut()
        else:
            self.reply(status, answer, headers)


def respond(world: World, key: str, arguments: Json) -> tuple[int, Json]:
    """A post to a response URL: replace, delete, or a new message, ephemeral unless
    `in_channel`.
    """
    with world.changing():
        url = world.response_urls.get(key)
        if url is None or time.monotonic() - url.at > RESPONSE_URL_TTL_S:
            return 404, {"ok": False, "error": "expired_url"}
        if url.uses >= RESPONSE_URL_USES:
            return 404, {"ok": False, "error": "used_url"}
        url.uses += 1
        try:
            _respond(world, url, arguments)
        except Refused as refused:
            return 404, {"ok": False, "error": refused.code, **refused.more}
    return 200, {"ok": True}


def _respond(world: World, url: ResponseUrl, arguments: Json) -> None:
    channel = world.channels[url.channel]
    shown = arguments.get("blocks") or []
    shown = json.loads(shown) if isinstance(shown, str) else shown
    if found := blocks.complaints(shown):
        raise Refused("invalid_blocks", errors=found)
    text = str(arguments.get("text") or "")
    methods_chat.note_broadcasts(world, text, shown)
    original = channel.messages.get(url.message_ts or "")
    bot = world.users[url.here.bot_user]
    if arguments.get("delete_original") and original:
        world.delete(original)
    elif arguments.get("replace_original") and original:
        world.edit(original, bot, text=text, blocks=shown)
    else:
        message = methods_chat.bot_message(
            world, url.here, channel, text, arguments.get("thread_ts"), shown
        )
        if arguments.get("response_type") == "in_channel":
            world.post(message)
        else:
            message.ephemeral_to = url.user
            world.ephemerals.append(message)
