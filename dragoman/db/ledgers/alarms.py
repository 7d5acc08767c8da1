"""What the admin has to hear of by email: rows of the outbox for `OPERATOR_ADDRESS`, once per cause
and hour.

They are inserted whether that is set or not: who tells does not know the settings, and the notifier
drops what nobody is to be told. Nothing is ever told about these rows themselves, so that a way out
that is broken does not feed itself.
"""

from __future__ import annotations

import uuid
from enum import StrEnum
from hashlib import sha256
from typing import cast

import structlog
from sqlalchemy import Connection, Table

from dragoman.db import clock
from dragoman.db.statements import insert_once
from dragoman.db.tables import OutboxRow
from dragoman.domain.rows.delivery import Kind

log = structlog.get_logger(__name__)

CHANNEL = "operator"
HOUR_S = 3600
LONGEST_DETAIL, ID_LENGTH = 500, 32


class Cause(StrEnum):
    """What is told.

    The first of an hour; further ones of the same cause are in the log and among the dead letters.
    """

    DELIVERY_FAILED = "delivery_failed"
    FILES_REFUSED = "files_refused"
    QUOTA_GONE = "quota_gone"
    QUOTA_NEAR = "quota_near"
    KEY_REJECTED = "key_rejected"
    WORKER_AWAY = "worker_away"
    DISK_LOW = "disk_low"
    MAIL_DOWN = "mail_down"
    COMPLAINT = "complaint"


def tell(connection: Connection, cause: Cause, detail: str = "", of: str = "") -> bool:
    """Let the admin hear of `cause`, unless they did in this hour (of the database's clock);
    whether it is new.

    `detail`: what was said; `of`: the id of the job, message or delivery that it is about. Neither
    is shown to senders.
    """
    now = clock.now(connection)
    new = insert_once(
        connection,
        cast("Table", OutboxRow.__table__),
        id=uuid.uuid4().hex,
        owner=owner_of(cause),
        run=int(now // HOUR_S),
        kind=Kind.ALARM,
        channel=CHANNEL,
        payload={"cause": cause.value, "detail": detail[:LONGEST_DETAIL], "of": of, "at": now},
        run_after=0.0,
        rung_at=0.0,
        created_at=now,
    )
    if new:
        log.warning("operator_told", cause=cause.value, detail=detail[:LONGEST_DETAIL], of=of)
    return new


def owner_of(cause: Cause) -> str:
    """The owner of its rows: no job and no message has this id."""
    return sha256(f"{CHANNEL}:{cause.value}".encode()).hexdigest()[:ID_LENGTH]
