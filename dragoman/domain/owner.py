"""Whose job it is: `ana@example.org`, `slack:TEAM:USER` or `web:NAME`."""

from __future__ import annotations


def team_of(owner: str) -> str | None:
    """Who shares limits with an owner: a Slack workspace (`slack:TEAM`) or a mail domain (`@example.org`); None: nobody."""
    if owner.startswith("slack:"):
        return ":".join(owner.split(":")[:2])
    _, at, domain = owner.rpartition("@")
    return f"@{domain.casefold()}" if at else None
