"""Time as the database tells it: seconds since 1970 as a float, one clock for all workers."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class now_s(FunctionElement[float]):  # noqa: N801 - reads as the SQL function that it is
    """`now_s()` in a statement: the moment of its execution, not of its transaction's begin."""

    type = Float(53)
    inherit_cache = True


@compiles(now_s, "sqlite")
def _sqlite(element: now_s, compiler: Any, **options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"  # the Julian day of 1970-01-01T00:00Z


@compiles(now_s, "postgresql")
def _postgresql(element: now_s, compiler: Any, **options: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


def is_ahead(stamp: ColumnElement[float]) -> ColumnElement[bool]:
    """Whether a stamp that was put with `now_s()` lies in the future: the clock was set back
    since, and it counts as long past.
    """
    return stamp > now_s() + 1.0


def age_s(stamp: ColumnElement[float]) -> ColumnElement[float]:
    """Seconds since a stamp was put.

    One that lies in the future, by a clock that was set back, is as old as it is far away.
    """
    return func.abs(now_s() - stamp)


def now(connection: Connection) -> float:
    """The present moment on the database's clock."""
    return float(connection.scalar(select(now_s())) or 0.0)
