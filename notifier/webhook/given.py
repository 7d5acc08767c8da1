"""The settings of webhooks, read."""

from __future__ import annotations

from dragoman.settings import Settings
from notifier.webhook import address
from notifier.webhook.address import Networks


def urls_of(settings: Settings) -> dict[str, str]:
    """The address that is set for a token, by its name."""
    return address.urls(str(settings.given("webhook_urls") or ""))


def networks_of(settings: Settings) -> Networks:
    """Networks that are not public, and that an admin allows."""
    return address.networks(str(settings.given("webhook_networks") or ""))
