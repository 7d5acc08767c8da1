"""Opening a kept mail: its PDFs become jobs, its orders are carried out, or its sender is told
what was missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Celery

from dragoman.adapters import queues
from dragoman.adapters.queues import BrokerDoorbell
from dragoman.adapters.storage import open_store
from dragoman.app.intake import Intake
from dragoman.channels.email import bounces, threads
from dragoman.db.engine import Database
from dragoman.db.ledgers.lease import Lease
from dragoman.domain.actors import acting
from dragoman.domain.answers.row_words import AnswerKind
from dragoman.domain.rows.message import InboxMessage
from dragoman.errors import DragomanError, StageTimedOut
from dragoman.settings import Settings
from ingress.email import reply_language
from ingress.email.auth import policy
from ingress.email.mime import delivery_report
from ingress.email.opening import DAY_S, Opening
from ingress.email.smtp.acceptance import CHANNEL

SOFT_LIMIT_S, HARD_LIMIT_S = 300, 330


def open_message(intake: Intake, message_id: str) -> None:
    """Open a mail that the door kept; nothing happens if it is not ours to open.

    It ends in jobs, in one answer, or in nothing (what must not be answered). Raises what went
    wrong on our side, after it is on record.
    """
    with intake.opened(message_id) as held:
        if held is None:
            return
        if policy.is_for_postmaster(held.row.payload["recipient"]):
            intake.drop(held, "postmaster")
            return
        if held.row.payload.get("bounce_of"):
            _record_bounce(intake, held)
            return
        if held.row.payload.get("over_daily_limit"):
            intake.answer(held, _over_the_limit(intake, held))
            return
        with _in_time(), acting("email", held.row.sender):
            Opening(intake, held).run()


def register(app: Celery, settings: Settings) -> None:
    """Declare the task on `app`; each process that runs one makes its own connections."""

    @cache
    def intake_of() -> Intake:
        store = open_store(settings.storage)
        return Intake(Database(settings.database), store, BrokerDoorbell(app), settings)

    limits = {"soft_time_limit": SOFT_LIMIT_S, "time_limit": HARD_LIMIT_S}

    @app.task(
        name=queues.OPEN_OF[CHANNEL], shared=False, throws=(DragomanError,), **limits
    )  # of this application alone
    def task(message_id: str) -> None:
        open_message(intake_of(), message_id)


def _over_the_limit(intake: Intake, held: Lease[InboxMessage]) -> dict[str, Any]:
    """Such a mail is not looked at, so that its words tell nothing of its language; but its
    sender may be known.
    """
    sender, limit = held.row.sender, held.row.payload["over_daily_limit"]
    locale = threads.last_locale(intake.database, sender) or reply_language.of_sender(
        "", held.row.payload["subject"], ""
    )
    told = {
        "reason": AnswerKind.QUOTA,
        "ignored": [],
        "limit": limit,
        "room_in_s": threads.room_in(intake.database, sender, DAY_S, limit),
    }
    return {**told, "locale": locale} if locale else told


def _record_bounce(intake: Intake, held: Lease[InboxMessage]) -> None:
    with intake.store.open(held.row.blob or "") as mail:
        told = delivery_report.said(mail.read(delivery_report.READ_BYTES))
    if told is None or told.startswith(delivery_report.DELAYED):  # the mail server goes on trying
        intake.drop(held, "delivered, or delayed")
    else:
        intake.bounced(held, held.row.payload["bounce_of"], told, bounces.instead(told))


@contextmanager
def _in_time() -> Iterator[None]:
    try:
        yield
    except SoftTimeLimitExceeded as error:
        raise StageTimedOut("It took too long to read the email.") from error
