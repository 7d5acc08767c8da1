"""What was translated by whom, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, String, case, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.queries import lists
from dragoman.domain.job import RowState


class month_of(FunctionElement[str]):  # noqa: N801 - reads as the SQL function that it is
    """The month in UTC, such as `2026-11`, of a moment in seconds since 1970."""

    type = String()
    inherit_cache = True


@compiles(month_of, "sqlite")
def _sqlite(element: month_of, compiler: Any, **options: Any) -> str:
    return f"strftime('%Y-%m', {compiler.process(element.clauses, **options)}, 'unixepoch')"


@compiles(month_of, "postgresql")
def _postgresql(element: month_of, compiler: Any, **options: Any) -> str:
    return (
        f"to_char(to_timestamp({compiler.process(element.clauses, **options)}) AT TIME ZONE 'UTC',"
        " 'YYYY-MM')"
    )


@dataclass(frozen=True, slots=True)
class Usage:
    """What one owner had done in one month (UTC, such as `2026-11`, by the making of its jobs).

    `owner`: as in a job's row, a hash once the address was forgotten. `completed` and `failed` are
    among `jobs`. `characters`: of the documents; `characters_billed`: those that an engine charges
    for; `tokens_read`, `tokens_written`: of language models. `paid`: what they came to, in
    `currency` (ISO 4217); None: no price is known.
    """

    month: str
    owner: str
    jobs: int
    completed: int
    failed: int
    pages: int
    characters: int
    characters_billed: int
    tokens_read: int
    tokens_written: int
    paid: float | None
    currency: str | None


def by_month(
    connection: Connection,
    *,
    owner: str | None = None,
    seen_by: str | None = None,
    since: float | None = None,
) -> list[Usage]:
    """Usage by month and owner, the newest month first, in it the owner who cost most first.

    `owner` and `seen_by` as in `lists.Wanted`; `since`: jobs made from then on, in seconds since
    1970.
    """
    month = month_of(JOBS.c.created_at).label("month")
    billed = func.coalesce(func.sum(JOBS.c.characters_billed), 0)
    statement = select(
        month,
        JOBS.c.owner,
        func.count(),
        func.coalesce(func.sum(case((JOBS.c.state == RowState.DONE, 1), else_=0)), 0),
        func.coalesce(func.sum(case((JOBS.c.state == RowState.DEAD, 1), else_=0)), 0),
        func.coalesce(func.sum(JOBS.c.pages), 0),
        func.coalesce(func.sum(JOBS.c.characters), 0),
        billed,
        func.coalesce(func.sum(JOBS.c.tokens_read), 0),
        func.coalesce(func.sum(JOBS.c.tokens_written), 0),
        func.sum(JOBS.c.paid),
        func.max(JOBS.c.paid_in),
    ).where(*lists.matching(JOBS.c.owner, owner), *lists.equal(JOBS.c.owner, seen_by))
    if since is not None:
        statement = statement.where(JOBS.c.created_at >= since)
    ordered = statement.group_by(month, JOBS.c.owner).order_by(
        month.desc(), billed.desc(), JOBS.c.owner
    )
    return [_usage(tuple(row)) for row in connection.execute(ordered)]


def _usage(row: Sequence[Any]) -> Usage:
    month, owner, jobs, completed, failed, *counts, paid, currency = row
    pages, characters, billed, read, written = map(int, counts)
    return Usage(
        month=month,
        owner=owner,
        jobs=int(jobs),
        completed=int(completed),
        failed=int(failed),
        pages=pages,
        characters=characters,
        characters_billed=billed,
        tokens_read=read,
        tokens_written=written,
        paid=None if paid is None else round(paid, 4),
        currency=currency,
    )
