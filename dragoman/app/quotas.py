"""What one sender, and one team of them, may use: jobs and pages a day, characters a month.

Checked before the work; admins are told at 80 %.

Counted from the rows of jobs, which stay when files and addresses are forgotten. Two jobs that are
checked at the same moment may both pass: a limit may be exceeded by what is under way, never by
more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Connection, func, select

from dragoman.db.clock import is_ahead, now_s
from dragoman.db.ledgers.jobs import JOBS
from dragoman.domain.owner import team_of
from dragoman.errors import Limit, Limited, LimitReached
from dragoman.settings import Settings
from dragoman.telemetry import hashed

log = structlog.get_logger(__name__)

DAY_S = 86400
WARNED_AT = 0.8
WORDS = {
    Limited.JOBS: "At most {limit:,} documents a day are translated for one {who}",
    Limited.PAGES: "At most {limit:,} pages a day are translated for one {who}",
    Limited.CHARACTERS: (
        "At most {limit:,} characters a month are paid for at the translation service for one {who}"
    ),
}
SOON = (
    "There is room for it again on {when}: please send it again then, or ask the admin of this"
    " server for a higher limit."
)
NEXT_MONTH = (
    "A new count begins on the first of next month, {when}: please send it again then, or ask the"
    " admin of this server for a higher limit."
)
NEVER = (
    "It is more than the whole limit, so waiting does not help: please send it in parts, or ask the"
    " admin of this server for a higher limit."
)
WHO = {"sender": "sender", "team": "team (a Slack workspace or an email domain)"}


class TeamLimitReached(LimitReached):
    """As LimitReached, of all senders of a mail domain or workspace together."""

    message = "Your team has reached its limit on this server."
    code = "team_limit_reached"
    exit_code = 36
    advice = (
        "Everybody in your team shares this limit. Please try again when the day or the month is"
        " over, or ask the admin of this server for a higher one."
    )


def check_jobs(connection: Connection, settings: Settings, owner: str, adding: int) -> None:
    """Raise LimitReached if `adding` more jobs are more than the owner, or the owner's team,
    may send in 24 hours.
    """
    for one in _users(owner, settings):
        day = one.used(connection, func.count(), now_s() - DAY_S)
        _check(connection, one, Use(Limited.JOBS, one.jobs, day, adding))


def billed_this_month(connection: Connection) -> int:
    """Characters that were paid for since the month began (UTC), for everybody."""
    counts = (JOBS.c.created_at >= _month(), ~is_ahead(JOBS.c.created_at))
    return int(connection.scalar(select(func.sum(JOBS.c.characters_billed)).where(*counts)) or 0)


def check_work(
    connection: Connection, settings: Settings, owner: str, pages: int, characters: int
) -> None:
    """Raise LimitReached if a job of so many pages and characters to pay for is more than its
    owner or team may use.
    """
    month = _month()
    for one in _users(owner, settings):
        day = one.used(connection, func.sum(JOBS.c.pages), now_s() - DAY_S)
        _check(connection, one, Use(Limited.PAGES, one.pages, day, pages))
        billed = one.used(connection, func.sum(JOBS.c.characters_billed), month)
        _check(connection, one, Use(Limited.CHARACTERS, one.characters, billed, characters))


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

    def used(
        self, connection: Connection, what: ColumnElement[int], since: ColumnElement[float] | float
    ) -> int:
        """What they used since then."""
        statement = (
            select(what)
            .select_from(JOBS)
            .where(self.rows, JOBS.c.created_at >= since, ~is_ahead(JOBS.c.created_at))
        )
        return int(connection.scalar(statement) or 0)

    def made(self, connection: Connection, since: ColumnElement[float]) -> list[tuple[float, int]]:
        """When each of their jobs since then was made, the oldest first, and its pages."""
        rows = select(JOBS.c.created_at, func.coalesce(JOBS.c.pages, 0)).order_by(JOBS.c.created_at)
        found = connection.execute(
            rows.where(self.rows, JOBS.c.created_at >= since, ~is_ahead(JOBS.c.created_at))
        )
        return [(at, pages) for at, pages in found]


@dataclass(frozen=True, slots=True)
class Use:
    """What is limited (`jobs`, `pages`, `characters`), the most of it (0: no limit), what is
    used, and what is to be added.
    """

    what: Limited
    limit: int
    used: int
    adding: int


def room_at(use: Use, made: Sequence[tuple[float, int]]) -> float | None:
    """When so many of the last day's jobs are a day old that there is room, in seconds since 1970;
    None: never.

    `made`: when each job was made, the oldest first, and its pages.
    """
    missing = use.used + use.adding - use.limit
    if use.adding > use.limit:
        return None
    for at, pages in made:
        missing -= 1 if use.what is Limited.JOBS else pages
        if missing <= 0:
            return at + DAY_S
    return None


def _users(owner: str, settings: Settings) -> Iterator[_User]:
    """Who of those that have limits a job of `owner` counts for."""
    mine = (
        settings.sender_jobs_per_day,
        settings.sender_pages_per_day,
        settings.sender_characters_per_month,
    )
    if any(mine):
        names = (owner, hashed(owner))  # what was forgotten is still counted
        yield _User("sender", hashed(owner), JOBS.c.owner.in_(names), LimitReached, *mine)
    ours = (
        settings.team_jobs_per_day,
        settings.team_pages_per_day,
        settings.team_characters_per_month,
    )
    team = team_of(owner)
    if team and any(ours):
        yield _User("team", hashed(team), JOBS.c.team == hashed(team), TeamLimitReached, *ours)


def tell(what: str, used: int, adding: int, limit: int, **facts: str) -> None:
    """Warn the admin once 80 % of a budget are used, and when it is not enough for `adding`
    more.
    """
    if used + adding > limit:
        log.warning("budget_used_up", what=what, used=used, needed=adding, limit=limit, **facts)
    elif used + adding >= WARNED_AT * limit:
        log.warning("budget_nearly_used", what=what, used=used + adding, limit=limit, **facts)


def _month() -> float:
    """When the present month began (UTC), in seconds since 1970."""
    return datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()


def _next_month() -> float:
    """When the next one begins."""
    middle = datetime.fromtimestamp(_month(), UTC) + timedelta(days=31)
    return middle.replace(day=1).timestamp()


def _check(connection: Connection, user: _User, use: Use) -> None:
    if not use.limit:
        return
    tell(use.what, use.used, use.adding, use.limit, **{user.who: user.name})
    if use.used + use.adding <= use.limit:
        return
    again_at = _again_at(connection, user, use)
    words = NEVER if again_at is None else NEXT_MONTH if use.what is Limited.CHARACTERS else SOON
    message = WORDS[use.what].format(limit=use.limit, who=WHO[user.who])
    said = f"{message}: {use.used:,} were used, and this needs {use.adding:,} more."
    raise user.error(
        said,
        advice=words.format(when=_moment(again_at or 0.0)),
        detail=f"{use.what} {use.limit} {use.used} {use.adding}",
        limit=Limit(use.what, use.limit, use.used, use.adding, again_at),
    )


def _again_at(connection: Connection, user: _User, use: Use) -> float | None:
    if use.what is Limited.CHARACTERS:
        return None if use.adding > use.limit else _next_month()
    return room_at(use, user.made(connection, now_s() - DAY_S))


def _moment(at: float) -> str:
    """`30 November 2026, 14:20 UTC`, a minute late rather than early."""
    moment = datetime.fromtimestamp(at + 59, UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
