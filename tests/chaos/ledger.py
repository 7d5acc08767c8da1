"""The ledger of promises: what there is after the fire, and which promises that breaks.

Each accepted document has exactly one final answer, the right PDF; no row is stuck or given up; the
store holds what rows name and nothing else; no sender was told what is not so; no text was paid for
twice but those on their way when a fault struck between the paying and the writing down.

Where a backup was put back, that holds for what it knew. What was taken after it was made, and
before all was there again, is counted apart; an answer may come twice, and a text be paid again,
where the restore said so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, or_, select

from dragoman.db.engine import Database
from dragoman.db.ledgers.cards import CARDS
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.ledgers.parts import PARTS
from dragoman.domain.job import OPEN, RowState
from dragoman.ports import BlobStore
from tests.chaos import words
from tests.chaos.client import Client, Sent, is_translated
from tests.chaos.faults import Faults, Strike
from tests.chaos.site import Site
from tests.fake_deepl import Paid

LEDGERS = (INBOX, JOBS, PARTS, OUTBOX, CARDS)
NAMES_OF_BYTES = (
    JOBS.c.source,
    JOBS.c.artifact,
    JOBS.c.result,
    PARTS.c.artifact,
    INBOX.c.blob,
    OUTBOX.c.rendered,
)
PREFIXES = ("jobs/", "inbox/", "outbox/")
COMMIT_S = 1.0  # within this time after its answer a batch is on record, unless a fault strikes
# What may come between a batch's answer and its record: the end or the sleep of who asked, or of
# the database.
PARTS_THEM = frozenset(
    {
        "restored",
        "kill worker",
        "kill_child worker",
        "freeze worker",
        "death worker",
        "restart_database",
        "kill_database",
    }
    | {"freeze_database", "lock_database", "fill_disk"}
    | {"step_clock forward"}  # every lease runs out: the same batch may be on its way twice
)


@dataclass
class Evidence:
    """What is left.

    `answers`: word -> the PDFs that came, a mail that was sent again once; `open`, `dead`: rows by
    ledger.

    `instead`: the words of those that were told in words why they have no PDF; `unknown`: the words
    that the backup did not know, `twice`: those whose answer may have come twice, as the restore
    said; `sent_again`: those that their sender sent before and after it.
    """

    sent: list[Sent]
    answers: dict[str, list[bytes]]
    altered: list[str]
    open: dict[str, int]
    dead: dict[str, int]
    stray: list[str]
    missing: list[str]
    paid: list[Paid]
    strikes: list[Strike]
    false_words: list[str] = field(default_factory=list)
    instead: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    twice: frozenset[str] = frozenset()
    sent_again: frozenset[str] = frozenset()
    not_restored: list[str] = field(default_factory=list)


def collect(
    site: Site,
    client: Client,
    faults: Faults,
    database: Database,
    store: BlobStore,
    heard: Iterable[str] = (),
) -> Evidence:
    """Look at everything that is left.

    `heard`: what was said too early, see `tests.chaos.words`.
    """
    answers = {sent.word: _answers(site, client, sent) for sent in client.sent}
    back, strikes = faults.backup.restored, list(faults.strikes)
    if back:  # what was paid for in between is on record no more
        strikes.append(Strike("restored", "", back.backup_began, back.ended))
    unknown = frozenset(sent.word for sent in client.sent if back and not back.knew(sent))
    said = [*sorted(heard), *words.false(site, client, answers)]
    deaths = [Strike("death", name, at - COMMIT_S, at) for at, name in site.deaths]
    with database.read() as connection:
        named = names_of_bytes(connection)
        there = {key for prefix in PREFIXES for key in store.keys(prefix)}
        return Evidence(
            sent=list(client.sent),
            answers=answers,
            altered=[
                name for name in site.sink.altered() if not back or owner_of(name) not in back.owed
            ],
            open=count(connection, *OPEN),
            dead=count(connection, RowState.DEAD),
            stray=sorted(there - named),
            missing=sorted(named - there),
            paid=list(site.deepl.paid),
            strikes=[*strikes, *deaths],
            # Who was told of a document that the restore forgot is counted with it.
            instead=frozenset(sent.word for sent in client.sent if words.told_instead(site, sent)),
            false_words=[one for one in said if not any(word in one for word in unknown)],
            not_restored=_not_restored(faults),
            unknown=unknown,
            sent_again=frozenset(
                sent.word for sent in client.sent if back and back.was_between(sent)
            ),
            twice=frozenset(
                sent.word
                for sent in client.sent
                if back and owners(connection, site, sent) & back.owed
            ),
        )


def broken(it: Evidence) -> list[str]:
    """The promises that were not kept, each with the first who were let down."""
    said = {
        "lost": [
            sent.word
            for sent in it.sent
            if not it.answers[sent.word] and sent.word not in it.unknown | it.instead
        ],
        "answered twice": [
            sent.word
            for sent in it.sent
            if len(it.answers[sent.word]) > (2 if _may_come_twice(it, sent) else 1)
        ],
        "wrong answer": [
            s.word for s in it.sent if not all(is_translated(s, pdf) for pdf in it.answers[s.word])
        ],
        "sent again with other bytes": it.altered,
        "stuck": _listed(it.open),
        "given up": _listed(it.dead),
        "bytes without a row": it.stray,
        "rows without their bytes": it.missing,
        "false words": it.false_words,
        "paid twice": paid_twice_for_nothing(it.paid, it.strikes),
        "backup not put back": it.not_restored,
    }
    return [f"{what}: {len(whom)} ({', '.join(whom[:5])})" for what, whom in said.items() if whom]


def paid_twice(paid: Iterable[Paid]) -> int:
    """How many texts were paid for again, each as often as it was."""
    texts = [text for one in paid for text in one.texts]
    return len(texts) - len(set(texts))


def paid_twice_for_nothing(paid: Iterable[Paid], strikes: Iterable[Strike]) -> list[str]:
    """The texts that were paid for again although the answer had come, and nothing kept it from
    being written down.
    """
    harmful = [one for one in strikes if f"{one.kind} {one.whom}".strip() in PARTS_THEM]
    times: defaultdict[str, list[Paid]] = defaultdict(list)
    for one in sorted(paid, key=lambda one: one.asked_at):
        for text in one.texts:
            times[text].append(one)
    return [
        text
        for text, asked in times.items()
        if not all(_is_excused(one, harmful) for one in asked[:-1])
    ]


def count(connection: Connection, *states: RowState) -> dict[str, int]:
    """How many rows of each ledger are in one of `states`; ledgers without any are left out."""
    found = {}
    for table in LEDGERS:
        statement = select(func.count()).select_from(table).where(table.c.state.in_(states))
        if rows := connection.scalar(statement):
            found[table.name] = rows
    return found


def names_of_bytes(connection: Connection) -> set[str]:
    """All keys that rows name; an answer in Slack names a file over there instead."""
    named = {
        name for column in NAMES_OF_BYTES for name in connection.scalars(select(column)) if name
    }
    return {name for name in named if name.startswith(PREFIXES)}


def owner_of(message_id: str) -> str:
    """The message or job that an answer with this Message-ID is of."""
    return message_id.strip("<>").partition(".")[0]


def owners(connection: Connection, site: Site, sent: Sent) -> set[str]:
    """The ids of the rows that a document's answer is of, as far as they are known."""
    if sent.post is not None:
        of_us = or_(*(JOBS.c.file_ref.endswith(f":{name}") for name in sent.post.files))
        of_file = select(JOBS.c.id, JOBS.c.message_id).where(of_us)
        return {name for row in connection.execute(of_file) for name in row if name}
    return {owner_of(str(answer["Message-ID"])) for answer in site.sink.answers_to(sent.message_id)}


def _not_restored(faults: Faults) -> list[str]:
    """Why the backup was not put back; empty where it was, or was not to be."""
    if not faults.restores or faults.backup.restored:
        return []
    return faults.backup.failures or ["its time never came"]


def _may_come_twice(it: Evidence, sent: Sent) -> bool:
    """In Slack, where a file has no name by which the second one is known as the first; an email
    has its Message-ID.

    Or its sender, who heard no promise before the restore, sent it again afterwards: it may have
    been taken the first time, too.
    """
    return (sent.post is not None and sent.word in it.twice) or sent.word in it.sent_again


def _is_excused(one: Paid, harmful: list[Strike]) -> bool:
    struck = any(
        strike.began <= one.told_at + COMMIT_S and strike.ended >= one.asked_at
        for strike in harmful
    )
    return struck or not one.heard


def _answers(site: Site, client: Client, sent: Sent) -> list[bytes]:
    if sent.job_id is not None:
        result = client.result(sent.job_id)
        return [result] if result else []
    if sent.post is not None:
        return [content for _, content in site.slack.files_in(site.slack.thread(sent.post))]
    return [
        pdf for answer in site.sink.answers_to(sent.message_id) if (pdf := _pdf(answer)) is not None
    ]


def _pdf(answer: Any) -> bytes | None:
    """An ack has no PDF, nor has a note of progress or the answer of a run that failed."""
    found = [
        part for part in answer.iter_attachments() if part.get_content_type() == "application/pdf"
    ]
    return found[0].get_payload(decode=True) if found else None


def _listed(rows: dict[str, int]) -> list[str]:
    return [f"{rows} {name}" for name, rows in rows.items()]
