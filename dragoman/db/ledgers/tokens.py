"""Tokens for mail servers: one row for each credential, renewed under the ledgers' lease.

A row is due when its token has to be renewed, so that whoever claims it renews it, and everybody
else reads it. All times are the database's: neither our hosts' clocks nor the token server's
matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import Connection, Table, delete, select, update

from dragoman.db.clock import now_s
from dragoman.db.ledgers.lease import Lease, Ledger, is_due
from dragoman.db.rows import leased
from dragoman.db.statements import insert_once
from dragoman.db.tables import TokenRow
from dragoman.domain.job import RowState
from dragoman.domain.rows.leased import Leased

TOKENS = cast("Table", TokenRow.__table__)
FORGOTTEN_AFTER_S = 86_400.0


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A row. `sealed`: the encrypted token, None where it cannot be used (any more).

    `is_due`: it has to be renewed; `is_held`: somebody is about to renew it. `error_code`,
    `error_message`, `error_detail`: why the last renewal failed, None after one that did not.
    """

    sealed: str | None = field(repr=False)
    epoch: int
    is_due: bool
    is_held: bool = False
    error_code: str | None = None
    error_message: str | None = None
    error_detail: str | None = None


def _never(connection: Connection, row: Leased, error: BaseException) -> None:
    """These rows do not die: a renewal that fails is tried again, however often."""


LEDGER = Ledger(TOKENS, _never, leased)


def begin(connection: Connection, token_id: str) -> None:
    """Make the row of a credential, due at once, unless it is there."""
    insert_once(connection, TOKENS, id=token_id, created_at=now_s())


def stored(connection: Connection, token_id: str) -> StoredToken | None:
    """The row, or None."""
    is_usable = (TOKENS.c.usable_until > now_s()).label("is_usable")
    statement = select(TOKENS, is_usable, is_due(TOKENS).label("is_due")).where(
        TOKENS.c.id == token_id
    )
    row = connection.execute(statement).mappings().one_or_none()
    if row is None:
        return None
    return StoredToken(
        sealed=row["sealed"] if row["is_usable"] else None,
        epoch=row["epoch"],
        is_due=bool(row["is_due"]),
        is_held=row["state"] == RowState.RUNNING and not row["is_due"],
        error_code=row["error_code"],
        error_message=row["error_message"],
        error_detail=row["error_detail"],
    )


def keep(
    connection: Connection,
    lease: Lease[Leased],
    sealed: str,
    *,
    renew_in_s: float,
    usable_for_s: float,
) -> None:
    """Keep a new token in the row that `lease` holds, and forget those of credentials that are no
    longer used.

    Raises LeaseLost.
    """
    times = {
        "issued_at": now_s(),
        "usable_until": now_s() + usable_for_s,
        "run_after": now_s() + renew_in_s,
    }
    lease.advance(connection, sealed=sealed, **times)
    connection.execute(
        delete(TOKENS).where(
            TOKENS.c.id != lease.id,
            TOKENS.c.usable_until < now_s() - FORGOTTEN_AFTER_S,
            TOKENS.c.created_at < now_s() - FORGOTTEN_AFTER_S,
        )
    )


def refuse(connection: Connection, token_id: str, epoch: int, *, older_than_s: float) -> bool:
    """A mail server refused the token of this epoch: it is due now, and used no more.

    False, and nothing is changed, where it is younger than `older_than_s`.
    """
    is_that_one = (
        TOKENS.c.id == token_id,
        TOKENS.c.epoch == epoch,
        TOKENS.c.state == RowState.READY,
    )
    is_old = TOKENS.c.issued_at < now_s() - older_than_s
    ended = {"run_after": 0.0, "usable_until": 0.0, "rung_at": 0.0}
    return (
        connection.execute(update(TOKENS).where(*is_that_one, is_old).values(**ended)).rowcount == 1
    )
