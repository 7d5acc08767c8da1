"""The app's manifest, as an admin pastes it into Slack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "docs" / "howto" / "slack-manifest.json"


def manifest() -> dict[str, Any]:
    return dict(json.loads(FILE.read_text()))


def scopes() -> frozenset[str]:
    """What the bot may do."""
    return frozenset(manifest()["oauth_config"]["scopes"]["bot"])


def events() -> frozenset[str]:
    """What the app hears of."""
    return frozenset(manifest()["settings"]["event_subscriptions"]["bot_events"])
