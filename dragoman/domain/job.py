"""The state of a job as values: stages, row states, what people see of them, and the options of
a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeVar

from dragoman.errors import UnsupportedOption

E = TypeVar("E", bound=StrEnum)


class Stage(StrEnum):
    """The steps of the pipeline, in order. Delivery follows, as a row of its own."""

    EXTRACT = "extract"
    TRANSLATE = "translate"
    TONE = "tone"
    RECONSTRUCT = "reconstruct"


STAGES = tuple(Stage)


class RowState(StrEnum):
    """The state of a row in any of the three ledgers.

    `READY` may be claimed from `run_after` on, `RUNNING` is leased, `WAITING` needs a person's word
    until `run_after` and may be claimed then (to say that none came), the others are ends.
    """

    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


PSEUDO = "pseudo"  # the engine that only shows the layout: it never comes unasked
# the engine of a job that needed none: its document was in the target language already
NO_ENGINE = "none"
OPEN = (RowState.READY, RowState.RUNNING, RowState.WAITING)


class WaitingFor(StrEnum):
    """What a person has to say before a row goes on."""

    LANGUAGE = "language"
    PASSWORD = "password"  # noqa: S105 - the kind of answer, not one
    APPROVAL = "approval"


class ApprovalReason(StrEnum):
    """Why somebody has to agree to what a job will cost."""

    PAGES = "pages"
    CHARACTERS = "characters"
    BUDGET = "budget"


class Status(StrEnum):
    """What is told of a job to the outside."""

    PENDING = "PENDING"
    EXTRACTING = "EXTRACTING"
    TRANSLATING = "TRANSLATING"
    CUSTOMIZING_TONE = "CUSTOMIZING_TONE"
    RECONSTRUCTING = "RECONSTRUCTING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


AT_STAGE = {
    Stage.EXTRACT: Status.EXTRACTING,
    Stage.TRANSLATE: Status.TRANSLATING,
    Stage.TONE: Status.CUSTOMIZING_TONE,
    Stage.RECONSTRUCT: Status.RECONSTRUCTING,
}
_AT_END = {
    RowState.DONE: Status.COMPLETED,
    RowState.DEAD: Status.FAILED,
    RowState.CANCELLED: Status.CANCELLED,
}
# Where each stage begins on the way from 0 to 100 percent; translation is most of the wait.
_STARTS = {Stage.EXTRACT: 0, Stage.TRANSLATE: 10, Stage.TONE: 70, Stage.RECONSTRUCT: 75}
_ENDS = {Stage.EXTRACT: 10, Stage.TRANSLATE: 70, Stage.TONE: 75, Stage.RECONSTRUCT: 99}


def status_of(stage: Stage, state: RowState, epoch: int) -> Status:
    """The outside's word for a row. A job that nobody has claimed yet (`epoch` 0) is PENDING."""
    if state in _AT_END:
        return _AT_END[state]
    return Status.PENDING if epoch == 0 else AT_STAGE[stage]


def percent(stage: Stage, fraction: float) -> int:
    """Progress of the whole job, 0 to 99, with `fraction` (0 to 1) of `stage` done."""
    start, end = _STARTS[stage], _ENDS[stage]
    return int(start + (end - start) * min(max(fraction, 0.0), 1.0))


def done_of(stage: Stage, progress: int) -> float:
    """How much of `stage` (0 to 1) a job has done that is at `progress` percent: the other way
    round than `percent`.
    """
    start, end = _STARTS[stage], _ENDS[stage]
    return min(max((progress - start) / (end - start), 0.0), 1.0)


def stages_from(stage: Stage, *, toned: bool) -> tuple[Stage, ...]:
    """`stage` and what follows; the tone is a stage only where one was asked for."""
    return tuple(
        one
        for one in STAGES[STAGES.index(stage) :]
        if toned or one is not Stage.TONE or one is stage
    )


def next_stage(stage: Stage, *, toned: bool) -> Stage | None:
    """The stage after `stage`, None after the last."""
    following = stages_from(stage, toned=toned)[1:]
    return following[0] if following else None


class Tone(StrEnum):
    """Formality and style that a sender may ask for; engines that have none pass the text
    through.
    """

    FORMAL = "formal"
    INFORMAL = "informal"
    BUSINESS = "business"
    ACADEMIC = "academic"
    SIMPLE = "simple"
    CASUAL = "casual"


class Layout(StrEnum):
    """What the result's pages hold: the translation alone, both on one page, or source and
    translation in turn.
    """

    TRANSLATED = "translated"
    SIDE_BY_SIDE = "side-by-side"
    ALTERNATING = "alternating"


@dataclass(frozen=True, slots=True)
class Options:
    """What a sender may choose for one job.

    `target_lang` and `source_lang` are tags; None as source: detect it. `pages` is a list such as
    `1-5,9` (1-based), None: all. `engine` None: the server's own choice. `glossary`: terms and what
    stands for them. `in_house`: only an engine that sends nothing to somebody else may have it.
    `reply_by`: the channel that the answer goes by, None: the one that the job came by; `reply_to`:
    where to, as that channel writes it.
    """

    target_lang: str
    source_lang: str | None = None
    tone: Tone | None = None
    layout: Layout = Layout.TRANSLATED
    pages: str | None = None
    engine: str | None = None
    glossary: tuple[tuple[str, str], ...] = ()
    in_house: bool = False
    reply_by: str | None = None
    reply_to: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values for a row or a message."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Options:
        """What `as_json` gave. Raises UnsupportedOption for an unknown tone or layout."""
        return cls(
            target_lang=values["target_lang"],
            source_lang=values.get("source_lang"),
            tone=choice(Tone, values["tone"]) if values.get("tone") else None,
            layout=choice(Layout, values.get("layout") or Layout.TRANSLATED),
            pages=values.get("pages"),
            engine=values.get("engine"),
            glossary=tuple((source, target) for source, target in values.get("glossary") or ()),
            in_house=bool(values.get("in_house")),
            reply_by=values.get("reply_by"),
            reply_to=values.get("reply_to"),
        )


def choice(kind: type[E], word: str) -> E:
    """The member of `kind` that `word` names, in any case.

    Raises UnsupportedOption, which lists the members.
    """
    try:
        return kind(word.strip().casefold())
    except ValueError as error:
        possible = ", ".join(kind)
        message = (
            f"We do not know the {kind.__name__.casefold()} “{word[:40]}”. Please choose one of:"
            f" {possible}."
        )
        raise UnsupportedOption(message) from error


def parse_pages(pages: str | None, page_count: int) -> frozenset[int]:
    """The 0-based page numbers that `1-5,9` (1-based, ends included) names; None names all of
    `page_count`.

    Raises UnsupportedOption for anything that is no such list or names no page of the document.
    """
    if not pages:
        return frozenset(range(page_count))
    chosen: set[int] = set()
    for part in pages.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and last and not last.isdecimal()):
            message = f"“{pages[:40]}” is not a list of pages. Please write it like 1-5,9."
            raise UnsupportedOption(message)
        end = int(last) if last else (page_count if dash else int(first))
        chosen.update(range(int(first) - 1, min(end, page_count)))
    valid = frozenset(number for number in chosen if 0 <= number < page_count)
    if not valid:
        message = f"“{pages[:40]}” names no page of this document, which has {page_count}."
        raise UnsupportedOption(message)
    return valid
