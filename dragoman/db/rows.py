"""Rows as they leave the database: frozen values of `dragoman.domain.rows`, built here alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable

from dragoman.domain.document import DocumentWarning
from dragoman.domain.job import ApprovalReason, Options, RowState, Stage, WaitingFor
from dragoman.domain.rows.card import Card
from dragoman.domain.rows.delivery import Delivery, Kind
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.leased import Leased
from dragoman.domain.rows.message import InboxMessage
from dragoman.domain.rows.part import Part, PartFacts
from dragoman.errors import UnsupportedOption

R = TypeVar("R")
Columns = Mapping[str, Any]  # of one row, by their names
Build = Callable[[Columns], R]
_SHARED = tuple(field.name for field in fields(Leased))


def one(connection: Connection, statement: Executable, build: Build[R], **values: Any) -> R | None:
    """The row that a statement finds or changes, or None; `values` are its parameters."""
    found = connection.execute(statement, values).mappings().one_or_none()
    return None if found is None else build(dict(found))


def each(connection: Connection, statement: Executable, build: Build[R]) -> list[R]:
    """The rows that a statement finds, in its order."""
    return [build(dict(found)) for found in connection.execute(statement).mappings()]


def leased(columns: Columns) -> Leased:
    """What all ledgers have of a row."""
    shared = {name: columns[name] for name in _SHARED}
    return Leased(**{**shared, **_leased(columns)})


def job(columns: Columns) -> Job:
    """A row of `jobs`."""
    reason = columns["approval_reason"]
    typed = {
        "stage": Stage(columns["stage"]),
        "options": options(columns),
        "warnings": tuple(DocumentWarning(**told) for told in columns["warnings"] or ()),
        "approval_reason": ApprovalReason(reason) if reason else None,
    }
    return Job(**{**columns, **_leased(columns), **typed})


def message(columns: Columns) -> InboxMessage:
    """A row of `inbox`."""
    return InboxMessage(**{**columns, **_leased(columns)})


def delivery(columns: Columns) -> Delivery:
    """A row of `outbox`."""
    return Delivery(**{**columns, **_leased(columns), "kind": Kind(columns["kind"])})


def card(columns: Columns) -> Card:
    """A row of `cards`."""
    asks = columns["asks"]
    typed = {
        "notes": tuple(columns["notes"] or ()),
        "asks": WaitingFor(asks) if asks else None,
    }
    return Card(**{**columns, **_leased(columns), **typed})


def part(columns: Columns) -> Part:
    """A row of `parts`."""
    typed = {
        "stage": Stage(columns["stage"]),
        "pages": tuple(columns["pages"]),
        "facts": PartFacts.from_json(columns["facts"] or {}),
    }
    return Part(**{**columns, **_leased(columns), **typed})


def options(columns: Columns) -> Options:
    """What the sender of a job chose; the target stands in a column of its own, too."""
    chosen = {"target_lang": columns["target_lang"], **(columns["options"] or {})}
    try:
        return Options.from_json(chosen)
    except UnsupportedOption:
        # A newer version wrote the row. Whoever only looks at jobs must not stumble over one.
        return Options.from_json({**chosen, "tone": None, "layout": None})


def _leased(columns: Columns) -> dict[str, Any]:
    waiting_for = columns["waiting_for"]
    return {
        "state": RowState(columns["state"]),
        "waiting_for": WaitingFor(waiting_for) if waiting_for else None,
    }
