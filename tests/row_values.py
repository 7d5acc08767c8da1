"""Rows for tests that have no database: values of `dragoman.domain.rows` from columns, the rest of them
as a new row has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from dragoman.db import rows
from dragoman.domain.rows.card import Card
from dragoman.domain.rows.delivery import Delivery
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.message import InboxMessage


def fresh(kind: type) -> dict[str, Any]:
    """The columns that have a value in every new row."""
    plain = {one.name: one.default for one in fields(kind) if one.default is not MISSING}
    made = {
        one.name: one.default_factory()
        for one in fields(kind)
        if one.default_factory is not MISSING
    }
    return {"id": "1" * 32, **plain, **made}


def job(columns: Mapping[str, Any] | None = None, **more: Any) -> Job:
    """A job with these columns."""
    needed = {
        "channel": "web",
        "owner": "web:tests",
        "filename": "a.pdf",
        "target_lang": "de",
        "options": {},
    }
    return rows.job({**fresh(Job), **needed, **(columns or {}), **more})


def message(columns: Mapping[str, Any] | None = None, **more: Any) -> InboxMessage:
    """A message with these columns."""
    needed = {"channel": "email", "sender": "ann@example.org"}
    return rows.message({**fresh(InboxMessage), **needed, **(columns or {}), **more})


def delivery(columns: Mapping[str, Any] | None = None, **more: Any) -> Delivery:
    """A delivery with these columns: the answer by email, unless they say otherwise."""
    needed = {"owner": "2" * 32, "kind": "final", "channel": "email"}
    return rows.delivery({**fresh(Delivery), **needed, **(columns or {}), **more})


def card(columns: Mapping[str, Any] | None = None, **more: Any) -> Card:
    """The card of a post in a channel, with these columns."""
    needed = {"team": "T1", "place": "C123", "requester": "U1"}
    return rows.card({**fresh(Card), **needed, **(columns or {}), **more})
