"""The way back by email, opened: answers to senders, and emails to the admin where somebody
wants them, by one mail server.
"""

from __future__ import annotations

from dragoman.db.engine import Database
from dragoman.db.ledgers import alarms
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from notifier.delivery.channel import Channel, WayBack
from notifier.email.operator_email import OperatorChannel
from notifier.email.reply import EmailChannel
from notifier.email.smtp_client import open_outbound


def open_way(settings: Settings, store: BlobStore, database: Database) -> WayBack:
    """As `ChannelSpec.reply` asks."""
    outbound = open_outbound(settings, database)
    channels: dict[str, Channel] = {"email": EmailChannel(settings, store, outbound)}
    if settings.operator_address:
        channels[alarms.CHANNEL] = OperatorChannel(settings, settings.operator_address, outbound)
    return WayBack(channels)
