"""What became of the answers to jobs, as the outbox knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from dragoman.db.ledgers.jobs import answered_to, is_answered
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.domain.answers.arrival import Arrival, Arrived, arrived
from dragoman.domain.answers.row_words import Kind
from dragoman.domain.job import OPEN


def of_jobs(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, Arrived]:
    """What became of the answer to each of these jobs, by their ids; a job that is at work, or
    an upload, has none.
    """
    ended = [row for row in rows if row["state"] not in OPEN and is_answered(row)]
    if not ended:
        return {}
    owners = {answered_to(dict(row)) for row in ended}
    statement = select(OUTBOX).where(
        OUTBOX.c.owner.in_(owners), OUTBOX.c.kind.in_((Kind.FINAL, Kind.INSTEAD))
    )
    answers = [dict(one) for one in connection.execute(statement).mappings()]
    known = {(one["owner"], one["run"], one["kind"]): one for one in answers}
    found: dict[str, Arrived] = {}
    for row in ended:
        owner, run = answered_to(dict(row)), row["run"]
        answer = known.get((owner, run, Kind.FINAL))
        # An answer to several documents is owed when the last of them has ended.
        found[row["id"]] = (
            arrived(answer, known.get((owner, run, Kind.INSTEAD)))
            if answer
            else Arrived(Arrival.SENDING)
        )
    return found


def of_job(connection: Connection, row: Mapping[str, Any]) -> Arrived | None:
    """What became of the answer to one job; None as in `of_jobs`."""
    return of_jobs(connection, [row]).get(row["id"])


def joined(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows, each with its `arrival`; None as in `of_jobs`."""
    known = of_jobs(connection, rows)
    return [{**row, "arrival": known.get(row["id"])} for row in rows]
