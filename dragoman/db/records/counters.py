"""Counts of events, for an admin's dashboards: kept in the database, so that they rise whichever
process counts and whoever dies.

A count belongs in the transaction of what it counts, as its last statement: then it is exact, and
its row, which many workers share, is locked for a moment only and never before another row.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Table, select

from dragoman.db.statements import insert_into
from dragoman.db.tables import TallyRow

TALLIES = cast("Table", TallyRow.__table__)
# Upper bounds in seconds: a page takes some 0.1 s, the longest stage is ended after 660 s.
BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
INFINITE = "+Inf"

STAGE_SECONDS = "stage_seconds"  # labels: stage, engine
RETRIES = "retries"  # ledger, code
DEAD_LETTERS = "dead_letters"  # ledger, code
CHARACTERS_BILLED = "characters_billed"  # engine
TOKENS = "tokens"  # engine, way: "read" or "written"
CHARACTERS = "characters"  # engine: of documents that are ready
PAGES = "pages"  # engine: as above
DELIVERIES = "deliveries"  # channel, kind


@dataclass(frozen=True, slots=True)
class Tally:
    """One row: `count` events with these labels, whose values sum up to `total`; `bucket` is ""
    but in histograms.
    """

    name: str
    labels: dict[str, str]
    bucket: str
    count: int
    total: float


def add(connection: Connection, name: str, value: float = 1.0, **labels: str) -> None:
    """Count one event.

    Labels must be few and known: names of stages, engines and errors, never of people.
    """
    _add(connection, name, labels, "", value)


def observe(connection: Connection, name: str, seconds: float, **labels: str) -> None:
    """Count one event in the histogram `name`."""
    index = bisect_left(BOUNDS_S, seconds)
    _add(
        connection,
        name,
        labels,
        str(BOUNDS_S[index]) if index < len(BOUNDS_S) else INFINITE,
        seconds,
    )


def all_of(connection: Connection) -> list[Tally]:
    """Everything that was ever counted."""
    rows = connection.execute(select(TALLIES).order_by(TALLIES.c.name, TALLIES.c.labels)).mappings()
    return [Tally(**{**row, "labels": json.loads(row["labels"])}) for row in rows]


def _add(
    connection: Connection, name: str, labels: dict[str, str], bucket: str, value: float
) -> None:
    key = {"name": name, "labels": json.dumps(labels, sort_keys=True), "bucket": bucket}
    connection.execute(_counting(connection.dialect.name), {**key, "count": 1, "total": value})


@cache
def _counting(dialect: str) -> Any:
    statement = insert_into(TALLIES, dialect)
    risen = {name: TALLIES.c[name] + statement.excluded[name] for name in ("count", "total")}
    return statement.on_conflict_do_update(index_elements=["name", "labels", "bucket"], set_=risen)
