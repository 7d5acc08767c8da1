"""Forgetting: files, texts and addresses go after some days, or at once when somebody asks;
rows keep only counts.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from glob import escape
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Select, and_, or_, select, update

from dragoman.adapters.translation_cache import Cache
from dragoman.db.clock import now_s
from dragoman.db.engine import Database
from dragoman.db.ledgers import inbox, jobs, outbox, parts
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.lease import settle
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.ledgers.parts import PARTS
from dragoman.db.records import audit, glossaries, translation_memory
from dragoman.domain.actors import Action
from dragoman.domain.job import OPEN, RowState
from dragoman.domain.specs import channel_specs
from dragoman.domain.specs.channel_specs import Answered
from dragoman.domain.specs.loading import load
from dragoman.errors import NoWord
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from dragoman.telemetry import hashed

log = structlog.get_logger(__name__)

DAY_S = 86400
BATCH = 200


def purge_job(
    database: Database,
    store: BlobStore,
    job_id: str,
    cache: Cache | None = None,
    maildir: Path | None = None,
    *,
    keeps_texts: bool = False,
) -> bool:
    """Forget a job's files and texts, and cancel it if it is still open; False if there is no such
    job.

    Its links die first, then the bytes, then the row's own words. `keeps_texts`: what the
    translation memory learnt from it stays. Safe to repeat.
    """
    with database.write() as connection:
        row = jobs.by_id(connection, job_id)
        if row is None:
            return False
        dead_links = {"link_version": JOBS.c.link_version + 1, "purged_at": now_s()}
        # from here on no retry
        connection.execute(update(JOBS).where(JOBS.c.id == job_id).values(**dead_links))
        jobs.cancel(connection, job_id)
        if row.purged_at is None:
            audit.note(connection, Action.DELETED, audit.touched(row))
        parts.forget(connection, job_id)  # they hold samples of the text
        texts = [] if keeps_texts else translation_memory.forget_job(connection, job_id)
    if cache:
        cache.forget(texts)
    _delete_below(store, f"jobs/{job_id}/")
    with database.write() as connection:
        gone: dict[str, Any] = {
            "filename": "",
            "source": "",
            "artifact": None,
            "result": None,
            "source_sha256": "",
        }
        gone["options"] = replace(row.options, reply_to=None).as_json()
        connection.execute(
            update(JOBS).where(JOBS.c.id == job_id).values(**gone, owner=_unnamed(row.owner))
        )
        _forget_texts(connection, OUTBOX.c.owner == job_id)
    if row.message_id:
        purge_message(database, store, row.message_id, maildir)
    return True


def take_back(database: Database, settings: Settings, job_id: str) -> int:
    """Delete what a job's channel showed of its result, where it can; how many files.

    Safe to repeat.

    For a purge that somebody asked for: what only grew old stays where people put it. Raises
    OutboundUnavailable.
    """
    with database.read() as connection:
        row = jobs.by_id(connection, job_id)
    spec = channel_specs.by_name(row.replied_by) if row else None
    return int(load(spec.take_back)(database, settings, job_id)) if spec and spec.take_back else 0


def purge_message(
    database: Database, store: BlobStore, message_id: str, maildir: Path | None = None
) -> bool:
    """Forget a message once all its jobs are forgotten and its answers are sent; False if it has to
    wait.

    Mails that hold documents, its own and answers that were sent, go at once: nothing needs their
    bytes any more. `maildir`: where answers are kept on a server that has no way out; they go too.
    """
    with database.read() as connection:
        row = inbox.by_id(connection, message_id)
        deliveries = outbox.deliveries(connection, message_id)
        waits = any(delivery.state in OPEN for delivery in deliveries)
        waits = waits or any(
            job.purged_at is None for job in jobs.of_message(connection, message_id)
        )
    if (
        row is not None
        and row.state == RowState.WAITING
        and not channel_specs.named(row.channel, Answered.JOB)
    ):
        with database.write() as connection:  # nobody will have to say a word about it any more
            settle(connection, INBOX, INBOX.c.id == message_id)
    elif row is None or row.state in OPEN:
        return False
    _delete_below(store, f"inbox/{message_id}/")
    ended = [delivery for delivery in deliveries if delivery.state not in OPEN]
    for delivery in ended:
        _delete_below(store, f"outbox/{delivery.id}/")
    if waits:
        with database.write() as connection:
            connection.execute(update(INBOX).where(INBOX.c.id == message_id).values(blob=None))
            gone_mails = OUTBOX.c.id.in_([delivery.id for delivery in ended])
            connection.execute(update(OUTBOX).where(gone_mails).values(rendered=None))
        return False
    for delivery in ended:
        _delete_mail(maildir, delivery.ref)
    with database.write() as connection:
        gone: dict[str, Any] = {
            "payload": {},
            "blob": None,
            "purged_at": now_s(),
            "sender": _unnamed(row.sender),
        }
        connection.execute(update(INBOX).where(INBOX.c.id == message_id).values(**gone))
        _forget_texts(connection, OUTBOX.c.owner == message_id)
    return True


def purge_sender(
    database: Database,
    store: BlobStore,
    sender: str,
    cache: Cache | None = None,
    maildir: Path | None = None,
) -> int:
    """Forget all jobs and messages of one address (or owner such as `web:NAME`); how many jobs
    there were.
    """
    job_ids = jobs_of(database, sender)
    with database.read() as connection:
        messages = select(INBOX.c.id).where(INBOX.c.sender.in_(_spelled(sender)))
        message_ids = list(connection.scalars(messages))
    for job_id in job_ids:
        purge_job(database, store, job_id, cache, maildir)
    for message_id in message_ids:
        purge_message(database, store, message_id, maildir)
    _forget_texts_of_former_jobs(database, sender, cache)
    with database.write() as connection:
        audit.forget_person(connection, sender)
        glossaries.drop_all(connection, _spelled(sender))
    return len(job_ids)


def _forget_texts_of_former_jobs(database: Database, sender: str, cache: Cache | None) -> None:
    """Drop what the memory learnt from jobs whose files were forgotten for their age: their
    rows have a hash for a name.
    """
    with database.read() as connection:
        job_ids = list(connection.scalars(select(JOBS.c.id).where(JOBS.c.owner == hashed(sender))))
    for job_id in job_ids:
        with database.write() as connection:
            texts = translation_memory.forget_job(connection, job_id)
        if cache:
            cache.forget(texts)


def jobs_of(database: Database, sender: str) -> list[str]:
    """Ids of the jobs of one address or owner."""
    with database.read() as connection:
        return list(connection.scalars(select(JOBS.c.id).where(JOBS.c.owner.in_(_spelled(sender)))))


def purge_old(database: Database, store: BlobStore, days: int, *, keeps_texts: bool = False) -> int:
    """Forget what ended more than `days` days ago, and finish what a crash cut short; how many
    jobs.

    Repeated until nothing is left. `keeps_texts`: as for `purge_job`; a purge that somebody asked
    for has forgotten them already, with the links.
    """
    limit = now_s() - days * DAY_S
    is_old = and_(JOBS.c.ended_at < limit, JOBS.c.purged_at.is_(None))
    is_half_gone = and_(JOBS.c.purged_at.is_not(None), JOBS.c.filename != "")
    old_job = select(JOBS.c.id).where(or_(is_old, is_half_gone)).limit(BATCH)
    # Who was asked and said nothing has waited for as long as files are kept.
    is_over = or_(INBOX.c.ended_at < limit, INBOX.c.error_code == NoWord.code)
    old_message = (
        select(INBOX.c.id)
        .where(is_over, INBOX.c.ended_at.is_not(None), INBOX.c.purged_at.is_(None))
        .limit(BATCH)
    )
    with database.read() as connection:
        job_ids, message_ids = (
            list(connection.scalars(old_job)),
            list(connection.scalars(old_message)),
        )
    for job_id in job_ids:
        purge_job(database, store, job_id, keeps_texts=keeps_texts)
    for message_id in message_ids:
        purge_message(database, store, message_id)
    log.info("purged", jobs=len(job_ids), messages=len(message_ids))
    return len(job_ids)


def purge_old_mail(maildir: Path, days: int) -> int:
    """Delete the answers in `maildir` that were written more than `days` days ago; how many."""
    oldest = time.time() - days * DAY_S
    old = [file for file in maildir.glob("*/*") if file.is_file() and file.stat().st_mtime < oldest]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


def unreferenced(database: Database, store: BlobStore, prefix: str) -> list[str]:
    """Keys below `jobs/`, `inbox/` or `outbox/` that no row names (any more), or whose row is
    purged.

    A crash between put and commit leaves such bytes, and so does a worker that was still at it
    during a purge, or whose lease went to another one; what a stage left is of no use once the next
    one is done.
    """
    keys = list(store.keys(prefix))
    ids = sorted({key.split("/")[1] for key in keys})
    named: set[str] = set()
    with database.read() as connection:
        for start in range(0, len(ids), BATCH):
            for names in _named(prefix, ids[start : start + BATCH]):
                named.update(name for row in connection.execute(names) for name in row if name)
    return [key for key in keys if key not in named]


def without_row(database: Database, keys: Iterable[str]) -> list[str]:
    """Those of `keys` (below `jobs/`, `inbox/`, `outbox/`) that lie below an id which no row has:
    nobody here ever wrote about them.

    A row that is purged is a row: what its job left behind is ours. Raises DatabaseUnavailable.
    """
    keys = list(keys)
    known: set[tuple[str, str]] = set()
    with database.read() as connection:
        for table in (JOBS, INBOX, OUTBOX):
            ids = sorted({key.split("/")[1] for key in keys if key.startswith(f"{table.name}/")})
            for start in range(0, len(ids), BATCH):
                rows = select(table.c.id).where(table.c.id.in_(ids[start : start + BATCH]))
                known.update((table.name, row_id) for row_id in connection.scalars(rows))
    return [key for key in keys if tuple(key.split("/")[:2]) not in known]


def _named(prefix: str, ids: list[str]) -> list[Select[Any]]:
    """Queries for the keys that the rows with these ids need."""
    if prefix == "jobs/":
        kept = (JOBS.c.id.in_(ids), JOBS.c.purged_at.is_(None))
        of_parts = select(PARTS.c.artifact).where(PARTS.c.job_id.in_(ids))
        return [select(JOBS.c.source, JOBS.c.artifact, JOBS.c.result).where(*kept), of_parts]
    if prefix == "inbox/":
        return [select(INBOX.c.blob).where(INBOX.c.id.in_(ids), INBOX.c.purged_at.is_(None))]
    return [select(OUTBOX.c.rendered).where(OUTBOX.c.id.in_(ids))]


def _delete_below(store: BlobStore, prefix: str) -> None:
    for key in list(store.keys(prefix)):
        store.delete(key)


def _delete_mail(maildir: Path | None, ref: str | None) -> None:
    """Delete an answer by its file's name; a program that showed it has moved it and added
    flags.
    """
    if maildir is None or not ref or "/" in ref:
        return
    for file in maildir.glob(f"*/{escape(ref)}*"):
        file.unlink(missing_ok=True)


def _forget_texts(connection: Connection, which: Any) -> None:
    ended = or_(OUTBOX.c.ended_at.is_not(None), OUTBOX.c.state.not_in(OPEN))
    connection.execute(
        update(OUTBOX).where(which, ended).values(payload={}, rendered=None, bounce=None)
    )


def _spelled(sender: str) -> set[str]:
    """Addresses are kept in small letters, names as they are."""
    return {sender.strip(), sender.strip().casefold()}


def _unnamed(owner: str) -> str:
    """An address as a hash; the name of a token, or what is a hash already, as it is."""
    return hashed(owner) if "@" in owner else owner
