"""Lists of jobs for people who look for some of them: filters, and pages that follow each other.

The key of an order is (moment, id), newest first. A cursor names the last row of a page, so that a
page holds neither twice nor never what comes in while somebody reads on.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, or_, select

from dragoman.db import rows
from dragoman.db.ledgers.jobs import ENDED_AS, JOBS
from dragoman.domain.job import AT_STAGE, OPEN, Status
from dragoman.domain.rows.job import Job
from dragoman.errors import UnsupportedOption


class WithId(Protocol):
    """What has an id."""

    @property
    def id(self) -> str:
        """32 digits and letters."""


R = TypeVar("R", bound=WithId)
CURSOR = re.compile(r"(\d{1,12}(?:\.\d{1,20})?)-(\w{1,32})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: its moment in seconds since 1970, and its id."""

    moment: float
    row_id: str

    def __str__(self) -> str:
        """A word that `cursor` reads."""
        return f"{self.moment!r}-{self.row_id}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are wanted, and how many at most. None: all.

    `owner`: the whole of it, in any case, or with `*` for any part (`*@example.org`, `slack:T1:*`).
    `file`: a part of the name, in any case. `error`: the code of an error class. `since`: seconds
    since 1970; a job's making, a dead letter's end. `seen_by`: the only owner whose rows may be
    seen, exactly.
    """

    status: Status | None = None
    owner: str | None = None
    channel: str | None = None
    file: str | None = None
    error: str | None = None
    since: float | None = None
    seen_by: str | None = None
    after: Cursor | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, newest first; `next`: where the following page begins, None at the end."""

    rows: list[Job]
    next: Cursor | None


def cursor(text: str | None) -> Cursor | None:
    """The cursor that `str` gave; None for None. Raises UnsupportedOption for what is none."""
    if text is None:
        return None
    found = CURSOR.fullmatch(text.strip())
    if found is None:
        raise UnsupportedOption(
            "That cursor is not valid.",
            advice="Please copy it unchanged from `next` of the page before.",
        )
    return Cursor(float(found[1]), found[2])


def jobs(connection: Connection, wanted: Wanted) -> Page:
    """The jobs that are wanted."""
    conditions = [
        *of_status(wanted.status),
        *matching(JOBS.c.owner, wanted.owner),
        *equal(JOBS.c.owner, wanted.seen_by),
        *equal(JOBS.c.channel, wanted.channel),
        *containing(JOBS.c.filename, wanted.file),
        *equal(JOBS.c.error_code, wanted.error),
    ]
    statement = ordered(JOBS, JOBS.c.created_at, conditions, wanted)
    shown, further = cut(
        rows.each(connection, statement, rows.job), lambda row: row.created_at, wanted.limit
    )
    return Page(shown, further)


def ordered(
    table: Table,
    moment: ColumnElement[float],
    conditions: list[ColumnElement[bool]],
    wanted: Wanted,
) -> Select[Any]:
    """Rows of `table`, newest `moment` first, one more than wanted where there are more."""
    conditions = [*conditions, *following(table, moment, wanted.after)]
    if wanted.since is not None:
        conditions.append(moment >= wanted.since)
    return (
        select(table)
        .where(*conditions)
        .order_by(moment.desc(), table.c.id.desc())
        .limit(wanted.limit + 1)
    )


def cut(
    found: list[R], moment_of: Callable[[R], float], limit: int
) -> tuple[list[R], Cursor | None]:
    """The first `limit` of rows that are in order by their moment, and where the others begin."""
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return shown, Cursor(moment_of(last), last.id) if last else None


def of_status(status: Status | None) -> list[ColumnElement[bool]]:
    """What is true of the rows that `status_of` calls so."""
    if status is None:
        return []
    if status in ENDED_AS:
        return [JOBS.c.state == ENDED_AS[status]]
    if status is Status.PENDING:
        return [JOBS.c.state.in_(OPEN), JOBS.c.epoch == 0]
    [stage] = [stage for stage, word in AT_STAGE.items() if word is status]
    return [JOBS.c.state.in_(OPEN), JOBS.c.epoch > 0, JOBS.c.stage == stage]


def equal(column: ColumnElement[Any], value: str | None) -> list[ColumnElement[bool]]:
    """Exactly that; nothing for None."""
    return [] if value is None else [column == clean(value)]


def matching(column: ColumnElement[Any], pattern: str | None) -> list[ColumnElement[bool]]:
    """In any case; `*` stands for any part. Nothing for None."""
    if pattern is None:
        return []
    escaped = re.sub(r"([\\%_])", r"\\\1", clean(pattern)).replace("*", "%")
    return [column.ilike(escaped, escape="\\")]


def containing(column: ColumnElement[Any], part: str | None) -> list[ColumnElement[bool]]:
    """With that part somewhere, in any case (SQLite knows the cases of ASCII only).

    Nothing for None.
    """
    return [] if part is None else [column.icontains(clean(part), autoescape=True)]


def following(
    table: Table, moment: ColumnElement[float], after: Cursor | None
) -> list[ColumnElement[bool]]:
    """Behind the cursor, in the order of a page."""
    if after is None:
        return []
    return [or_(moment < after.moment, and_(moment == after.moment, table.c.id < after.row_id))]


def clean(text: str) -> str:
    """Without NUL, which PostgreSQL takes in no text: nothing holds it."""
    return text.replace("\0", "")
