"""What gave up in any of the three ledgers is listed, and lives again."""

from __future__ import annotations

import pytest

from dragoman.adapters import queues
from dragoman.db.ledgers import inbox, jobs, lease, outbox
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.queries import dead_letters
from dragoman.domain.job import RowState, Stage
from dragoman.errors import Conflict, EngineKeyRejected, NotFound, OutboundRefused, QuotaUsedUp
from tests.rows import add_job, add_message, claim_job, complete, deliveries, message_with_jobs, row

TRACE = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"


def bury(database, ledger, row_id, error):
    held = lease.claim(database, ledger, row_id, 60.0)
    assert held is not None
    lease.bury(held, error)


def dead_delivery(database, **values):
    with database.write() as connection:
        row_id = outbox.owe(
            connection,
            owner="0" * 32,
            run=1,
            kind=outbox.Kind.FINAL,
            channel="email",
            traceparent=TRACE,
            **values,
        )
    bury(database, outbox.LEDGER, row_id, OutboundRefused(detail="550 no"))
    return row_id


def letters(database, **which):
    with database.read() as connection:
        return dead_letters.listed(connection, **which)


def test_lists_all_three_ledgers_with_class_stage_and_trace(database):
    job_id, message_id = add_job(database, traceparent=TRACE), add_message(database)
    bury(database, jobs.LEDGER, job_id, EngineKeyRejected(detail="403"))
    bury(database, inbox.LEDGER, message_id, QuotaUsedUp())
    delivery_id = dead_delivery(database)
    found = {letter.id: letter for letter in letters(database)}
    assert {letter.what for letter in found.values()} == {"job", "message", "delivery"}
    assert (found[job_id].of, found[message_id].of) == (None, None)
    assert found[delivery_id].of == row(database, OUTBOX, delivery_id)["owner"]
    letter = found[job_id]
    assert (letter.stage, letter.code, letter.attempts) == (
        Stage.EXTRACT,
        "engine_key_rejected",
        1,
    )
    assert (letter.trace_id, letter.detail) == ("0123456789abcdef0123456789abcdef", "403")
    assert [one.id for one in letters(database, code="outbound_refused")] == [delivery_id]
    assert len(letters(database, limit=2)) == 2


def test_message_is_opened_again_as_a_new_run(intake, doorbell):
    message_id = add_message(intake.database)
    bury(intake.database, inbox.LEDGER, message_id, QuotaUsedUp())
    intake.retry(message_id)
    assert doorbell.rings == [(queues.OPEN_OF["email"], message_id)]
    with intake.opened(message_id) as held:
        assert (held.row.run, held.row.error_code, held.attempt) == (2, None, 1)
        intake.answer(held, {"reason": "no_pdf"})
    assert sorted(found["run"] for found in deliveries(intake.database, message_id)) == [1, 2]


def test_delivery_is_sent_again_and_still_looked_for_first(intake, doorbell):
    row_id = dead_delivery(intake.database)
    with intake.database.write() as connection:
        connection.execute(OUTBOX.update().values(maybe_sent=1))
    intake.retry(row_id)
    assert doorbell.rings == [(queues.DELIVER, "0" * 32)]
    held = lease.claim(intake.database, outbox.LEDGER, row_id, 60.0)
    assert held.row.maybe_sent == 1


def test_only_what_gave_up_lives_again(intake):
    message_id, [job_id] = message_with_jobs(intake.database, 1)
    complete(intake.database, job_id)
    [final] = deliveries(intake.database, message_id)
    for row_id in (message_id, job_id, final["id"]):
        with pytest.raises(Conflict):
            intake.retry(row_id)
    with pytest.raises(NotFound):
        intake.retry("f" * 32)


def test_job_begins_anew_from_the_start(intake):
    job_id = add_job(intake.database)
    held = claim_job(intake.database, job_id)
    with intake.database.write() as connection:
        jobs.finish_stage(
            connection, held, "jobs/1/extract/1.json", engine="deepl", pages=3, characters_billed=7
        )
    bury(intake.database, jobs.LEDGER, job_id, QuotaUsedUp())
    intake.retry(job_id, from_start=True)
    now = row(intake.database, JOBS, job_id)
    assert (now["stage"], now["artifact"], now["engine"], now["progress"]) == (
        Stage.EXTRACT,
        None,
        None,
        0,
    )
    assert (now["characters_billed"], now["run"]) == (7, 2)


def test_one_error_class_is_tried_again_at_once(intake, doorbell):
    wanted, other = [add_job(intake.database) for _ in range(3)], add_job(intake.database)
    for job_id in wanted:
        bury(intake.database, jobs.LEDGER, job_id, QuotaUsedUp())
    bury(intake.database, jobs.LEDGER, other, EngineKeyRejected())
    assert sorted(intake.retry_dead("quota_used_up", 100)) == sorted(wanted)
    assert sorted(row_id for _, row_id in doorbell.rings) == sorted(wanted)
    assert row(intake.database, JOBS, other)["state"] == RowState.DEAD
    assert intake.retry_dead(None, 100) == [other]


def test_message_that_was_forgotten_is_no_letter(database):
    message_id = add_message(database)
    bury(database, inbox.LEDGER, message_id, QuotaUsedUp())
    with database.write() as connection:
        connection.execute(INBOX.update().values(purged_at=1.0))
    assert letters(database) == []
