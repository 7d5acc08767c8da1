"""Ids cut short: the first characters of an id mean the row whose id alone begins so.

Cards and lists show eight of the 32; four are the least that is looked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Connection, Table, null, select

from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.errors import AmbiguousId, NotFound

# characters of an id, of the shortest part that is taken, of the part that is shown
LENGTH, SHORTEST, SHOWN = 32, 4, 8
MOST_NAMED = 5  # rows that an error names
LEDGERS: tuple[tuple[str, Table], ...] = (("job", JOBS), ("message", INBOX), ("delivery", OUTBOX))
HEX = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Fitting:
    """A row whose id begins so: what it is, and its file's name or its kind, where it has one."""

    what: str
    id: str
    further: str | None


def job_id(connection: Connection, text: str, owner: str | None = None) -> str:
    """The id of the job that `text` means: an id or the beginning of one; among the jobs of
    `owner`, unless None.

    Raises NotFound where no job fits, AmbiguousId where several do. The jobs of others count as
    none in both.
    """
    return _one(connection, text, LEDGERS[:1], "job", owner)


def any_id(connection: Connection, text: str) -> str:
    """The same for a job, a message or a delivery."""
    return _one(connection, text, LEDGERS, "job, message or delivery", None)


def _one(
    connection: Connection,
    text: str,
    ledgers: tuple[tuple[str, Table], ...],
    what: str,
    owner: str | None,
) -> str:
    wanted = text.strip().removeprefix("#").rstrip("…").casefold().replace("-", "")
    if not HEX.fullmatch(wanted) or len(wanted) > LENGTH:
        raise NotFound(
            f"There is no such {what}: an id has {LENGTH} digits and letters from a to f."
        )
    if len(wanted) < SHORTEST:
        raise NotFound(
            f"“{wanted}” is too short for the beginning of an id.",
            advice=f"Please give at least {SHORTEST} characters.",
        )
    found = [
        one for kind, table in ledgers for one in _fitting(connection, kind, table, wanted, owner)
    ]
    if not found:
        raise NotFound(
            f"There is no such {what}."
            if len(wanted) == LENGTH
            else f"No {what} begins with {wanted}."
        )
    if len(found) > 1:
        raise AmbiguousId(f"{wanted} fits {_listed(found)}.")
    return found[0].id


def _fitting(
    connection: Connection, what: str, table: Table, wanted: str, owner: str | None
) -> list[Fitting]:
    # A range finds them by the index, in every collation: there are only digits and small letters.
    first, last = wanted.ljust(LENGTH, "0"), wanted.ljust(LENGTH, "f")
    further = next((table.c[name] for name in ("filename", "kind") if name in table.c), null())
    statement = (
        select(table.c.id, further).where(table.c.id.between(first, last)).order_by(table.c.id)
    )
    if owner is not None:
        statement = statement.where(table.c.owner == owner)
    rows = connection.execute(statement.limit(MOST_NAMED + 1))
    return [Fitting(what, row_id, told) for row_id, told in rows]


def _listed(found: list[Fitting]) -> str:
    """Such as `2 rows: job a2eb1c3d4e (report.pdf) and message a2eb7f`, each id as long as it
    takes to tell them apart.
    """
    ids = [one.id for one in found]
    names = []
    for one in found[:MOST_NAMED]:
        further = f" ({one.further})" if one.further else ""
        names.append(f"{one.what} {shortened(one.id, ids)}{further}")
    more = "more than " if len(found) > MOST_NAMED else ""
    return f"{more}{len(names)}: {', '.join(names)}"


def shortened(row_id: str, others: list[str]) -> str:
    """The beginning of `row_id` that none of `others` has, at least as long as ids are shown."""
    length = SHOWN
    while length < len(row_id) and any(
        one != row_id and one.startswith(row_id[:length]) for one in others
    ):
        length += 1
    return row_id[:length]
