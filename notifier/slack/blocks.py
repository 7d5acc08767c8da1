"""Block Kit in Python: the few blocks that answers are made of, each within Slack's limits by
construction.

Texts come in escaped (`notifier.slack.rendering`); what is too long is cut here. Limits:
docs.slack.dev/reference/block-kit/blocks, .../block-elements and .../composition-objects. All
lengths are in characters.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

Block = dict[str, Any]

MOST_BLOCKS = 50  # in one message
MOST_WEIGHT = 12_000  # of all blocks as JSON: `msg_blocks_too_long` was seen near 13,200
LONGEST_TEXT = 3000  # of a section, or of a text in a context
LONGEST_LABEL = 75  # of a button, an option, a group
LONGEST_BUTTON_VALUE = 2000
LONGEST_OPTION_VALUE = 150
LONGEST_PLACEHOLDER = 150
LONGEST_CONFIRM = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
MOST_OPTIONS = 100  # in a group
MOST_BUTTONS = 25
MOST_CONTEXT = 10
_HALF = re.compile(r"<[^<>]*$|&[a-z]*$")  # a link or an entity that a cut left open


def section(text: str, accessory: Block | None = None) -> Block:
    """A paragraph in mrkdwn, with one button beside it."""
    block: Block = {
        "type": "section",
        "text": {"type": "mrkdwn", "text": cut(text, LONGEST_TEXT) or "…"},
    }
    return {**block, "accessory": accessory} if accessory else block


def context(*texts: str) -> Block:
    """Small print, in mrkdwn."""
    shown = [
        {"type": "mrkdwn", "text": cut(text, LONGEST_TEXT) or "…"} for text in texts[:MOST_CONTEXT]
    ]
    return {"type": "context", "elements": shown}


def actions(*elements: Block) -> Block:
    """Buttons and menus in a row; no two of them with the same `action_id`."""
    return {"type": "actions", "elements": list(elements[:MOST_BUTTONS])}


def button(
    label: str,
    action_id: str,
    value: str,
    *,
    style: str | None = None,
    confirm: Block | None = None,
) -> Block:
    """A button.

    `style`: `primary` or `danger`. Raises ValueError for a value that Slack would not carry.
    """
    if len(value) > LONGEST_BUTTON_VALUE:
        raise ValueError(f"the value of {action_id} is too long")
    more = {name: it for name, it in (("style", style), ("confirm", confirm)) if it}
    return {
        "type": "button",
        "text": _plain(label, LONGEST_LABEL),
        "action_id": action_id,
        "value": value,
        **more,
    }


def confirm(title: str, text: str, yes: str, no: str) -> Block:
    """The question that a button asks before it acts."""
    words = {"title": title, "text": text, "confirm": yes, "deny": no}
    return {name: _plain(word, LONGEST_CONFIRM[name]) for name, word in words.items()}


def select(
    placeholder: str, action_id: str, groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]
) -> Block:
    """A menu of labels and values in groups.

    Raises ValueError for a value that Slack would not carry.
    """
    listed = [
        {
            "label": _plain(name, LONGEST_LABEL),
            "options": [_option(*it) for it in options[:MOST_OPTIONS]],
        }
        for name, options in groups[:MOST_OPTIONS]
        if options
    ]
    shown = _plain(placeholder, LONGEST_PLACEHOLDER)
    return {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": shown,
        "option_groups": listed,
    }


def weight(blocks: Sequence[Block]) -> int:
    """Characters that the blocks take as JSON: more than Slack counts, never less."""
    return len(json.dumps(blocks, ensure_ascii=False))


def cut(text: str, longest: int) -> str:
    """Escaped mrkdwn, cut where neither a link nor an entity is torn apart."""
    stripped = text.strip()
    if len(stripped) <= longest:
        return stripped
    return _HALF.sub("", stripped[: longest - 1]).rstrip() + "…"


def _option(label: str, value: str) -> Block:
    if len(value) > LONGEST_OPTION_VALUE:
        raise ValueError("the value of an option is too long")
    return {"text": _plain(label, LONGEST_LABEL), "value": value}


def _plain(text: str, longest: int) -> Block:
    shown = text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
    return {"type": "plain_text", "text": shown or "…"}
