"""The way back in Slack: the translated PDF in the thread, or why there is none.

A result goes up in three calls. Its id is kept in the delivery's row (`rendered`) before the last
of them shows it, so that after an uncertain end `files.info` says whether people have it; and
nothing is called delivered before it says so (`notifier.slack.sharing`). What Slack does not take
is told in words, with a link. Words are found again by their metadata. Cancelled jobs and documents
that needed no translation are told by the card alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import structlog
from slack_sdk import WebClient

from dragoman.channels.slack.error_meanings import NOT_SEEN, reason
from dragoman.channels.slack.slack_api import (
    ANSWER_EVENT,
    SlackClosed,
    SlackRefused,
    SlackRevoked,
    client_of,
    delete_file,
    user_of,
)
from dragoman.db.engine import Database
from dragoman.db.ledgers import cards, jobs
from dragoman.db.records import preferences
from dragoman.domain import language
from dragoman.domain.answers.row_words import AnswerKind
from dragoman.domain.retry import retry_helps
from dragoman.errors import StoreUnavailable
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from notifier.delivery.answers import Answer, File, Outcome
from notifier.delivery.channel import Delivery, NotAsItIs
from notifier.slack.blocks import Block, actions, cut, section
from notifier.slack.card import retry_button
from notifier.slack.circuit_breaker import Line
from notifier.slack.destination import Spot, direct, find, instead, post, sending
from notifier.slack.rendering import LONGEST_FALLBACK, facts, id_or_nothing, said, short
from notifier.slack.sharing import (
    LOOKS_S,
    MOST_SHARES,
    Sent,
    completing,
    is_seen,
    patience,
    refusals,
    shares,
    take_back,
)
from notifier.slack.upload import upload

log = structlog.get_logger(__name__)

WORDS, TOLD_BY_CARD = "slack-message", "card"
HEADLINES = {
    AnswerKind.FAILED: "We could not handle your request.",
    AnswerKind.NO_PDF: "There was no PDF in your message.",
    AnswerKind.NO_LANGUAGE: "Which language would you like?",
    AnswerKind.UNKNOWN_LANGUAGE: "I do not know that language.",
    AnswerKind.UNSUPPORTED_LANGUAGE: "I cannot translate into that language.",
    AnswerKind.NOTHING_NEW: "You have had this translated before: please look further up.",
    AnswerKind.REFUSED: "We cannot handle your request as it is.",
}


class SlackChannel:
    """The `Channel` for Slack."""

    def __init__(
        self,
        settings: Settings,
        store: BlobStore,
        database: Database,
        line: Line,
        looks_s: Sequence[float] = LOOKS_S,
    ) -> None:
        """Nothing is connected before the first delivery.

        `looks_s`: the pauses before a file is looked for.
        """
        self._settings, self._store, self._database, self._line = settings, store, database, line
        self._looks_s = looks_s

    def prepare(self, delivery: Delivery) -> str:
        """As `Channel.prepare`: a result is uploaded, for nobody to see yet."""
        kept, file = Sent.read(delivery.row.rendered), _result(delivery.answer)
        if delivery.row.instead:
            # What was uploaded before is named, so that it is deleted before the words are said.
            return f"{WORDS}:{kept.file_id}" if kept else str(delivery.row.rendered or WORDS)
        if file is None or file.result is None:
            return WORDS
        target = _Target(self._settings, self._database, delivery)
        with (
            self._line.taken(),
            target.revocation(),
            refusals(),
            patience(target.client, _failed(delivery)),
        ):
            return str(self._uploaded(target.client, file, kept))

    def _uploaded(self, client: WebClient, file: File, kept: Sent | None) -> Sent:
        """The upload to be shown: the one that is there, or a new one.

        Raises NotAsItIs where none is of any use.
        """
        places = shares(client, kept.file_id) if kept else None
        if kept and (places or (places is not None and not kept.shared)):
            return kept
        if kept and kept.shared >= MOST_SHARES:
            raise NotAsItIs(NOT_SEEN, "shared twice, and not to be seen")
        fresh = upload(client, self._store, file.result or "", file.result_name, file.result_name)
        if kept is None:
            return Sent(fresh)
        return Sent(fresh, kept.shared, "" if places is None else kept.file_id)

    def find(self, delivery: Delivery) -> str | None:
        """As `Channel.find`."""
        target = _Target(self._settings, self._database, delivery)
        kept = Sent.read(delivery.row.rendered)
        with self._line.taken(), target.revocation():
            if kept and not delivery.row.instead:
                return kept.file_id if shares(target.client, kept.file_id) else None
            return target.find()

    def send(self, delivery: Delivery, rendered: str) -> str:
        """As `Channel.send`; the file's id, or the message's ts."""
        target, sent = _Target(self._settings, self._database, delivery), Sent.read(rendered)
        if sent:
            return self._share(target, sent, _failed(delivery))
        with self._line.taken(), target.revocation():
            if former := rendered.partition(":")[2]:
                take_back(target.client, former)
            return target.tell() if _has_words(delivery) else TOLD_BY_CARD

    def _share(self, target: _Target, sent: Sent, failed: int) -> str:
        with self._line.taken(), target.revocation(), refusals(), patience(target.client, failed):
            target.share(sent)
        for pause_s in self._looks_s:
            time.sleep(pause_s)
            with self._line.taken(), target.revocation():
                if is_seen(target.client, sent.file_id):
                    return sent.file_id
        raise sent.unseen("shared, and not to be seen")


class _Target:
    """Where one delivery goes, and its calls."""

    def __init__(self, settings: Settings, database: Database, delivery: Delivery) -> None:
        card, payload = delivery.card, delivery.message.payload
        self._database, self._delivery = database, delivery
        team, user = (card.team, card.requester) if card else ("", "")
        self.team = str(team or payload.get("team") or user_of(delivery.message.sender)[0])
        self.user = id_or_nothing(user or payload.get("user"))
        self.client: WebClient = client_of(settings, self.team)
        here = Spot(
            str((card.place if card else "") or payload.get("place") or ""),
            (card.thread_ts if card else "") or payload.get("thread_ts"),
        )
        shown = card.shown_place if card else None
        self._spot = Spot(shown) if shown and shown != here.place else here
        self._moved = self._spot is not here
        self._metadata = {
            "event_type": ANSWER_EVENT,
            "event_payload": {"delivery_id": delivery.row.id},
        }

    def revocation(self) -> _Revocation:
        """A token that is refused is on record for the whole workspace."""
        return _Revocation(self._database, self.team)

    def find(self) -> str | None:
        """The message, where it was to go or in the person's direct message."""
        since_s = self._delivery.row.created_at
        found = find(self.client, self._spot, self._metadata, since_s)
        if found or self._spot.is_direct or not self.user:
            return found
        return find(self.client, direct(self.client, self.user), self._metadata, since_s)

    def share(self, sent: Sent) -> None:
        """Show an uploaded file to people."""
        self._still_wanted(sent.file_id)
        if sent.former:
            take_back(self.client, sent.former)
        with completing(sent):
            try:
                self._complete(sent.file_id)
            except SlackClosed as closed:
                self._move(closed)
                self._complete(sent.file_id)
        self._still_wanted(sent.file_id)

    def tell(self) -> str:
        """Post what there is to say: in the thread, or to the requester alone if it cannot
        stand there.
        """
        try:
            return self._post()
        except SlackRevoked:
            raise
        except SlackRefused as refused:
            self._move(refused)
            return self._post()

    def _complete(self, file_id: str) -> None:
        file = self._delivery.answer.files[0]
        words = said("result", file=file, facts=facts(file), **self._address())
        with sending():
            self.client.files_completeUploadExternal(
                files=[{"id": file_id, "title": file.result_name}],
                channel_id=self._spot.place,
                thread_ts=self._spot.thread_ts,
                initial_comment=cut(words, LONGEST_FALLBACK),
            )

    def _post(self) -> str:
        text, blocks = _words(self._delivery, self._address())
        return post(self.client, self._spot, text, blocks, self._metadata)

    def _move(self, refused: SlackRefused) -> None:
        self._spot, self._moved = instead(self.client, self._spot, self.user, refused), True
        log.info("answer_moved", because=refused.error)

    def _address(self) -> dict[str, Any]:
        card, payload = self._delivery.card, self._delivery.message.payload
        place = id_or_nothing((card.place if card else "") or payload.get("place"))
        user = "" if self._spot.is_direct else self.user
        return {"user": user, "moved": self._moved, "place": place}

    def _still_wanted(self, file_id: str) -> None:
        """Raise StoreUnavailable, and take the upload back, if the post or the translation went
        away since it was loaded.
        """
        job_id, shown = self._delivery.answer.files[0].job_id, self._delivery.card
        with self._database.read() as connection:
            job, card = (
                jobs.by_id(connection, job_id),
                cards.by_id(connection, shown.id) if shown else None,
            )
        if job and job.purged_at is None and not (card and card.withdrawn_at):
            return
        delete_file(self.client, file_id)
        raise StoreUnavailable(detail="deleted while it was delivered")


class _Revocation:
    """Around calls: SlackRevoked is written down for the workspace, and goes on."""

    def __init__(self, database: Database, team: str) -> None:
        self._database, self._team = database, team

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SlackRevoked):
            with self._database.write() as connection:
                preferences.revoke(connection, self._team)


def _result(answer: Answer) -> File | None:
    """The one file that is to be uploaded; None: there is only something to say, or nothing."""
    return next(
        (file for file in answer.files if file.outcome is Outcome.DONE and file.has_result), None
    )


def _failed(delivery: Delivery) -> int:
    """How many attempts will have failed if this one does."""
    return delivery.row.failed


def _has_words(delivery: Delivery) -> bool:
    """Whether the answer is more than what the card says."""
    answer = delivery.answer
    if delivery.row.instead and _result(answer):
        return True
    return answer.kind is not AnswerKind.ACK and (
        not answer.files or any(file.outcome is Outcome.FAILED for file in answer.files)
    )


def _words(delivery: Delivery, address: dict[str, Any]) -> tuple[str, list[Block]]:
    """What is said without a file: the text, and the same in blocks with what can be done."""
    answer, result = delivery.answer, _result(delivery.answer)
    if result:
        why = reason(delivery.row.instead or "")
        text = said(
            "instead",
            file=result,
            facts=facts(result),
            reason=why,
            short_id=short(result.job_id),
            **address,
        )
        return cut(text, LONGEST_FALLBACK), [section(text)]
    failed = next((file for file in answer.files if file.outcome is Outcome.FAILED), None)
    if failed:
        name = language.name(failed.target_lang)
        text = said("failure", file=failed, language=name, short_id=short(failed.job_id), **address)
        again, code = failed.job_id, failed.problem.code if failed.problem else None
    else:
        text = _answer_words(answer, address)
        again, code = delivery.message.id, answer.problem.code if answer.problem else None
    can_retry = answer.kind is AnswerKind.FAILED and retry_helps(code)
    blocks = [section(text), *([actions(retry_button(again))] if can_retry else [])]
    return cut(text, LONGEST_FALLBACK), blocks


def _answer_words(answer: Answer, address: dict[str, Any]) -> str:
    problem = answer.problem
    headline = (
        problem.message
        if problem and answer.kind is AnswerKind.REFUSED
        else HEADLINES.get(answer.kind, "")
    )
    needs_help = answer.kind in (AnswerKind.NO_PDF, AnswerKind.NO_LANGUAGE)
    languages = language.listed(answer.possible) if answer.possible else ""
    return said(
        "answer", answer=answer, headline=headline, languages=languages, help=needs_help, **address
    )
