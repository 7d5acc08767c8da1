"""The audit trail: who sent, approved, downloaded, tried again, cancelled and deleted what, when
and from where.

An entry is written in the transaction of what it tells of. It holds no word of a document, not its
name either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, Table, delete, func, insert, or_, select, update

from dragoman.db.clock import now_s
from dragoman.db.tables import AuditRow
from dragoman.domain import actors
from dragoman.domain.actors import Action
from dragoman.domain.rows.job import Job
from dragoman.telemetry import hashed

AUDIT = cast("Table", AuditRow.__table__)
DAY_S = 86_400
_NOTE = insert(AUDIT).values(at=now_s())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are wanted; None: all.

    `who` and `owner` in any case; `since`: seconds since 1970.
    """

    action: Action | None = None
    who: str | None = None
    owner: str | None = None
    job_id: str | None = None
    channel: str | None = None
    since: float | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Touched:
    """The job that something is done to."""

    job_id: str
    owner: str
    channel: str


def touched(job: Job) -> Touched:
    """What an entry says of a job."""
    return Touched(job.id, job.owner, job.channel)


def note(connection: Connection, action: Action, job: Touched, *, who: str | None = None) -> None:
    """Put on record what is done to a job in this transaction.

    It is done by whoever acts in this context; `who` in place of somebody who is not known there,
    by the job's channel.
    """
    actor = actors.present()
    channel = job.channel if who and actor.channel == actors.SYSTEM else actor.channel
    facts = {
        "job_id": job.job_id,
        "owner": job.owner,
        "who": actor.who or who,
        "address": actor.address,
    }
    connection.execute(_NOTE, {"action": action, "channel": channel, **facts})


def listed(connection: Connection, wanted: Wanted) -> list[dict[str, Any]]:
    """The newest entries, newest first."""
    statement = select(AUDIT).order_by(AUDIT.c.at.desc(), AUDIT.c.id.desc()).limit(wanted.limit)
    for column in (AUDIT.c.action, AUDIT.c.job_id, AUDIT.c.channel):
        value = getattr(wanted, column.name)
        if value is not None:
            statement = statement.where(column == value)
    for column in (AUDIT.c.who, AUDIT.c.owner):
        value = getattr(wanted, column.name)
        if value is not None:
            statement = statement.where(func.lower(column) == value.lower())
    if wanted.since is not None:
        statement = statement.where(AUDIT.c.at >= wanted.since)
    return [dict(row) for row in connection.execute(statement).mappings()]


def forget_person(connection: Connection, name: str) -> None:
    """Put a hash in place of an address or owner, and forget where from; that something was
    done stays on record.
    """
    spelled = name.lower()
    theirs = or_(func.lower(AUDIT.c.who) == spelled, func.lower(AUDIT.c.owner) == spelled)
    connection.execute(update(AUDIT).where(theirs).values(address=None))
    for column in (AUDIT.c.who, AUDIT.c.owner):
        mine = func.lower(column) == spelled
        connection.execute(update(AUDIT).where(mine).values({column.name: hashed(name)}))


def forget_old(connection: Connection, days: int) -> int:
    """Drop entries older than `days` days; how many."""
    return connection.execute(delete(AUDIT).where(AUDIT.c.at < now_s() - days * DAY_S)).rowcount
