"""The audit trail: each deed once, with who and from where, in the transaction that does it;
and no word of a document.
"""

from __future__ import annotations

import pytest

from dragoman.app import audit_trail, retention
from dragoman.db.clock import now_s
from dragoman.db.ledgers import jobs
from dragoman.db.records import audit
from dragoman.db.records.audit import AUDIT, Wanted
from dragoman.domain.actors import Action, acting
from dragoman.domain.job import WaitingFor
from dragoman.errors import QuotaUsedUp
from dragoman.telemetry import hashed
from pipeline.attempt.context import Context
from pipeline.worker import maintenance
from tests import row_values
from tests.rows import add_job, claim_job, row

ANN, BEA = "ann@example.org", "slack:T1:U1"


def entries(database, **wanted):
    with database.read() as connection:
        return audit.listed(connection, Wanted(**wanted))


def told(database, **wanted):
    """Who did what by which channel, oldest first."""
    return [
        (one["action"], one["who"], one["channel"]) for one in reversed(entries(database, **wanted))
    ]


def test_each_deed_is_put_on_record_once(intake, database):
    job_id = add_job(database, owner=ANN)
    held = claim_job(database, job_id)
    with database.write() as connection:
        jobs.wait(connection, held, WaitingFor.APPROVAL, 60)
    with acting("slack", BEA):
        assert intake.approve(job_id)
        assert not intake.approve(job_id)
    with acting("web", "web:anna", "192.0.2.7"):
        assert intake.cancel(job_id)
        assert not intake.cancel(job_id)
        intake.retry(job_id)
        audit_trail.downloaded(database, row_values.job(row(database, jobs.JOBS, job_id)))
    with acting("command", "root"):
        assert intake.purge(job_id)
        assert intake.purge(job_id)
    assert told(database) == [
        ("sent", ANN, "web"),
        ("approved", BEA, "slack"),
        ("cancelled", "web:anna", "web"),
        ("retried", "web:anna", "web"),
        ("downloaded", "web:anna", "web"),
        ("cancelled", "root", "command"),
        ("deleted", "root", "command"),
    ]
    assert {one["job_id"] for one in entries(database)} == {job_id}
    assert [one["address"] for one in entries(database, action=Action.RETRIED)] == ["192.0.2.7"]
    assert {one["owner"] for one in entries(database)} == {ANN}


def test_what_is_not_done_is_not_on_record(intake, database):
    job_id = add_job(database)
    with pytest.raises(RuntimeError), database.write() as connection:
        jobs.cancel(connection, job_id)
        raise RuntimeError
    assert told(database) == [("sent", "web:tests", "web")]


def test_it_holds_no_word_of_a_document(intake, database):
    job_id = add_job(database, owner=ANN, filename="Redundancy plan.pdf")
    intake.cancel(job_id)
    assert "Redundancy" not in repr(entries(database))
    assert set(AUDIT.c.keys()) == {
        "id",
        "at",
        "action",
        "channel",
        "job_id",
        "owner",
        "who",
        "address",
    }


def test_filters(intake, database):
    one, other = add_job(database, owner=ANN), add_job(database, owner=BEA, channel="slack")
    with acting("command", "root"):
        intake.cancel(one)
    with database.read() as connection:
        soon = connection.scalar(AUDIT.select().with_only_columns(now_s())) + 60
    assert told(database, who="ROOT") == [("cancelled", "root", "command")]
    assert len(entries(database, owner=ANN.upper())) == 2
    assert told(database, job_id=other) == [("sent", BEA, "slack")]
    assert told(database, channel="slack") == [("sent", BEA, "slack")]
    assert entries(database, since=soon) == []
    assert len(entries(database, limit=1)) == 1


def test_what_the_retention_time_deletes_was_asked_for_by_nobody(intake, database, store):
    job_id = add_job(database)
    assert retention.purge_job(database, store, job_id)
    assert told(database, action=Action.DELETED) == [("deleted", None, "system")]


def test_a_sender_who_is_forgotten_has_a_hash_for_a_name(intake, database, store):
    add_job(database, owner=ANN)
    with acting("command", "root", "192.0.2.9"):
        retention.purge_sender(database, store, "Ann@Example.org".lower())
    assert ANN not in repr(entries(database))
    assert {one["owner"] for one in entries(database)} == {hashed(ANN)}
    assert {one["address"] for one in entries(database)} == {None}


def test_entries_are_kept_for_as_long_as_is_set(settings, database, store):
    add_job(database)
    add_job(database)
    context = Context(settings.model_copy(update={"audit_days": 30}), database, store)
    first = entries(database)[-1]["id"]
    with database.write() as connection:
        connection.execute(
            AUDIT.update().where(AUDIT.c.id == first).values(at=now_s() - 31 * 86_400)
        )
    maintenance.clean_up(context)
    assert [one["id"] for one in entries(database) if one["action"] == "sent"] == [first + 1]


def test_a_retry_of_many_is_one_entry_each(intake, database):
    from dragoman.db.ledgers import lease

    ids = [add_job(database) for _ in range(3)]
    for job_id in ids:
        lease.bury(claim_job(database, job_id), QuotaUsedUp())
    with acting("command", "root"):
        intake.retry_dead(None, 10)
    assert {one["job_id"] for one in entries(database, action=Action.RETRIED)} == set(ids)
