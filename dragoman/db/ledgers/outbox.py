"""The ledger of deliveries: one row for each message owed to a sender, unique by owner, run and
kind.
"""

from __future__ import annotations

import uuid
from typing import cast

import structlog
from sqlalchemy import Connection, Table, bindparam, delete, or_, select, update

from dragoman.db import rows
from dragoman.db.clock import now_s
from dragoman.db.ledgers import alarms, cards
from dragoman.db.ledgers.lease import Ledger, revive
from dragoman.db.statements import insert_once
from dragoman.db.tables import JobRow, OutboxRow
from dragoman.domain.job import RowState
from dragoman.domain.rows.delivery import Delivery, Kind
from dragoman.domain.rows.message import Payload
from dragoman.errors import Conflict

log = structlog.get_logger(__name__)

OUTBOX = cast("Table", OutboxRow.__table__)
OWED = (
    select(OUTBOX.c.id)
    .where(
        OUTBOX.c.owner == bindparam("of"),
        or_(*(OUTBOX.c.state == open_ for open_ in (RowState.READY, RowState.RUNNING))),
    )
    .order_by(OUTBOX.c.created_at)
)
LONGEST_BOUNCE = 300
DELIVERY_ATTEMPTS = 60  # at least, with delays of up to 10 minutes
# a mail server that is down, or says "later", is asked again for a day (RFC 5321 4.5.4.1)
PATIENCE_S = 86400.0


def owe(
    connection: Connection,
    *,
    owner: str,
    run: int,
    kind: Kind,
    channel: str,
    payload: Payload | None = None,
    after_s: float = 0.0,
    traceparent: str | None = None,
) -> str | None:
    """Insert a delivery, due in `after_s` seconds; its id, or None if the same one is already owed
    or sent.

    A final answer takes back an ack or a note of progress that is still waiting.
    """
    if kind is Kind.FINAL:
        take_back(connection, owner, run, Kind.ACK)
        take_back(connection, owner, run, Kind.PROGRESS)
    row_id = uuid.uuid4().hex
    inserted = insert_once(
        connection,
        OUTBOX,
        id=row_id,
        owner=owner,
        run=run,
        kind=kind,
        channel=channel,
        payload=dict(payload or {}),
        run_after=now_s() + after_s if after_s else 0.0,
        rung_at=0.0 if after_s else now_s(),
        created_at=now_s(),
        traceparent=traceparent,
    )
    return row_id if inserted else None


def take_back(connection: Connection, owner: str, run: int, kind: Kind) -> None:
    """Forget a delivery that nobody has begun to send."""
    unsent = (OUTBOX.c.state == RowState.READY) & (OUTBOX.c.maybe_sent == 0)
    connection.execute(
        delete(OUTBOX).where(
            OUTBOX.c.owner == owner, OUTBOX.c.run == run, OUTBOX.c.kind == kind, unsent
        )
    )


def owed(connection: Connection, owner: str) -> list[str]:
    """Ids of the owner's deliveries that are not at their end, oldest first."""
    return list(connection.scalars(OWED, {"of": owner}))


def deliveries(connection: Connection, owner: str) -> list[Delivery]:
    """All deliveries of an owner, oldest first."""
    statement = select(OUTBOX).where(OUTBOX.c.owner == owner).order_by(OUTBOX.c.created_at)
    return rows.each(connection, statement, rows.delivery)


def bounced(
    connection: Connection, delivery_id: str, said: str, instead: str | None = None
) -> str | None:
    """Record that a delivery came back, with what the other side said; whose it was, None if there
    is no such delivery.

    `instead`: why the file does not get through, where its sender may be reached without it: an
    answer in words is due then, once for each answer that came back.
    """
    facts = {"bounced_at": now_s(), "bounce": said[:LONGEST_BOUNCE]}
    statement = update(OUTBOX).where(OUTBOX.c.id == delivery_id).values(**facts).returning(OUTBOX)
    row = rows.one(connection, statement, rows.delivery)
    if row is None:
        return None
    if instead and row.kind == Kind.FINAL:
        row_id = owe(
            connection,
            owner=row.owner,
            run=row.run,
            kind=Kind.INSTEAD,
            channel=row.channel,
            traceparent=row.traceparent,
        )
        words = {"instead": instead, "instead_detail": said[:LONGEST_BOUNCE]}
        connection.execute(update(OUTBOX).where(OUTBOX.c.id == row_id).values(**words))
    else:
        alarms.tell(connection, alarms.Cause.DELIVERY_FAILED, f"came back: {said}", row.id)
    return row.owner


def retry(connection: Connection, row_id: str) -> str:
    """Owe a dead delivery again; its owner. Raises Conflict."""
    held = select(OUTBOX).where(OUTBOX.c.id == row_id).with_for_update()
    row = rows.one(connection, held, rows.delivery)
    if row is None or row.state != RowState.DEAD:
        raise Conflict("Only an answer that could not be sent can be sent again.")
    # whatever was in the way may be gone
    revive(connection, OUTBOX, row_id, instead=None, instead_detail=None)
    return row.owner


def card_of(connection: Connection, owner: str) -> str | None:
    """The card that shows the job `owner`, if it is a job that has one."""
    return connection.scalar(select(JobRow.card_id).where(JobRow.id == owner))


def _hold_card(connection: Connection, row: Delivery) -> None:
    """Cards are locked before deliveries (see `dragoman.db`)."""
    if card_id := card_of(connection, row.owner):
        connection.execute(
            select(cards.CARDS.c.id).where(cards.CARDS.c.id == card_id).with_for_update()
        )


def _dead(connection: Connection, row: Delivery, error: BaseException) -> None:
    # Nobody is left to be told but the admin: `dragoman jobs dead` lists it.
    log.error("delivery_dead", id=row.id, owner=row.owner, kind=row.kind)
    if row.channel == alarms.CHANNEL:
        return  # nothing is told about what is told to the admin
    if row.kind not in (Kind.ACK, Kind.PROGRESS):
        detail = getattr(error, "detail", "") or type(error).__name__
        alarms.tell(connection, alarms.Cause.DELIVERY_FAILED, f"{row.channel}: {detail}", row.id)
    cards.wake(connection, card_of(connection, row.owner))


LEDGER = Ledger(
    OUTBOX,
    _dead,
    rows.delivery,
    attempts=DELIVERY_ATTEMPTS,
    patience_s=PATIENCE_S,
    locks_first=_hold_card,
)
