"""Texts that somebody asks an engine for just now: others of the team wait for the answer and do
not pay for it too.

A reservation is worth what its holder's lease is worth: it needs no time of its own, and nobody has
to clear up after a process that died.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, not_, or_, select

from dragoman.db.clock import now_s
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.parts import PARTS
from dragoman.db.records.translation_memory import KEYS_A_QUERY
from dragoman.db.statements import insert_new
from dragoman.db.tables import ReservedTextRow
from dragoman.domain.job import RowState

RESERVED = cast("Table", ReservedTextRow.__table__)


def reserve(connection: Connection, keys: Iterable[str], row_id: str, epoch: int) -> set[str]:
    """Those of `keys` (of `dragoman.db.records.translation_memory`) that the holder of this row may
    ask for now; others are asked for already.

    `row_id` and `epoch`: of the leased job, or of the leased part of one.
    """
    ours: set[str] = set()
    wanted = sorted(keys)  # in one order: two that want the same texts must not wait for each other
    for start in range(0, len(wanted), KEYS_A_QUERY):
        part = wanted[start : start + KEYS_A_QUERY]
        among = RESERVED.c.key.in_(part)
        _delete(connection, and_(among, not_(_is_held())))
        insert_new(
            connection, RESERVED, [{"key": key, "row_id": row_id, "epoch": epoch} for key in part]
        )
        mine = and_(among, RESERVED.c.row_id == row_id, RESERVED.c.epoch == epoch)
        ours.update(connection.scalars(select(RESERVED.c.key).where(mine)))
    return ours


def release(connection: Connection, row_id: str) -> None:
    """The holder of this row asks for nothing more; what was answered is remembered."""
    _delete(connection, RESERVED.c.row_id == row_id)


def forget_stale(connection: Connection) -> None:
    """Drop the reservations of those who died."""
    _delete(connection, not_(_is_held()))


def _delete(connection: Connection, which: ColumnElement[bool]) -> None:
    locked = select(RESERVED.c.key).where(which).order_by(RESERVED.c.key).with_for_update()
    keys = list(connection.scalars(locked))
    for start in range(0, len(keys), KEYS_A_QUERY):
        connection.execute(
            delete(RESERVED).where(RESERVED.c.key.in_(keys[start : start + KEYS_A_QUERY]))
        )


def _is_held() -> ColumnElement[bool]:
    """Whether the row that a text is reserved for is still worked on by the one who reserved it."""

    def at_work(table: Table) -> ColumnElement[bool]:
        same = and_(table.c.id == RESERVED.c.row_id, table.c.epoch == RESERVED.c.epoch)
        return exists().where(
            same, table.c.state == RowState.RUNNING, table.c.lease_until >= now_s()
        )

    return or_(at_work(JOBS), at_work(PARTS))
