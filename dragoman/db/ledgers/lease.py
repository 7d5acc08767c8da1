"""The one lease: how a worker owns a row of a ledger for a time, and what becomes of the row when
the work ends.

Claim (one guarded UPDATE: whoever gets the row back owns it), heartbeat, then advance, finish or
give back. Each claim raises `epoch`, and every later write names its epoch: a worker that lost its
lease can write nothing any more and gets LeaseLost. All times are the database's, so workers'
clocks do not matter.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Generic, TypeVar

import structlog
from opentelemetry import trace
from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, case, or_, update
from sqlalchemy.sql.dml import ReturningUpdate, Update

from dragoman import telemetry
from dragoman.db.clock import now_s
from dragoman.db.engine import Database
from dragoman.db.ledgers.lease_renewal import heart
from dragoman.db.ledgers.stored_errors import code_of, detail_of, no_error, told
from dragoman.db.records import counters
from dragoman.db.rows import Columns
from dragoman.db.statements import split
from dragoman.domain.job import RowState, WaitingFor
from dragoman.domain.os_errors import named
from dragoman.domain.retry import WORKER_LOST_ATTEMPTS, GiveUp, RetryIn, decide
from dragoman.domain.rows.leased import Leased
from dragoman.errors import (
    DatabaseUnavailable,
    LeaseLost,
    NoWord,
    RequestError,
    TemporaryError,
    WorkerLost,
)

log = structlog.get_logger(__name__)

R = TypeVar("R", bound=Leased)

LEASE_S = 60.0


class Leaving(LeaseLost):
    """Raised in a process that is told to end, out of whatever it is at: its row goes back as
    it is, for whoever claims it next.
    """

    message = "This process is about to end, and gives back what it is at."


_leaving = False


def leave() -> None:
    """From now on every attempt in this process is given up at its next `check`."""
    global _leaving  # noqa: PLW0603
    _leaving = True


def is_leaving() -> bool:
    """Whether this process is to end: it takes up nothing more."""
    return _leaving


holder: ContextVar[str | None] = ContextVar("holder", default=None)
"""The id of the task that runs in this context, noted in the rows it claims, so that its death
can be told of them.
"""


@dataclass(frozen=True)
class Ledger(Generic[R]):
    """One of the three tables, and what is owed when a row of it dies.

    `on_dead(connection, row, error)` runs in the transaction that ends the row: it inserts the
    answer to the sender. `build` makes the value of a row. `attempts`: how often temporary trouble
    is tried, None: as the table of `dragoman.domain.retry` says. `patience_s`: it is tried more
    often than that while the row is younger. `locks_first(connection, row)` holds what `on_dead` is
    going to change and what has to be locked before this row (see `dragoman.db`).
    """

    table: Table
    on_dead: Callable[[Connection, R, BaseException], None]
    build: Callable[[Columns], R]
    attempts: int | None = None
    patience_s: float = 0.0
    locks_first: Callable[[Connection, R], None] | None = None


@dataclass
class Lease(Generic[R]):
    """The right to work on one row. `row` is the row as it was claimed; `attempt` counts from 1.

    `on_lost` is called by the heartbeat when it finds the row in other hands.
    """

    database: Database
    ledger: Ledger[R]
    row: R
    lease_s: float
    lost: threading.Event = field(default_factory=threading.Event)
    ended: bool = False
    on_lost: Callable[[], None] | None = None

    @property
    def id(self) -> str:
        """The row's id."""
        return self.row.id

    @property
    def attempt(self) -> int:
        """Number of this attempt at the row's present step, from 1."""
        return self.row.attempts

    @property
    def failed(self) -> int:
        """How many attempts ended in an error if this one does; those whose worker died are
        counted apart.
        """
        return max(self.attempt - self.row.losses, 1)

    def check(self) -> None:
        """Raise LeaseLost if the heartbeat has found the row in other hands (or cancelled),
        Leaving if this process is to end.
        """
        if self.lost.is_set():
            raise LeaseLost
        if _leaving:
            raise Leaving

    def write(self, connection: Connection, **values: Any) -> None:
        """Change the row while holding it. Raises LeaseLost."""
        plain, computed = split(values)
        statement = _writing(self.ledger.table).values(computed)
        if (
            connection.execute(
                statement, {"held_id": self.id, "held_epoch": self.row.epoch, **plain}
            ).rowcount
            != 1
        ):
            self.lost.set()
            raise LeaseLost

    def renew(self) -> None:
        """Hold the row for another `lease_s` seconds. Raises LeaseLost or DatabaseUnavailable."""
        with self.database.write() as connection:
            self.write(connection, lease_until=now_s() + self.lease_s)

    def advance(self, connection: Connection, **values: Any) -> None:
        """The step is done and another follows: ready again, with a clean count.

        Raises LeaseLost.
        """
        fresh = {
            "attempts": 0,
            "losses": 0,
            "run_after": 0.0,
            "rung_at": now_s(),
            "rings": 0,
            **no_error(),
        }
        self.write(connection, state=RowState.READY, **{**fresh, **values})
        self.ended = True

    def finish(
        self, connection: Connection, state: RowState = RowState.DONE, **values: Any
    ) -> None:
        """The row has come to its end. Raises LeaseLost."""
        self.write(connection, state=state, ended_at=now_s(), **values)
        self.ended = True

    def wait(
        self, connection: Connection, waiting_for: WaitingFor, expires_s: float, **values: Any
    ) -> None:
        """A person's word is needed, for at most `expires_s` seconds; `resume` goes on with it.

        Raises LeaseLost.
        """
        fresh = {
            "attempts": 0,
            "losses": 0,
            "run_after": now_s() + expires_s,
            "rung_at": 0.0,
            "rings": 0,
        }
        self.write(
            connection,
            state=RowState.WAITING,
            waiting_for=waiting_for,
            **fresh,
            **{**no_error(), **values},
        )
        self.ended = True

    def later(self, connection: Connection, delay_s: float, **values: Any) -> None:
        """Not now: ready again after `delay_s` seconds, and no attempt is counted.

        Raises LeaseLost.
        """
        fresh = {"attempts": 0, "losses": 0, "rung_at": 0.0, "rings": 0}
        self.write(connection, state=RowState.READY, run_after=now_s() + delay_s, **fresh, **values)
        self.ended = True

    def give_back(self, connection: Connection, delay_s: float, error: BaseException) -> None:
        """Ready again after `delay_s` seconds; the sweeper rings then. Raises LeaseLost."""
        self.write(
            connection,
            state=RowState.READY,
            run_after=now_s() + delay_s,
            rung_at=0.0,
            rings=0,
            **told(error),
        )
        self.ended = True


def claim(
    database: Database,
    ledger: Ledger[R],
    row_id: str,
    lease_s: float,
    *,
    stage: str | None = None,
    admits: Callable[[Connection, str], bool] = lambda _connection, _row_id: True,
) -> Lease[R] | None:
    """The lease on a row that is due, None if it is not due, not there, somebody else's, or at
    another stage than `stage`.

    None as well if `admits` says, in the claim's own transaction, that it is not this row's turn.
    """
    values = {"row_id": row_id, "for_s": lease_s, "by": holder.get()} | (
        {"at_stage": stage} if stage else {}
    )
    with database.write() as connection:
        if not admits(connection, row_id):
            return None
        row = (
            connection.execute(_claiming(ledger.table, stage is not None), values)
            .mappings()
            .one_or_none()
        )
    if row is None:
        return None
    return Lease(database, ledger, ledger.build(dict(row)), lease_s)


@cache
def _claiming(table: Table, at_stage: bool) -> ReturningUpdate[Any]:
    """The guarded UPDATE; made once, since making it costs more than running it."""
    stage = [table.c.stage == bindparam("at_stage")] if at_stage else []
    lost = case((table.c.state == RowState.RUNNING, 1), else_=0)
    return (
        update(table)
        .where(table.c.id == bindparam("row_id"), is_due(table), *stage)
        .values(
            state=RowState.RUNNING,
            epoch=table.c.epoch + 1,
            attempts=table.c.attempts + 1,
            losses=table.c.losses + lost,
            lease_until=now_s() + bindparam("for_s"),
            holder=bindparam("by"),
        )
        .returning(table)
    )


@cache
def _writing(table: Table) -> Update:
    """The UPDATE of a row that is held, without its values."""
    held = (table.c.id == bindparam("held_id"), table.c.epoch == bindparam("held_epoch"))
    return update(table).where(*held, table.c.state == RowState.RUNNING)


@contextmanager
def attempt(
    database: Database,
    ledger: Ledger[R],
    row_id: str,
    *,
    stage: str | None = None,
    lease_s: float = LEASE_S,
    admits: Callable[[Connection, str], bool] = lambda _connection, _row_id: True,
) -> Iterator[Lease[R] | None]:
    """One attempt at a row: claimed, kept alive by a heartbeat, and given back or buried if the
    block raises.

    Yields None when the row is not ours to work on. The block ends the row itself (`advance`,
    `finish`). What it raises goes on to the caller after it is on record, LeaseLost included; a
    full disk as DiskFull.
    """
    lease = claim(database, ledger, row_id, lease_s, stage=stage, admits=admits)
    if lease is None:
        yield None
        return
    with telemetry.in_trace(lease.row.traceparent, f"{ledger.table.name}.attempt"):
        if lease.row.waiting_for:
            bury(lease, NoWord())
            yield None
        elif lease.row.losses >= WORKER_LOST_ATTEMPTS:
            bury(lease, WorkerLost(detail=lease.row.error_detail or ""))
            yield None
        else:
            with _heartbeat(lease), _on_record(lease):
                yield lease


@contextmanager
def _on_record(lease: Lease[Any]) -> Iterator[None]:
    try:
        yield
    except Leaving:
        with lease.database.write() as connection:
            lease.later(connection, 0.0)
        log.info("handed_back", table=lease.ledger.table.name, id=lease.id)
        raise
    except LeaseLost:
        log.info("lease_lost", table=lease.ledger.table.name, id=lease.id)
        raise
    except Exception as error:
        known = named(error)
        record(lease, known)
        if known is error:
            raise
        raise known from error


def record(lease: Lease[Any], error: BaseException) -> None:
    """Put a failed attempt on record: tried again later, or a dead letter with its answer."""
    patience = _patience(lease) if isinstance(error, TemporaryError) else None
    # jitter
    decision = decide(error, lease.failed, random.random(), attempts=patience)  # noqa: S311
    facts: dict[str, str | int] = {
        "table": lease.ledger.table.name,
        "id": lease.id,
        "attempt": lease.attempt,
        "code": code_of(error),
    }
    span = trace.get_current_span()
    try:
        if isinstance(decision, GiveUp):
            bury(lease, error)
            span.add_event("gave_up", facts)
            # the sender's move: nothing for an admin to look into
            if isinstance(error, RequestError):
                log.warning("gave_up", **facts, detail=detail_of(error))
            else:
                log.error("gave_up", **facts, detail=detail_of(error), exc_info=error)
        else:
            _retry(lease, decision, error)
            seconds = round(decision.seconds, 1)
            span.add_event("will_retry", {**facts, "seconds": seconds})
            log.warning("will_retry", **facts, seconds=seconds, detail=detail_of(error))
    except (LeaseLost, DatabaseUnavailable) as trouble:
        # The lease runs out by itself, and the sweeper finds the row.
        log.warning("failure_not_recorded", **facts, because=code_of(trouble))


def _patience(lease: Lease[Any]) -> int | None:
    claimed_at = lease.row.lease_until - lease.lease_s
    is_young = claimed_at - lease.row.created_at < lease.ledger.patience_s
    return max(lease.ledger.attempts or 0, lease.failed + 1) if is_young else lease.ledger.attempts


def bury(lease: Lease[Any], error: BaseException) -> None:
    """End the row as a dead letter; what is owed to the sender is inserted in the same
    transaction.
    """
    said = told(error)
    # its own advice is about waiting, and the waiting is over
    if isinstance(error, TemporaryError):
        attempts = "once" if lease.failed == 1 else f"{lease.failed} times"
        said["error_advice"] = (
            f"We tried it {attempts}, without success. Please try again later, or show this to the"
            " admin of this server."
        )
    with lease.database.write() as connection:
        if lease.ledger.locks_first:
            lease.ledger.locks_first(connection, lease.row)
        lease.finish(connection, RowState.DEAD, **said)
        lease.ledger.on_dead(connection, lease.row, error)
        counters.add(
            connection, counters.DEAD_LETTERS, ledger=lease.ledger.table.name, code=code_of(error)
        )


def lose(
    database: Database,
    ledger: Ledger[R],
    row_id: str,
    task_id: str,
    *,
    losses: int = 1,
    detail: str | None = None,
) -> bool:
    """Give a dead task's row back at once, counting `losses`; whether it still held the row.

    Called by the process that saw it die, with what it knows of that in `detail`. A row that
    another task has claimed meanwhile is left alone.
    """
    table = ledger.table
    guard = (table.c.id == row_id, table.c.state == RowState.RUNNING, table.c.holder == task_id)
    counted = {"losses": table.c.losses + losses, "error_detail": detail}
    values = {"state": RowState.READY, "run_after": 0.0, "rung_at": 0.0, "rings": 0, **counted}
    with database.write() as connection:
        return connection.execute(update(table).where(*guard).values(**values)).rowcount == 1


def hand_back(database: Database, ledger: Ledger[R], row_id: str, task_id: str) -> bool:
    """Give back the row of a task that is about to be ended with its process: no attempt is
    counted; whether it held the row.
    """
    table = ledger.table
    guard = (table.c.id == row_id, table.c.state == RowState.RUNNING, table.c.holder == task_id)
    values = {
        "state": RowState.READY,
        "run_after": 0.0,
        "rung_at": 0.0,
        "rings": 0,
        "attempts": table.c.attempts - 1,
    }
    with database.write() as connection:
        return connection.execute(update(table).where(*guard).values(**values)).rowcount == 1


def revive(connection: Connection, table: Table, row_id: str, **values: Any) -> None:
    """Make a row ready again with a clean count, its error forgotten; the caller has made sure
    that it has ended.
    """
    clean = {"attempts": 0, "losses": 0, "run_after": 0.0, "rung_at": now_s(), "rings": 0}
    fresh = {
        "state": RowState.READY,
        "ended_at": None,
        "waiting_for": None,
        **clean,
        **no_error(),
        **values,
    }
    connection.execute(update(table).where(table.c.id == row_id).values(**fresh))


def resume(
    connection: Connection, table: Table, row_id: str, waiting_for: WaitingFor, **values: Any
) -> bool:
    """The word came that a row waits for: it may be claimed now; False if it does not wait for
    that (any more).
    """
    guard = (
        table.c.id == row_id,
        table.c.state == RowState.WAITING,
        table.c.waiting_for == waiting_for,
    )
    fresh = {
        "state": RowState.READY,
        "waiting_for": None,
        "run_after": 0.0,
        "rung_at": now_s(),
        "rings": 0,
    }
    return connection.execute(update(table).where(*guard).values(**fresh, **values)).rowcount == 1


def settle(connection: Connection, table: Table, *which: ColumnElement[bool]) -> int:
    """End rows that wait, without a word about it: what they waited for has come another way;
    how many there were.
    """
    ended = {"state": RowState.CANCELLED, "ended_at": now_s(), "waiting_for": None}
    return connection.execute(
        update(table).where(table.c.state == RowState.WAITING, *which).values(**ended)
    ).rowcount


def is_due(table: Table) -> ColumnElement[bool]:
    """Whether a row may be claimed now: its time has come (or its time to wait is over), or its
    worker's lease ran out.
    """
    return or_(
        and_(table.c.state.in_((RowState.READY, RowState.WAITING)), table.c.run_after <= now_s()),
        and_(table.c.state == RowState.RUNNING, table.c.lease_until < now_s()),
    )


def _retry(lease: Lease[Any], decision: RetryIn, error: BaseException) -> None:
    with lease.database.write() as connection:
        lease.give_back(connection, decision.seconds, error)
        counters.add(
            connection, counters.RETRIES, ledger=lease.ledger.table.name, code=code_of(error)
        )


def _heartbeat(lease: Lease[Any]) -> AbstractContextManager[None]:
    """Renew the lease every third of its time, until the block ends or the row is lost."""
    return heart.keeps(partial(_beat, lease), lease.lease_s / 3)


def _beat(lease: Lease[Any]) -> bool:
    """Renew the lease; whether there is still one to renew."""
    try:
        if not lease.ended:
            lease.renew()
    except LeaseLost:
        if on_lost := lease.on_lost:
            on_lost()
    except DatabaseUnavailable as error:
        log.warning("heartbeat_missed", id=lease.id, detail=error.detail)
    return not lease.lost.is_set()
