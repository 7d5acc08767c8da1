"""The manifest asks for what the code uses: nothing is missing, nothing is there for nothing."""

from __future__ import annotations

import re
from pathlib import Path

from dragoman.channels.slack import slack_api
from ingress.slack import parse
from ingress.slack.surfaces import dialogs
from tests import manifest

ROOT = Path(__file__).parents[4]
CALL = re.compile(
    r"(?:client|client_of\([^)]*\))\.((?:chat|conversations|files|reactions|users|views|auth|team|bots)_\w+)\("
)
# Scopes that a method needs of a bot, all kinds of channels included;
# docs.slack.dev/reference/methods.
OF_METHOD = {
    "auth_test": set(),
    "chat_delete": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "conversations_info": {"channels:read", "groups:read", "im:read", "mpim:read"},
    "conversations_open": {"im:write"},
    "conversations_replies": {"channels:history", "groups:history", "im:history", "mpim:history"},
    "files_completeUploadExternal": {"files:write"},
    "files_delete": {"files:write"},
    "files_getUploadURLExternal": {"files:write"},
    "files_info": {"files:read"},
    "reactions_add": {"reactions:write"},
    "reactions_remove": {"reactions:write"},
    "users_info": {"users:read"},
    "views_open": set(),
    "views_publish": set(),
}
# docs.slack.dev/reference/events
OF_EVENT = {
    "app_mention": {"app_mentions:read"},
    "file_deleted": {"files:read"},
    "file_shared": {"files:read"},
    "file_unshared": {"files:read"},
    "member_joined_channel": {"channels:read", "groups:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "message.mpim": {"mpim:history"},
    "reaction_added": {"reactions:read"},
}
OF_COMMANDS = {"commands"}  # the slash command and the shortcut


def methods() -> set[str]:
    """The Web API methods that our code calls."""
    files = [
        *(ROOT / "ingress" / "slack").rglob("*.py"),
        *(ROOT / "notifier").rglob("*.py"),
        ROOT / "dragoman" / "channels" / "slack" / "slack_api.py",
    ]
    return {found for file in files for found in CALL.findall(file.read_text())}


def test_every_method_has_its_scopes_noted():
    assert methods() == set(OF_METHOD)


def test_scopes_are_those_that_the_code_uses():
    needed = OF_COMMANDS.union(
        *OF_METHOD.values(), *(OF_EVENT.get(event, set()) for event in manifest.events())
    )
    assert manifest.scopes() == needed == slack_api.SCOPES


def test_events_are_those_that_the_code_reads():
    assert {event.partition(".")[0] for event in manifest.events()} == parse.EVENTS
    assert {event for event in manifest.events() if event.startswith("message.")} == {
        f"message.{kind}" for kind in ("channels", "groups", "im", "mpim")
    }


def test_what_people_press_and_type_is_there():
    features = manifest.manifest()["features"]
    assert [one["callback_id"] for one in features["shortcuts"]] == [dialogs.SHORTCUT]
    assert [one["command"] for one in features["slash_commands"]] == ["/translate"]
    assert features["app_home"]["home_tab_enabled"]
    assert manifest.manifest()["settings"]["interactivity"]["is_enabled"]


def test_how_to_gives_a_reason_for_each_scope():
    page = (ROOT / "docs" / "howto" / "slack.md").read_text()
    assert (
        set(re.findall(r"^\| `([a-z_]+:[a-z]+|commands)` \|", page, re.MULTILINE))
        == manifest.scopes()
    )
