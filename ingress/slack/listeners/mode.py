"""Where Slack's events come in, by what is set."""

from __future__ import annotations

from dragoman.settings import Settings


def by_socket(settings: Settings) -> bool:
    """Whether events come to a process of their own, over a connection that it opened."""
    return settings.slack_on and settings.slack_mode == "socket"


def by_web(settings: Settings) -> bool:
    """Whether Slack posts its events to the web server."""
    return settings.slack_on and settings.slack_mode == "http"
