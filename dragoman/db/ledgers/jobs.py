"""The ledger of jobs: claimed stage by stage, ended once, and what is owed to the sender
inserted in the same commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    bindparam,
    case,
    func,
    select,
    update,
)

from dragoman.db import rows
from dragoman.db.clock import now_s
from dragoman.db.ledgers import alarms, cards, inbox, outbox, parts
from dragoman.db.ledgers.lease import Lease, Ledger, revive
from dragoman.db.ledgers.lease import resume as resume_row
from dragoman.db.ledgers.stored_errors import no_error, told
from dragoman.db.records import audit
from dragoman.db.statements import insert_once
from dragoman.db.tables import JobRow
from dragoman.domain.actors import Action
from dragoman.domain.costs.prices import Price
from dragoman.domain.job import OPEN, RowState, Stage, Status, WaitingFor, next_stage, percent
from dragoman.domain.owner import team_of
from dragoman.domain.rows.delivery import Kind
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.part import Part, PartFacts
from dragoman.domain.specs import channel_specs
from dragoman.domain.specs.channel_specs import Answered
from dragoman.errors import Conflict, EngineKeyRejected, QuotaUsedUp
from dragoman.ports import NO_TOKENS, Tokens
from dragoman.telemetry import hashed

JOBS = cast("Table", JobRow.__table__)
BY_ID = select(JOBS).where(JOBS.c.id == bindparam("job_id"))
# What the admin alone can mend, and hears of at once.
ADMINS_MOVE = {
    EngineKeyRejected.code: alarms.Cause.KEY_REJECTED,
    QuotaUsedUp.code: alarms.Cause.QUOTA_GONE,
}
NEVER = 1e12  # of `run_after`: somebody else makes the row due
ENDED_AS = {
    Status.COMPLETED: RowState.DONE,
    Status.FAILED: RowState.DEAD,
    Status.CANCELLED: RowState.CANCELLED,
}


def insert(connection: Connection, **values: Any) -> bool:
    """A new job at its first stage, rung for now; False if its key is known."""
    team = team_of(values["owner"])
    created = insert_once(
        connection,
        JOBS,
        stage=Stage.EXTRACT,
        stage_since=now_s(),
        created_at=now_s(),
        rung_at=now_s(),
        warnings=[],
        team=hashed(team) if team else None,
        **values,
    )
    if created:
        new = audit.Touched(values["id"], values["owner"], values["channel"])
        audit.note(connection, Action.SENT, new, who=new.owner)
    return created


def by_id(connection: Connection, job_id: str) -> Job | None:
    """The job, or None."""
    return rows.one(connection, BY_ID, rows.job, job_id=job_id)


def by_key(connection: Connection, key: str) -> Job | None:
    """The job with this source key, or None."""
    return rows.one(connection, select(JOBS).where(JOBS.c.key == key), rows.job)


def of_message(connection: Connection, message_id: str, run: int | None = None) -> list[Job]:
    """The jobs of a message, in the order of their files; of one run, or of all."""
    statement = (
        select(JOBS).where(JOBS.c.message_id == message_id).order_by(JOBS.c.created_at, JOBS.c.key)
    )
    if run is not None:
        statement = statement.where(JOBS.c.run == run)
    return rows.each(connection, statement, rows.job)


def of_card(connection: Connection, card_id: str) -> list[Job]:
    """The jobs that a card shows, in the order of their making."""
    statement = (
        select(JOBS).where(JOBS.c.card_id == card_id).order_by(JOBS.c.created_at, JOBS.c.key)
    )
    return rows.each(connection, statement, rows.job)


def of_file(connection: Connection, channel: str, file_ref: str) -> list[Job]:
    """The jobs of one file, as its front end names it."""
    statement = select(JOBS).where(JOBS.c.channel == channel, JOBS.c.file_ref == file_ref)
    return rows.each(connection, statement, rows.job)


def open_of(connection: Connection, owner: str) -> int:
    """How many jobs of an owner are at work or about to be; those that wait for a person's word
    do not count.
    """
    at_work = JOBS.c.state.in_((RowState.READY, RowState.RUNNING))
    return connection.scalar(select(func.count()).where(JOBS.c.owner == owner, at_work)) or 0


def used(connection: Connection, owner: str, days: int = 30) -> dict[str, int]:
    """What an owner had done in the last `days` days: `jobs`, `pages`, and `characters` that
    were paid for.
    """
    statement = select(func.count(), func.sum(JOBS.c.pages), func.sum(JOBS.c.characters_billed))
    since = JOBS.c.created_at > now_s() - days * 86400
    count, pages, characters = connection.execute(
        statement.where(JOBS.c.owner == owner, since)
    ).one()
    return {"jobs": count or 0, "pages": pages or 0, "characters": characters or 0}


def listed(
    connection: Connection,
    *,
    owner: str | None = None,
    states: Sequence[RowState] = (),
    limit: int = 50,
) -> list[Job]:
    """The newest jobs, newest first; of one owner, in some states."""
    statement = select(JOBS).order_by(JOBS.c.created_at.desc()).limit(limit)
    if owner is not None:
        statement = statement.where(JOBS.c.owner == owner)
    if states:
        statement = statement.where(JOBS.c.state.in_(states))
    return rows.each(connection, statement, rows.job)


def counted(connection: Connection) -> dict[tuple[str, str], int]:
    """How many jobs there are for each (stage, state)."""
    statement = select(JOBS.c.stage, JOBS.c.state, func.count()).group_by(
        JOBS.c.stage, JOBS.c.state
    )
    return {(stage, state): count for stage, state, count in connection.execute(statement)}


def show_progress(connection: Connection, lease: Lease[Job], fraction: float) -> None:
    """Record how much of the present stage is done (0 to 1); the percent never goes back.

    Raises LeaseLost.
    """
    wanted = percent(lease.row.stage, fraction)
    lease.write(
        connection,
        progress=(
            func.max(JOBS.c.progress, wanted)
            if _sqlite(connection)
            else func.greatest(JOBS.c.progress, wanted)
        ),
    )


def note_cost(
    connection: Connection,
    job_id: str,
    billed: int,
    tokens: Tokens = NO_TOKENS,
    paid: Price | None = None,
) -> bool:
    """Add characters and tokens that an engine charged for, and what they came to, whoever holds
    the job now; False if the job is purged.
    """
    values: dict[str, ColumnElement[Any] | str] = {
        "characters_billed": JOBS.c.characters_billed + billed
    }
    if tokens != NO_TOKENS:
        values["tokens_read"] = JOBS.c.tokens_read + tokens.taken
        values["tokens_written"] = JOBS.c.tokens_written + tokens.given
    if paid is not None:
        values["paid"] = func.coalesce(JOBS.c.paid, 0.0) + paid.amount
        values["paid_in"] = paid.currency
    statement = update(JOBS).where(JOBS.c.id == job_id, JOBS.c.purged_at.is_(None))
    return connection.execute(statement.values(**values)).rowcount == 1


def finish_stage(connection: Connection, lease: Lease[Job], artifact: str, **facts: Any) -> None:
    """The leased stage is done and its artifact stored: the next one is ready. Raises LeaseLost."""
    following = next_stage(lease.row.stage, toned=lease.row.is_toned)
    if following is None:
        raise ValueError("the last stage ends with `complete`")
    progress = max(lease.row.progress, percent(following, 0.0))
    lease.advance(
        connection,
        stage=following,
        stage_since=now_s(),
        artifact=artifact,
        progress=progress,
        **facts,
    )


def spread(
    connection: Connection, lease: Lease[Job], ranges: Iterable[Sequence[int]] = ()
) -> list[str]:
    """Give the leased stage to the job's parts, made of `ranges` if there are none; the ids of
    those that have to work.

    The job is nobody's until the last of them is done. Raises LeaseLost.
    """
    _lock(connection, lease.id)
    parts.cut(connection, lease.row, ranges)
    ids = parts.begin(connection, lease.id, lease.row.stage)
    count = parts.count(connection, lease.id)
    lease.advance(connection, run_after=NEVER if ids else 0.0, parts=count, parts_left=len(ids))
    return ids


def show_part(connection: Connection, lease: Lease[Part], fraction: float) -> None:
    """As `show_progress`, for a leased part: its job's percent is that of all parts.

    Raises LeaseLost.
    """
    job_id = lease.row.job_id
    _lock(connection, job_id)
    lease.write(connection, progress=int(100 * min(max(fraction, 0.0), 1.0)))
    wanted = percent(lease.row.stage, parts.share_done(connection, job_id))
    ours = (JOBS.c.id == job_id, JOBS.c.stage == lease.row.stage, JOBS.c.progress < wanted)
    connection.execute(update(JOBS).where(*ours).values(progress=wanted))


def finish_part(
    connection: Connection, lease: Lease[Part], artifact: str, facts: PartFacts
) -> bool:
    """The leased part has finished the stage; True for the last one, which makes the job due.

    Raises LeaseLost.
    """
    job_id = lease.row.job_id
    _lock(connection, job_id)
    lease.finish(connection, artifact=artifact, facts=facts.as_json(), progress=100)
    is_last = JOBS.c.parts_left == 1
    counted_down = (
        update(JOBS)
        .where(JOBS.c.id == job_id, JOBS.c.stage == lease.row.stage, JOBS.c.parts_left > 0)
        .values(
            parts_left=JOBS.c.parts_left - 1,
            run_after=case((is_last, 0.0), else_=JOBS.c.run_after),
            rung_at=case((is_last, now_s()), else_=JOBS.c.rung_at),
        )
        .returning(JOBS.c.parts_left)
    )
    return connection.execute(counted_down).scalar_one_or_none() == 0


def walk_part(
    connection: Connection, lease: Lease[Part], artifact: str, facts: PartFacts, *, toned: bool
) -> None:
    """The leased part has finished a stage that its job is past: it goes on to the next one.

    Raises LeaseLost.
    """
    following = next_stage(lease.row.stage, toned=toned)
    told = facts.as_json()
    lease.advance(connection, stage=following, artifact=artifact, facts=told, progress=0)


def step_back(
    connection: Connection,
    lease: Lease[Job],
    lost: Sequence[Part] = (),
    *,
    to: Stage = Stage.EXTRACT,
) -> None:
    """What stages have left is lost: the leased job begins anew, or the parts `lost` do, which it
    waits for at `to`. Raises LeaseLost.

    The engine, a yes that was given and the percent stay.
    """
    _lock(connection, lease.id)
    unread = {
        name: value
        for name, value in _unread().items()
        if name not in ("engine", "approved_at", "progress")
    }
    if lost:
        waits = {"parts": lease.row.parts, "parts_left": len(lost), "run_after": NEVER}
    else:
        waits = {"parts_left": 0, "remade_in": lease.row.run}
        parts.forget(connection, lease.id)
    for part in lost:
        revive(connection, parts.PARTS, part.id, **parts.anew(part, lease.row.run))
    lease.advance(
        connection, stage_since=now_s(), **{**(unread if to is Stage.EXTRACT else {}), **waits}
    )


def complete(
    connection: Connection, lease: Lease[Job], result: str, result_size: int, **facts: Any
) -> None:
    """The job has its result; the answer is owed from this commit on. Raises LeaseLost."""
    lease.finish(
        connection,
        RowState.DONE,
        result=result,
        result_size=result_size,
        progress=100,
        **no_error(),
        **facts,
    )
    settle(connection, lease.row)


def cancel(connection: Connection, job_id: str) -> bool:
    """End an open job, whoever works on it (the epoch fences them off); False if it had ended
    already.
    """
    statement = (
        update(JOBS)
        .where(JOBS.c.id == job_id, JOBS.c.state.in_(OPEN))
        .values(state=RowState.CANCELLED, epoch=JOBS.c.epoch + 1, ended_at=now_s())
        .returning(JOBS)
    )
    row = rows.one(connection, statement, rows.job)
    if row is None:
        return False
    parts.stop(connection, job_id)
    settle(connection, row)
    audit.note(connection, Action.CANCELLED, audit.touched(row))
    return True


def wait(
    connection: Connection,
    lease: Lease[Job],
    waiting_for: WaitingFor,
    expires_s: float,
    **facts: Any,
) -> None:
    """The leased job needs a person's word before it goes on with the same stage; its card or a
    mail asks. Raises LeaseLost.
    """
    lease.wait(connection, waiting_for, expires_s, **facts)
    cards.wake(connection, lease.row.card_id)
    if asks_by_delivery(lease.row) and waiting_for is WaitingFor.APPROVAL:
        _owe(connection, lease.id, lease.row.run, lease.row, Kind.QUESTION)


def resume(connection: Connection, job_id: str, waiting_for: WaitingFor, **facts: Any) -> bool:
    """The word came: the job goes on; False if it does not wait for that (any more)."""
    row = by_id(connection, job_id)
    if row is None or not resume_row(connection, JOBS, job_id, waiting_for, **facts):
        return False
    cards.wake(connection, row.card_id)
    if waiting_for is WaitingFor.APPROVAL:
        audit.note(connection, Action.APPROVED, audit.touched(row))
    return True


def answered_to(row: Job) -> str:
    """The owner of the answer that a job's end leads to: the job, or the message it came in."""
    return row.id if has_own_answer(row) else row.message_id or row.id


def has_own_answer(row: Job) -> bool:
    """Whether the answer belongs to the job itself, and not to the message that it came in."""
    return channel_specs.named(row.replied_by, Answered.JOB)


def is_answered(row: Job) -> bool:
    """Whether a delivery answers the job; else a page does."""
    return not channel_specs.named(row.replied_by, Answered.PAGE)


def asks_by_delivery(row: Job) -> bool:
    """Whether a question about the job's cost is a delivery; else a page or a card asks."""
    spec = channel_specs.by_name(row.replied_by)
    return spec is not None and spec.asks


def retry(connection: Connection, job_id: str, *, from_start: bool = False) -> Job:
    """Open a new run of a dead or cancelled job, from its last good stage or from the first.

    Raises Conflict.
    """
    row = rows.one(connection, select(JOBS).where(JOBS.c.id == job_id).with_for_update(), rows.job)
    if row is None or row.state not in (RowState.DEAD, RowState.CANCELLED) or row.purged_at:
        raise Conflict(
            "Only a job that failed or was cancelled, and whose file is still here, can be tried"
            " again."
        )
    if from_start:
        parts.forget(connection, job_id)
    if row.message_id and not has_own_answer(row):
        run = inbox.job_again(connection, row.message_id)
    else:
        run = row.run + 1
    # What parts have done stays done: the job is due at once, and finds out what is left.
    audit.note(connection, Action.RETRIED, audit.touched(row))
    revive(
        connection,
        JOBS,
        job_id,
        run=run,
        stage_since=now_s(),
        parts_left=0,
        **(_unread() if from_start else {}),
    )
    cards.wake(connection, row.card_id)
    return replace(row, run=run)


def settle(connection: Connection, row: Job) -> None:
    """What follows in the transaction that ends a job: its own answer, or its message's after
    the last job.
    """
    connection.execute(update(JOBS).where(JOBS.c.id == row.id).values(secret=None))
    answered: tuple[str, int] | None = None
    if has_own_answer(row):
        answered = row.id, row.run
    elif row.message_id and (message := inbox.job_ended(connection, row.message_id)):
        answered = message.id, message.run
    cards.wake(connection, row.card_id)
    if answered:
        _owe(connection, *answered, row)


def _owe(connection: Connection, owner: str, run: int, row: Job, kind: Kind = Kind.FINAL) -> None:
    outbox.owe(
        connection,
        owner=owner,
        run=run,
        kind=kind,
        channel=row.replied_by,
        traceparent=row.traceparent,
    )


def _dead(connection: Connection, row: Job, error: BaseException) -> None:
    settle(connection, row)
    cause = ADMINS_MOVE.get(getattr(error, "code", ""))
    if cause:
        alarms.tell(connection, cause, getattr(error, "detail", ""), row.id)


def _unread() -> dict[str, Any]:
    """The columns of a job of which nothing is known yet; what it has cost stays."""
    unknown = dict.fromkeys(
        (
            "artifact",
            "engine",
            "source_lang",
            "pages",
            "characters",
            "to_bill",
            "remembered",
            "approved_at",
            "price",
            "currency",
            "approval_reason",
        )
    )
    return {**unknown, "stage": Stage.EXTRACT, "progress": 0, "warnings": [], "parts": 0}


def _lock(connection: Connection, job_id: str) -> None:
    """Hold the job's row before one of its parts is touched: the order of locks (see
    `dragoman.db`).
    """
    connection.execute(select(JOBS.c.id).where(JOBS.c.id == job_id).with_for_update())


def _lock_job(connection: Connection, part: Part) -> None:
    _lock(connection, part.job_id)


def _part_dead(connection: Connection, row: Part, error: BaseException) -> None:
    """A part that gives up takes its job along, once; what its other parts have done stays."""
    ours = (JOBS.c.id == row.job_id, JOBS.c.stage == row.stage, JOBS.c.state.in_(OPEN))
    gone = {
        "state": RowState.DEAD,
        "epoch": JOBS.c.epoch + 1,
        "attempts": row.attempts,
        "losses": row.losses,
    }
    statement = (
        update(JOBS).where(*ours).values(**gone, ended_at=now_s(), **told(error)).returning(JOBS)
    )
    job = rows.one(connection, statement, rows.job)
    if job is not None:
        parts.stop(connection, row.job_id)
        settle(connection, job)


def _sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


LEDGER = Ledger(JOBS, _dead, rows.job)
PART_LEDGER = Ledger(parts.PARTS, _part_dead, rows.part, locks_first=_lock_job)
