"""What one sender may use: jobs and pages a day, characters a month. Checked before the work; admins are told at 80 %.

Counted from the rows of jobs, which stay when files and addresses are forgotten. Two jobs that are checked at the same
moment may both pass: a limit may be exceeded by what is under way, never by more.
"""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from sqlalchemy import ColumnElement, Connection, func, select

from dragoman.db.clock import now_s
from dragoman.db.jobs import JOBS
from dragoman.errors import LimitReached
from dragoman.settings import Settings
from dragoman.telemetry import hashed

log = structlog.get_logger(__name__)

DAY_S = 86400
WARNED_AT = 0.8


def check_jobs(connection: Connection, settings: Settings, owner: str, adding: int) -> None:
    """Raise LimitReached if `adding` more jobs are more than the owner may send in 24 hours."""
    limit = settings.sender_jobs_per_day
    if limit:
        used = _sum(connection, owner, func.count(), now_s() - DAY_S)
        _check(
            owner,
            "jobs",
            used,
            adding,
            limit=limit,
            message=f"At most {limit} documents a day are translated for one sender.",
        )


def check_work(connection: Connection, settings: Settings, owner: str, pages: int, characters: int) -> None:
    """Raise LimitReached if a job of so many pages and characters to pay for is more than its owner may use."""
    if limit := settings.sender_pages_per_day:
        used = _sum(connection, owner, func.sum(JOBS.c.pages), now_s() - DAY_S)
        _check(
            owner,
            "pages",
            used,
            pages,
            limit=limit,
            message=f"At most {limit} pages a day are translated for one sender.",
        )
    if limit := settings.sender_characters_per_month:
        month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()
        used = _sum(connection, owner, func.sum(JOBS.c.characters_billed), month)
        message = f"At most {limit} characters a month are paid for by one sender."
        _check(owner, "characters", used, characters, limit=limit, message=message)


def tell(what: str, used: int, limit: int, **facts: str) -> None:
    """Warn the admin once 80 % of a budget are used."""
    if used >= WARNED_AT * limit:
        log.warning("budget_nearly_used", what=what, used=used, limit=limit, **facts)


def _sum(connection: Connection, owner: str, what: ColumnElement[int], since: ColumnElement[float] | float) -> int:
    names = (owner, hashed(owner))  # what was forgotten is still counted
    statement = select(what).select_from(JOBS).where(JOBS.c.owner.in_(names), JOBS.c.created_at >= since)
    return int(connection.scalar(statement) or 0)


def _check(owner: str, what: str, used: int, adding: int, *, limit: int, message: str) -> None:
    tell(what, used + adding, limit, sender=hashed(owner))
    if used + adding > limit:
        said = f"{message} {used} were used before this, which needs {adding}."
        raise LimitReached(said, detail=f"{what} {limit} {used} {adding}")
