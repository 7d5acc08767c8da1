"""The card: what one message in a thread says of the files of a post (pure: rows in, blocks and
text out).

A paragraph and its buttons for each job, as many as fit into one message, those that wait for
somebody first; the rest in a line each, and the rest of that counted. `text` says the same in plain
words, for notifications and screen readers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dragoman.channels.slack import slack_api
from dragoman.channels.slack.error_meanings import reason
from dragoman.domain import language
from dragoman.domain.answers.arrival import Arrival, Arrived
from dragoman.domain.costs import prices
from dragoman.domain.file_names import LONGEST_NAME, plain
from dragoman.domain.job import OPEN, RowState, Stage, WaitingFor
from dragoman.domain.retry import retry_helps
from dragoman.domain.rows.card import Card as CardRow
from dragoman.domain.rows.card import Note
from dragoman.domain.rows.job import Job
from dragoman.domain.rows.message import InboxMessage
from dragoman.domain.specs import engine_specs
from dragoman.domain.wishes.saying import in_words
from dragoman.domain.wishes.understood import Understood
from notifier.delivery.answers import Outcome, file_of
from notifier.slack.blocks import (
    LONGEST_TEXT,
    MOST_BLOCKS,
    MOST_WEIGHT,
    Block,
    actions,
    button,
    confirm,
    context,
    cut,
    section,
    select,
    weight,
)
from notifier.slack.rendering import (
    LONGEST_FALLBACK,
    Moment,
    coarse,
    facts,
    id_or_nothing,
    moment,
    said,
    short,
)

ASKS, HASH_LENGTH = "asks:", 64
EYES, GOOD, BAD = "eyes", "white_check_mark", "warning"
SHORTEST_PAUSE_S = 3.0  # between two updates of one card
# of a card among many: chat.update has 50 calls a minute for a workspace, and ends come in between
EACH_S = 1.5
LONGEST_CARD_NAME = 120
LONGEST_PROBLEM = 600
MOST_NOTES = 8
MOST_LINES = 20  # of jobs that have no paragraph of their own
MOST_LANGUAGES = 40
LONGEST_LINE, LONGEST_NOTE = 300, 400  # characters
ROOM = 3200  # of the weight, for those lines
STAGES = {
    Stage.EXTRACT: "Read",
    Stage.TRANSLATE: "Translate",
    Stage.TONE: "Tone",
    Stage.RECONSTRUCT: "Set pages",
}
DOING = {
    Stage.EXTRACT: "reading it",
    Stage.TRANSLATE: "translating",
    Stage.TONE: "adjusting the tone",
    Stage.RECONSTRUCT: "setting the pages",
}
COMMON = (
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt-BR",
    "pt-PT",
    "nl",
    "pl",
    "cs",
    "sv",
    "da",
    "nb",
    "fi",
    "tr",
    "uk",
    "ru",
    "ar",
    "ja",
    "ko",
    "zh-Hans",
    "zh-Hant",
)
# What a translated document is called while its file is not in the thread.
NOT_ARRIVED = {
    Arrival.SENDING: "delivering",
    Arrival.INSTEAD: "instead",
    Arrival.FAILED: "undelivered",
    Arrival.DROPPED: "undelivered",
}
# What a card is about, by the kinds of its jobs: the first that fits.
SITUATIONS = {
    "working": {"working", "pending", "delivering"},
    "waiting": {"approval", "password"},
    "failed": {"failed"},
    "undelivered": {"instead", "undelivered"},
}
FIRST = {
    "instead": 1,
    "undelivered": 1,
    "approval": 0,
    "password": 0,
    "failed": 1,
    "working": 2,
    "pending": 3,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a card is made from: its row, its jobs' rows, ETAs in seconds by job id, the post's row
    of the inbox (None: unknown).

    `targets`: tags that the engines here can write, empty where they have not said. `busy`: cards
    of the workspace at work. `approvers`: ids of the users of this workspace who decide about
    costs; None: whoever asked does. `arrivals`: what became of the jobs' answers, by job id;
    nothing is called done before its answer has arrived.
    """

    card: CardRow
    jobs: Sequence[Job] = ()
    etas: Mapping[str, int | None] = field(default_factory=dict)
    message: InboxMessage | None = None
    targets: Sequence[str] = ()
    busy: int = 1
    approvers: Sequence[str] | None = None
    arrivals: Mapping[str, Arrived] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """The message.

    `reaction`: the one that belongs on the post, "" for none. `moves`: it will be different before
    long.

    `empty`: there is nothing that a new message would be worth. `asks`: it waits for the
    requester's word.
    """

    text: str
    blocks: list[Block]
    reaction: str
    moves: bool
    empty: bool = False
    asks: bool = False

    @property
    def hash(self) -> str:
        """Two cards with the same one say the same."""
        said_ = hashlib.sha256(json.dumps([self.text, self.blocks]).encode()).hexdigest()
        return f"{ASKS if self.asks else ''}{said_}"[:HASH_LENGTH]


@dataclass(frozen=True, slots=True)
class JobLines:
    """What is said of one job, as its paragraph and its line need it; nothing is escaped.

    `kind`: which paragraph it is. `steps`: each with its `name`, and whether it is `done` or `now`.
    `eta_s`: seconds, rounded coarsely; `remembered`: percent of the text that costs nothing.
    `until`: when its wait is over, None while it waits for nobody. `kept`: its files are here
    still; `ended`: nobody works on it any more, `finished`: nor delivers it.
    """

    id: str
    kind: str
    name: str
    language: str
    steps: list[dict[str, str]]
    stage: str
    percent: int
    eta_s: int | None
    pages: int
    characters: str | None
    remembered: int
    to_bill: str | None
    price: str | None
    over_budget: bool
    approvers: Sequence[str] | None
    engine: str | None
    pseudo: bool
    facts: str
    until: Moment | None
    problem: str
    advice: str
    code: str | None
    short_id: str
    kept: bool
    ended: bool
    finished: bool
    reason: str


def asked(shown: str | None) -> bool:
    """Whether a card with this hash waits for somebody's word."""
    return (shown or "").startswith(ASKS)


def card_from(known: Facts, *, moved: bool = False) -> Card:
    """The card as it should be now.

    `moved`: it stands in a direct message, since the channel is closed to us.
    """
    views = [
        _view(job, known.etas.get(job.id), known.arrivals.get(job.id), known.approvers)
        for job in known.jobs
    ]
    kind = _situation(known, views)
    head = said("card_head", kind=kind, it=_head(known, views))
    notes = [_note(note) for note in known.card.notes[:MOST_NOTES]]
    left = len(known.card.notes) - MOST_NOTES
    if left > 0:
        notes.append(said("card_more", count=left, ended=0))
    asks = kind == "language" or any(view.kind in ("approval", "password") for view in views)
    call = _call(known) if asks and not moved else ""
    first = [context(said("card_moved", place=known.card.place))] if moved else []
    if call:
        first.append(section(call))
    last = [section(note) for note in notes] + _asking(known) + _closing(known, views)
    understood = _understood(known)
    if understood and views:
        last.append(context(understood))
    if not views or _asks(known):
        first.append(section(head))
    blocks = [
        *first,
        *_paragraphs(views, MOST_BLOCKS - len(first) - len(last), first + last),
        *last,
    ]
    lines = [call, head, *(said("card_line", it=view) for view in views[: 2 * MOST_LINES]), *notes]
    text = cut("\n".join(line for line in lines if line), LONGEST_FALLBACK)
    changes = _moves(known, views)
    return Card(
        text,
        blocks,
        _reaction(known, views, kind),
        changes,
        empty=kind in ("nothing", "stopped"),
        asks=asks,
    )


def _understood(known: Facts) -> str:
    """What was understood of the post, and from what; "" where that is not known."""
    told = known.message.payload.get("understood") if known.message else None
    if not told:
        return ""
    return said("card_understood", what=slack_api.escape(in_words(Understood.from_json(told)), 300))


def pause_s(busy: int) -> float:
    """Seconds between two updates of a card while `busy` cards of its workspace are at work."""
    return max(SHORTEST_PAUSE_S, busy * EACH_S)


def retry_button(row_id: str, label: str = "Try again") -> Block:
    """Try again what gave up: a job, or a message."""
    return button(label, slack_api.RETRY, row_id)


def _view(
    job: Job,
    eta_s: int | None,
    arrived: Arrived | None,
    approvers: Sequence[str] | None = None,
) -> JobLines:
    """What the templates are told of a job. Nothing in it is escaped. `approvers` as in `Facts`."""
    file = file_of(job)
    waits = job.waits_for
    stage, kind = job.stage, _kind(job, file.outcome, arrived)
    kind = "untouched" if kind == "done" and file.is_untouched else kind
    problem = file.problem
    return JobLines(
        id=job.id,
        kind=kind,
        name=plain(job.filename, LONGEST_CARD_NAME) or "a document",
        language=language.name(job.target_lang),
        steps=_steps(stage, toned=job.is_toned),
        stage=DOING[stage],
        percent=job.progress,
        eta_s=coarse(eta_s),
        pages=job.pages or 0,
        characters=None if job.characters is None else f"{job.characters:,}",
        remembered=round(100 * (job.remembered or 0.0)),
        to_bill=f"{job.to_bill:,}" if job.to_bill else None,
        price=prices.in_words(file.bill.price) if file.bill and file.bill.price else None,
        over_budget=bool(file.bill and file.bill.over_budget),
        approvers=approvers,
        engine=engine_specs.title_of(job.engine),
        pseudo=file.is_pseudo,
        facts=facts(file),
        until=moment(job.run_after) if waits else None,
        problem=plain(problem.message if problem else job.error_message or "", LONGEST_PROBLEM),
        advice=plain(problem.advice if problem else "", LONGEST_PROBLEM),
        code=job.error_code,
        short_id=short(job.id),
        kept=job.purged_at is None,
        ended=job.state not in OPEN,
        finished=job.state not in OPEN and kind != "delivering",
        reason=reason(arrived.code or "") if arrived and kind in ("instead", "undelivered") else "",
    )


def _kind(job: Job, outcome: Outcome, arrived: Arrived | None) -> str:
    if outcome is Outcome.DONE:
        return NOT_ARRIVED.get(arrived.state if arrived else Arrival.SENDING, outcome.value)
    if outcome is not Outcome.WORKING:
        return outcome.value
    if job.waits_for in (WaitingFor.APPROVAL, WaitingFor.PASSWORD):
        return str(job.waits_for)
    return "working" if job.epoch else "pending"


def _steps(stage: Stage, *, toned: bool) -> list[dict[str, str]]:
    shown = [step for step in STAGES if toned or step is not Stage.TONE or stage is Stage.TONE]
    order = list(STAGES)
    states = [
        "done" if order.index(step) < order.index(stage) else "now" if step is stage else ""
        for step in shown
    ]
    return [
        {"name": STAGES[step], "state": state} for step, state in zip(shown, states, strict=True)
    ]


def _paragraphs(views: Sequence[JobLines], places: int, others: Sequence[Block]) -> list[Block]:
    """The jobs' blocks, in their order: in full what fits, those that wait or failed first, a
    line each of the rest.
    """
    made = {view.id: _job(view) for view in views}
    whole = [block for view in views for block in made[view.id]]
    room = MOST_WEIGHT - weight(others)
    if len(whole) <= places and weight(whole) <= room:
        return whole
    room, places, full = room - ROOM, places - 1, set[str]()
    for view in sorted(views, key=lambda view: FIRST.get(view.kind, len(FIRST))):
        room, places = room - weight(made[view.id]), places - len(made[view.id])
        if room < 0 or places < 0:
            break
        full.add(view.id)
    rest = [view for view in views if view.id not in full]
    shown = [block for view in views if view.id in full for block in made[view.id]]
    return [*shown, section(_lines(rest))]


def _lines(views: Sequence[JobLines]) -> str:
    lines, room = list[str](), LONGEST_TEXT - 200
    for view in views[:MOST_LINES]:
        line = "• " + cut(said("card_line", it=view), LONGEST_LINE)
        room -= len(json.dumps(line, ensure_ascii=False))
        if room < 0:
            break
        lines.append(line)
    if more := views[len(lines) :]:
        lines.append(said("card_more", count=len(more), ended=sum(view.finished for view in more)))
    return "\n".join(lines)


def _job(view: JobLines) -> list[Block]:
    text, buttons = said("card_job", it=view), _buttons(view)
    if len(buttons) > 1:
        return [section(text), actions(*buttons)]
    return [section(text, *buttons)]


def _buttons(view: JobLines) -> list[Block]:
    kind, can_retry = view.kind, view.kept and retry_helps(view.code)
    shown: list[Block | None] = [
        button("Translate it", slack_api.APPROVE, view.id, style="primary")
        if kind == "approval"
        else None,
        button("Enter the password", slack_api.PASSWORD, view.id, style="primary")
        if kind == "password"
        else None,
        None if view.ended else _cancel(view),
        retry_button(view.id) if kind == "failed" and can_retry else None,
        retry_button(view.id, "Start again") if kind == "cancelled" and view.kept else None,
        _delete(view) if kind in ("done", "untouched", "instead", "undelivered") else None,
    ]
    return [one for one in shown if one]


def _cancel(view: JobLines) -> Block:
    asked = confirm(
        "Cancel?", "Documents that are not finished will not be delivered.", "Cancel it", "Go on"
    )
    return button("Cancel", slack_api.CANCEL, view.id, confirm=asked)


def _delete(view: JobLines) -> Block:
    asked = confirm(
        "Delete now?",
        "The translation will be deleted from this thread and from our server.",
        "Delete it",
        "Keep it",
    )
    return button("Delete now", slack_api.DELETE, view.id, style="danger", confirm=asked)


def _closing(known: Facts, views: Sequence[JobLines]) -> list[Block]:
    if not any(view.ended and view.kept for view in views):
        return []
    return [actions(button("Another language", slack_api.ANOTHER_LANGUAGE, known.card.id))]


def _asking(known: Facts) -> list[Block]:
    """The menu of languages, while the post waits for one."""
    message_id = known.card.message_id
    if not _asks(known) or not message_id:
        return []
    possible = set(known.targets)
    common = [
        tag for tag in COMMON if not possible or tag in possible or language.base(tag) in possible
    ]
    offered = {*common, *map(language.base, common)}
    others = sorted(possible - offered, key=language.name)[: MOST_LANGUAGES - len(common)]
    groups = [
        (title, [(language.name(tag), f"{message_id}:{tag}") for tag in tags])
        for title, tags in (("Languages", common), ("More languages", others))
    ]
    return (
        [actions(select("Choose a language", slack_api.CHOOSE_LANGUAGE, groups))]
        if common or others
        else []
    )


def _call(known: Facts) -> str:
    """The requester's name before a question; in a direct message nobody has to be called."""
    user, place = id_or_nothing(known.card.requester), known.card.place
    return said("card_ask", user=user) if user and not place.startswith("D") else ""


def _asks(known: Facts) -> bool:
    waits = known.message is None or known.message.state == RowState.WAITING
    return known.card.asks == WaitingFor.LANGUAGE and waits


def _situation(known: Facts, views: Sequence[JobLines]) -> str:
    """What the card as a whole is about, in the words of its template."""
    kinds = {view.kind for view in views}
    if _asks(known):
        return "language"
    if not views and known.message is not None and known.message.state == RowState.DEAD:
        return "stopped"
    if not views:
        opening = known.message is None or known.message.state in OPEN
        return "left_out" if known.card.notes else "opening" if opening else "nothing"
    return _progress(kinds)


def _progress(kinds: set[str]) -> str:
    """What a card with jobs is about: what is at work first, then what waits for somebody, then
    how it ended.
    """
    for word, some in SITUATIONS.items():
        if kinds & some:
            return word
    return next((word for word in ("cancelled", "untouched") if kinds == {word}), "done")


def _head(known: Facts, views: Sequence[JobLines]) -> dict[str, object]:
    waits = known.message is not None and known.message.state == RowState.WAITING
    return {
        "count": len(views),
        "ended": sum(view.finished for view in views),
        "undelivered": sum(view.kind in ("instead", "undelivered") for view in views),
        "failed": sum(view.kind == "failed" for view in views),
        "until": moment(known.message.run_after) if known.message is not None and waits else None,
    }


def _note(note: Note) -> str:
    left_out = {
        "name": plain(note.get("filename") or "", LONGEST_NAME) or "A file",
        "problem": plain(note.get("message") or "It could not be translated.", LONGEST_PROBLEM),
        "advice": plain(note.get("advice") or "", LONGEST_PROBLEM),
    }
    return cut(said("card_note", it=left_out), LONGEST_NOTE)


def _reaction(known: Facts, views: Sequence[JobLines], situation: str) -> str:
    kinds, state = (
        {view.kind for view in views},
        known.message.state if known.message is not None else None,
    )
    if situation in ("opening", "language", "working", "waiting") or state in OPEN:
        return EYES
    if kinds & {"failed", "instead", "undelivered"} or known.card.notes or state == RowState.DEAD:
        return BAD
    return GOOD if kinds - {"cancelled", "deleted", "untouched"} else ""


def _moves(known: Facts, views: Sequence[JobLines]) -> bool:
    opening = known.message is not None and known.message.state in (
        RowState.READY,
        RowState.RUNNING,
    )
    return opening or any(view.kind in ("working", "pending") for view in views)
