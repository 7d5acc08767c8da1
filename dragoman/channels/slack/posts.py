"""Posts of a chat: the card that shows how their files are doing, and what happens when a post
goes away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dragoman.adapters import queues
from dragoman.app.intake import Intake
from dragoman.channels.slack.slack_api import CHANNEL
from dragoman.db.ledgers import cards, inbox, jobs, outbox
from dragoman.db.ledgers.lease import Lease
from dragoman.db.queries import arrivals, history
from dragoman.db.records import preferences
from dragoman.domain.answers.arrival import in_words
from dragoman.domain.job import OPEN, WaitingFor
from dragoman.domain.rows.card import Card, Note
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.message import InboxMessage

INVITED_TO = "invited_to"  # in a message's payload: the channel that we have to be invited to first


def open_card(intake: Intake, **values: Any) -> tuple[Card, bool]:
    """The card of a post (columns of `CardRow`) and whether it is new; the notifier is rung for
    a new one.
    """
    with intake.database.write() as connection:
        row, created = cards.insert(connection, **values)
    if created:
        intake.doorbell.ring(queues.SHOW_CARD, row.id)
    return row, created


def note(intake: Intake, card_id: str, notes: Sequence[Note], **values: Any) -> None:
    """What the card has to say besides its jobs: files left out, with `filename`, `code`,
    `message`, `advice`.
    """
    with intake.database.write() as connection:
        cards.note(connection, card_id, notes, **values)
    intake.doorbell.ring(queues.SHOW_CARD, card_id)


def withdraw(intake: Intake, card_id: str) -> None:
    """A post is gone: its open jobs end unanswered, their files and those of its results are
    forgotten.
    """
    with intake.database.write() as connection:
        cards.withdraw(connection, card_id)
        rows = jobs.of_card(connection, card_id)
    for row in rows:
        intake.purge(row.id)


def leave(intake: Intake, team: str) -> None:
    """A workspace removed the app: its open jobs stop, and nothing is shown there any more."""
    with intake.database.write() as connection:
        preferences.revoke(connection, team)
        shown = cards.of_team(connection, team)
        for card in shown:
            cards.withdraw(connection, card.id)
        open_ = [
            row.id
            for card in shown
            for row in jobs.of_card(connection, card.id)
            if row.state in OPEN
        ]
    for job_id in open_:
        intake.cancel(job_id)


def card_of_message(intake: Intake, message_id: str) -> Card | None:
    """The card that was opened for a kept message, or None."""
    with intake.database.read() as connection:
        return cards.of_message(connection, message_id)


def waiting_for_language(intake: Intake, team: str, place: str, user: str) -> str | None:
    """The kept message of a person's newest post in a channel that waits for a language, or
    None.
    """
    with intake.database.read() as connection:
        return cards.asking(connection, team, place, user, WaitingFor.LANGUAGE)


def asked_about(intake: Intake, key: str) -> str | None:
    """The message of the card with this key if it asks for a language, else None."""
    with intake.database.read() as connection:
        card = cards.by_key(connection, key)
    asks = card is not None and card.asks is WaitingFor.LANGUAGE
    return card.message_id if card and asks else None


def asking_in(intake: Intake, team: str, place: str, thread_ts: str) -> Card | None:
    """The newest card of a thread that asks for a language, or None."""
    with intake.database.read() as connection:
        return cards.asking_in(connection, team, place, thread_ts, WaitingFor.LANGUAGE)


def results(intake: Intake, job_ids: Sequence[str]) -> list[str]:
    """The ids of the files that were handed over in Slack for these jobs."""
    with intake.database.read() as connection:
        sent = [one for job_id in job_ids for one in outbox.deliveries(connection, job_id)]
    return [one.ref for one in sent if one.ref and one.ref.startswith("F")]


def take_turns(
    intake: Intake, message: Lease[InboxMessage], owner: str, most: int, again_in_s: float
) -> bool:
    """Whether a person's message has to wait, since `most` of their jobs are open: others' come
    in between; then it ends `message`.
    """
    with intake.database.write() as connection:
        if jobs.open_of(connection, owner) < most:
            return False
        message.later(connection, again_in_s)
    return True


def wait_for_invitation(
    intake: Intake, message: Lease[InboxMessage], place: str, again_in_s: float
) -> None:
    """A message is about a channel that we are not in: it is looked at again later, or when we
    are invited to `place`.
    """
    with intake.database.write() as connection:
        message.later(connection, again_in_s, payload={**message.row.payload, INVITED_TO: place})


def invited(intake: Intake, team: str, place: str) -> int:
    """We are in a channel now: the messages that waited for that are due; how many."""
    with intake.database.write() as connection:
        due = inbox.waiting_for_invitation(connection, CHANNEL, team, place, INVITED_TO)
    for message_id in due:
        intake.doorbell.ring(queues.OPEN_OF[CHANNEL], message_id)
    return len(due)


def job(intake: Intake, job_id: str) -> Job | None:
    """The row of a job, or None."""
    with intake.database.read() as connection:
        return jobs.by_id(connection, job_id)


def job_by_key(intake: Intake, key: str) -> Job | None:
    """The row of the job that was made for this request before, or None."""
    with intake.database.read() as connection:
        return jobs.by_key(connection, key)


def job_ids(intake: Intake, card_id: str) -> list[str]:
    """The ids of the jobs that a card shows."""
    with intake.database.read() as connection:
        return [row.id for row in jobs.of_card(connection, card_id)]


def of_file(intake: Intake, file_ref: str) -> list[tuple[Job, Card | None]]:
    """The jobs of a file, each with its card."""
    with intake.database.read() as connection:
        rows = jobs.of_file(connection, CHANNEL, file_ref)
        return [(row, cards.by_id(connection, row.card_id or "")) for row in rows]


@dataclass(frozen=True, slots=True)
class Latest:
    """One of a person's newest jobs: its row, its seconds left (None when it has ended), and
    how it is doing in words.
    """

    row: Job
    eta_s: int | None
    state: str


def latest(intake: Intake, owner: str, limit: int) -> list[Latest]:
    """A person's newest jobs, newest first."""
    with intake.database.read() as connection:
        rows = jobs.listed(connection, owner=owner, limit=limit)
        known = arrivals.of_jobs(connection, rows)
        return [
            Latest(row, history.eta_s(connection, row), in_words(row.status, known.get(row.id)))
            for row in rows
        ]


def used(intake: Intake, owner: str) -> dict[str, int]:
    """What a person had done in the last 30 days: `jobs`, `pages`, `characters` that were paid
    for.
    """
    with intake.database.read() as connection:
        return jobs.used(connection, owner)
