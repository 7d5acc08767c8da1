"""Opening a kept mail: its PDFs become jobs, or its sender is told what was missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, BinaryIO, cast

import structlog
from billiard.exceptions import SoftTimeLimitExceeded
from celery import Celery

from dragoman import queues
from dragoman.db.engine import Database
from dragoman.db.lease import Lease
from dragoman.domain.job import Options
from dragoman.errors import (
    DragomanError,
    EmptyFile,
    NoLanguage,
    NotAPdf,
    RequestError,
    StageTimedOut,
    StoreUnavailable,
    UnknownLanguage,
    UnsupportedTarget,
)
from dragoman.files import what_is
from dragoman.intake import Intake, Pdf, Request
from dragoman.queues import BrokerDoorbell
from dragoman.settings import Settings
from dragoman.storage import open_store
from ingress.email import parse, policy, request
from ingress.email.door import CHANNEL

log = structlog.get_logger(__name__)

ACK_AFTER_S = 30.0  # a quick result needs no ack before it
SOFT_LIMIT_S, HARD_LIMIT_S = 300, 330


class Contents:
    """What a mail held: PDFs that are in the store now, its words, and what was left out and why."""

    def __init__(self, intake: Intake) -> None:
        self.pdfs: list[Pdf] = []
        self.words = ""
        self.ignored: list[dict[str, str]] = []
        self._intake = intake
        self._words_are_html = True

    def read(self, mail: BinaryIO) -> None:
        """Take everything out of `mail`, each PDF once."""
        for item in parse.items(mail):
            match item:
                case parse.Words(text, is_html):
                    self._hear(text, is_html=is_html)
                case parse.PdfFound(filename, body):
                    self._store(filename, cast("BinaryIO", body))
                case parse.Other(filename, head):
                    self._leave(filename, NotAPdf(what_is(head)) if head else EmptyFile())
                case parse.TooMany(filename):
                    self._leave(filename or "the rest of the mail", _too_many(filename))

    def forget(self) -> None:
        """Delete the PDFs from the store: no job will need them."""
        for pdf in self.pdfs:
            with suppress(StoreUnavailable):
                self._intake.store.delete(pdf.blob)
        self.pdfs = []

    def _hear(self, text: str, *, is_html: bool) -> None:
        # The plain text is what the sender typed; a second text part is a footer or an attachment.
        if not self.words.strip() or (self._words_are_html and not is_html):
            self.words, self._words_are_html = text, is_html

    def _store(self, filename: str, body: BinaryIO) -> None:
        try:
            pdf = self._intake.store_pdf(filename, body)
        except RequestError as error:
            self._leave(filename, error)
            return
        if any(pdf.sha256 == known.sha256 for known in self.pdfs):
            self._intake.store.delete(pdf.blob)
        else:
            self.pdfs.append(pdf)

    def _leave(self, filename: str, error: RequestError) -> None:
        told = {"filename": filename, "code": error.code, "message": str(error), "advice": error.advice}
        self.ignored.append(told)


def open_message(intake: Intake, message_id: str) -> None:
    """Open a mail that the door kept; nothing happens if it is not ours to open.

    It ends in jobs, in one answer, or in nothing (what must not be answered). Raises what went wrong on our side,
    after it is on record.
    """
    with intake.opened(message_id) as held:
        if held is None:
            return
        if policy.is_for_postmaster(held.row["payload"]["recipient"]):
            intake.drop(held, "postmaster")
            return
        with _in_time():
            _open(intake, held)


def register(app: Celery, settings: Settings) -> None:
    """Declare the task on `app`; each process that runs one makes its own connections."""

    @cache
    def intake_of() -> Intake:
        store = open_store(settings.storage)
        return Intake(Database(settings.database), store, BrokerDoorbell(app), settings)

    @app.task(name=queues.OPEN_MESSAGE, soft_time_limit=SOFT_LIMIT_S, time_limit=HARD_LIMIT_S, throws=(DragomanError,))
    def task(message_id: str) -> None:
        open_message(intake_of(), message_id)


def _open(intake: Intake, held: Lease) -> None:
    contents = Contents(intake)
    try:
        with intake.store.open(held.row["blob"]) as mail:
            contents.read(mail)
        _act(intake, held, contents)
    except BaseException:
        if not held.ended:  # else jobs may have been made, and these are their documents
            contents.forget()
        raise


def _act(intake: Intake, held: Lease, contents: Contents) -> None:
    payload = held.row["payload"]
    wish = request.wish(payload["recipient"], contents.words, payload["subject"], intake.settings.default_target_lang)
    no = _why_not(contents, wish)
    if no is None and wish.target_lang:
        notes = {"target_lang": wish.target_lang, "tone": wish.tone, "ignored": contents.ignored}
        wanted = [_request(held, pdf, Options(wish.target_lang, tone=wish.tone)) for pdf in contents.pdfs]
        try:
            intake.submit(wanted, message=held, notes=notes, ack_after_s=ACK_AFTER_S)
        except UnsupportedTarget as error:
            # The answer has the list of what is possible anyway, with how to name one of them.
            error.advice = "Please choose one of the languages below, and send the PDF once more."
            no = {"reason": "unsupported_language", **_told(error)}
    if no is not None:
        contents.forget()
        log.info("mail_answered", message_id=held.id, reason=no["reason"])
        intake.answer(held, {**no, "ignored": contents.ignored})


def _why_not(contents: Contents, wish: request.Wish) -> dict[str, Any] | None:
    """The reason, with its facts, why there is nothing to translate; None: there is."""
    if not contents.pdfs:
        only_others = all(left["code"] == NotAPdf.code for left in contents.ignored)
        return {"reason": "no_pdf" if only_others else "refused"}
    if wish.unknown:
        error = UnknownLanguage(f"“{wish.unknown[:40]}” in the address is no language we know.")
        return {"reason": "unknown_language", **_told(error)}
    if not wish.target_lang:
        return {"reason": "no_language", **_told(NoLanguage())}
    return None


def _request(held: Lease, pdf: Pdf, options: Options) -> Request:
    key = f"{held.row['key']}:{pdf.sha256}:{options.target_lang}"
    return Request(pdf, options, held.row["sender"], CHANNEL, key)


def _told(error: DragomanError) -> dict[str, str]:
    return {"error_code": error.code, "error_message": str(error), "error_advice": error.advice}


def _too_many(filename: str | None) -> RequestError:
    if filename is None:
        message = "The mail has too many parts, or mails inside mails too deep; the rest was not looked at."
        return RequestError(message, advice="Please send the PDF by itself in a new mail.")
    message = f"At most {parse.MOST_PDFS} PDFs are taken from one mail."
    return RequestError(message, advice="Please send the rest in another mail.")


@contextmanager
def _in_time() -> Iterator[None]:
    try:
        yield
    except SoftTimeLimitExceeded as error:
        raise StageTimedOut("It took too long to take the mail apart.") from error
