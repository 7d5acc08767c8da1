"""What a sender of mail says about what is here already: replies find their documents, and habits
are remembered.

Only the sender's own messages are found: a reply of somebody else who was sent our answer is a mail
like any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from dragoman.adapters.translation_cache import Cache
from dragoman.app import retention
from dragoman.db import rows
from dragoman.db.engine import Database
from dragoman.db.ledgers import inbox, jobs, lease
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.records import preferences
from dragoman.domain.job import OPEN, RowState, WaitingFor
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.message import InboxMessage
from dragoman.domain.wishes import Origin, PersonWishes
from dragoman.domain.wishes.understood import Default
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from dragoman.telemetry import hashed

FARTHEST = 20  # replies to replies that are followed
TEAM = "email"  # the "workspace" that all senders of mail belong to
# of a Message-ID of ours (`notifier.email.reply.message_id`)
_OWNER = re.compile(r"<([0-9a-f]{32})\.\d+\.[a-z_]+@")


NOTHING_BEFORE = Default((), Origin.THREAD)


@dataclass(frozen=True, slots=True)
class Document:
    """A document that is in the store: `blob` holds it."""

    filename: str
    blob: str


@dataclass(frozen=True, slots=True)
class Thread:
    """The message that a mail replies to.

    `mail`: the blob of a kept mail whose PDFs have not become jobs; `locale`: as in its answers.

    `in_house`: whether its documents were asked to be kept in house. `before`: what its jobs were
    asked for, the latest first; none where there are no jobs.
    """

    message_id: str
    documents: tuple[Document, ...]
    open_jobs: tuple[str, ...]
    waiting_jobs: tuple[str, ...]
    mail: str | None
    locale: str | None = None
    in_house: bool = False
    before: Default = NOTHING_BEFORE


def thread_of(database: Database, sender: str, ids: Sequence[str]) -> Thread | None:
    """What a mail of `sender` that answers the mails with these Message-IDs is about; None:
    nothing of theirs.
    """
    with database.read() as connection:
        known = _latest(connection, sender)
        row = _answered(connection, sender, ids, known)
        for _ in range(FARTHEST):
            if row is None:
                return None
            made = jobs.of_message(connection, row.id)
            about = row.payload.get("about")
            if made or not about:
                break
            row = inbox.by_id(connection, about)
    return _thread(row, made) if row else None


def asked_about(database: Database, ids: Sequence[str]) -> tuple[str, ...]:
    """The jobs, whoever sent them, that the mails with these Message-IDs asked to agree to, and
    that wait for that still.
    """
    found: dict[str, None] = {}
    with database.read() as connection:
        for one in ids:
            owner = _OWNER.match(one)
            job = jobs.by_id(connection, owner[1]) if owner else None
            if job and job.state == RowState.WAITING and job.waiting_for == WaitingFor.APPROVAL:
                found[job.id] = None
    return tuple(found)


def last_wishes(database: Database, sender: str) -> Default:
    """What the latest documents of a sender were asked for in; no languages: there are none."""
    with database.read() as connection:
        for row in _latest(connection, sender):
            if made := jobs.of_message(connection, row.id):
                return _before(made)
    return NOTHING_BEFORE


def last_locale(database: Database, sender: str) -> str | None:
    """The language of the latest answer to a sender of which it is known."""
    with database.read() as connection:
        return inbox.last_locale(connection, sender)


def room_in(database: Database, sender: str, within_s: float, most: int) -> float:
    """In how many seconds fewer than `most` messages of `sender` are younger than `within_s`
    seconds.
    """
    with database.read() as connection:
        return inbox.room_in(connection, sender, within_s, most)


def settle(database: Database, message_id: str) -> bool:
    """The word that a message waits for came with another one, which is answered instead; False
    if it waits for none.
    """
    with database.write() as connection:
        return lease.settle(connection, INBOX, INBOX.c.id == message_id) == 1


def forget(
    database: Database, store: BlobStore, settings: Settings, sender: str, thread: Thread
) -> None:
    """Delete what the thread is about, now: the document, every translation of it, and the
    mails that hold it.
    """
    cache = Cache(settings.broker_url)
    with database.read() as connection:
        message_ids = _same_document(_latest(connection, sender), thread.message_id)
        job_ids = [
            job.id for message_id in message_ids for job in jobs.of_message(connection, message_id)
        ]
    for job_id in job_ids:
        retention.purge_job(database, store, job_id, cache, settings.maildir)
    for message_id in message_ids:
        retention.purge_message(database, store, message_id, settings.maildir)


def forget_all(database: Database, store: BlobStore, settings: Settings, sender: str) -> None:
    """Delete all that is here of a sender, the remembered language too; a message that is being
    opened stays.
    """
    retention.purge_sender(database, store, sender, Cache(settings.broker_url), settings.maildir)
    remember(database, sender, PersonWishes())


def habits(database: Database, sender: str) -> PersonWishes:
    """What the sender always wants, where a mail says nothing else."""
    with database.read() as connection:
        return preferences.person_wishes(connection, TEAM, hashed(sender))


def remember(database: Database, sender: str, wishes: PersonWishes) -> None:
    """Keep what the sender always wants, under a hash of the address."""
    with database.write() as connection:
        preferences.keep_wishes(connection, TEAM, hashed(sender), wishes)


def _latest(connection: Any, sender: str) -> list[InboxMessage]:
    latest = (
        select(INBOX)
        .where(INBOX.c.sender == sender)
        .order_by(INBOX.c.created_at.desc())
        .limit(inbox.LATEST)
    )
    return rows.each(connection, latest, rows.message)


def _same_document(known: list[InboxMessage], message_id: str) -> list[str]:
    """The messages about the document that `message_id` is about, itself among them: replies to
    replies lead to one mail.
    """
    about = {row.id: row.payload.get("about") for row in known}

    def first(one: str) -> str:
        for _ in range(FARTHEST):
            one = about.get(one) or one
        return one

    return [
        message_id,
        *(one for one in about if one != message_id and first(one) == first(message_id)),
    ]


def _answered(
    connection: Any, sender: str, ids: Sequence[str], known: list[InboxMessage]
) -> InboxMessage | None:
    for one in ids:
        owner = _OWNER.match(one)
        row = _owner(connection, owner[1]) if owner else None
        if row is not None and row.sender == sender:
            return row
    # Some mail servers give our answers an id of their own; the sender's own mail is in the thread
    # too.
    wanted = set(ids)
    return next((row for row in known if row.payload.get("message_id") in wanted), None)


def _owner(connection: Any, owner_id: str) -> InboxMessage | None:
    """The message that a delivery was owed for, or the message of the job that it was owed for."""
    row = inbox.by_id(connection, owner_id)
    if row is not None:
        return row
    job = jobs.by_id(connection, owner_id)
    return inbox.by_id(connection, job.message_id) if job and job.message_id else None


def _thread(row: InboxMessage, made: list[Job]) -> Thread:
    sources = {job.source_sha256: Document(job.filename, job.source) for job in made if job.source}
    open_ = [job for job in made if job.state in OPEN]
    waiting = tuple(job.id for job in open_ if job.state == RowState.WAITING)
    mail = row.blob if not made else None
    open_jobs = tuple(job.id for job in open_)
    in_house = any(job.options.in_house for job in made)
    locale = row.payload.get("locale")
    return Thread(
        row.id,
        tuple(sources.values()),
        open_jobs,
        waiting,
        mail,
        locale,
        in_house,
        _before(made),
    )


def _before(made: Sequence[Job]) -> Default:
    """What jobs were asked for: their languages in their order, and how the last of them was."""
    if not made:
        return NOTHING_BEFORE
    languages = tuple(dict.fromkeys(job.target_lang for job in made))
    last = made[-1].options
    return Default(languages, Origin.THREAD, last.tone, last.layout)
