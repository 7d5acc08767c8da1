"""Who asks in a chat, as one word: the owner of the jobs of a person there."""

from __future__ import annotations

CHANNEL = "slack"


def owner_of(team: str, user: str) -> str:
    """The owner of the jobs of a person: `slack:TEAM:USER`."""
    return f"{CHANNEL}:{team}:{user}"


def user_of(owner: str) -> tuple[str, str]:
    """Team and user of an owner made by `owner_of`."""
    _, team, user = owner.split(":", 2)
    return team, user
