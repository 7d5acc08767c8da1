"""All rows to another database, of the same kind or of the other one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from dragoman.app.backup import idle_check
from dragoman.app.backup.errors import TargetNotEmpty
from dragoman.db import schema
from dragoman.db.backup import portable_rows
from dragoman.db.backup.portable_rows import Sum
from dragoman.db.backup.snapshot import snapshot
from dragoman.db.engine import Database
from dragoman.errors import OperatorError


class CopyDiffers(OperatorError):
    """The rows that were read back differ from those that were written: the transaction is
    rolled back.
    """

    message = "The copy is not what was copied, so nothing was written."
    code = "copy_differs"
    exit_code = 69
    for_admin = (
        "The database that was copied is as it was: go on with it. Please report this, with what is"
        " in parentheses below."
    )


@dataclass(frozen=True, slots=True)
class Copied:
    """One table: how many rows, and the sum over them, the same on both sides."""

    table: str
    rows: int
    sum: str


def move(source: Database, target: Database, scratch: Path) -> list[Copied]:
    """Copy all rows; what was copied, read back from the target.

    `scratch`: a folder for its owner only. The schema is made if there is none. Raises
    ServicesRunning (what they write afterwards would not be in the copy), TargetNotEmpty,
    RowRefused, CopyDiffers, DatabaseUnavailable; then the target is as it was.
    """
    idle_check.refuse_running(source)
    with snapshot(source, scratch) as reading, target.write() as writing:
        _make_room(writing)
        by_name = {table.name: table for table in portable_rows.tables(writing)}
        sums: dict[str, Sum] = {}
        for table in portable_rows.tables(reading):
            sums[table.name] = portable_rows.load(
                writing, by_name[table.name], portable_rows.rows(reading, table)
            )
        return [_compared(writing, name, copied) for name, copied in sorted(sums.items())]


def _make_room(connection: Connection) -> None:
    names = [table.name for table in portable_rows.tables(connection)]
    if not portable_rows.is_empty(connection, names):
        raise TargetNotEmpty("The database that is to be copied to has rows in it already.")
    portable_rows.drop_all(connection)
    schema.bring_up(connection)


def _compared(connection: Connection, name: str, copied: Sum) -> Copied:
    [table] = [one for one in portable_rows.tables(connection) if one.name == name]
    found = portable_rows.summed(connection, table)
    if found != copied:
        raise CopyDiffers(detail=f"{name}: {copied.rows} rows, {found.rows} arrived")
    return Copied(name, found.rows, str(found))
