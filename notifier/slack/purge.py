"""What was shown in Slack, taken back when somebody has a job deleted."""

from __future__ import annotations

import structlog

from dragoman.channels.slack import slack_api
from dragoman.db.engine import Database
from dragoman.db.ledgers import cards, jobs, outbox
from dragoman.errors import OutboundRefused
from dragoman.settings import Settings

log = structlog.get_logger(__name__)


def take_back(database: Database, settings: Settings, job_id: str) -> int:
    """Delete the results of a job that were shown in Slack, and let its card say so; how many
    files. Safe to repeat.

    Raises OutboundUnavailable.
    """
    with database.write() as connection:
        row = jobs.by_id(connection, job_id)
        if row is None:
            return 0
        cards.wake(connection, row.card_id)
        card = cards.by_id(connection, row.card_id) if row.card_id else None
        refs = [delivery.ref or "" for delivery in outbox.deliveries(connection, job_id)]
    files = [ref for ref in refs if ref.startswith("F")]  # a file's id, not a message's ts
    if not files or card is None or not settings.slack_speaks:
        return 0
    client = slack_api.client_of(settings, card.team)
    for file in files:
        try:
            slack_api.delete_file(client, file)
        except OutboundRefused as error:
            log.warning("slack_file_stays", job_id=job_id, detail=error.detail)
    return len(files)
