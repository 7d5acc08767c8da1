"""`views.*`: modals and the Home tab."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.patience import patience
from tests.servers.slack import blocks, shapes
from tests.servers.slack.api import Call, method
from tests.servers.slack.errors import Refused, invalid
from tests.servers.slack.model import Json, View
from tests.servers.slack.world import Trigger, World

TRIGGER_TTL_S = 3.0
MAX_STACK = 3
LIMITS = {"title": 24, "submit": 24, "close": 24}
MAX_PRIVATE_METADATA, MAX_ID, MAX_VIEW = 3000, 255, 250_000  # characters
FIELDS = {
    "type",
    "title",
    "submit",
    "close",
    "blocks",
    "private_metadata",
    "callback_id",
    "external_id",
    "clear_on_close",
    "notify_on_close",
    "submit_disabled",
}


def checked_view(value: object, kind: str) -> Json:
    """A view that Slack would take. Raises Refused."""
    if not isinstance(value, dict) or not isinstance(value.get("blocks"), list):
        raise Refused(
            "invalid_arguments", response_metadata={"messages": ["[ERROR] must provide an object"]}
        )
    about_blocks = (
        one.replace("json-pointer:", "json-pointer:/view")
        for one in blocks.complaints(value["blocks"], kind)
    )
    found = [*_wrong_fields(value, kind), *_too_long(value), *about_blocks]
    if found:
        raise invalid("invalid_arguments", found)
    if len(str(value)) > MAX_VIEW:
        raise Refused("view_too_large")
    return _with_ids(value)


def _wrong_fields(value: Json, kind: str) -> Iterator[str]:
    yield from (
        f"invalid additional property: {name} [json-pointer:/view]"
        for name in value
        if name not in FIELDS
    )
    if value.get("type") != kind:
        yield f'must be "{kind}" [json-pointer:/view/type]'
    if kind == "modal" and not value.get("title"):
        yield "missing required field: title [json-pointer:/view]"
    if (
        kind == "modal"
        and any(one.get("type") == "input" for one in value["blocks"])
        and not value.get("submit")
    ):
        yield "missing required field: submit [json-pointer:/view]"


def _too_long(value: Json) -> Iterator[str]:
    for name, most in LIMITS.items():
        text = value[name].get("text", "") if isinstance(value.get(name), dict) else ""
        if len(text) > most:
            yield f"must be less than {most + 1} characters [json-pointer:/view/{name}/text]"
    for name, most in {
        "private_metadata": MAX_PRIVATE_METADATA,
        "callback_id": MAX_ID,
        "external_id": MAX_ID,
    }.items():
        if len(value.get(name) or "") > most:
            yield f"must be less than {most + 1} characters [json-pointer:/view/{name}]"


def _with_ids(value: Json) -> Json:
    shown = []
    for number, block in enumerate(value["blocks"]):
        shown.append({"block_id": f"v{number:04d}", **block})
    return {**value, "blocks": shown}


def initial_state(body: Json) -> dict[str, dict[str, Json]]:
    """The values that a view's elements start with."""
    state: dict[str, dict[str, Json]] = {}
    for block in body.get("blocks", []):
        for element in blocks.elements(block):
            if element["type"] not in {"button", "icon_button", "feedback_buttons", "overflow"}:
                state.setdefault(block["block_id"], {})[element.get("action_id", "")] = start_value(
                    element
                )
    return state


def start_value(element: Json) -> Json:
    kind = element["type"]
    if kind in {"static_select", "radio_buttons", "external_select"}:
        return {"type": kind, "selected_option": element.get("initial_option")}
    if kind in {"checkboxes", "multi_static_select"}:
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    return {"type": kind, "value": element.get("initial_value")}


def _trigger(call: Call) -> Trigger:
    """The trigger, used up. Raises Refused where it is unknown, old or used before."""
    trigger = call.world.triggers.get(call.required("trigger_id", "invalid_arguments"))
    if trigger is None:
        raise Refused("invalid_arguments", response_metadata={"messages": ["invalid `trigger_id`"]})
    if trigger.used:
        raise Refused("exchanged_trigger_id")
    if time.monotonic() - trigger.at > patience(TRIGGER_TTL_S):
        raise Refused("expired_trigger_id")
    trigger.used = True
    return trigger


def stack(world: World, user_id: str, app_id: str) -> list[View]:
    """The modals that a person has open, the topmost last."""
    modals = [one for one in world.views.values() if one.body["type"] == "modal"]
    return [one for one in modals if (one.user, one.app_id) == (user_id, app_id)]


def opened(world: World, view: View) -> View:
    view.state = initial_state(view.body)
    return view


@method("views.open", tier=4)
def open_view(call: Call) -> Json:
    body = checked_view(call.structure("view", "invalid_arguments"), "modal")
    trigger = _trigger(call)
    for view in stack(call.world, trigger.user, call.installation.app.id):
        del call.world.views[view.id]
    view = opened(call.world, call.world.new_view(call.installation, trigger.user, body))
    return {"view": shapes.view(call.world, view)}


@method("views.push", tier=4)
def push_view(call: Call) -> Json:
    body = checked_view(call.structure("view", "invalid_arguments"), "modal")
    trigger = _trigger(call)
    below = stack(call.world, trigger.user, call.installation.app.id)
    if len(below) >= MAX_STACK:
        raise Refused("push_limit_reached")
    if not below:
        raise Refused("not_found")
    view = opened(call.world, call.world.new_view(call.installation, trigger.user, body, below[-1]))
    return {"view": shapes.view(call.world, view)}


@method("views.update", tier=4)
def update_view(call: Call) -> Json:
    view = call.world.views.get(call.text("view_id") or "") or _by_external_id(call)
    if view is None or view.app_id != call.installation.app.id:
        raise Refused("not_found")
    _check_hash(call, view)
    replace(
        call.world,
        view,
        checked_view(call.structure("view", "invalid_arguments"), view.body["type"]),
    )
    return {"view": shapes.view(call.world, view)}


def replace(world: World, view: View, body: Json) -> None:
    """Put `body` in the view's place; what was entered in blocks of the same ids stays."""
    kept, view.body, view.hash = view.state, body, world.new_hash()
    view.state = initial_state(body)
    for block_id, values in view.state.items():
        view.state[block_id] = values | {
            one: kept[block_id][one] for one in values if one in kept.get(block_id, {})
        }


def _by_external_id(call: Call) -> View | None:
    wanted = call.text("external_id")
    return next(
        (
            one
            for one in call.world.views.values()
            if wanted and one.body.get("external_id") == wanted
        ),
        None,
    )


def _check_hash(call: Call, view: View) -> None:
    given = call.text("hash")
    if given and given != view.hash:
        raise Refused("hash_conflict")


@method("views.publish", tier=4)
def publish_view(call: Call) -> Json:
    user = call.required("user_id", "user_not_found")
    if user not in call.world.users:
        raise Refused("user_not_found")
    body = checked_view(call.structure("view", "invalid_arguments"), "home")
    view = call.world.home_of(call.installation, user)
    if view is None:
        view = opened(call.world, call.world.new_view(call.installation, user, body))
    else:
        _check_hash(call, view)
        replace(call.world, view, body)
    return {"view": shapes.view(call.world, view)}
