"""Posts of a chat: the card that shows how their files are doing, and what happens when a post goes away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dragoman import queues
from dragoman.db import cards, jobs
from dragoman.intake import Intake


def open_card(intake: Intake, **values: Any) -> tuple[dict[str, Any], bool]:
    """The card of a post (columns of `CardRow`) and whether it is new; the notifier is rung for a new one."""
    with intake.database.write() as connection:
        row, created = cards.insert(connection, **values)
    if created:
        intake.doorbell.ring(queues.SHOW_CARD, row["id"])
    return row, created


def note(intake: Intake, card_id: str, notes: Sequence[Mapping[str, Any]], **values: Any) -> None:
    """What the card has to say besides its jobs: files left out, with `filename`, `code`, `message`, `advice`."""
    with intake.database.write() as connection:
        row = cards.by_id(connection, card_id)
        known = row["notes"] if row else []
        fresh = [dict(one) for one in notes if dict(one) not in known]
        cards.wake(connection, card_id, notes=[*known, *fresh], **values)
    intake.doorbell.ring(queues.SHOW_CARD, card_id)


def withdraw(intake: Intake, card_id: str) -> None:
    """A post is gone: its open jobs end unanswered, their files and those of its results are forgotten."""
    with intake.database.write() as connection:
        cards.withdraw(connection, card_id)
        rows = jobs.of_card(connection, card_id)
    for row in rows:
        intake.purge(row["id"])
