"""Opening a kept event of Slack: PDFs become jobs, presses are acted on, what is gone is
forgotten.
"""

from __future__ import annotations

from functools import cache

import structlog
from celery import Celery

from dragoman.adapters import queues
from dragoman.adapters.queues import BrokerDoorbell
from dragoman.adapters.storage import open_store
from dragoman.app.intake import Intake
from dragoman.channels.slack import slack_api
from dragoman.db.engine import Database
from dragoman.db.ledgers.lease import Lease
from dragoman.domain.actors import acting
from dragoman.domain.rows.message import InboxMessage
from dragoman.errors import DragomanError
from dragoman.settings import Settings
from ingress.slack import actions, new_posts, parse
from ingress.slack.context import Context
from ingress.slack.surfaces import home

log = structlog.get_logger(__name__)

SOFT_LIMIT_S, HARD_LIMIT_S = 300, 330


def register(app: Celery, settings: Settings) -> None:
    """Declare the task on `app`; each process that runs one makes its own connections."""

    @cache
    def intake_of() -> Intake:
        return Intake(
            Database(settings.database), open_store(settings.storage), BrokerDoorbell(app), settings
        )

    @app.task(
        name=queues.OPEN_OF[slack_api.CHANNEL],
        soft_time_limit=SOFT_LIMIT_S,
        time_limit=HARD_LIMIT_S,
        throws=(DragomanError,),
    )
    def task(message_id: str) -> None:
        open_event(intake_of(), message_id)


def open_event(intake: Intake, message_id: str) -> None:
    """Open an event that the door kept; nothing happens if it is not ours to open.

    It ends in jobs, in an answer, or in nothing. Raises what went wrong on our side, after it is on
    record.
    """
    with intake.opened(message_id) as held:
        if held is None:
            return
        event = parse.read(held.row.payload)
        if isinstance(event, parse.Nothing):
            intake.drop(held, event.reason)
        elif isinstance(event, parse.Removed):
            actions.leave(intake, held, event.team)
        else:
            context = Context.open(intake, str(held.row.payload.get("team") or ""))
            if context is None:
                intake.drop(held, "not installed there")
                return
            try:
                with acting(slack_api.CHANNEL, _who(context, event)):
                    _act(context, held, event)
            except slack_api.SlackRevoked:
                # Nobody can be told any more; the workspace's jobs stop, and the log tells the
                # admin.
                log.warning("slack_revoked", team=context.team)
                actions.leave(intake, held, context.team)


def _who(context: Context, event: parse.Event) -> str | None:
    """The person behind an event, as an owner is written; None where Slack does not say."""
    user = getattr(event, "user", None)
    return f"{slack_api.CHANNEL}:{context.team}:{user}" if user else None


def _act(context: Context, held: Lease[InboxMessage], event: parse.Event) -> None:
    match event:
        case parse.Posted() | parse.Edited() | parse.Shared() | parse.Flagged() | parse.Wanted():
            new_posts.act(context, held, event)
        case parse.Pressed():
            actions.press(context, held, event)
        case parse.PostGone() | parse.FileGone():
            actions.forget(context, held, event)
        case parse.Joined():
            actions.greet(context, held, event)
        case parse.Settled():
            actions.settle(context, held, event)
        case parse.HomeOpened():
            home.show(context, event.user)
            context.intake.drop(held, "home shown")
