"""From a row of the outbox to a delivery: what it answers and what it says, read from the
ledgers and the store.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from dragoman.adapters.signed_links import Links
from dragoman.db.engine import Database
from dragoman.db.ledgers import alarms, cards, inbox, jobs, outbox
from dragoman.db.queries import history
from dragoman.db.records import process_registry
from dragoman.domain.answers.row_words import AnswerKind
from dragoman.domain.job import RowState
from dragoman.domain.rows.card import Card
from dragoman.domain.rows.delivery import Delivery as Owed
from dragoman.domain.rows.delivery import Kind
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.message import InboxMessage
from dragoman.domain.specs import engine_specs
from dragoman.domain.specs.channel_specs import by_name
from dragoman.ports import BlobStore
from notifier.delivery.answers import Answer, JobLinks, answer_from
from notifier.delivery.channel import Delivery

ASKS_FOR_A_LANGUAGE = (
    AnswerKind.NO_PDF,
    AnswerKind.NO_LANGUAGE,
    AnswerKind.UNKNOWN_LANGUAGE,
    AnswerKind.UNSUPPORTED_LANGUAGE,
    AnswerKind.HELP,
)
DIRECT = "D"  # how Slack's ids of direct messages between the app and one person begin


def load(database: Database, store: BlobStore, links: Links | None, row: Owed) -> Delivery | None:
    """The delivery with what it says; None if there is nobody to tell any more, or nothing.

    `links` None: this server has no public address. Raises DatabaseUnavailable and
    StoreUnavailable.
    """
    if row.channel == alarms.CHANNEL:
        nobodys = InboxMessage(id=row.owner, channel=row.channel, sender="")
        return Delivery(row, nobodys, Answer(AnswerKind.FAILED))  # it says all there is to say
    with database.read() as connection:
        message, rows = _message_and_jobs(connection, row)
        if (
            message is None
            or message.purged_at
            or _overtaken(connection, message, row, rows)
            or _emptied(message, row, rows)
        ):
            return None
        card = _card(connection, message, rows)
        if card is not None and card.withdrawn_at:
            return None
        is_early = row.kind in (Kind.ACK, Kind.PROGRESS)
        etas = {job.id: history.eta_s(connection, job) for job in rows} if is_early else {}
        possible = _possible(connection) if row.payload.get("reason") in ASKS_FOR_A_LANGUAGE else []
    present = [_with_result(store, job) for job in rows]
    alone = _alone(message, card)
    shown = {job.id: found for job in present if (found := _links(links, job, alone=alone))}
    answer = answer_from(row, message, present, links=shown, etas=etas, possible=possible)
    return Delivery(row, message, answer, card)


def _message_and_jobs(connection: Connection, row: Owed) -> tuple[InboxMessage | None, list[Job]]:
    """The message that a delivery answers, and the jobs that it is about: its owner, or those
    of its owner's run.
    """
    message = inbox.by_id(connection, row.owner)
    if message is not None:
        return message, jobs.of_message(connection, message.id, row.run)
    job = jobs.by_id(connection, row.owner)
    if job is None:
        return None, []
    message = inbox.by_id(connection, job.message_id) if job.message_id else _standing_for(job)
    return message, [job]


def _standing_for(job: Job) -> InboxMessage:
    """What stands in place of the message for a job that came without one (an upload): who
    asked, and where the answer goes.
    """
    return InboxMessage(
        id=job.id,
        state=job.state,
        channel=job.channel,
        sender=job.owner,
        payload={"reply_to": job.options.reply_to},
        run=job.run,
        purged_at=job.purged_at,
    )


def _card(connection: Connection, message: InboxMessage, rows: list[Job]) -> Card | None:
    """The card of the post that is answered, if the channel has any."""
    card_id = (rows[0].card_id if rows else None) or message.payload.get("card_id")
    return cards.by_id(connection, card_id) if card_id else None


def _overtaken(connection: Connection, message: InboxMessage, row: Owed, rows: list[Job]) -> bool:
    """Whether this is a note that was delayed until it was no longer true.

    The answer is there, or a question has been answered, or all that is still open waits for the
    sender, who knows.
    """
    waiting = [job for job in rows if job.state == RowState.WAITING]
    if row.kind == Kind.QUESTION:
        return not waiting and message.state != RowState.WAITING
    if row.kind == Kind.PROGRESS and not any(
        job.state in (RowState.READY, RowState.RUNNING) for job in rows
    ):
        return True
    return row.kind not in (Kind.FINAL, Kind.INSTEAD) and any(
        other.kind == Kind.FINAL and other.run == row.run
        for other in outbox.deliveries(connection, row.owner)
    )


def _emptied(message: InboxMessage, row: Owed, rows: list[Job]) -> bool:
    """Whether all jobs of this run are tried again in a later one, whose answer will tell of
    them.
    """
    return not rows and row.run < message.run and "reason" not in row.payload


def _possible(connection: Connection) -> list[str]:
    """Tags of the languages that the engines here can write; the pseudo engine, which knows
    all, does not count.
    """
    known = [
        capabilities
        for capabilities in process_registry.published(connection)
        if engine_specs.is_real(capabilities.engine)
    ]
    return sorted(frozenset[str]().union(*(capabilities.targets for capabilities in known)))


def _with_result(store: BlobStore, job: Job) -> Job:
    """The job's row as the store has it: a result may have been purged since the job ended."""
    if not job.result:
        return job
    size = store.size(job.result)
    return replace(job, result=None) if size is None else replace(job, result_size=size)


def _alone(message: InboxMessage, card: Card | None) -> bool:
    """Whether nobody but the requester reads the answer: a mail to them, or a direct message; a
    thread is read by all.
    """
    spec = by_name(message.channel)
    if spec and spec.is_private:
        return True
    place = (card.place if card else None) or message.payload.get("place") or ""
    return str(place).startswith(DIRECT)


def _links(links: Links | None, job: Job, *, alone: bool) -> JobLinks | None:
    """The job's links; `alone`: only the requester reads them, so that they may change things."""
    if links is None:
        return None
    page = links.public("own" if alone else "page", job)
    download = links.public("download", job)
    return JobLinks(page, download) if page and download else None
