"""What one sender, and one team of them, may use: jobs and pages a day, characters a month. Checked before the work; admins are told at 80 %.

Counted from the rows of jobs, which stay when files and addresses are forgotten. Two jobs that are checked at the same
moment may both pass: a limit may be exceeded by what is under way, never by more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy import ColumnElement, Connection, func, select

from dragoman.db.clock import is_ahead, now_s
from dragoman.db.jobs import JOBS
from dragoman.domain.owner import team_of
from dragoman.errors import LimitReached
from dragoman.settings import Settings
from dragoman.telemetry import hashed

log = structlog.get_logger(__name__)

DAY_S = 86400
WARNED_AT = 0.8
WORDS = {
    "jobs": "At most {limit:,} documents a day are translated for one {who}",
    "pages": "At most {limit:,} pages a day are translated for one {who}",
    "characters": "At most {limit:,} characters a month are paid for at the translation service for one {who}",
}
TOMORROW = "Please send it again tomorrow, or ask the admin of this server for a higher limit."
NEXT_MONTH = "A new count begins on the first of next month: please send it again then, or ask the admin of this server for a higher limit."
ADVICE = {"jobs": TOMORROW, "pages": TOMORROW, "characters": NEXT_MONTH}
WHO = {"sender": "sender", "team": "team (a Slack workspace or an email domain)"}


class TeamLimitReached(LimitReached):
    """Your team has reached its limit on this server."""

    code = "team_limit_reached"
    exit_code = 36
    advice = "Everybody in your team shares this limit. Please try again when the day or the month is over, or ask the admin of this server for a higher one."


def check_jobs(connection: Connection, settings: Settings, owner: str, adding: int) -> None:
    """Raise LimitReached if `adding` more jobs are more than the owner, or the owner's team, may send in 24 hours."""
    for one in _users(owner, settings):
        _check(one, "jobs", one.jobs, one.used(connection, func.count(), now_s() - DAY_S), adding)


def billed_this_month(connection: Connection) -> int:
    """Characters that were paid for since the month began (UTC), for everybody."""
    counts = (JOBS.c.created_at >= _month(), ~is_ahead(JOBS.c.created_at))
    return int(connection.scalar(select(func.sum(JOBS.c.characters_billed)).where(*counts)) or 0)


def check_work(connection: Connection, settings: Settings, owner: str, pages: int, characters: int) -> None:
    """Raise LimitReached if a job of so many pages and characters to pay for is more than its owner or team may use."""
    month = _month()
    for one in _users(owner, settings):
        _check(one, "pages", one.pages, one.used(connection, func.sum(JOBS.c.pages), now_s() - DAY_S), pages)
        billed = one.used(connection, func.sum(JOBS.c.characters_billed), month)
        _check(one, "characters", one.characters, billed, characters)


@dataclass(frozen=True, slots=True)
class _User:
    """A sender or a team: which jobs are theirs, and what they may use; 0: as much as they like."""

    who: str
    name: str
    rows: ColumnElement[bool]
    error: type[LimitReached]
    jobs: int
    pages: int
    characters: int

    def used(self, connection: Connection, what: ColumnElement[int], since: ColumnElement[float] | float) -> int:
        """What they used since then."""
        statement = (
            select(what).select_from(JOBS).where(self.rows, JOBS.c.created_at >= since, ~is_ahead(JOBS.c.created_at))
        )
        return int(connection.scalar(statement) or 0)


def _users(owner: str, settings: Settings) -> Iterator[_User]:
    """Who of those that have limits a job of `owner` counts for."""
    mine = (settings.sender_jobs_per_day, settings.sender_pages_per_day, settings.sender_characters_per_month)
    if any(mine):
        names = (owner, hashed(owner))  # what was forgotten is still counted
        yield _User("sender", hashed(owner), JOBS.c.owner.in_(names), LimitReached, *mine)
    ours = (settings.team_jobs_per_day, settings.team_pages_per_day, settings.team_characters_per_month)
    team = team_of(owner)
    if team and any(ours):
        yield _User("team", hashed(team), JOBS.c.team == hashed(team), TeamLimitReached, *ours)


def tell(what: str, used: int, adding: int, limit: int, **facts: str) -> None:
    """Warn the admin once 80 % of a budget are used, and when it is not enough for `adding` more."""
    if used + adding > limit:
        log.warning("budget_used_up", what=what, used=used, needed=adding, limit=limit, **facts)
    elif used + adding >= WARNED_AT * limit:
        log.warning("budget_nearly_used", what=what, used=used + adding, limit=limit, **facts)


def _month() -> float:
    """When the present month began (UTC), in seconds since 1970."""
    return datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()


def _check(user: _User, what: str, limit: int, used: int, adding: int) -> None:
    if not limit:
        return
    tell(what, used, adding, limit, **{user.who: user.name})
    if used + adding > limit:
        message = WORDS[what].format(limit=limit, who=WHO[user.who])
        said = f"{message}: {used:,} were used, and this needs {adding:,} more."
        raise user.error(said, advice=ADVICE[what], detail=f"{what} {limit} {used} {adding}")
