"""A short, seeded run of `make chaos`; and the ledger that judges it is shown to find each
broken promise.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO

import pytest
from sqlalchemy import update

from dragoman.db.clock import now_s
from dragoman.db.ledgers.jobs import JOBS
from dragoman.domain.job import RowState
from tests.chaos import ledger
from tests.chaos.backup import Restored
from tests.chaos.client import Sent, document
from tests.chaos.faults import Strike
from tests.chaos.ledger import Evidence
from tests.chaos.run import Aftermath, burn
from tests.chaos.site import Site
from tests.chaos.words import DONE
from tests.fake_deepl import Paid

JOBS_SENT = 18
HOUR_S = 3600.0


@pytest.fixture(scope="module")
def aftermath() -> Iterator[Aftermath]:
    with Site(postgresql=False, s3=False) as site:
        yield burn(site, seed=7, seconds=25, jobs=JOBS_SENT, restores=False)
    site.forget()


def test_promises_hold_under_fire(aftermath: Aftermath) -> None:
    assert ledger.broken(aftermath.evidence()) == [], aftermath.facts()
    assert aftermath.facts()["accepted"] == JOBS_SENT
    assert len(aftermath.faults.strikes) > 5


def test_what_a_backup_knew_is_answered_though_it_is_put_back_under_fire() -> None:
    with Site(postgresql=False, s3=False) as site:
        ended = burn(site, seed=8, seconds=20, jobs=10)
        facts = ended.facts()
        assert ledger.broken(ended.evidence()) == [], facts
        assert facts["restored"], facts
        assert facts["of_those_lost"] <= facts["taken_after_the_backup"]
    site.forget()


def lose_an_answer(it: Aftermath) -> None:
    it.site.sink.taken[:] = [
        one for one in it.site.sink.taken if one["In-Reply-To"] != mailed(it).message_id
    ]


def answer_twice(it: Aftermath) -> None:
    again = copy.deepcopy(it.site.sink.answers_to(mailed(it).message_id)[-1])
    again.replace_header("Message-ID", "<another@dragoman.test>")
    it.site.sink.taken.append(again)


def answer_with_the_original(it: Aftermath) -> None:
    sent = mailed(it)
    for answer in it.site.sink.answers_to(sent.message_id):
        for part in answer.iter_attachments():
            part.set_content(document(sent.word, sent.pages), maintype="application", subtype="pdf")


def send_another_text_under_the_same_name(it: Aftermath) -> None:
    again = copy.deepcopy(it.site.sink.answers_to(mailed(it).message_id)[-1])
    again.replace_header("Subject", "Something else")
    it.site.sink.taken.insert(0, again)


def share_a_file_twice(it: Aftermath) -> None:
    post = next(sent.post for sent in it.client.sent if sent.post)
    [answer] = [one for one in it.site.slack.thread(post) if one.files]
    answer.files *= 2


def stop_a_row(it: Aftermath) -> None:
    set_state(it, RowState.RUNNING)


def bury_a_row(it: Aftermath) -> None:
    set_state(it, RowState.DEAD)


def leave_bytes_behind(it: Aftermath) -> None:
    [*_, key] = [key for key in it.context.store.keys("jobs/") if key.endswith("source.pdf")]
    it.context.store.put(key.replace("source.pdf", "extract/99.json.gz"), BytesIO(b"superseded"))


def delete_bytes(it: Aftermath) -> None:
    with it.context.database.read() as connection:
        named = ledger.names_of_bytes(connection)
    it.context.store.delete(next(key for key in sorted(named) if key.endswith("source.pdf")))


def pay_again_for_nothing(it: Aftermath) -> None:
    it.site.deepl.paid += [Paid(("a text",), at, at, heard=True) for at in (1.0, 9.0)]


def unsay_done(it: Aftermath) -> None:
    card(it).blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "I am reading it"}}]


def take_the_check_mark_away(it: Aftermath) -> None:
    posts = [sent.post for sent in it.client.sent if sent.post and sent.post.reactions]
    posts[-1].reactions.clear()


def say_attached_where_nothing_is(it: Aftermath) -> None:
    answer = copy.deepcopy(it.site.sink.answers_to(mailed(it).message_id)[-1])
    answer.replace_header("Message-ID", "<nothing-attached@dragoman.test>")
    answer.set_payload(
        [part for part in answer.get_payload() if part.get_content_type() != "application/pdf"]
    )
    it.site.sink.taken.append(answer)


DAMAGES: dict[str, tuple[Callable[[Aftermath], None], str]] = {
    "lost": (lose_an_answer, "lost"),
    "twice": (answer_twice, "answered twice"),
    "wrong": (answer_with_the_original, "wrong answer"),
    "altered": (send_another_text_under_the_same_name, "sent again with other bytes"),
    "shared": (share_a_file_twice, "answered twice"),
    "unsaid": (unsay_done, "false words"),
    "unmarked": (take_the_check_mark_away, "false words"),
    "not attached": (say_attached_where_nothing_is, "false words"),
    "stuck": (stop_a_row, "stuck"),
    "dead": (bury_a_row, "given up"),
    "stray": (leave_bytes_behind, "bytes without a row"),
    "missing": (delete_bytes, "rows without their bytes"),
    "paid": (pay_again_for_nothing, "paid twice"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_ledger_finds_each_broken_promise(aftermath: Aftermath, name: str) -> None:
    """Each one is broken on purpose; emails are whole again after it, rows and cards stay broken."""
    damage, found = DAMAGES[name]
    before = ledger.broken(aftermath.evidence())
    taken = copy.deepcopy(aftermath.site.sink.taken)
    damage(aftermath)
    fresh = [promise for promise in ledger.broken(aftermath.evidence()) if promise not in before]
    aftermath.site.sink.taken[:] = taken
    assert [promise for promise in fresh if promise.startswith(found)], fresh


@pytest.mark.parametrize(
    ("asked", "promised", "known", "between"),
    [
        (1.0, 2.0, True, False),
        (9.0, 11.0, False, False),
        (25.0, 26.0, False, False),
        (31.0, 32.0, True, False),
    ],
)
def test_only_what_came_between_backup_and_restore_may_be_lost(
    asked: float, promised: float, known: bool, between: bool
) -> None:
    back = Restored(10.0, 20.0, 30.0, frozenset(), frozenset())
    sent = Sent("word", 1, "mail", first_asked_at=asked, asked_at=asked, promised_at=promised)
    assert (back.knew(sent), back.was_between(sent)) == (known, between)
    later = replace(sent, asked_at=31.0, promised_at=32.0)
    assert back.knew(later)
    assert back.was_between(later) is (asked < 30.0)


@pytest.mark.parametrize(
    ("lost", "found"),
    [(False, []), (True, ["lost"])],
    ids=["taken after the backup", "known to the backup"],
)
def test_a_document_that_the_backup_knew_is_missed(lost: bool, found: list[str]) -> None:
    sent = Sent("word", 1, "mail")
    unknown = frozenset() if lost else frozenset({"word"})
    evidence = Evidence([sent], {"word": []}, [], {}, {}, [], [], [], [], unknown=unknown)
    assert [one.partition(":")[0] for one in ledger.broken(evidence)] == found


@pytest.mark.parametrize(
    ("kind", "whom", "began", "ended", "excused"),
    [
        ("kill", "worker", 5.2, 5.2, True),
        ("kill", "worker", 5.9, 5.9, True),
        ("kill", "worker", 6.6, 6.6, False),
        ("kill", "worker", 4.9, 4.9, False),
        ("kill", "web", 5.2, 5.2, False),
        ("freeze", "worker", 3.0, 9.0, True),
        ("flush_redis", "", 5.2, 5.2, False),
    ],
)
def test_only_a_fault_between_paying_and_writing_down_excuses_a_second_payment(
    kind: str, whom: str, began: float, ended: float, excused: bool
) -> None:
    first, second = Paid(("a",), 5.0, 5.5, heard=True), Paid(("a",), 8.0, 8.1, heard=True)
    strikes = [Strike(kind, whom, began, ended)]
    assert (ledger.paid_twice_for_nothing([first, second], strikes) == []) is excused
    assert ledger.paid_twice_for_nothing([replace(first, heard=False), second], []) == []


def card(it: Aftermath):
    """The message that says that the file is there."""
    threads = [it.site.slack.thread(sent.post) for sent in it.client.sent if sent.post]
    return next(
        one for thread in threads for one in thread if DONE in str(one.blocks) and not one.files
    )


def mailed(it: Aftermath) -> Sent:
    """An email that was answered with its PDF, and not with words in place of one that the dice
    had the mail server refuse.
    """
    evidence = it.evidence()
    return next(
        sent
        for sent in it.client.sent
        if sent.door == "mail" and evidence.answers[sent.word] and sent.word not in evidence.instead
    )


def set_state(it: Aftermath, state: RowState) -> None:
    """Of some job, with a lease on it: the workers are still there, and would take it up again."""
    with it.context.database.write() as connection:
        connection.execute(
            update(JOBS)
            .where(JOBS.c.id == connection.scalar(JOBS.select().limit(1)))
            .values(state=state, lease_until=now_s() + HOUR_S)
        )
