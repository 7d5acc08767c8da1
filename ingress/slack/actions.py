"""What people do with what is there: buttons, deleted posts and files, invitations, settings."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import structlog

from dragoman.app.intake import Intake
from dragoman.channels.slack import posts, slack_api
from dragoman.channels.slack.slack_api import SlackRefused, our_errors, user_of
from dragoman.db.ledgers import cards
from dragoman.db.ledgers.lease import Lease
from dragoman.db.records import preferences
from dragoman.domain.job import OPEN, WaitingFor
from dragoman.domain.rows.card import Card
from dragoman.domain.rows.message import InboxMessage
from dragoman.domain.wishes import ChannelWishes, PersonWishes
from dragoman.errors import DragomanError, NotApprover, RequestError
from ingress.slack import lookup, parse
from ingress.slack.context import Context

log = structlog.get_logger(__name__)

NOT_YOURS = (
    "Only the person who asked for this translation, or somebody who manages this channel, can do"
    " that."
)
TOO_LATE = "That took too long for Slack, and its dialog could not open. Please click once more."
GREETING = (
    "Hello! I translate PDFs that are posted here, and put the translation into their thread."
    " *Which languages do you want here?* Until you choose, say it with each PDF: “to French”, or a"
    " flag."
)


def press(context: Context, held: Lease[InboxMessage], event: parse.Pressed) -> None:
    """Do what a button says, if its presser may."""
    intake = context.intake
    if event.late:
        _whisper(context, event, TOO_LATE)
        intake.drop(held, "dialog too late")
        return
    if event.action == slack_api.CHOOSE_LANGUAGE:
        _choose(context, event)
    elif event.action in (slack_api.CANCEL, slack_api.RETRY, slack_api.DELETE, slack_api.APPROVE):
        _steer(context, event)
    intake.drop(held, event.action or "unknown button")


def forget(
    context: Context, held: Lease[InboxMessage], event: parse.PostGone | parse.FileGone
) -> None:
    """A post or a file is gone: what is made of it stops unanswered, and source and result are
    deleted.
    """
    if isinstance(event, parse.PostGone):
        key = f"{slack_api.CHANNEL}:{context.team}:{event.place}:{event.ts}"
        with context.intake.database.read() as connection:
            card = cards.by_key(connection, key)
        if card and not event.files:
            _withdraw(context, card)
        for file in event.files if card else ():
            _forget_file(context, file, event.place)
    else:
        _forget_file(context, event.file, event.place)
    context.intake.drop(held, "gone")


def leave(intake: Intake, held: Lease[InboxMessage], team: str) -> None:
    """The app was removed: nothing can be posted any more, so the workspace's jobs stop.

    The log tells the admin.
    """
    posts.leave(intake, team)
    log.error("slack_left", team=team, advice="install the Slack app again and set its new token")
    intake.drop(held, "removed")


def greet(context: Context, held: Lease[InboxMessage], event: parse.Joined) -> None:
    """Ask once for the languages of a channel that Dragoman was invited to."""
    if event.user == context.bot_user:
        posts.invited(context.intake, context.team, event.place)
        with context.intake.database.read() as connection:
            wishes = preferences.channel_wishes(connection, context.team, event.place)
        if not wishes.asked:
            button = {
                "type": "button",
                "action_id": slack_api.CHANNEL_SETTINGS,
                "value": event.place,
                "text": {"type": "plain_text", "text": "Choose languages"},
            }
            blocks: list[dict[str, Any]] = [
                {"type": "section", "text": {"type": "mrkdwn", "text": GREETING}},
                {"type": "actions", "elements": [button]},
            ]
            with suppress(SlackRefused):
                context.say(event.place, GREETING, blocks=blocks)
            asked = ChannelWishes.from_json({**wishes.as_json(), "asked": True})
            with context.intake.database.write() as connection:
                preferences.keep_wishes(connection, context.team, event.place, asked)
    context.intake.drop(held, "joined")


def settle(context: Context, held: Lease[InboxMessage], event: parse.Settled) -> None:
    """Keep what a channel or a person wants from now on, if they may say so."""
    wishes: ChannelWishes | PersonWishes
    if event.place == event.user:
        wishes, said = PersonWishes.from_json(event.wishes), "Your preferences are saved."
    else:
        with context.intake.database.read() as connection:
            known = preferences.channel_wishes(connection, context.team, event.place)
        if not known.anybody and not _may(context, event.place, event.user, None):
            _tell(
                context,
                event.place,
                event.user,
                "Only people who manage this channel can change its settings.",
            )
            context.intake.drop(held, "not allowed")
            return
        wishes, said = (
            ChannelWishes.from_json(event.wishes),
            "Saved. These settings apply to this channel from now on.",
        )
    with context.intake.database.write() as connection:
        preferences.keep_wishes(connection, context.team, event.place, wishes)
    if event.place != event.user:
        _tell(context, event.place, event.user, said)
    context.intake.drop(held, "settled")


def _choose(context: Context, event: parse.Pressed) -> None:
    message_id, _, tag = event.value.partition(":")
    card = posts.card_of_message(context.intake, message_id)
    if card is None or not _may(context, card.place, event.user, card.requester):
        _whisper(context, event, NOT_YOURS)
    elif not context.intake.tell(message_id, WaitingFor.LANGUAGE, {"languages": [tag]}):
        _whisper(
            context, event, "A language has already been chosen, or the time to choose is over."
        )


def _steer(context: Context, event: parse.Pressed) -> None:
    job = posts.job(context.intake, event.value)
    if job is None:
        _whisper(context, event, "This document is no longer here.")
        return
    if event.action == slack_api.APPROVE and context.settings.approvers:
        _approve(context, event, job.id)
        return
    _, requester = user_of(job.owner) if job.owner.count(":") > 1 else ("", "")
    if not _may(context, event.place, event.user, requester):
        _whisper(context, event, NOT_YOURS)
        return
    try:
        _do(context, event.action, job.id)
    except RequestError as error:
        _whisper(context, event, f"{error} {error.advice}")


def _approve(context: Context, event: parse.Pressed, job_id: str) -> None:
    """Only those whom the admin has named decide about costs, whoever may steer the job
    otherwise.
    """
    try:
        context.intake.approve(job_id, by=f"{slack_api.CHANNEL}:{context.team}:{event.user}")
    except NotApprover as error:
        _whisper(context, event, f"{error} {error.advice}")


def _do(context: Context, action: str, job_id: str) -> None:
    if action == slack_api.CANCEL:
        context.intake.cancel(job_id)
    elif action == slack_api.RETRY:
        context.intake.retry(job_id)
    elif action == slack_api.APPROVE:
        context.intake.approve(job_id)
    else:
        context.intake.purge(job_id)


def _withdraw(context: Context, card: Card) -> None:
    job_ids = posts.job_ids(context.intake, card.id)
    posts.withdraw(context.intake, card.id)
    _delete_results(context, job_ids)
    if card.shown_ts:
        with suppress(SlackRefused), our_errors():
            context.client.chat_delete(channel=card.shown_place or "", ts=card.shown_ts)


def _forget_file(context: Context, file: str, place: str | None) -> None:
    """End the jobs of a file; with `place`, those of posts in that channel."""
    for row, card in posts.of_file(context.intake, f"{context.team}:{file}"):
        if place and card and card.place != place:
            continue
        was_open = row.state in OPEN
        context.intake.purge(row.id)
        if card and was_open:
            note = {
                "filename": row.filename,
                "code": "gone",
                "message": "The file was deleted.",
                "advice": "",
            }
            posts.note(context.intake, card.id, [note])


def _delete_results(context: Context, job_ids: Sequence[str]) -> None:
    for file in posts.results(context.intake, job_ids):
        with suppress(SlackRefused), our_errors():
            context.client.files_delete(file=file)


def _may(context: Context, place: str, user: str, requester: str | None) -> bool:
    return lookup.may_steer(
        context.client, context.settings, context.team, place, user=user, requester=requester
    )


def _whisper(context: Context, event: parse.Pressed, text: str) -> None:
    _tell(context, event.place, event.user, text, event.thread_ts)


def _tell(context: Context, place: str, user: str, text: str, thread_ts: str | None = None) -> None:
    # a courtesy: what was wanted is done, or is refused, all the same
    with suppress(DragomanError):
        context.whisper(place, user, text, thread_ts)
