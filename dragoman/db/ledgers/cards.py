"""The cards of Slack posts: rows that the notifier works on like a ledger's, and whose latest
state wins.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any, cast

import structlog
from sqlalchemy import Connection, Table, func, select, update

from dragoman.db import rows
from dragoman.db.clock import now_s
from dragoman.db.ledgers.lease import Lease, Ledger
from dragoman.db.statements import insert_once
from dragoman.db.tables import CardRow
from dragoman.domain.job import OPEN, RowState
from dragoman.domain.rows.card import Card, Note

log = structlog.get_logger(__name__)

CARDS = cast("Table", CardRow.__table__)
CARD_ATTEMPTS = 30


def insert(connection: Connection, **values: Any) -> tuple[Card, bool]:
    """The card of a post, by its `key`, and whether it is new; a new one is due at once."""
    fresh = {"id": uuid.uuid4().hex, "created_at": now_s(), "rung_at": now_s(), "notes": []}
    created = insert_once(connection, CARDS, **{**fresh, **values})
    row = by_key(connection, values["key"])
    if row is None:
        raise LookupError(values["key"])
    return row, created


def by_id(connection: Connection, card_id: str) -> Card | None:
    """The card, or None."""
    return rows.one(connection, select(CARDS).where(CARDS.c.id == card_id), rows.card)


def by_key(connection: Connection, key: str) -> Card | None:
    """The card of this post, or None."""
    return rows.one(connection, select(CARDS).where(CARDS.c.key == key), rows.card)


def of_team(connection: Connection, team: str) -> list[Card]:
    """The cards of a workspace that are not withdrawn, newest first."""
    statement = select(CARDS).where(CARDS.c.team == team, CARDS.c.withdrawn_at.is_(None))
    return rows.each(connection, statement.order_by(CARDS.c.created_at.desc()), rows.card)


def shown_at(connection: Connection, team: str, place: str, ts: str) -> Card | None:
    """The card whose own message this is, or None."""
    statement = select(CARDS).where(
        CARDS.c.team == team, CARDS.c.shown_place == place, CARDS.c.shown_ts == ts
    )
    return rows.one(connection, statement, rows.card)


def of_message(connection: Connection, message_id: str) -> Card | None:
    """The card that was opened for a message of the inbox, or None."""
    return rows.one(connection, select(CARDS).where(CARDS.c.message_id == message_id), rows.card)


def asking(connection: Connection, team: str, place: str, requester: str, what: str) -> str | None:
    """The message of the newest card in a channel that asks its requester for `what`, or None."""
    mine = (
        CARDS.c.team == team,
        CARDS.c.place == place,
        CARDS.c.requester == requester,
        CARDS.c.asks == what,
    )
    return connection.scalar(
        select(CARDS.c.message_id).where(*mine).order_by(CARDS.c.created_at.desc()).limit(1)
    )


def asking_in(
    connection: Connection, team: str, place: str, thread_ts: str, what: str
) -> Card | None:
    """The newest card of a thread that asks for `what`, or None."""
    here = (
        CARDS.c.team == team,
        CARDS.c.place == place,
        CARDS.c.thread_ts == thread_ts,
        CARDS.c.asks == what,
    )
    newest = select(CARDS).where(*here).order_by(CARDS.c.created_at.desc()).limit(1)
    return rows.one(connection, newest, rows.card)


def wake(connection: Connection, card_id: str | None, **values: Any) -> None:
    """Something changed that the card has to show: due now; one that is being worked on is
    looked at once more.
    """
    if card_id is None:
        return
    changed = {"version": CARDS.c.version + 1, **values}
    connection.execute(update(CARDS).where(CARDS.c.id == card_id).values(**changed))
    idle = (
        CARDS.c.id == card_id,
        CARDS.c.state != RowState.RUNNING,
        CARDS.c.withdrawn_at.is_(None),
    )
    due = {
        "state": RowState.READY,
        "run_after": 0.0,
        "rung_at": 0.0,
        "rings": 0,
        "attempts": 0,
        "losses": 0,
    }
    connection.execute(update(CARDS).where(*idle).values(**due, ended_at=None))


def note(connection: Connection, card_id: str, notes: Sequence[Note], **values: Any) -> None:
    """Add to what the card has to say besides its jobs; what it says already is not said twice."""
    row = by_id(connection, card_id)
    known = [dict(one) for one in row.notes] if row else []
    fresh = [dict(one) for one in notes if dict(one) not in known]
    wake(connection, card_id, notes=[*known, *fresh], **values)


def wake_all(connection: Connection, card_ids: Iterable[str | None]) -> None:
    """Wake several cards, in the order of their ids: the order of locks."""
    for card_id in sorted(one for one in card_ids if one):
        wake(connection, card_id)


def rest(
    connection: Connection, lease: Lease[Card], again_in_s: float | None, **values: Any
) -> None:
    """The card shows what there was: looked at again in `again_in_s` seconds, or when something
    changes (None).

    A change that came meanwhile makes it due at once. Raises LeaseLost.
    """
    version = connection.scalar(select(CARDS.c.version).where(CARDS.c.id == lease.id))
    if again_in_s is None and version == lease.row.version:
        lease.finish(connection, RowState.DONE, attempts=0, losses=0, **values)
        return
    pause = again_in_s or 0.0
    fresh = {"attempts": 0, "losses": 0, "rung_at": 0.0, "rings": 0}
    lease.write(connection, state=RowState.READY, run_after=now_s() + pause, **fresh, **values)
    lease.ended = True


def busy(connection: Connection, team: str) -> int:
    """How many cards of a workspace are at work: they share its budget of updates."""
    statement = select(func.count()).where(CARDS.c.team == team, CARDS.c.state.in_(OPEN))
    return connection.scalar(statement) or 0


def withdraw(connection: Connection, card_id: str) -> None:
    """The post is gone: nothing is shown any more, whoever is at it."""
    gone = {
        "state": RowState.CANCELLED,
        "epoch": CARDS.c.epoch + 1,
        "withdrawn_at": now_s(),
        "ended_at": now_s(),
    }
    connection.execute(
        update(CARDS).where(CARDS.c.id == card_id).values(**gone, notes=[], asks=None)
    )


def _dead(connection: Connection, row: Card, error: BaseException) -> None:
    log.error("card_dead", id=row.id, team=row.team)


LEDGER = Ledger(CARDS, _dead, rows.card, attempts=CARD_ATTEMPTS)
