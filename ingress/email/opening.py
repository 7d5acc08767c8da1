"""One kept mail: what is in it, what it asks for, and what comes of that.

The words are read by `dragoman.domain.wishes`, with what is known of the thread and of the sender.
A mail with documents ends in jobs or in a question; a reply without any is about the documents of
its thread.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import structlog

from dragoman.app.capabilities import NoEngine
from dragoman.app.intake import Intake, Pdf, Request
from dragoman.channels.email import threads
from dragoman.channels.email.threads import Thread
from dragoman.db.ledgers.lease import Lease
from dragoman.domain import engines, language
from dragoman.domain.answers.row_words import AnswerKind
from dragoman.domain.job import Options, WaitingFor
from dragoman.domain.rows.message import InboxMessage
from dragoman.domain.wishes import Intent, Origin, PersonWishes, Reading, Stop, Written, address
from dragoman.domain.wishes.understanding import understand
from dragoman.domain.wishes.understood import Default, Understood, settled
from dragoman.errors import (
    DragomanError,
    Gone,
    LimitReached,
    NoLanguage,
    NotAPdf,
    NotApprover,
    UnknownLanguage,
    UnsupportedTarget,
)
from ingress.email import reply_language
from ingress.email.contents import Contents
from ingress.email.smtp.acceptance import CHANNEL

log = structlog.get_logger(__name__)

DAY_S = 86400.0
ACK_AFTER_S = 30.0  # a quick result needs no ack before it
_LONGEST_NAME = 40  # characters of a language that nobody knows


# Places that people put files, to send a link in place of them.
_CLOUD = re.compile(
    r"(?:drive|docs)\.google\.com|dropbox\.com|1drv\.ms|onedrive\.live\.com|sharepoint\.com"
    r"|wetransfer\.com|we\.tl/|icloud\.com|box\.com/|swisstransfer\.com|nextcloud|mega\.nz",
    re.IGNORECASE,
)


class Opening:
    """One mail under the knife.

    `facts` go with every answer: the sender's language, and what was left out. `thread`: what the
    mail replies to, None for nothing of its sender's. `answered`: the message whose documents a
    reply is about, if any. `in_house`: whether they must be sent to nobody. `secret`: the password
    of its documents, `tells_secret` the message besides this one that told it.
    """

    def __init__(self, intake: Intake, held: Lease[InboxMessage]) -> None:
        self.intake, self.held = intake, held
        self.payload = held.row.payload
        self.sender = held.row.sender
        self.contents = Contents(intake)
        self.facts: dict[str, Any] = {}
        self.thread: Thread | None = None
        self.answered: str | None = None
        self.in_house = False
        self.secret: str | None = None
        self.tells_secret: str | None = None

    def run(self) -> None:
        """Open it and act on it; after trouble no PDF stays behind that no job has."""
        try:
            with self.intake.store.open(self.held.row.blob or "") as mail:
                self.contents.read(mail)
            self._act()
        except BaseException:
            if not self.held.ended:  # else jobs may have been made, and these are their documents
                self.contents.forget()
            raise

    def _act(self) -> None:
        words, answers = self.contents.words, self.contents.top.answers
        if answers:
            self.thread = threads.thread_of(self.intake.database, self.sender, answers)
        self.in_house = engines.wants_in_house(f"{self.payload['subject']} {words}") or bool(
            self.thread and self.thread.in_house
        )
        self._speak()
        reading = self._read(words)
        self.secret = reading.secret
        if self.contents.pdfs:
            self._translate(reading)
            return
        if self.thread is not None:
            self.facts["about"] = self.thread.message_id
        if (reason := self._is_for_nobody(reading)) is not None:
            self.intake.drop(self.held, reason)
            return
        if self._decide_for_others(reading) or self._obey(reading):
            return
        if self.thread is not None and not self.contents.ignored:
            self._reply(self.thread, reading)
            return
        if reading.always and reading.targets:
            self._remember(reading.targets, reading)
            told = {"reason": AnswerKind.REMEMBERED, "wanted": reading.targets[0]}
            self._answer(told)
            return
        only_others = all(left["code"] == NotAPdf.code for left in self.contents.ignored)
        reason = AnswerKind.NO_PDF if only_others else AnswerKind.REFUSED
        has_links = _CLOUD.search(words) is not None
        self._answer({"reason": reason, **({"links": True} if has_links else {})})

    def _read(self, words: str) -> Reading:
        """What the mail's words, its subject and its address want."""
        before = self.thread.before.languages if self.thread else ()
        return understand(
            Written(
                words,
                self.payload["subject"],
                self.payload["recipient"],
                is_reply=self.thread is not None,
                previous=before[-1] if before else None,
            )
        )

    def _speak(self) -> None:
        """Find the language of the answers: the mail's, else its thread's, else that of the
        sender's former mails.
        """
        of_thread = self.thread.locale if self.thread else None
        found = reply_language.of_sender(
            self.contents.words,
            self.payload["subject"],
            self.contents.top.languages,
            surely=of_thread is not None,
        )
        known = found or of_thread or threads.last_locale(self.intake.database, self.sender)
        self.facts = {"locale": known} if known else {}

    # What a mail without documents is about.

    def _is_for_nobody(self, reading: Reading) -> str | None:
        """Why a mail without a PDF must not be answered: what a program wrote, or what people write
        to each other with us in Cc; None: it may be.
        """
        if reading.away:
            return "out of office"
        if self.thread is None and self.contents.top.is_copied(self.payload["recipient"]):
            return "in Cc, without a PDF"
        return None

    def _obey(self, reading: Reading) -> bool:
        """Carry out an order; False if there is nothing that it could be meant for."""
        match reading.intent:
            case Intent.HELP:
                self._answer({"reason": AnswerKind.HELP})
            case Intent.DELETE if reading.everything or self.thread:
                self._delete(None if reading.everything else self.thread)
            case Intent.APPROVE if self.thread and self.thread.waiting_jobs:
                self._approve(self.thread.waiting_jobs)
            case _:
                return self._stop(reading.stop)
        log.info("mail_order", message_id=self.held.id, order=reading.intent)
        return True

    def _stop(self, stop: Stop | None) -> bool:
        """End the work, or a question, that the thread is about; False if there is neither."""
        thread = self.thread
        if stop is None or thread is None:
            return False
        if thread.waiting_jobs or thread.open_jobs:
            jobs = thread.open_jobs if stop is Stop.CANCEL else thread.waiting_jobs
            for job_id in jobs:
                self.intake.cancel(job_id)
            self.intake.drop(self.held, "cancelled")  # the answer to the first mail says so
        elif threads.settle(self.intake.database, thread.message_id):
            self._answer({"reason": AnswerKind.CANCELLED})
        else:
            return False
        log.info("mail_order", message_id=self.held.id, order=stop)
        return True

    def _delete(self, thread: Thread | None) -> None:
        """Delete what a thread is about; None: all that is here of the sender."""
        intake = self.intake
        if thread is None:
            threads.forget_all(intake.database, intake.store, intake.settings, self.sender)
        else:
            threads.forget(intake.database, intake.store, intake.settings, self.sender, thread)
        self._answer({"reason": AnswerKind.ERASED})

    def _decide_for_others(self, reading: Reading) -> bool:
        """Approve or give up what the sender was asked about as an approver of other people's
        costs; False: nothing was.
        """
        approves, refuses = reading.intent is Intent.APPROVE, reading.stop is Stop.NO
        if self.thread is not None or not (approves or refuses):
            return False
        intake, ids = self.intake, self.contents.top.answers or ()
        asked = threads.asked_about(intake.database, ids)
        ours = tuple(job_id for job_id in asked if intake.may_approve(job_id, self.sender))
        if ours and approves:
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

    def _reply(self, thread: Thread, reading: Reading) -> None:
        """A reply without documents: it is about those of its thread, or it is said what is not
        understood.
        """
        if reading.targets or (reading.secret and thread.before.languages):
            if reading.intent is Intent.CORRECT:
                self._take_back(thread, reading.targets)
            self._translate_again(thread, reading)
        elif reading.intent is Intent.THANKS or (reading.stop is Stop.NO and not reading.ask):
            self.intake.drop(self.held, "thanks")
        elif reading.intent is Intent.COMPLAINT:
            self._take_complaint()
        elif reading.in_doubt or reading.intent in (Intent.TRANSLATE, Intent.CORRECT):
            self._answer(self._question(reading))
        else:
            self._answer({"reason": AnswerKind.UNCLEAR})

    def _take_complaint(self) -> None:
        """Say what can be done, and let the admin hear of it."""
        log.info("mail_complains", message_id=self.held.id)
        told = bool(self.intake.settings.operator_address)
        payload = {"reason": AnswerKind.COMPLAINT, "operator_told": told, **self.facts}
        self.intake.complained(self.held, payload, notes=self.facts)

    def _take_back(self, thread: Thread, targets: Sequence[str]) -> None:
        """End the work on a language that was not meant; what is done is done."""
        if not set(targets) & set(thread.before.languages):
            for job_id in thread.open_jobs:
                self.intake.cancel(job_id)

    def _translate_again(self, thread: Thread, reading: Reading) -> None:
        """The documents of the thread, in another language (or in one at last)."""
        self.answered = thread.message_id
        try:
            for document in thread.documents:
                with self.intake.store.open(document.blob) as body:
                    self.contents.add(document.filename, body)
            if thread.mail:
                self._reopen(thread)
        except Gone:
            self.contents.forget()
        if self.contents.pdfs:
            self._translate(reading)
        else:
            self._answer(
                {"reason": AnswerKind.GONE, **_told(Gone("That document has been deleted."))}
            )

    def _reopen(self, thread: Thread) -> None:
        kept = Contents(self.intake)
        with self.intake.store.open(str(thread.mail)) as mail:
            kept.read(mail)
        self.contents.pdfs, self.contents.ignored = kept.pdfs, kept.ignored
        self.in_house = self.in_house or engines.wants_in_house(kept.words)
        if self.secret is None and (told := self._read(kept.words).secret):
            self.secret, self.tells_secret = told, thread.message_id

    # What is to be done with documents.

    def _translate(self, reading: Reading) -> None:
        try:
            self.intake.check_engine()
        except NoEngine as error:
            self.contents.forget()
            self._answer({"reason": AnswerKind.REFUSED, **_told(error)})
            return
        unknown = address.read(self.payload["recipient"]).unknown
        understood = settled(reading, self._defaults(reading))
        if unknown and self.answered is None:
            self._ask(_no_such_language(unknown))
        elif understood is None:
            self._ask(self._question(reading))
        else:
            self._submit(understood.of_files(pdf.filename for pdf in self.contents.pdfs), reading)

    def _defaults(self, reading: Reading) -> list[Default]:
        """What holds where the mail names no language, the nearest first."""
        database, server = self.intake.database, self.intake.settings.default_target_lang
        habits = threads.habits(database, self.sender)
        usual = (habits.language,) if habits.language else ()
        found = [Default(usual, Origin.HABIT, habits.tone, habits.layout)]
        if self.thread:
            found.insert(0, self.thread.before)
        elif reading.as_before:
            found.insert(0, threads.last_wishes(database, self.sender))
        return [*found, Default((server,) if server else (), Origin.SERVER)]

    def _submit(self, understood: Understood, reading: Reading) -> None:
        """Make jobs; what cannot be done of a wish is named with the answer."""
        possible = self._possible(understood)
        if isinstance(possible, UnsupportedTarget):
            self._ask(_not_here(possible, understood.targets[0]))
            return
        requests = self._requests(understood, possible)
        if not requests:
            self._ask(self._question(reading))
            return
        notes = {
            "target_lang": understood.targets[0],
            "tone": understood.tone,
            "understood": understood.as_json(),
            "ignored": self.contents.ignored,
            **self.facts,
        }
        try:
            if understood.always:
                self._remember(understood.targets, reading)
            if self.answered is not None:
                threads.settle(self.intake.database, self.answered)
            self.intake.submit(
                requests,
                message=self.held,
                notes=notes,
                ack_after_s=ACK_AFTER_S,
                forget_bytes=self.secret is not None,
            )
        except LimitReached as error:
            self.contents.forget()
            self._answer({"reason": AnswerKind.LIMIT, **_told(error)})
            return
        if self.tells_secret:
            self.intake.forget_bytes(self.tells_secret)

    def _possible(self, understood: Understood) -> frozenset[str] | UnsupportedTarget:
        """The languages that an engine has; the error where it has none of them."""
        good: set[str] = set()
        last: UnsupportedTarget | None = None
        for target in understood.targets:
            options = Options(target, in_house=self.in_house)
            try:
                self.intake.check_request(options, owner=self.sender, channel=CHANNEL)
            except UnsupportedTarget as error:
                last = error
            else:
                good.add(target)
        if last is not None and not good:
            return last
        for target in understood.targets:
            if target not in good:
                name = language.name(target)
                self.contents.leave(name, UnsupportedTarget(f"We cannot translate into {name}."))
        return frozenset(good)

    def _requests(self, understood: Understood, possible: frozenset[str]) -> list[Request]:
        """A request for each file in each of its languages; a file of which none was said is
        named.
        """
        made: list[Request] = []
        idle: list[Pdf] = []
        for pdf in self.contents.pdfs:
            wanted = understood.targets_for(pdf.filename)
            if not wanted:
                self.contents.leave(pdf.filename, NoLanguage())
            targets = [target for target in wanted if target in possible]
            if not targets:
                idle.append(pdf)
            for number, target in enumerate(targets):
                options = understood.options(target, in_house=self.in_house)
                made.append(self._request(self._again(pdf) if number else pdf, options))
        for pdf in idle:
            self.intake.store.delete(pdf.blob)
            self.contents.pdfs.remove(pdf)
        return made

    def _again(self, pdf: Pdf) -> Pdf:
        """The same bytes for another job."""
        with self.intake.store.open(pdf.blob) as body:
            copy = self.intake.store_pdf(pdf.filename, body)
        self.contents.copies.append(copy)
        return copy

    def _request(self, pdf: Pdf, options: Options) -> Request:
        key = f"{self.held.row.key}:{pdf.sha256}:{options.target_lang}"
        return Request(pdf, options, self.sender, CHANNEL, key, password=self.secret)

    def _remember(self, targets: Sequence[str], reading: Reading) -> None:
        """Keep what the sender always wants; it is one language."""
        told = PersonWishes(targets[0], reading.tone, reading.layout)
        threads.remember(self.intake.database, self.sender, told)

    # Questions and answers.

    def _question(self, reading: Reading) -> dict[str, Any]:
        """What is asked where no language is certain, with the likely ones."""
        likely = list(reading.ask or ()) if reading.in_doubt else []
        return {"reason": AnswerKind.NO_LANGUAGE, "likely": likely, **_told(NoLanguage())}

    def _ask(self, payload: dict[str, Any]) -> None:
        """Ask for a language.

        A mail with documents waits for it; a reply has none, and its thread waits on.
        """
        self.contents.forget()
        asked = {**payload, "kept": True}
        if self.answered is not None:
            self._answer(asked)
            return
        log.info("mail_asks", message_id=self.held.id, reason=asked["reason"])
        told = {**asked, "ignored": self.contents.ignored, **self.facts}
        kept_s = self.intake.settings.retention_days * DAY_S
        self.intake.wait(self.held, WaitingFor.LANGUAGE, kept_s, self.facts, question=told)

    def _answer(self, payload: dict[str, Any]) -> None:
        log.info("mail_answered", message_id=self.held.id, reason=payload["reason"])
        told = {**payload, "ignored": self.contents.ignored, **self.facts}
        self.intake.answer(self.held, told, notes=self.facts)


def _no_such_language(tag: str) -> dict[str, Any]:
    name = tag[:_LONGEST_NAME]
    error = UnknownLanguage(f"We do not know the language “{name}” in the address.")
    return {"reason": AnswerKind.UNKNOWN_LANGUAGE, "wanted": name, **_told(error)}


def _not_here(error: UnsupportedTarget, wanted: str) -> dict[str, Any]:
    # The answer has the list of what is possible anyway, with how to name one of them.
    error.advice = "Please choose one of the languages below, and just reply with its name."
    return {"reason": AnswerKind.UNSUPPORTED_LANGUAGE, "wanted": wanted, **_told(error)}


def _told(error: DragomanError) -> dict[str, Any]:
    """What the answer's payload says of an error: what the sender may know, and nothing for the
    log.
    """
    said = {"error_code": error.code, "error_message": error.message, "error_advice": error.advice}
    return {**said, "error_facts": error.facts} if error.facts else said
