"""Clicks, choices, modals, shortcuts and slash commands
(docs.slack.dev/reference/interaction-payloads).

A person sees what is there: a click on a button that the message or view does not show raises
LookupError. Each function waits for the app's answer and gives back the delivery: `delivery.answer`
is what the app said in its acknowledgement.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from tests.servers.slack import blocks, methods_views, shapes
from tests.servers.slack.courier import Courier, Delivery
from tests.servers.slack.model import Channel, Installation, Json, Message, User, View
from tests.servers.slack.world import ResponseUrl

if TYPE_CHECKING:
    from tests.servers.slack.world import World


class Interactions:
    """Part of `FakeSlack`."""

    world: World
    courier: Courier
    here: Installation
    response_host: str

    def command(self, user: User, channel: Channel, command: str, text: str = "") -> Delivery:
        """A slash command. It works where the bot is not, too."""
        url = self._response_url(user, channel, None)
        team = self.world.teams[self.here.team_id]
        payload = {
            "token": self.here.app.verification_token,
            "team_id": team.id,
            "team_domain": team.domain,
            "channel_id": channel.id,
            "channel_name": channel.name,
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": self.here.app.id,
            "is_enterprise_install": "false",
            "response_url": url,
            "trigger_id": self.world.new_trigger(user, team.id),
        }
        return self._send("command", command, payload)

    def shortcut(self, user: User, callback_id: str) -> Delivery:
        """A global shortcut."""
        return self._interact(
            user, {"type": "shortcut", "callback_id": callback_id, "action_ts": _now()}
        )

    def message_shortcut(self, user: User, message: Message, callback_id: str) -> Delivery:
        """A shortcut from a message's menu. It works where the bot is not, too."""
        channel = self.world.channels[message.channel]
        payload = {
            "type": "message_action",
            "callback_id": callback_id,
            "action_ts": _now(),
            "message_ts": message.ts,
            "channel": {"id": channel.id, "name": channel.name},
            "message": shapes.message(self.world, message),
            "response_url": self._response_url(user, channel, message.ts),
        }
        return self._interact(user, payload)

    def click(
        self, user: User, where: Message | View, action_id: str, value: str | None = None
    ) -> Delivery:
        """Press the button with this `action_id` (and this `value`, where several have it); a
        confirmation is given.
        """
        block, element = find(where, action_id, value)
        action = {
            "type": element["type"],
            **{name: element[name] for name in ("text", "value", "style") if name in element},
        }
        return self._act(user, where, block, element, action)

    def choose(self, user: User, where: Message | View, action_id: str, value: str) -> Delivery:
        """Choose the option with this `value` in a select, an overflow menu or radio buttons."""
        block, element = find(where, action_id)
        action = {"type": element["type"], "selected_option": option(element, value)}
        return self._act(user, where, block, element, action)

    def submit(self, user: User, values: dict[str, Any] | None = None) -> Delivery:
        """Fill in the topmost modal (action id -> text, option's value, or list of values) and
        submit it.
        """
        view = self.modal(user)
        for action_id, value in (values or {}).items():
            block, element = find(view, action_id)
            view.state.setdefault(block["block_id"], {})[action_id] = entered(element, value)
        payload = {
            "type": "view_submission",
            "view": shapes.view(self.world, view),
            "response_urls": [],
        }
        delivery = self._interact(user, payload)
        if delivery.acked:
            self._after_submission(
                view, delivery.answer if isinstance(delivery.answer, dict) else {}
            )
        return delivery

    def close(self, user: User) -> Delivery | None:
        """Close the topmost modal; the app hears of it only if the view asked for that."""
        view = self.modal(user)
        del self.world.views[view.id]
        if not view.body.get("notify_on_close"):
            return None
        payload = {
            "type": "view_closed",
            "view": shapes.view(self.world, view),
            "is_cleared": False,
        }
        return self._interact(user, payload)

    def modal(self, user: User) -> View:
        """The topmost modal that the person sees. Raises LookupError."""
        found = methods_views.stack(self.world, user.id, self.here.app.id)
        if not found:
            raise LookupError(f"{user.name} has no modal open")
        return found[-1]

    def home(self, user: User) -> View | None:
        """The Home tab that the person sees; None before it is published."""
        return self.world.home_of(self.here, user.id)

    # ---------- how

    def _act(
        self, user: User, where: Message | View, block: Json, element: Json, action: Json
    ) -> Delivery:
        action |= {
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "action_ts": _now(),
        }
        payload = {"type": "block_actions", "actions": [action], **self._around(user, where)}
        if element["type"] not in {"button", "overflow", "icon_button"}:
            state = {
                name: value for name, value in action.items() if name in {"type", "selected_option"}
            }
            payload["state"]["values"].setdefault(block["block_id"], {})[element["action_id"]] = (
                state
            )
        return self._interact(user, payload)

    def _around(self, user: User, where: Message | View) -> Json:
        if isinstance(where, View):
            shown = shapes.view(self.world, where)
            return {
                "container": {"type": "view", "view_id": where.id},
                "view": shown,
                "state": {"values": where.state},
            }
        channel = self.world.channels[where.channel]
        container = {"type": "message", "message_ts": where.ts, "channel_id": channel.id}
        container["is_ephemeral"] = where.ephemeral_to is not None
        if where.thread_ts:
            container["thread_ts"] = where.thread_ts
        around: Json = {
            "container": container,
            "channel": {"id": channel.id, "name": channel.name},
            "state": {"values": methods_views.initial_state({"blocks": where.blocks})},
            "response_url": self._response_url(user, channel, where.ts),
        }
        return (
            around
            if where.ephemeral_to
            else around | {"message": shapes.message(self.world, where)}
        )

    def _interact(self, user: User, payload: Json) -> Delivery:
        team = self.world.teams[self.here.team_id]
        who = {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id}
        common = {
            "team": {"id": team.id, "domain": team.domain},
            "user": who,
            "api_app_id": self.here.app.id,
            "token": self.here.app.verification_token,
            "trigger_id": self.world.new_trigger(user, team.id),
            "enterprise": None,
            "is_enterprise_install": False,
        }
        return self._send("interactive", payload["type"], common | payload)

    def _send(self, kind: str, name: str, payload: Json) -> Delivery:
        delivery = Delivery(self.here.app, kind, name, json.loads(json.dumps(payload)))
        with self.world.changing():
            self.courier.sent.append(delivery)
        self.courier.attempt(delivery)
        return delivery

    def _response_url(self, user: User, channel: Channel, message_ts: str | None) -> str:
        key = secrets.token_hex(12)
        url = ResponseUrl(self.here, channel.id, user.id, message_ts, time.monotonic())
        self.world.response_urls[key] = url
        return f"{self.response_host}/response/{key}"

    def _after_submission(self, view: View, answer: Json) -> None:
        """What the app's answer does to the modals."""
        with self.world.changing():
            action = answer.get("response_action")
            if action == "errors":
                return
            if action in {"update", "push"}:
                body = methods_views.checked_view(answer["view"], "modal")
                if action == "update":
                    methods_views.replace(self.world, view, body)
                else:
                    methods_views.opened(
                        self.world, self.world.new_view(self.here, view.user, body, view)
                    )
                return
            gone = (
                methods_views.stack(self.world, view.user, view.app_id)
                if action == "clear"
                else [view]
            )
            for one in gone:
                self.world.views.pop(one.id, None)


def find(where: Message | View, action_id: str, value: str | None = None) -> tuple[Json, Json]:
    """The block and the element that a person would use. Raises LookupError."""
    shown = where.body["blocks"] if isinstance(where, View) else where.blocks
    seen = []
    for block in shown:
        for element in blocks.elements(block):
            seen.append(element.get("action_id"))
            if element.get("action_id") == action_id and value in {None, element.get("value")}:
                return block, element
    raise LookupError(
        f"nothing with action_id {action_id!r} (value {value!r}) is shown, only {seen}"
    )


def option(element: Json, value: str) -> Json:
    """The option of a select that has this value. Raises LookupError."""
    options = [
        *element.get("options", []),
        *(one for group in element.get("option_groups", []) for one in group["options"]),
    ]
    for one in options:
        if one.get("value") == value:
            return one
    raise LookupError(f"no option {value!r}, only {[one.get('value') for one in options]}")


def entered(element: Json, value: Any) -> Json:
    """What an element's state becomes when a person enters `value`."""
    kind = element["type"]
    if kind in {"static_select", "radio_buttons"}:
        return {
            "type": kind,
            "selected_option": option(element, value) if value is not None else None,
        }
    if kind in {"checkboxes", "multi_static_select"}:
        return {"type": kind, "selected_options": [option(element, one) for one in value]}
    if kind in {"channels_select", "conversations_select", "users_select"}:
        return {"type": kind, f"selected_{kind.removesuffix('s_select')}": value}
    return {"type": kind, "value": value}


def _now() -> str:
    return f"{time.time():.6f}"
