"""Who this database is to its store: one row, made at its first use."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, Table, select, update

from dragoman.db.statements import insert_once
from dragoman.db.tables import StoreMarkRow

STORE_MARKS = cast("Table", StoreMarkRow.__table__)
OWN = "own"


@dataclass(frozen=True, slots=True)
class Own:
    """The identity of the database, and the marker that it knows to be its own.

    `generation` 0: it never marked a store. `token` and `pending` are random words that stand in
    the marker; `pending` is None unless a marker is being written. `keeps_strangers`: files that no
    row knows stay until an admin says so.
    """

    database: str
    generation: int
    token: str
    pending: str | None
    keeps_strangers: bool


def own(connection: Connection) -> Own:
    """The row, made if there is none; the transaction has to be one that writes."""
    found = known(connection)
    if found is None:
        blank = {"generation": 0, "token": "", "pending": None, "keeps_strangers": False}
        insert_once(connection, STORE_MARKS, id=OWN, database=secrets.token_hex(16), **blank)
        found = known(connection)
    if found is None:
        raise LookupError("the row that was just made is gone")
    return found


def known(connection: Connection) -> Own | None:
    """The row; None in a database that has not looked at a store yet."""
    columns = [STORE_MARKS.c[name] for name in Own.__slots__]
    row = (
        connection.execute(select(*columns).where(STORE_MARKS.c.id == OWN)).mappings().one_or_none()
    )
    return None if row is None else Own(**row)


def begin(connection: Connection) -> Own:
    """Note the token of the marker that is about to be written, unless another process has done
    so; the row as it is then.
    """
    is_free = STORE_MARKS.c.pending.is_(None)
    own(connection)
    connection.execute(update(STORE_MARKS).where(is_free).values(pending=secrets.token_hex(16)))
    return own(connection)


def settle(connection: Connection, pending: str, generation: int) -> None:
    """The marker with the token `pending` is there: it is the one that this database knows."""
    values = {"generation": generation, "token": pending, "pending": None}
    connection.execute(update(STORE_MARKS).where(STORE_MARKS.c.pending == pending).values(**values))


def keep_strangers(connection: Connection, *, keeps: bool) -> None:
    """Whether files that no row knows stay until an admin says so."""
    connection.execute(
        update(STORE_MARKS).where(STORE_MARKS.c.id == OWN).values(keeps_strangers=keeps)
    )
