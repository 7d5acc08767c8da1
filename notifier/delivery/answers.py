"""What an answer says, as values: made from rows, without words of a channel, so that every channel
tells the same.

`answer_from` looks at a delivery, the message it answers and the jobs of its run, and says what
kind of answer it is and what there is to tell of each file. Rendering is the channel's business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from dragoman.domain.answers.row_words import AnswerKind
from dragoman.domain.costs.prices import Price
from dragoman.domain.document import DocumentWarning
from dragoman.domain.file_names import LONGEST_NAME, plain, result_name
from dragoman.domain.job import NO_ENGINE, OPEN, ApprovalReason, RowState
from dragoman.domain.rows.delivery import Delivery, Kind
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.message import InboxMessage
from dragoman.domain.specs import engine_specs
from dragoman.domain.wishes.understood import Understood
from dragoman.errors import DragomanError, Limit

LONGEST_ADVICE = 4000  # of an advice: it may list all languages or pairs of an engine
MOST_WARNINGS = 8  # kinds of warning shown for a file; the rest is counted
MOST_OF_WORDS = 3  # of them about the words
# What an answer says of the words, once for all pages of a document: which they are stands on its
# page. The gravest first.
OF_WORDS = {
    "kept_in_original": "Some texts could not be translated and stayed in the original.",
    "sentence_kept": "Some sentences stayed in the original, to keep their figures and signs.",
    "figures_differ": "Some numbers or signs differ from the original.",
    "terms_differ": "Some terms of the glossary are not as they should be.",
    "translations_vary": "The same words were translated in two ways.",
    "translation_doubtful": (
        "Numbers or the style of words may differ: please compare them with the original."
    ),
}


_BEFORE_THE_END = {
    Kind.ACK: AnswerKind.ACK,
    Kind.PROGRESS: AnswerKind.PROGRESS,
    Kind.QUESTION: AnswerKind.APPROVAL,
}


class Outcome(StrEnum):
    """How one file ended.

    `SAME` is done too: it was in the wanted language already. `DELETED`: done, then purged.
    """

    WORKING = "working"
    DONE = "done"
    SAME = "same"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Problem:
    """What happened and what to do about it, for the sender; `code` is the error's stable code.

    `limit`: what one sender, or one team of them, may use, where such a limit is reached.
    """

    message: str
    advice: str
    code: str
    limit: Limit | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of the message that was not translated, and why."""

    name: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Note:
    """A warning about a result: its stable code, its English words, and the 0-based pages that
    it is about.
    """

    code: str
    message: str
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class JobLinks:
    """Addresses for people outside: the job's page and the download."""

    page: str
    download: str


@dataclass(frozen=True, slots=True)
class Bill:
    """What somebody is asked to agree to.

    `to_bill`: characters to pay for; `remembered`: percent of the text that is free.

    `price` None: nothing, or not known. `over_budget`: it is asked since the month's budget is not
    enough.
    """

    to_bill: int
    remembered: int = 0
    price: Price | None = None
    over_budget: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """What there is to tell of one job.

    Languages are tags, `source_lang` None where none was detected; `pages`, `characters` None where
    unknown. `result` is the blob's key, `result_size` its bytes. `eta_s`: seconds, while it is
    worked on. `links` None: this server has no public address. `attached`: whether the result
    travels with the answer. `warnings` are `notes` in English. `waiting_for`: the sender's word
    that the job needs to go on. `bill`: what is to be agreed to, while that is waited for.
    """

    job_id: str
    name: str
    result_name: str
    outcome: Outcome
    target_lang: str
    source_lang: str | None = None
    pages: int | None = None
    characters: int | None = None
    engine: str | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    waiting_for: str | None = None
    bill: Bill | None = None
    problem: Problem | None = None
    result: str | None = None
    result_size: int = 0
    eta_s: int | None = None
    links: JobLinks | None = None
    attached: bool = False
    withheld: str | None = None

    @property
    def engine_name(self) -> str | None:
        """The engine's name as its makers write it."""
        return engine_specs.title_of(self.engine)

    @property
    def is_pseudo(self) -> bool:
        """Whether the "translation" is only a stand-in, which has to be said loudly."""
        return not engine_specs.is_real(self.engine) and self.outcome is Outcome.DONE

    @property
    def is_untouched(self) -> bool:
        """Whether there was no text on its pages, so that the result is as the document was:
        that is no translation.
        """
        return self.outcome is Outcome.DONE and self.characters == 0

    @property
    def has_result(self) -> bool:
        """Whether there is a PDF to hand over."""
        return self.result is not None and self.outcome in (Outcome.DONE, Outcome.SAME)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    `problem` is about the message as a whole; `possible`: tags of languages to choose from.

    `locale`: the language that the sender writes in, None where it is not known. `wanted`: the
    language that was asked for in vain, as it was written. `kept`: the message's PDFs wait for a
    reply. `limit`: mails in 24 hours, where that is reached, and in how many seconds there is room
    again. `approvers`: the addresses of those who decide about the cost, and get a copy; empty: the
    sender does. `understood`: what was made of the sender's wish; `likely`: the tags of languages
    that they may have meant. `operator_told`: the admin hears of it, too.
    `links`: the message had a link to a file in place of the file.
    """

    kind: AnswerKind
    files: tuple[File, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    problem: Problem | None = None
    possible: tuple[str, ...] = ()
    locale: str | None = None
    wanted: str | None = None
    kept: bool = False
    limit: int | None = None
    room_in_s: float | None = None
    approvers: tuple[str, ...] = ()
    understood: Understood | None = None
    likely: tuple[str, ...] = ()
    operator_told: bool = False
    links: bool = False

    @property
    def is_result(self) -> bool:
        """Whether the sender gets a PDF by it; acks and failures are only notes."""
        return any(file.has_result for file in self.files)


def answer_from(
    delivery: Delivery,
    message: InboxMessage | None,
    jobs: Sequence[Job],
    *,
    links: Mapping[str, JobLinks] | None = None,
    etas: Mapping[str, int | None] | None = None,
    possible: Sequence[str] = (),
) -> Answer:
    """The answer that a delivery (a row of the outbox) stands for.

    `message` is what it answers, `jobs` are those of its run, in the order of their files. `links`
    and `etas` (seconds) are by job id.
    """
    payload = {**(message.payload if message else {}), **delivery.payload}
    files = numbered(
        [file_of(job, (links or {}).get(job.id), (etas or {}).get(job.id)) for job in jobs]
    )
    # What was left out was said with the first run's answer; a retry has nothing to do with it.
    tells_of_it = delivery.run == 1 and delivery.kind != Kind.INSTEAD
    ignored = payload.get("ignored") or () if tells_of_it else ()
    reason = delivery.payload.get("reason")
    return Answer(
        kind=_kind(delivery.kind, reason, [file.outcome for file in files]),
        files=tuple(files),
        left_out=tuple(
            LeftOut(plain(item.get("filename") or "", LONGEST_NAME), _problem(item))
            for item in ignored
        ),
        problem=_problem(payload, "error_") if payload.get("error_message") else None,
        possible=tuple(possible),
        locale=payload.get("locale"),
        wanted=plain(payload["wanted"], LONGEST_NAME) if payload.get("wanted") else None,
        kept=bool(payload.get("kept")),
        limit=payload.get("limit"),
        room_in_s=payload.get("room_in_s"),
        understood=Understood.from_json(told) if (told := payload.get("understood")) else None,
        likely=tuple(payload.get("likely") or ()),
        operator_told=bool(payload.get("operator_told")),
        links=bool(payload.get("links")),
    )


def numbered(files: Sequence[File]) -> list[File]:
    """The files with results' names that differ: `a.fr.pdf`, `a (2).fr.pdf`."""
    seen: dict[str, int] = {}
    named = []
    for file in files:
        key = file.result_name.casefold()
        seen[key] = count = seen.get(key, 0) + 1
        ending = f".{file.target_lang}.pdf"
        again = f"{file.result_name.removesuffix(ending)} ({count}){ending}"
        named.append(file if count == 1 else replace(file, result_name=again))
    return named


def page_list(pages: Sequence[int]) -> str:
    """`Page 3`, `Pages 1-3, 7`: 0-based numbers as people count and write them."""
    return f"Page{'s' if len(set(pages)) > 1 else ''} {page_numbers(pages)}"


def page_numbers(pages: Sequence[int]) -> str:
    """`1-3, 7`: 0-based numbers as people count and write them."""
    ranges: list[list[int]] = []
    for number in sorted(set(pages)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    words = [
        str(first + 1) if first == last else f"{first + 1}-{last + 1}" for first, last in ranges
    ]
    return ", ".join(words)


def _kind(told: Kind, reason: str | None, outcomes: Sequence[Outcome]) -> AnswerKind:
    if reason is not None:
        return AnswerKind(reason) if reason in set(AnswerKind) else AnswerKind.REFUSED
    if told in _BEFORE_THE_END:
        return _BEFORE_THE_END[told]
    good = [
        outcome for outcome in outcomes if outcome in (Outcome.DONE, Outcome.SAME, Outcome.DELETED)
    ]
    if good:
        return AnswerKind.DONE if len(good) == len(outcomes) else AnswerKind.PARTLY
    cancelled = bool(outcomes) and all(outcome is Outcome.CANCELLED for outcome in outcomes)
    return AnswerKind.CANCELLED if cancelled else AnswerKind.FAILED


def file_of(job: Job, links: JobLinks | None = None, eta_s: int | None = None) -> File:
    """What there is to tell of a job; `eta_s`: seconds."""
    outcome = _outcome(job)
    return File(
        job_id=job.id,
        name=plain(job.filename, LONGEST_NAME) or "a document",
        result_name=result_name(job.filename, job.target_lang),
        outcome=outcome,
        target_lang=job.target_lang,
        source_lang=job.source_lang,
        pages=job.pages,
        characters=job.characters,
        engine=job.engine,
        # That a document is in the target language already is what `SAME` says.
        warnings=_warnings(job.warnings) if outcome is Outcome.DONE else (),
        notes=_notes(job.warnings) if outcome is Outcome.DONE else (),
        waiting_for=job.waiting_for if outcome is Outcome.WORKING else None,
        bill=bill_of(job) if outcome is Outcome.WORKING else None,
        problem=_problem_of(job) if outcome is Outcome.FAILED else None,
        result=job.result,
        result_size=job.result_size or 0,
        eta_s=eta_s,
        links=links if outcome is not Outcome.DELETED else None,
    )


def bill_of(job: Job) -> Bill | None:
    """What the estimate of a job says; None before there is one."""
    if job.to_bill is None:
        return None
    amount, currency = job.price, job.currency
    return Bill(
        to_bill=job.to_bill,
        remembered=round(100 * (job.remembered or 0.0)),
        price=Price(amount, currency) if amount and currency else None,
        over_budget=job.approval_reason == ApprovalReason.BUDGET,
    )


def _outcome(job: Job) -> Outcome:
    if job.state in OPEN:
        return Outcome.WORKING
    if job.state == RowState.DEAD:
        return Outcome.FAILED
    if job.state == RowState.CANCELLED:
        return Outcome.CANCELLED
    if job.purged_at or not job.result:
        return Outcome.DELETED
    return Outcome.SAME if job.engine == NO_ENGINE else Outcome.DONE


def _problem_of(job: Job) -> Problem:
    """What went wrong with a job that failed."""
    return Problem(
        message=plain(job.error_message or "Something went wrong on our side."),
        advice=plain(job.error_advice or "", LONGEST_ADVICE) or DragomanError.advice,
        code=plain(job.error_code or "", 40),
        limit=Limit.from_facts(job.error_facts),
    )


def _problem(facts: Mapping[str, Any], prefix: str = "") -> Problem:
    """What `facts` say under `code`, `message`, `advice` and `facts`, each behind `prefix`."""
    return Problem(
        message=plain(facts.get(f"{prefix}message") or "Something went wrong on our side."),
        advice=plain(facts.get(f"{prefix}advice") or "", LONGEST_ADVICE) or DragomanError.advice,
        code=plain(facts.get(f"{prefix}code") or "", 40),
        limit=Limit.from_facts(facts.get(f"{prefix}facts")),
    )


def shown(notes: Sequence[Note]) -> tuple[tuple[Note, ...], int]:
    """The notes that an answer tells, at most three of them about the words; how many are left
    out.
    """
    order = list(OF_WORDS)
    words = sorted(
        (one for one in notes if one.code in OF_WORDS), key=lambda one: order.index(one.code)
    )
    others = [one for one in notes if one.code not in OF_WORDS]
    told = (*words[:MOST_OF_WORDS], *others)[:MOST_WARNINGS]
    return told, len(notes) - len(told)


def _warnings(rows: Sequence[DocumentWarning]) -> tuple[str, ...]:
    """One sentence for each different warning, with the pages that it is about."""
    notes, more = shown(_notes(rows))
    told = [
        f"{page_list(note.pages)}: {note.message}" if note.pages else note.message for note in notes
    ]
    rest = "1 more note is" if more == 1 else f"{more} more notes are"
    return (*told, f"{rest} left out here.") if more else tuple(told)


def _notes(rows: Sequence[DocumentWarning]) -> tuple[Note, ...]:
    pages: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        message = OF_WORDS.get(row.code) or plain(row.message)
        found = pages.setdefault((row.code, message), [])
        if row.page is not None:
            found.append(row.page)
    return tuple(Note(code, message, tuple(found)) for (code, message), found in pages.items())
