"""Which files in the store the rows name: what must be there, and what a backup has to hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.ledgers.parts import PARTS

PREFIXES = ("jobs/", "inbox/", "outbox/")
AT_ONCE = 500
COLUMNS = (
    (JOBS, "source"),
    (JOBS, "artifact"),
    (JOBS, "result"),
    (PARTS, "artifact"),
    (INBOX, "blob"),
    (OUTBOX, "rendered"),
)


@dataclass(frozen=True, slots=True)
class Named:
    """A key of the store, and the row (a table's name and an id) that names it."""

    key: str
    table: str
    row_id: str


def names(connection: Connection) -> Iterator[Named]:
    """All that rows name, those of purged jobs and messages apart; a key once for each row that
    names it.
    """
    for table, column in COLUMNS:
        statement = select(table.c.id, table.c[column]).where(table.c[column].is_not(None))
        if "purged_at" in table.c:
            statement = statement.where(table.c.purged_at.is_(None))
        for row_id, key in connection.execute(statement, execution_options={"yield_per": AT_ONCE}):
            # An answer in Slack has the name of a file over there in `rendered`.
            if key.startswith(PREFIXES):
                yield Named(key, table.name, row_id)
