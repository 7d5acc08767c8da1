"""Opening a kept mail: its PDFs become jobs, its orders are carried out, or its sender is told
what was missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from celery import Celery

from dragoman.adapters import queues
from dragoman.adapters.queues import BrokerDoorbell
from dragoman.adapters.storage import open_store
from dragoman.app.capabilities import NoEngine
from dragoman.app.intake import Intake, Pdf, Request
from dragoman.channels.email import bounces, threads
from dragoman.channels.email.threads import Thread
from dragoman.db.engine import Database
from dragoman.db.ledgers.lease import Lease
from dragoman.domain import engines
from dragoman.domain.actors import acting
from dragoman.domain.answers.row_words import AnswerKind
from dragoman.domain.job import Options, WaitingFor
from dragoman.domain.wishes import PersonWishes
from dragoman.errors import (
    DragomanError,
    Gone,
    LimitReached,
    NoLanguage,
    NotAPdf,
    NotApprover,
    StageTimedOut,
    UnknownLanguage,
    UnsupportedTarget,
)
from dragoman.settings import Settings
from ingress.email.auth import policy
from ingress.email.contents import Contents
from ingress.email.mime import delivery_report
from ingress.email.smtp.acceptance import CHANNEL
from ingress.email.wishes import commands, reply_language, request
from ingress.email.wishes.commands import Command

log = structlog.get_logger(__name__)

DAY_S = 86400.0
ACK_AFTER_S = 30.0  # a quick result needs no ack before it
SOFT_LIMIT_S, HARD_LIMIT_S = 300, 330


def open_message(intake: Intake, message_id: str) -> None:
    """Open a mail that the door kept; nothing happens if it is not ours to open.

    It ends in jobs, in one answer, or in nothing (what must not be answered). Raises what went
    wrong on our side, after it is on record.
    """
    with intake.opened(message_id) as held:
        if held is None:
            return
        if policy.is_for_postmaster(held.row["payload"]["recipient"]):
            intake.drop(held, "postmaster")
            return
        if held.row["payload"].get("bounce_of"):
            _record_bounce(intake, held)
            return
        if held.row["payload"].get("over_daily_limit"):
            intake.answer(held, _over_the_limit(intake, held))
            return
        with _in_time(), acting("email", held.row["sender"]):
            _Opening(intake, held).run()


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


def _over_the_limit(intake: Intake, held: Lease) -> dict[str, Any]:
    """Such a mail is not looked at, so that its words tell nothing of its language; but its
    sender may be known.
    """
    sender, limit = held.row["sender"], held.row["payload"]["over_daily_limit"]
    locale = threads.last_locale(intake.database, sender) or reply_language.of_sender(
        "", held.row["payload"]["subject"], ""
    )
    told = {
        "reason": AnswerKind.QUOTA,
        "ignored": [],
        "limit": limit,
        "room_in_s": threads.room_in(intake.database, sender, DAY_S, limit),
    }
    return {**told, "locale": locale} if locale else told


def _record_bounce(intake: Intake, held: Lease) -> None:
    with intake.store.open(held.row["blob"]) as mail:
        told = delivery_report.said(mail.read(delivery_report.READ_BYTES))
    if told is None or told.startswith(delivery_report.DELAYED):  # the mail server goes on trying
        intake.drop(held, "delivered, or delayed")
    else:
        intake.bounced(held, held.row["payload"]["bounce_of"], told, bounces.instead(told))


class _Opening:
    """One mail under the knife.

    `facts` go with every answer: the sender's language, and what was left out.

    `answered`: the message whose documents a reply is about, if any. `in_house`: whether they must
    be sent to nobody.
    """

    def __init__(self, intake: Intake, held: Lease) -> None:
        self.intake, self.held = intake, held
        self.payload: dict[str, Any] = held.row["payload"]
        self.sender: str = held.row["sender"]
        self.contents = Contents(intake)
        self.facts: dict[str, Any] = {}
        self.answered: str | None = None
        self.in_house = False

    def run(self) -> None:
        """Open it and act on it; after trouble no PDF stays behind that no job has."""
        try:
            with self.intake.store.open(self.held.row["blob"]) as mail:
                self.contents.read(mail)
            self._act()
        except BaseException:
            if not self.held.ended:  # else jobs may have been made, and these are their documents
                self.contents.forget()
            raise

    def _act(self) -> None:
        words, top = self.contents.words, self.contents.top
        thread = (
            threads.thread_of(self.intake.database, self.sender, top.answers)
            if top.answers
            else None
        )
        self.in_house = engines.wants_in_house(f"{self.payload['subject']} {words}") or bool(
            thread and thread.in_house
        )
        self._speak(thread)
        if self.contents.pdfs:
            self._translate(self._wish())
            return
        if thread is not None:
            self.facts["about"] = thread.message_id
        order = commands.command(words, "" if thread else self.payload["subject"])
        wanted = request.from_words(words, is_reply=thread is not None)
        if order is not None and (
            self._decide_for_others(order, thread) or self._obey(order, thread)
        ):
            return
        if thread is not None and wanted.target_lang and not self.contents.ignored:
            self._translate_again(thread, request.with_tone_of(wanted, self.payload["recipient"]))
            return
        if wanted.is_lasting and wanted.target_lang:
            self._remember(wanted)
            self._answer({"reason": AnswerKind.REMEMBERED, "wanted": wanted.target_lang})
            return
        if thread is not None and not self.contents.ignored:
            self._chat(words)
            return
        only_others = all(left["code"] == NotAPdf.code for left in self.contents.ignored)
        self._answer({"reason": AnswerKind.NO_PDF if only_others else AnswerKind.REFUSED})

    def _chat(self, words: str) -> None:
        """A reply that asks for nothing we know: thanks need no answer, the rest is asked about."""
        if commands.is_thanks(words):
            self.intake.drop(self.held, "thanks")
        else:
            self._answer({"reason": AnswerKind.UNCLEAR})

    def _speak(self, thread: Thread | None) -> None:
        """Find the language of the answers: the mail's, else its thread's, else that of the
        sender's former mails.
        """
        found = reply_language.of_sender(
            self.contents.words, self.payload["subject"], self.contents.top.languages
        )
        known = (
            found
            or (thread.locale if thread else None)
            or threads.last_locale(self.intake.database, self.sender)
        )
        self.facts = {"locale": known} if known else {}

    def _wish(self) -> request.Wish:
        habits = threads.habits(self.intake.database, self.sender)
        usual = request.Wish(habits.language, habits.tone)
        server = self.intake.settings.default_target_lang
        return request.wish(
            self.payload["recipient"], self.contents.words, self.payload["subject"], usual, server
        )

    def _obey(self, order: Command, thread: Thread | None) -> bool:
        """Carry out an order; False if there is nothing that it could be meant for."""
        intake = self.intake
        if order is Command.HELP:
            self._answer({"reason": AnswerKind.HELP})
        elif order is Command.DELETE_ALL or (order is Command.DELETE and thread):
            if order is Command.DELETE_ALL or thread is None:
                threads.forget_all(intake.database, intake.store, intake.settings, self.sender)
            else:
                threads.forget(intake.database, intake.store, intake.settings, self.sender, thread)
            self._answer({"reason": AnswerKind.ERASED})
        elif order is Command.YES and thread and thread.waiting_jobs:
            self._approve(thread.waiting_jobs)
        elif (
            order in (Command.CANCEL, Command.NO)
            and thread
            and (thread.waiting_jobs or thread.open_jobs)
        ):
            for job_id in thread.open_jobs if order is Command.CANCEL else thread.waiting_jobs:
                intake.cancel(job_id)
            intake.drop(self.held, "cancelled")  # the answer to the first mail says so
        elif (
            order in (Command.CANCEL, Command.NO)
            and thread
            and threads.settle(intake.database, thread.message_id)
        ):
            self._answer({"reason": AnswerKind.CANCELLED})
        else:
            return False
        log.info("mail_order", message_id=self.held.id, order=order)
        return True

    def _decide_for_others(self, order: Command, thread: Thread | None) -> bool:
        """Approve or give up what the sender was asked about as an approver of other people's
        costs; False: nothing was.
        """
        if thread is not None or order not in (Command.YES, Command.NO):
            return False
        intake, ids = self.intake, self.contents.top.answers or ()
        asked = threads.asked_about(intake.database, ids)
        ours = tuple(job_id for job_id in asked if intake.may_approve(job_id, self.sender))
        if ours and order is Command.YES:
            self._approve(ours)
        elif ours:
            for job_id in ours:
                intake.cancel(job_id)
            intake.drop(self.held, "cancelled")
        return bool(ours)

    def _approve(self, job_ids: tuple[str, ...]) -> None:
        try:
            for job_id in job_ids:
                self.intake.approve(job_id, by=self.sender)
        except NotApprover as error:
            self._answer({"reason": AnswerKind.REFUSED, **_told(error)})
        else:
            self.intake.drop(self.held, "approved")  # what was approved is answered in its own time

    def _translate_again(self, thread: Thread, wish: request.Wish) -> None:
        """The documents of the thread, in another language (or in one at last)."""
        self.answered = thread.message_id
        try:
            for document in thread.documents:
                with self.intake.store.open(document.blob) as body:
                    self.contents.add(document.filename, body)
            if thread.mail:
                self._reopen(thread.mail)
        except Gone:
            self.contents.forget()
        if self.contents.pdfs:
            self._translate(wish)
        else:
            self._answer(
                {"reason": AnswerKind.GONE, **_told(Gone("That document has been deleted."))}
            )

    def _reopen(self, blob: str) -> None:
        kept = Contents(self.intake)
        with self.intake.store.open(blob) as mail:
            kept.read(mail)
        self.contents.pdfs, self.contents.ignored = kept.pdfs, kept.ignored
        self.in_house = self.in_house or engines.wants_in_house(kept.words)

    def _translate(self, wish: request.Wish) -> None:
        try:
            self.intake.check_engine()
        except NoEngine as error:
            self.contents.forget()
            self._answer({"reason": AnswerKind.REFUSED, **_told(error)})
            return
        no = _why_not(wish)
        if no is None and wish.target_lang:
            notes = {
                "target_lang": wish.target_lang,
                "tone": wish.tone,
                "ignored": self.contents.ignored,
                **self.facts,
            }
            options = Options(wish.target_lang, tone=wish.tone, in_house=self.in_house)
            wanted = [self._request(pdf, options) for pdf in self.contents.pdfs]
            try:
                self.intake.check_request(options, owner=self.sender, channel=CHANNEL)
                self._remember(wish)
                if self.answered is not None:
                    threads.settle(self.intake.database, self.answered)
                self.intake.submit(wanted, message=self.held, notes=notes, ack_after_s=ACK_AFTER_S)
            except LimitReached as error:
                self.contents.forget()
                self._answer({"reason": AnswerKind.LIMIT, **_told(error)})
                return
            except UnsupportedTarget as error:
                # The answer has the list of what is possible anyway, with how to name one of them.
                error.advice = (
                    "Please choose one of the languages below, and just reply with its name."
                )
                no = {
                    "reason": AnswerKind.UNSUPPORTED_LANGUAGE,
                    "wanted": wish.target_lang,
                    **_told(error),
                }
        if no is not None:
            self.contents.forget()
            self._ask({**no, "kept": True})

    def _ask(self, payload: dict[str, Any]) -> None:
        """Ask for a language.

        A mail with documents waits for it; a reply has none, and its thread waits on.
        """
        if self.answered is not None:
            self._answer(payload)
            return
        log.info("mail_asks", message_id=self.held.id, reason=payload["reason"])
        told = {**payload, "ignored": self.contents.ignored, **self.facts}
        kept_s = self.intake.settings.retention_days * DAY_S
        self.intake.wait(self.held, WaitingFor.LANGUAGE, kept_s, self.facts, question=told)

    def _remember(self, wish: request.Wish) -> None:
        if wish.is_lasting:
            told = PersonWishes(wish.target_lang, wish.tone)
            threads.remember(self.intake.database, self.sender, told)

    def _answer(self, payload: dict[str, Any]) -> None:
        log.info("mail_answered", message_id=self.held.id, reason=payload["reason"])
        told = {**payload, "ignored": self.contents.ignored, **self.facts}
        self.intake.answer(self.held, told, notes=self.facts)

    def _request(self, pdf: Pdf, options: Options) -> Request:
        key = f"{self.held.row['key']}:{pdf.sha256}:{options.target_lang}"
        return Request(pdf, options, self.sender, CHANNEL, key)


def _why_not(wish: request.Wish) -> dict[str, Any] | None:
    """The reason, with its facts, why there is nothing to translate into; None: there is."""
    if wish.unknown:
        error = UnknownLanguage(
            f"We do not know the language “{wish.unknown[:40]}” in the address."
        )
        return {"reason": AnswerKind.UNKNOWN_LANGUAGE, "wanted": wish.unknown[:40], **_told(error)}
    if not wish.target_lang:
        return {"reason": AnswerKind.NO_LANGUAGE, **_told(NoLanguage())}
    return None


def _told(error: DragomanError) -> dict[str, Any]:
    """What the answer's payload says of an error: what the sender may know, and nothing for the
    log.
    """
    said = {"error_code": error.code, "error_message": error.message, "error_advice": error.advice}
    return {**said, "error_facts": error.facts} if error.facts else said


@contextmanager
def _in_time() -> Iterator[None]:
    try:
        yield
    except SoftTimeLimitExceeded as error:
        raise StageTimedOut("It took too long to read the email.") from error
