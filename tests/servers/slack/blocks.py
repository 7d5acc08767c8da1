"""Block Kit's limits (docs.slack.dev/reference/block-kit): pure, blocks in, complaints out.

A complaint reads as Slack's: "must be less than 3001 characters
[json-pointer:/blocks/0/text/text]".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.servers.slack.model import Json

MAX_BLOCKS = {"message": 50, "modal": 100, "home": 100}
MAX_MESSAGE_CHARACTERS = 13_200  # seen, not documented: `msg_blocks_too_long`
MAX_ID = 255
INTERACTIVE = {
    "button",
    "static_select",
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
    "multi_static_select",
    "multi_external_select",
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
    "overflow",
    "datepicker",
    "timepicker",
    "datetimepicker",
    "checkboxes",
    "radio_buttons",
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "file_input",
    "feedback_buttons",
    "icon_button",
    "workflow_button",
}
TEXT_LIMITS = {  # (type of block or element, field): most characters
    ("section", "text"): 3000,
    ("header", "text"): 150,
    ("input", "label"): 2000,
    ("input", "hint"): 2000,
    ("image", "title"): 2000,
    ("button", "text"): 75,
    ("icon_button", "text"): 75,
}
FIELD_LIMITS = {  # plain strings
    ("button", "value"): 2000,
    ("button", "url"): 3000,
    ("button", "accessibility_label"): 75,
    ("icon_button", "value"): 2000,
    ("image", "image_url"): 3000,
    ("image", "alt_text"): 2000,
    ("markdown", "text"): 12_000,
}
LIST_LIMITS = {  # (fewest, most)
    ("actions", "elements"): (1, 25),
    ("context", "elements"): (1, 10),
    ("context_actions", "elements"): (1, 5),
    ("section", "fields"): (1, 10),
    ("overflow", "options"): (1, 5),
    ("checkboxes", "options"): (1, 10),
    ("radio_buttons", "options"): (1, 10),
}
ON = {  # where a block may stand
    "actions": {"message", "modal", "home"},
    "alert": {"message", "modal", "home"},
    "card": {"message"},
    "carousel": {"message"},
    "context": {"message", "modal", "home"},
    "context_actions": {"message"},
    "divider": {"message", "modal", "home"},
    "file": {"message"},
    "header": {"message", "modal", "home"},
    "image": {"message", "modal", "home"},
    "input": {"message", "modal", "home"},
    "markdown": {"message"},
    "plan": {"message"},
    "rich_text": {"message", "modal", "home"},
    "section": {"message", "modal", "home"},
    "table": {"message"},
    "task_card": {"message"},
    "video": {"message", "modal", "home"},
}
REQUIRED = {
    "actions": ["elements"],
    "context": ["elements"],
    "context_actions": ["elements"],
    "header": ["text"],
    "input": ["label", "element"],
    "markdown": ["text"],
    "plan": ["title"],
    "task_card": ["task_id", "title", "status"],
    "button": ["text"],
    "static_select": [],
    "option": ["text", "value"],
    "confirm": ["title", "text"],
    "feedback_buttons": ["positive_button", "negative_button"],
    "icon_button": ["icon", "text"],
}
PLAIN_ONLY = {
    ("header", "text"),
    ("button", "text"),
    ("input", "label"),
    ("input", "hint"),
    ("option", "text"),
}
CONFIRM_LIMITS = {"title": 100, "text": 300, "confirm": 30, "deny": 30}


def complaints(blocks: Any, surface: str = "message") -> list[str]:
    """What Slack would not take; empty where it takes all. `surface`: message, modal or home."""
    if len(blocks) > MAX_BLOCKS[surface]:
        return [f"no more than {MAX_BLOCKS[surface]} items allowed [json-pointer:/blocks]"]
    found: list[str] = []
    for index, block in enumerate(blocks):
        where = f"/blocks/{index}"
        if not isinstance(block, dict) or surface not in ON.get(str(block.get("type")), set()):
            found.append(
                f"unsupported type: {block.get('type') if isinstance(block, dict) else block}"
                f" [{_at(where)}]"
            )
        else:
            found.extend(_thing(block, where))
    return found + _repeated(blocks)


def characters(blocks: list[Json]) -> int:
    """How much a message's blocks weigh, as far as can be told."""
    return sum(len(text) for block in blocks for text in strings(block))


def strings(value: Any, key: str = "") -> Iterator[str]:
    """The strings that a block shows."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from strings(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, key)
    elif isinstance(value, str) and key in {"text", "title", "alt_text"}:
        yield value


def mrkdwn(value: Any) -> Iterator[str]:
    """The texts in which Slack would find `<!channel>`."""
    if isinstance(value, dict):
        if value.get("type") in {"mrkdwn", "markdown"} and isinstance(value.get("text"), str):
            yield value["text"]
        elif value.get("type") == "broadcast":
            yield f"<!{value.get('range')}>"
        for inner in value.values():
            yield from mrkdwn(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from mrkdwn(inner)


def elements(block: Json) -> list[Json]:
    """The interactive elements of a block."""
    listed = [*block.get("elements", []), block.get("accessory"), block.get("element")]
    return [one for one in listed if isinstance(one, dict) and one.get("type") in INTERACTIVE]


def _at(where: str) -> str:
    return f"json-pointer:{where}"


def _thing(it: Json, where: str) -> Iterator[str]:
    """A block or an element, and what it holds."""
    kind = str(it.get("type"))
    yield from _missing(kind, it, where)
    yield from _texts(kind, it, where)
    yield from _strings(kind, it, where)
    yield from _lists(kind, it, where)
    yield from _options(kind, it, where)
    if "confirm" in it:
        yield from _confirm(it["confirm"], f"{where}/confirm")
    yield from _inside(kind, it, where)


def _missing(kind: str, it: Json, where: str) -> Iterator[str]:
    for name in REQUIRED.get(kind, []):
        if name not in it:
            yield f"missing required field: {name} [{_at(where)}]"
    if kind == "section" and not (it.get("text") or it.get("fields")):
        yield f"missing required field: text or fields [{_at(where)}]"
    if kind == "task_card" and it.get("status") not in {
        "pending",
        "in_progress",
        "complete",
        "error",
    }:
        yield f"must be a valid enum value [{_at(where)}/status]"


def _text(text: Any, most: int, where: str, *, plain: bool) -> Iterator[str]:
    if not isinstance(text, dict) or text.get("type") not in {"plain_text", "mrkdwn"}:
        yield f"must provide a text object [{_at(where)}]"
        return
    if plain and text["type"] != "plain_text":
        yield f"must be a plain_text object [{_at(where)}/type]"
    length = len(text.get("text") or "")
    if length < 1:
        yield f"must be more than 0 characters [{_at(where)}/text]"
    if length > most:
        yield f"must be less than {most + 1} characters [{_at(where)}/text]"


def _texts(kind: str, it: Json, where: str) -> Iterator[str]:
    for (owner, name), most in TEXT_LIMITS.items():
        if owner == kind and name in it:
            yield from _text(it[name], most, f"{where}/{name}", plain=(kind, name) in PLAIN_ONLY)
    for index, text in enumerate(it.get("fields", []) if kind == "section" else []):
        yield from _text(text, 2000, f"{where}/fields/{index}", plain=False)
    for name in ("title",) if kind in {"plan", "task_card"} else ():
        if name in it and not isinstance(it[name], str):
            yield f"must be a string [{_at(where)}/{name}]"
    if "placeholder" in it:
        yield from _text(it["placeholder"], 150, f"{where}/placeholder", plain=True)


def _strings(kind: str, it: Json, where: str) -> Iterator[str]:
    limits = [(name, most) for (owner, name), most in FIELD_LIMITS.items() if owner == kind]
    for name, most in [*limits, ("block_id", MAX_ID), ("action_id", MAX_ID)]:
        if name in it and not isinstance(it[name], str):
            yield f"must be a string [{_at(where)}/{name}]"
        elif len(it.get(name) or "") > most:
            yield f"must be less than {most + 1} characters [{_at(where)}/{name}]"
    if kind == "button" and it.get("style", "primary") not in {"primary", "danger"}:
        yield f"must be a valid enum value [{_at(where)}/style]"


def _lists(kind: str, it: Json, where: str) -> Iterator[str]:
    for (owner, name), (fewest, most) in LIST_LIMITS.items():
        if owner == kind and name in it:
            if len(it[name]) < fewest:
                yield f"must provide at least {fewest} items [{_at(where)}/{name}]"
            if len(it[name]) > most:
                yield f"no more than {most} items allowed [{_at(where)}/{name}]"


def _options(kind: str, it: Json, where: str) -> Iterator[str]:
    if kind in {"static_select", "multi_static_select"}:
        yield from _select(it, where)
    for group_index, group in enumerate(it.get("option_groups", [])):
        place = f"{where}/option_groups/{group_index}"
        yield from _text(group.get("label"), 75, f"{place}/label", plain=True)
        yield from _choices(group.get("options", []), f"{place}/options", plain=True)
    plain = kind not in {"checkboxes", "radio_buttons"}
    yield from _choices(it.get("options", []), f"{where}/options", plain=plain)


def _select(it: Json, where: str) -> Iterator[str]:
    if ("options" in it) == ("option_groups" in it):
        yield f"must provide either options or option_groups [{_at(where)}]"
    for name in ("options", "option_groups"):
        if name in it and not 1 <= len(it[name]) <= 100:
            yield f"must have between 1 and 100 items [{_at(where)}/{name}]"
    chosen = it.get("initial_option")
    offered = [
        *it.get("options", []),
        *(one for group in it.get("option_groups", []) for one in group["options"]),
    ]
    if chosen and chosen not in offered:
        yield f"must match one of the options [{_at(where)}/initial_option]"


def _choices(options: list[Json], where: str, *, plain: bool) -> Iterator[str]:
    if len(options) > 100:
        yield f"no more than 100 items allowed [{_at(where)}]"
    for index, option in enumerate(options):
        yield from _missing("option", option, f"{where}/{index}")
        yield from _text(option.get("text"), 75, f"{where}/{index}/text", plain=plain)
        if len(option.get("value") or "") > 150:
            yield f"must be less than 151 characters [{_at(where)}/{index}/value]"


def _confirm(it: Json, where: str) -> Iterator[str]:
    yield from _missing("confirm", it, where)
    for name, most in CONFIRM_LIMITS.items():
        if name in it:
            yield from _text(it[name], most, f"{where}/{name}", plain=name != "text")


def _inside(kind: str, it: Json, where: str) -> Iterator[str]:
    if kind in {"actions", "context_actions"}:
        for index, element in enumerate(it.get("elements", [])):
            yield from _element(
                element, f"{where}/elements/{index}", in_context=kind == "context_actions"
            )
        yield from _same_actions(it, where)
    if kind == "context":
        for index, element in enumerate(it.get("elements", [])):
            if element.get("type") != "image":
                yield from _text(element, 3000, f"{where}/elements/{index}", plain=False)
    for name in ("accessory", "element"):
        if isinstance(it.get(name), dict):
            yield from _thing(it[name], f"{where}/{name}")
    for index, task in enumerate(it.get("tasks", []) if kind == "plan" else []):
        yield from _thing({"type": "task_card", **task}, f"{where}/tasks/{index}")


def _element(element: Json, where: str, *, in_context: bool) -> Iterator[str]:
    kind = element.get("type")
    allowed = (
        {"feedback_buttons", "icon_button"}
        if in_context
        else INTERACTIVE - {"feedback_buttons", "icon_button"}
    )
    if kind in allowed:
        yield from _thing(element, where)
    else:
        yield f"unsupported type: {kind} [{_at(where)}/type]"


def _same_actions(it: Json, where: str) -> Iterator[str]:
    counted = Counter(
        element["action_id"] for element in it.get("elements", []) if "action_id" in element
    )
    for name in (name for name, times in counted.items() if times > 1):
        yield f"`action_id` {name} already exists [{_at(where)}/elements]"


def _repeated(blocks: list[Any]) -> list[str]:
    counted = Counter(
        one["block_id"] for one in blocks if isinstance(one, dict) and "block_id" in one
    )
    return [
        f"`block_id` {name} already exists [json-pointer:/blocks]"
        for name, times in counted.items()
        if times > 1
    ]
