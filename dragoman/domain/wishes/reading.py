"""The values of the reader: what is known of a message, and what it was taken for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dragoman.domain.job import Layout, Tone


class Intent(StrEnum):
    """What somebody wants. NONE: nothing that the words tell."""

    TRANSLATE = "translate"
    CORRECT = "correct"
    APPROVE = "approve"
    HELP = "help"
    DELETE = "delete"
    THANKS = "thanks"
    COMPLAINT = "complaint"
    NONE = "none"


class Origin(StrEnum):
    """From what the languages are known: it is said with each answer.

    The first three stand in the message itself; the others are what else is known.
    """

    WORDS = "words"
    SUBJECT = "subject"
    ADDRESS = "address"
    THREAD = "thread"
    HABIT = "habit"
    CHANNEL = "channel"
    LOCALE = "locale"
    SERVER = "server"


class Stop(StrEnum):
    """That something is not to be done: CANCEL ends work, NO answers a question."""

    CANCEL = "cancel"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Written:
    """A message before it is read. `text` is plain or HTML, quotes and signature still in it.

    `address`: the one it was sent to, "" for none. `previous`: the tag of the language in which the
    thread's last result was, None for none.
    """

    text: str
    subject: str = ""
    address: str = ""
    is_reply: bool = False
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message was taken for. Languages are tags, in the order in which they were named.

    `ask`: None where nothing has to be asked, else the likely choices, best first. `files`: the
    languages of files that were named (`targets` has these, too). `secret`: the password itself,
    never shown. `pages` is a list such as `1-5,9`. `said`: the reading in words for its sender.

    `origin`: where the languages were found, None where there are none. `in_doubt`: languages were
    named, and not clearly, so that no default may stand in. `everything`: a DELETE that means all
    that is here of the sender. `stop`: a "no" or "cancel", which is no intent of its own. `away`:
    it says that somebody is out of the office, as a program answers for them.
    """

    intent: Intent
    targets: tuple[str, ...] = ()
    ask: tuple[str, ...] | None = None
    source: str | None = None
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pages: str | None = None
    layout: Layout | None = None
    tone: Tone | None = None
    glossary: bool = False
    secret: str | None = field(default=None, repr=False)
    as_before: bool = False
    always: bool = False
    said: str = ""
    origin: Origin | None = None
    in_doubt: bool = False
    everything: bool = False
    stop: Stop | None = None
    away: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain values for `dragoman understand --json`; of the password only that there is one."""
        return {
            "intent": str(self.intent),
            "targets": list(self.targets),
            "ask": None if self.ask is None else list(self.ask),
            "source": self.source,
            "files": {name: list(tags) for name, tags in self.files.items()},
            "pages": self.pages,
            "layout": self.layout and str(self.layout),
            "tone": self.tone and str(self.tone),
            "glossary": self.glossary,
            "password": self.secret is not None,
            "as_before": self.as_before,
            "always": self.always,
            "said": self.said,
        }
