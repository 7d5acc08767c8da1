"""The way back by Slack, opened: answers and cards, behind one circuit breaker."""

from __future__ import annotations

from dragoman.channels.slack import slack_api
from dragoman.db.engine import Database
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from notifier.delivery.channel import WayBack
from notifier.slack.card_updates import Shower
from notifier.slack.circuit_breaker import Line
from notifier.slack.reply import SlackChannel


def open_way(settings: Settings, store: BlobStore, database: Database) -> WayBack | None:
    """As `ChannelSpec.reply` asks."""
    if not settings.slack_speaks:
        return None
    line = Line()
    return WayBack(
        {slack_api.CHANNEL: SlackChannel(settings, store, database, line)},
        Shower(settings, database, line),
    )
