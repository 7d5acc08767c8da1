"""The way back by email, opened: answers to senders, and emails to the admin where somebody wants them, by one mail server."""

from __future__ import annotations

from dragoman.db.engine import Database
from dragoman.db.ledgers import alarms
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from notifier.channel import Channel, WayBack
from notifier.email_reply import EmailChannel
from notifier.operator_mail import OperatorChannel
from notifier.outbound import open_outbound


def open_way(settings: Settings, store: BlobStore, database: Database) -> WayBack:
    """As `ChannelSpec.reply` asks."""
    outbound = open_outbound(settings, database)
    channels: dict[str, Channel] = {"email": EmailChannel(settings, store, outbound)}
    if settings.operator_address:
        channels[alarms.CHANNEL] = OperatorChannel(settings, settings.operator_address, outbound)
    return WayBack(channels)
