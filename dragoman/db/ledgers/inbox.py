"""The ledger of messages that a front door accepted and that wait to be opened."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Table, bindparam, func, select, update

from dragoman.db import rows
from dragoman.db.clock import is_ahead, now_s
from dragoman.db.ledgers import cards, outbox
from dragoman.db.ledgers.lease import Ledger, revive
from dragoman.db.ledgers.stored_errors import told
from dragoman.db.statements import insert_once
from dragoman.db.tables import InboxRow
from dragoman.domain.answers.row_words import AnswerKind
from dragoman.domain.job import RowState
from dragoman.domain.rows.delivery import Kind
from dragoman.domain.rows.message import InboxMessage
from dragoman.errors import Conflict

LATEST = 100  # messages of a sender that are looked through
INBOX = cast("Table", InboxRow.__table__)


_BY_KEY = select(INBOX).where(INBOX.c.key == bindparam("wanted"))  # made once: each mail asks it


def insert(connection: Connection, **values: Any) -> bool:
    """A new message, rung for now; False if its key is known."""
    return insert_once(connection, INBOX, created_at=now_s(), rung_at=now_s(), **values)


def by_id(connection: Connection, message_id: str) -> InboxMessage | None:
    """The message, or None."""
    return rows.one(connection, select(INBOX).where(INBOX.c.id == message_id), rows.message)


def forget_bytes(connection: Connection, message_id: str) -> None:
    """The message's bytes are no longer in the store."""
    connection.execute(update(INBOX).where(INBOX.c.id == message_id).values(blob=None, size=0))


def by_key(connection: Connection, key: str) -> InboxMessage | None:
    """The message with this source key, or None."""
    return rows.one(connection, _BY_KEY, rows.message, wanted=key)


def received(connection: Connection, sender: str, within_s: float, most: int) -> int:
    """How many messages of `sender` are younger than `within_s` seconds, counted up to `most`."""
    young = select(INBOX.c.id).where(INBOX.c.sender == sender, *_younger(within_s)).limit(most)
    return connection.scalar(select(func.count()).select_from(young.subquery())) or 0


def room_in(connection: Connection, sender: str, within_s: float, most: int) -> float:
    """In how many seconds fewer than `most` messages of `sender` are younger than `within_s`
    seconds; 0: now.
    """
    young = (INBOX.c.sender == sender, *_younger(within_s))
    latest = (
        select(INBOX.c.created_at + within_s - now_s())
        .where(*young)
        .order_by(INBOX.c.created_at.desc())
    )
    return max(float(connection.scalar(latest.offset(most - 1).limit(1)) or 0.0), 0.0)


def _younger(within_s: float) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Made in the last `within_s` seconds; what was made before the clock was set back is older."""
    return INBOX.c.created_at > now_s() - within_s, ~is_ahead(INBOX.c.created_at)


def job_ended(connection: Connection, message_id: str) -> InboxMessage | None:
    """Count one job of the message as ended; the message's row if that was the last one of this
    run, else None.
    """
    statement = (
        update(INBOX)
        .where(INBOX.c.id == message_id, INBOX.c.jobs_left > 0)
        .values(jobs_left=INBOX.c.jobs_left - 1)
        .returning(INBOX)
    )
    row = rows.one(connection, statement, rows.message)
    return row if row and row.jobs_left == 0 else None


def job_again(connection: Connection, message_id: str) -> int:
    """Count one job of the message as running again; the run that it belongs to (a new one if
    all had ended).
    """
    held = select(INBOX.c.run, INBOX.c.jobs_left).where(INBOX.c.id == message_id)
    run, jobs_left = connection.execute(held.with_for_update()).one()
    run += 1 if jobs_left == 0 else 0
    connection.execute(
        update(INBOX)
        .where(INBOX.c.id == message_id)
        .values(run=run, jobs_left=INBOX.c.jobs_left + 1)
    )
    return int(run)


def retry(connection: Connection, message_id: str) -> str:
    """Open a message again that could not be opened, as a new run with an answer of its own;
    its channel. Raises Conflict.
    """
    held = select(INBOX).where(INBOX.c.id == message_id).with_for_update()
    row = rows.one(connection, held, rows.message)
    if row is None or row.state != RowState.DEAD or row.purged_at:
        raise Conflict(
            "Only a message that could not be opened, and that is still here, can be tried again."
        )
    revive(connection, INBOX, message_id, run=row.run + 1, jobs_left=0)
    return str(row.channel)


def waiting_for_invitation(
    connection: Connection, channel: str, team: str, place: str, name: str
) -> list[str]:
    """Make the messages due whose payload says that they wait for `place` under `name`; their
    ids.
    """
    waits = (
        INBOX.c.channel == channel,
        INBOX.c.state == RowState.READY,
        INBOX.c.run_after > now_s(),
    )
    found = connection.execute(
        select(INBOX.c.id, INBOX.c.payload).where(*waits).order_by(INBOX.c.id)
    ).all()
    due = [
        row_id
        for row_id, payload in found
        if (payload.get("team"), payload.get(name)) == (team, place)
    ]
    fresh = {"run_after": 0.0, "rung_at": now_s(), "rings": 0}
    connection.execute(
        update(INBOX).where(INBOX.c.id.in_(due), INBOX.c.state == RowState.READY).values(**fresh)
    )
    return due


def last_locale(connection: Connection, sender: str) -> str | None:
    """The language of the latest of a sender's messages of which it is known; None if it is of
    none.
    """
    latest = (
        select(INBOX.c.payload)
        .where(INBOX.c.sender == sender)
        .order_by(INBOX.c.created_at.desc())
        .limit(LATEST)
    )
    return next(
        (payload["locale"] for payload in connection.scalars(latest) if payload.get("locale")), None
    )


def _dead(connection: Connection, row: InboxMessage, error: BaseException) -> None:
    facts = told(error)
    cards.wake(connection, row.payload.get("card_id"), asks=None)
    payload = {
        "reason": AnswerKind.FAILED,
        **{
            name: facts[name]
            for name in ("error_code", "error_message", "error_advice", "error_facts")
        },
    }
    if locale := last_locale(connection, row.sender):  # its own words were perhaps never read
        payload["locale"] = row.payload.get("locale") or locale
    outbox.owe(
        connection,
        owner=row.id,
        run=row.run,
        kind=Kind.FINAL,
        channel=row.channel,
        payload=payload,
        traceparent=row.traceparent,
    )


LEDGER = Ledger(INBOX, _dead, rows.message)
