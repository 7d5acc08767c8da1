"""Filters and pages of jobs and dead letters, and ids cut short, on both databases."""

from __future__ import annotations

import pytest

from dragoman.db.ledgers import inbox, jobs, lease, outbox
from dragoman.db.queries import dead_letters, lists, short_ids
from dragoman.db.queries.lists import Wanted
from dragoman.domain.job import Status
from dragoman.errors import AmbiguousId, NotFound, OutboundRefused, QuotaUsedUp, UnsupportedOption
from tests.rows import add_job, add_message, change, claim_job, complete


def bury(database, ledger, row_id, error):
    lease.bury(lease.claim(database, ledger, row_id, 60.0), error)


def found(database, **wanted) -> list[str]:
    with database.read() as connection:
        return [row.id for row in lists.jobs(connection, Wanted(**wanted)).rows]


def letters(database, **wanted):
    with database.read() as connection:
        return dead_letters.page(connection, Wanted(**wanted)).rows


def test_each_status_finds_the_jobs_that_are_called_so(database):
    by_status = {Status.PENDING: add_job(database)}
    by_status[Status.EXTRACTING] = add_job(database)
    claim_job(database, by_status[Status.EXTRACTING])
    by_status[Status.COMPLETED] = add_job(database)
    complete(database, by_status[Status.COMPLETED])
    by_status[Status.FAILED] = add_job(database)
    bury(database, jobs.LEDGER, by_status[Status.FAILED], QuotaUsedUp())
    for status in Status:
        wanted = by_status.get(status)
        assert found(database, status=status) == ([wanted] if wanted else [])
    assert len(found(database)) == 4


def test_filters_by_owner_channel_file_error_and_time(database):
    one = add_job(
        database, owner="Ann@Example.org", channel="email", filename="Jahresbericht_2026.pdf"
    )
    two = add_job(database, owner="slack:T1:U2", channel="slack", filename="a%b.pdf")
    bury(database, jobs.LEDGER, two, QuotaUsedUp())
    change(database, jobs.JOBS, one, created_at=1000.0)
    assert found(database, owner="ann@example.org") == [one]
    assert found(database, owner="*@example.org") == [one]
    assert found(database, owner="slack:T1:*") == [two]
    assert found(database, owner="ann_example.org") == []
    assert found(database, channel="slack") == [two]
    assert found(database, file="BERICHT_") == [one]
    assert found(database, file="%") == [two]
    assert found(database, error="quota_used_up") == [two]
    assert found(database, since=1000.5) == [two]
    assert found(database, since=1000.0) == [two, one]
    assert found(database, seen_by="ann@example.org") == []
    assert found(database, owner="a\0b") == []


def test_pages_follow_each_other_whatever_comes_in_meanwhile(database):
    ids = [add_job(database) for _ in range(7)]
    for number, job_id in enumerate(ids):
        # several at one moment
        change(database, jobs.JOBS, job_id, created_at=1000.0 + number // 3)
    seen, cursor = [], None
    while True:
        with database.read() as connection:
            page = lists.jobs(connection, Wanted(limit=2, after=lists.cursor(cursor)))
        seen += [row.id for row in page.rows]
        if page.next is None:
            break
        cursor = str(page.next)
        add_job(database)
    assert sorted(seen) == sorted(ids)
    assert len(seen) == 7


@pytest.mark.parametrize(
    "text", ["", "x", "12", "nan-abc", "1e5-abc", "-1-abc", "1.5-" + "a" * 33, "1-a'; --"]
)
def test_what_is_no_cursor_is_said(text):
    with pytest.raises(UnsupportedOption):
        lists.cursor(text)


def test_letters_tell_whose_they_are_and_are_found_by_it(database):
    message = add_message(database, sender="bo@example.org")
    job = add_job(database, owner="ann@example.org", filename="paper.pdf")
    bury(database, inbox.LEDGER, message, QuotaUsedUp())
    bury(database, jobs.LEDGER, job, QuotaUsedUp())
    answers = []
    for owner in (job, message):
        with database.write() as connection:
            answers.append(
                outbox.owe(
                    connection, owner=owner, run=9, kind=outbox.Kind.QUESTION, channel="email"
                )
            )
        bury(database, outbox.LEDGER, answers[-1], OutboundRefused())
    told = {letter.id: (letter.owner, letter.filename) for letter in letters(database)}
    assert told == {
        job: ("ann@example.org", "paper.pdf"),
        message: ("bo@example.org", None),
        answers[0]: ("ann@example.org", "paper.pdf"),
        answers[1]: ("bo@example.org", None),
    }
    assert {letter.id for letter in letters(database, owner="ann@*")} == {job, answers[0]}
    assert {letter.id for letter in letters(database, owner="bo@example.org")} == {
        message,
        answers[1],
    }
    assert {letter.id for letter in letters(database, file="paper")} == {job, answers[0]}
    assert {letter.id for letter in letters(database, channel="web")} == {job}


def test_letters_of_all_ledgers_are_one_list_of_pages(database):
    wanted = []
    for number in range(3):
        wanted += [add_message(database), add_job(database)]
        for ledger, table, row_id in zip(
            (inbox.LEDGER, jobs.LEDGER), (inbox.INBOX, jobs.JOBS), wanted[-2:], strict=True
        ):
            bury(database, ledger, row_id, QuotaUsedUp())
            change(database, table, row_id, ended_at=1000.0 + number)
    seen, after = [], None
    for _ in range(3):
        with database.read() as connection:
            page = dead_letters.page(connection, Wanted(limit=2, after=after))
        seen.append({letter.id for letter in page.rows})
        after = page.next
    assert seen == [set(wanted[4:]), set(wanted[2:4]), set(wanted[:2])]
    assert after is None


FIRST, SECOND = "a2eb1c3d" + "0" * 24, "a2eb1c3d" + "1" + "0" * 23


@pytest.fixture
def two(database):
    add_job(database, id=FIRST, owner="web:anna", filename="one.pdf")
    add_job(database, id=SECOND, owner="web:bert", filename="two.pdf")
    return database


def meant(database, text, owner=None) -> str:
    with database.read() as connection:
        return short_ids.job_id(connection, text, owner)


def test_the_beginning_of_an_id_is_enough_where_it_fits_one(two):
    for text in (FIRST, "a2eb1c3d0", " #A2EB1C3D0… ", "a2eb1c3d-0000"):
        assert meant(two, text) == FIRST
    with two.read() as connection:
        assert short_ids.any_id(connection, "a2eb1c3d1") == SECOND


def test_what_fits_two_names_them_so_that_they_can_be_told_apart(two):
    with pytest.raises(AmbiguousId) as caught:
        meant(two, "a2eb1c3d")
    assert str(caught.value) == "a2eb1c3d fits 2: job a2eb1c3d0 (one.pdf), job a2eb1c3d1 (two.pdf)."


def test_others_jobs_neither_help_nor_disturb(two):
    assert meant(two, "a2eb", "web:anna") == FIRST
    assert meant(two, "a2eb", "web:bert") == SECOND
    told = set()
    for text in ("a2eb", "b2eb"):  # one that others have, one that nobody has
        with pytest.raises(NotFound) as caught:
            meant(two, text, "web:carl")
        told.add(str(caught.value).replace(text, ""))
    assert len(told) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("f" * 32, "There is no such job."),
        ("ffff", "No job begins with ffff."),
        ("a2e", "too short"),
        ("", "There is no such job: an id has 32"),
        ("a2eb%", "There is no such job: an id has 32"),
        ("a2eb\0", "There is no such job: an id has 32"),
        ("a" * 33, "There is no such job: an id has 32"),
    ],
)
def test_what_fits_none_says_so_in_a_sentence(two, text, said):
    with pytest.raises(NotFound, match=said):
        meant(two, text)


def test_many_that_fit_are_not_all_listed(database):
    for number in range(7):
        add_job(database, id=f"abcd{number}" + "0" * 27)
    with pytest.raises(AmbiguousId, match="abcd fits more than 5: job abcd0000 "):
        meant(database, "abcd")
