"""Whose turn it is, from the rows: who is being worked for, who waits, and for whom to ring next.

A job, or a part of a long one, holds a place while its lease is good, and a job keeps it on the way
from one stage to the next: what has begun goes on before another begins. `dragoman.domain.turns`
has the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    and_,
    case,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    union_all,
    update,
)

from dragoman.db.clock import is_ahead, now_s
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.lease import is_due
from dragoman.db.ledgers.parts import PARTS
from dragoman.db.records import process_registry
from dragoman.domain.job import RowState
from dragoman.domain.turns import Asker, Holder, Places, held_by, may_begin, room

HEARD_S = 40.0  # workers say every 15 s how they are; who did not is no worker that has places
JUST_RUNG_S = 2.0  # somebody is on the way for a row that was rung for so lately
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7304198)")  # the number means "turns"


@dataclass(frozen=True, slots=True)
class Due:
    """A row whose turn it is: its id, and its trace."""

    id: str
    traceparent: str | None


def places(connection: Connection, own: int = 0) -> Places:
    """The places of all workers that were heard of; at least the `own` ones of who asks."""
    workers = [
        one
        for one in process_registry.pulses(connection, HEARD_S)
        if one.service.startswith("worker@")
    ]
    usual = sum(int(one.facts.get("slots", 0)) for one in workers)
    return Places(max(usual, own), max(len(workers), 1 if own else 0))


def may_claim(connection: Connection, table: Table, row_id: str, known: Places) -> bool:
    """Whether the row may be claimed in this transaction, which has to do that: nobody else decides
    meanwhile.

    True for a row that is not due: the claim itself says so. One that has to wait is rung for as
    soon as its turn comes.
    """
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        connection.execute(_ONE_AT_A_TIME)
    if is_next(connection, table, row_id, known):
        return True
    put_off(connection, table, row_id)
    return False


def put_off(connection: Connection, table: Table, row_id: str) -> None:
    """Note that whoever was rung for this row has been there: it was not its turn."""
    long_rung = case(
        (table.c.rung_at > now_s() - JUST_RUNG_S, now_s() - JUST_RUNG_S), else_=table.c.rung_at
    )
    connection.execute(
        update(table).where(table.c.id == row_id, is_due(table)).values(rung_at=long_rung)
    )


def is_next(connection: Connection, table: Table, row_id: str, known: Places) -> bool:
    """Whether it is this row's turn, by what stands in the rows now."""
    asking = _asking(table).add_columns(_has_begun(table).label("has_begun"))
    row = connection.execute(asking.where(table.c.id == row_id)).one_or_none()
    if row is None or row.has_begun:
        return True
    asker, holders = Asker(row.owner, row.team), held(connection)
    free = room(holders, known)
    return bool(free) and may_begin(
        asker, holders, _before(connection, asker, holders, row.created_at, free), known
    )


def held(connection: Connection) -> list[Holder]:
    """Who is being worked for."""
    return [Holder(*row) for row in connection.execute(_holders())]


def take_next(connection: Connection, known: Places) -> list[tuple[Table, Due]]:
    """The rows whose turn it is, marked as rung now, without those that were rung for a moment
    ago.
    """
    holders = held(connection)
    free = room(holders, known)
    if not free:
        return []
    due = _due()
    own, team = _places_of(due, holders)
    first = connection.execute(select(due).order_by(own, team, due.c.created_at).limit(free)).all()
    chosen = [row.id for row in first if may_begin(Asker(row.owner, row.team), holders, 0, known)]
    return (
        [(table, row) for table in (JOBS, PARTS) for row in _rung(connection, table, chosen)]
        if chosen
        else []
    )


def _before(
    connection: Connection, asker: Asker, holders: Sequence[Holder], created_at: float, limit: int
) -> int:
    """How many due rows come before one of the asker's, `limit` at most."""
    due = _due()
    own, team = _places_of(due, holders)
    mine = held_by(asker, holders)
    sooner = or_(
        own < mine[0],
        and_(
            own == mine[0],
            or_(team < mine[1], and_(team == mine[1], due.c.created_at < created_at)),
        ),
    )
    found = select(due.c.id).where(sooner).limit(limit).subquery()
    return connection.scalar(select(func.count()).select_from(found)) or 0


def _is_leased(table: Table) -> ColumnElement[bool]:
    return and_(table.c.state == RowState.RUNNING, table.c.lease_until >= now_s())


def _has_begun(table: Table) -> ColumnElement[bool]:
    """Whether a job has ended a stage a moment ago, so that its next one is on the way to a
    worker.

    Its last lease would still be good: that of a job that an admin tries again ran out long ago.
    """
    if table is not JOBS:
        return false()
    return and_(
        table.c.state == RowState.READY,
        table.c.lease_until >= now_s(),
        table.c.attempts == 0,
        table.c.run_after <= now_s(),
        table.c.rung_at > now_s() - JUST_RUNG_S,
    )


def _is_waiting(table: Table) -> ColumnElement[bool]:
    return and_(is_due(table), not_(_has_begun(table)))


def _places_of(
    due: CTE, holders: Sequence[Holder]
) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """How many places the owner of each due row holds, and with the others of the team:
    `held_by`, as expressions.
    """
    if not holders:
        return literal(0, Integer), literal(0, Integer)
    teams: dict[str, int] = {}
    for one in holders:
        if one.team:
            teams[one.team] = teams.get(one.team, 0) + one.held
    own: ColumnElement[int] = case(
        {one.owner: one.held for one in holders}, value=due.c.owner, else_=0
    )
    return own, case(teams, value=due.c.team, else_=own) if teams else own


# A statement that is always the same is made once: that takes longer than it takes the database to
# answer.
@cache
def _holders() -> Select[Any]:
    """Who is being worked for, and how many rows of theirs."""
    running = _rows(lambda table: or_(_is_leased(table), _has_begun(table)), "running")
    return select(running.c.owner, running.c.team, func.count()).group_by(
        running.c.owner, running.c.team
    )


@cache
def _due() -> CTE:
    """The rows that wait for their turn."""
    return _rows(_is_waiting, "due")


def _rows(which: Any, name: str) -> CTE:
    """The jobs and parts of which `which(table)` is true."""
    of_jobs, of_parts = (_asking(table).where(which(table)) for table in (JOBS, PARTS))
    return union_all(of_jobs, of_parts).cte(name)


def _asking(table: Table) -> Select[Any]:
    columns = (table.c.id, JOBS.c.owner, JOBS.c.team, table.c.created_at)
    return (
        select(*columns)
        if table is JOBS
        else select(*columns).join(JOBS, JOBS.c.id == table.c.job_id)
    )


def _rung(connection: Connection, table: Table, ids: Sequence[str]) -> list[Due]:
    silent = or_(table.c.rung_at < now_s() - JUST_RUNG_S, is_ahead(table.c.rung_at))
    # PostgreSQL: what is locked is being changed, so somebody has come for it.
    free = (
        select(table.c.id)
        .where(table.c.id.in_(ids), is_due(table), silent)
        .with_for_update(skip_locked=True)
    )
    unlocked = list(connection.scalars(free))
    if not unlocked:
        return []
    marked = (
        update(table)
        .where(table.c.id.in_(unlocked))
        .values(rung_at=now_s())
        .returning(table.c.id, table.c.traceparent)
    )
    return [Due(*row) for row in connection.execute(marked)]
