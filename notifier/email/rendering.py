"""The words of a mail: an Answer through the templates of `templates/email`, as plain text and as
HTML.

One template a kind; the sentences come from the catalogue of the sender's language, so each
language tells the same.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

import css_inline

from dragoman.adapters import templating
from dragoman.channels.email import bounces
from dragoman.domain.answers.row_words import REST_OF_EMAIL, AnswerKind
from dragoman.domain.costs import prices
from dragoman.errors import (
    EncryptedPdf,
    EngineBusy,
    EngineKeyRejected,
    EngineMisbehaved,
    EngineMissing,
    EngineUnavailable,
    ModelUnusable,
    OperatorError,
    QuotaUsedUp,
    WrongPassword,
)
from notifier.delivery.answers import (
    Answer,
    File,
    LeftOut,
    Outcome,
    Problem,
    page_numbers,
    shown,
)
from notifier.email import understood_words
from notifier.email.catalogue import Catalogue, catalogue

DAY_S = 86400.0
COLUMNS = 72  # of a line of plain text, where it can be broken
# What goes wrong between us and an engine is told in one way.
_ENGINE_CODES = frozenset(
    kind.code
    for kind in (
        EngineKeyRejected,
        QuotaUsedUp,
        EngineMissing,
        EngineMisbehaved,
        ModelUnusable,
        EngineBusy,
        EngineUnavailable,
    )
)
_WITHHELD = {
    bounces.TOO_LARGE: "file.refused_as_too_large",
    bounces.MAILBOX_FULL: "file.refused_by_full_mailbox",
    bounces.NO_MAILBOX: "file.refused",
    bounces.REFUSED: "file.refused",
}
_LOCKED_CODES = frozenset({EncryptedPdf.code, WrongPassword.code})
_WIDE = "WF"  # of Unicode's East Asian widths: two columns
_NEVER_FIRST = "、。，．：；！？」』）】〉》”’ー々,.:;!?)"  # of a line (JIS X 4051, 3.1)


@dataclass(frozen=True, slots=True)
class House:
    """What a mail says about this server.

    `limit`: bytes that the attachments may take; `kept_days`: until files go.
    """

    address: str
    limit: int
    kept_days: int
    link_days: int
    largest: int = 0
    most_pages: int = 0
    approval_wait_s: int = 3 * 86400

    def tagged(self, tag: str) -> str:
        """The address that asks for a language: `translate+de@example.org`."""
        local, _, domain = self.address.rpartition("@")
        return f"{local}+{tag}@{domain}"


@dataclass(frozen=True, slots=True)
class Said:
    """What happened and what to do about it, in the sender's language."""

    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one file, in sentences.

    `tone`: `good`, `bad` or `plain`, for the eye. `cost`: what it would cost.
    """

    file: File
    title: str
    tone: str
    facts: str
    handover: str
    problem: Said | None
    notes: tuple[str, ...]
    cost: tuple[str, ...] = ()


def rendered(answer: Answer, house: House, reference: str) -> tuple[str, str]:
    """The mail's plain text and HTML.

    `reference`: the message's id, for an answer without a job.
    """
    t = catalogue(answer.locale)
    values = {
        "t": t,
        "answer": answer,
        "headline": headline(answer, t),
        "files": [told(file, house, t) for file in answer.files],
        "left_out": [
            (_left_name(item, t), said(item.problem, house, t)) for item in answer.left_out
        ],
        "problem": said(answer.problem, house, t, wanted=answer.wanted) if answer.problem else None,
        "house": house,
        "reference": reference,
        "languages": t.languages(answer.possible),
        "pseudo": any(file.is_pseudo for file in answer.files),
        "wait": max((file.eta_s for file in answer.files if file.eta_s), default=None),
        "room_in": t.duration(answer.room_in_s or DAY_S),
        "approvers": t.comma.join(answer.approvers),
        "characters": sum(file.characters or 0 for file in answer.files),
        "understood": understood_words.line(answer.understood, t),
        "likely": t.languages(answer.likely),
    }
    name = _TEMPLATES.get(answer.kind, "result" if answer.files else "help")
    return wrapped(templating.render(f"email/{name}.txt", **values)), _inlined(
        f"email/{name}.html", values
    )


_TEMPLATES = {AnswerKind.ACK: "ack", AnswerKind.PROGRESS: "ack", AnswerKind.APPROVAL: "approval"}


_HEADLINES = {AnswerKind.ERASED: "erased", AnswerKind.LIMIT: "quota"}


def headline(answer: Answer, t: Catalogue | None = None) -> str:
    """The one sentence that the mail begins with."""
    t = t or catalogue(answer.locale)
    return t(f"headline.{_headline(answer)}", max(len(answer.files), 1))


def _headline(answer: Answer) -> str:
    outcomes = {Outcome.SAME if file.is_untouched else file.outcome for file in answer.files}
    if outcomes in ({Outcome.SAME}, {Outcome.DELETED}):
        return "same" if Outcome.SAME in outcomes else "deleted"
    if answer.kind is AnswerKind.REFUSED and answer.left_out and not answer.problem:
        return "nothing_usable"
    if answer.kind in (AnswerKind.DONE, AnswerKind.PARTLY) and any(
        file.is_pseudo for file in answer.files
    ):
        return "pseudo" if answer.kind is AnswerKind.DONE else "pseudo_partly"
    if answer.kind is AnswerKind.FAILED and not answer.files:
        return "failed_mail"
    return _HEADLINES.get(answer.kind, answer.kind.value)


def told(file: File, house: House, t: Catalogue) -> Told:
    """What there is to say of one file."""
    target = t.language(file.target_lang)
    title, tone = {
        Outcome.WORKING: (
            t("file.waiting") if file.waiting_for else t("file.into", language=target),
            "plain",
        ),
        Outcome.DONE: (
            t("file.not_a_translation" if file.is_pseudo else "file.translated"),
            "bad" if file.is_pseudo else "good",
        ),
        Outcome.SAME: (t("file.already", language=target), "good"),
        Outcome.FAILED: (t("file.not_translated"), "bad"),
        Outcome.CANCELLED: (t("file.cancelled"), "plain"),
        Outcome.DELETED: (t("file.deleted"), "plain"),
    }[file.outcome]
    if file.is_untouched:
        title, tone = t("file.no_text"), "plain"
    problem = said(file.problem, house, t, file) if file.problem else None
    return Told(
        file,
        title,
        tone,
        _facts(file, t),
        _handover(file, house, t),
        problem,
        _notes(file, t),
        _cost(file, t),
    )


def said(
    problem: Problem,
    house: House,
    t: Catalogue,
    file: File | None = None,
    wanted: str | None = None,
) -> Said:
    """A problem in the sender's language.

    English words are those of the error itself, which may know more.
    """
    facts = {
        "limit": t.size(house.largest),
        "pages": t.number(house.most_pages),
        "wanted": wanted or "?",
        "source": t.language(file.source_lang) if file and file.source_lang else "?",
        "target": t.language(file.target_lang) if file else t.language(wanted) if wanted else "?",
        **_numbers(problem, t),
    }
    limit = problem.limit
    entry = _entry(
        f"{problem.code.removesuffix('_reached')}_{limit.what}" if limit else problem.code, t
    )
    message = entry["what"].format(**facts) if entry else problem.message
    advice = entry["todo"].format(**facts) if entry else problem.advice
    if entry and limit and limit.again_at:
        advice = t.sentences(advice, t("mail.again_at", when=t.moment(limit.again_at)))
    elif entry and limit and limit.never_fits:
        advice = t("mail.never_fits")
    unlock = ("file.unlock", "file.unlock_reply") if problem.code in _LOCKED_CODES else ()
    return Said(message, t.sentences(advice, *(t(key) for key in unlock)))


def _numbers(problem: Problem, t: Catalogue) -> dict[str, str]:
    limit = problem.limit
    return (
        {name: t.number(getattr(limit, name)) for name in ("most", "used", "needed")}
        if limit
        else {}
    )


def _entry(code: str, t: Catalogue) -> dict[str, str] | None:
    if not t.has("error.operator"):  # English
        return None
    kind = (
        code
        if t.has(f"error.{code}")
        else "engine"
        if code in _ENGINE_CODES
        else OperatorError.code
    )
    entry = t.entries[f"error.{kind}"]
    return entry if isinstance(entry, dict) else None


def wrapped(text: str) -> str:
    """`text` with lines of at most 72 columns where words allow; indents are kept, blank lines
    never doubled.
    """
    lines: list[str] = []
    for line in text.splitlines():
        indent = re.match(r" *(- )?", line)
        hanging = " " * len(indent.group() if indent else "")
        lines += (
            _wide_lines(line, hanging)
            if _columns(line) > len(line)
            else textwrap.wrap(
                line,
                COLUMNS,
                subsequent_indent=hanging,
                break_long_words=False,
                break_on_hyphens=False,
            )
            or [""]
        )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in _WIDE else 1 for character in text)


def _wide_lines(line: str, hanging: str) -> list[str]:
    """Lines of a text that may be broken between any two wide characters."""
    lines, now = [], ""
    for piece in re.findall(r"[\u0021-\u02ff]+[^\u0021-\u02ff]?|.", line):
        starts_badly = piece[0] in _NEVER_FIRST
        if now.strip() and _columns(now + piece) > COLUMNS and not starts_badly:
            lines.append(now.rstrip())
            now = hanging + piece.lstrip()
        else:
            now += piece
    return [*lines, now.rstrip()] if now.strip() else lines


def _facts(file: File, t: Catalogue) -> str:
    """`English to French, 12 pages, 23,400 characters, translated by DeepL.`; empty where there
    is nothing to say.
    """
    target = t.language(file.target_lang)
    if file.outcome is Outcome.SAME:
        return t("file.same", language=target)
    if file.outcome is Outcome.CANCELLED:
        return t("file.was_cancelled")
    if file.outcome is Outcome.DELETED:
        return t("file.was_deleted")
    if file.outcome is not Outcome.DONE:
        return ""
    source = t.language(file.source_lang) if file.source_lang else None
    parts = [
        t("file.from_to", source=source, target=target)
        if source
        else t("file.into", language=target)
    ]
    if file.pages is not None:
        parts.append(t("file.pages", file.pages))
    if file.characters is not None:
        parts.append(
            t("file.characters", file.characters) if file.characters else t("file.no_text")
        )
    if file.engine_name and not file.is_untouched:
        parts.append(
            t("file.by_pseudo") if file.is_pseudo else t("file.by", engine=file.engine_name)
        )
    return t.comma.join(parts) + t.stop


def _cost(file: File, t: Catalogue) -> tuple[str, ...]:
    """What the file would cost, a sentence each; empty where nothing is known."""
    bill = file.bill
    if bill is None:
        return ()
    number, said_ = t.number(bill.to_bill), list[str]()
    if bill.over_budget:
        said_.append(t("mail.over_budget"))
    if bill.price:
        said_.append(t("file.price", price=prices.in_words(bill.price, t.locale), number=number))
    elif bill.to_bill:
        said_.append(t("file.to_bill", number=number))
    if bill.remembered:
        said_.append(t("file.known", percent=bill.remembered))
    return tuple(said_)


def _handover(file: File, house: House, t: Catalogue) -> str:
    """Where the result is; empty where there is none."""
    if not file.has_result:
        return ""
    if file.attached:
        return t("file.attached", name=file.result_name)
    size = t.size(file.result_size)
    why = t(_WITHHELD[file.withheld], size=size) if file.withheld in _WITHHELD else ""
    why = why or t("file.too_large", size=size, room=t.size(house.limit))
    return t.sentences(why, t("file.link", house.link_days) if file.links else t("file.no_link"))


def _notes(file: File, t: Catalogue) -> tuple[str, ...]:
    if not t.has("error.operator"):  # English
        return file.warnings
    lines = []
    notes, more = shown(file.notes)
    for note in notes:
        message = t(f"warning.{note.code}") if t.has(f"warning.{note.code}") else note.message
        pages = (
            t("file.on_pages", len(set(note.pages)), pages=page_numbers(note.pages))
            if note.pages
            else ""
        )
        lines.append(f"{pages}{t.colon}{message}" if pages else message)
    return (*lines, t("file.more_notes", more)) if more else tuple(lines)


def _left_name(item: LeftOut, t: Catalogue) -> str:
    if item.name == REST_OF_EMAIL:
        return t("mail.the_rest")
    return item.name or t("mail.a_part")


def _inlined(template: str, values: dict[str, Any]) -> str:
    return _inliner().inline(templating.render(template, **values))


@cache
def _inliner() -> css_inline.CSSInliner:
    # Many mail programs drop <style>; what they keep of it is the part for dark screens.
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
