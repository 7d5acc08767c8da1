"""The words of a mail: an Answer through the templates of `templates/email`, as plain text and as HTML.

Phrases that both forms share are made here and not in macros: a macro of a text template that an HTML template calls
comes out unescaped.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from functools import cache
from typing import Any

import css_inline

from dragoman import templating
from dragoman.domain import language
from notifier.messages import Answer, AnswerKind, File, Outcome

COLUMNS = 72  # of a line of plain text, where it can be broken
_ENGINE_ADVICE = (
    "The pseudo engine only replaced letters by look-alikes, to show what the layout will be. For a real translation the admin of this server sets DRAGOMAN_DEEPL_AUTH_KEY, or installs Apertium with the "
    "language pair (on Debian: apt-get install apertium apertium-eng-spa, and more)."
)


@dataclass(frozen=True, slots=True)
class House:
    """What a mail says about this server. `limit`: bytes that the attachments may take; `kept_days`: until files go."""

    address: str
    limit: int
    kept_days: int
    link_days: int

    def tagged(self, tag: str) -> str:
        """The address that asks for a language: `translate+de@example.org`."""
        local, _, domain = self.address.rpartition("@")
        return f"{local}+{tag}@{domain}"


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one file, in sentences. `tone`: `good`, `bad` or `plain`, for the eye."""

    file: File
    title: str
    tone: str
    facts: str
    handover: str


def rendered(answer: Answer, house: House, reference: str) -> tuple[str, str]:
    """The mail's plain text and HTML. `reference`: the message's id, for an answer without a job."""
    values = {
        "answer": answer,
        "headline": headline(answer),
        "files": [told(file, house) for file in answer.files],
        "house": house,
        "reference": reference,
        "languages": language.listed(answer.possible),
        "pseudo": any(file.is_pseudo for file in answer.files),
        "engine_advice": _ENGINE_ADVICE,
        "wait": max((file.eta_s for file in answer.files if file.eta_s), default=None),
    }
    name = {AnswerKind.ACK: "ack"}.get(answer.kind, "result" if answer.files else "help")
    return wrapped(templating.render(f"email/{name}.txt", **values)), _inlined(f"email/{name}.html", values)


def headline(answer: Answer) -> str:
    """The one sentence that the mail begins with."""
    many = len(answer.files) > 1
    if answer.files and all(file.outcome is Outcome.SAME for file in answer.files):
        return "Your documents need no translation." if many else "Your document needs no translation."
    if answer.files and all(file.outcome is Outcome.DELETED for file in answer.files):
        return "Your translations have been deleted." if many else "Your translation has been deleted."
    if answer.kind is AnswerKind.REFUSED and answer.left_out and not answer.problem:
        return "Nothing in your mail could be translated."
    if answer.kind in (AnswerKind.DONE, AnswerKind.PARTLY) and any(file.is_pseudo for file in answer.files):
        some = "of some documents " if answer.kind is AnswerKind.PARTLY else ""
        return f"The layout {some}is ready, but this is not a translation."
    return {
        AnswerKind.ACK: f"We are translating your {'documents' if many else 'document'}.",
        AnswerKind.DONE: "Your translations are ready." if many else "Your translation is ready.",
        AnswerKind.PARTLY: "Some of your documents are translated, others are not.",
        AnswerKind.FAILED: f"Your {_subject(answer)} could not be translated.",
        AnswerKind.CANCELLED: "The translation was cancelled.",
        AnswerKind.NO_PDF: "There was no PDF in your mail.",
        AnswerKind.NO_LANGUAGE: "Which language would you like?",
        AnswerKind.UNKNOWN_LANGUAGE: "We do not know that language.",
        AnswerKind.UNSUPPORTED_LANGUAGE: "We cannot translate into that language.",
        AnswerKind.NOTHING_NEW: "You have sent us this before.",
        AnswerKind.REFUSED: "Your request cannot be served as it is.",
    }[answer.kind]


def told(file: File, house: House) -> Told:
    """What there is to say of one file."""
    title, tone = {
        Outcome.WORKING: (f"Into {language.name(file.target_lang)}", "plain"),
        Outcome.DONE: ("not a translation" if file.is_pseudo else "translated", "bad" if file.is_pseudo else "good"),
        Outcome.SAME: (f"already in {language.name(file.target_lang)}", "good"),
        Outcome.FAILED: ("not translated", "bad"),
        Outcome.CANCELLED: ("cancelled", "plain"),
        Outcome.DELETED: ("deleted", "plain"),
    }[file.outcome]
    return Told(file, title, tone, _facts(file), _handover(file, house))


def wrapped(text: str) -> str:
    """`text` with lines of at most 72 columns where words allow; indents are kept, blank lines never doubled."""
    lines: list[str] = []
    for line in text.splitlines():
        indent = re.match(r" *(- )?", line)
        hanging = " " * len(indent.group() if indent else "")
        lines += textwrap.wrap(
            line, COLUMNS, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
        ) or [""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def _subject(answer: Answer) -> str:
    if not answer.files:
        return "mail"
    return "documents" if len(answer.files) > 1 else "document"


def _facts(file: File) -> str:
    """`English to French, 12 pages, 23,400 characters, translated by DeepL.`; empty where there is nothing to say."""
    if file.outcome is Outcome.SAME:
        return f"It is in {language.name(file.target_lang)} already, so it was not translated and nothing was charged."
    if file.outcome is Outcome.CANCELLED:
        return "It was cancelled before it was done."
    if file.outcome is Outcome.DELETED:
        return "The translation has been deleted. Please send the document again if you still need it."
    if file.outcome is not Outcome.DONE:
        return ""
    source = f"{language.name(file.source_lang)} to " if file.source_lang else "Into "
    parts = [source + language.name(file.target_lang)]
    if file.pages is not None:
        parts.append(f"{file.pages:,} page{'s' if file.pages != 1 else ''}")
    if file.characters is not None:
        parts.append(f"{file.characters:,} characters" if file.characters else "no text to translate")
    if file.engine_name:
        parts.append("by the pseudo engine" if file.is_pseudo else f"translated by {file.engine_name}")
    return ", ".join(parts) + "."


def _handover(file: File, house: House) -> str:
    """Where the result is; empty where there is none."""
    if not file.has_result:
        return ""
    if file.attached:
        return f"Attached as {file.result_name}."
    size, room = templating.size(file.result_size), house.limit // 10**6
    why = f"The PDF ({size}) is not attached, since it does not fit into the {room} MB that a mail may carry"
    if file.links:
        return f"{why}. Please download it; the link works for {_days(house.link_days)}."
    return f"{why}, and this server has no address for downloads. Please ask your admin for the result of this job."


def _days(count: int) -> str:
    return f"{count} day{'s' if count != 1 else ''}"


def _inlined(template: str, values: dict[str, Any]) -> str:
    return _inliner().inline(templating.render(template, **values))


@cache
def _inliner() -> css_inline.CSSInliner:
    # Many mail programs drop <style>; what they keep of it is the part for dark screens.
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
