"""A worker that ends gives back what it holds: due at once, and as if it had never been claimed."""

from __future__ import annotations

import pytest

from dragoman.db.ledgers import jobs, lease
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.queries.due_rows import take_unrung
from dragoman.domain.job import RowState
from dragoman.domain.retry import WORKER_LOST_ATTEMPTS
from dragoman.errors import LeaseLost
from tests.rows import add_job, claim_job, row


@pytest.fixture
def task(monkeypatch):
    """The name of the task that claims."""
    token = lease.holder.set("first")
    yield "first"
    lease.holder.reset(token)


@pytest.fixture
def leaving(monkeypatch):
    monkeypatch.setattr(lease, "_leaving", True)


def is_fresh(database, job_id):
    job = row(database, JOBS, job_id)
    with database.write() as connection:
        is_rung_for = job_id in [one.id for one in take_unrung(connection, JOBS, 10)]
    return is_rung_for and (job["state"], job["attempts"], job["losses"]) == (RowState.READY, 0, 0)


def test_whoever_leaves_gives_the_row_back_at_the_next_check(database, leaving):
    job_id = add_job(database)
    for _ in range(WORKER_LOST_ATTEMPTS + 1):  # deploys are no trouble of the job's
        with pytest.raises(lease.Leaving), lease.attempt(database, jobs.LEDGER, job_id) as held:
            held.check()
    assert is_fresh(database, job_id)


def test_whoever_has_lost_the_row_leaves_it_alone(database, leaving):
    job_id = add_job(database)
    with pytest.raises(LeaseLost), lease.attempt(database, jobs.LEDGER, job_id) as held:
        with database.write() as connection:
            jobs.cancel(connection, job_id)
        held.check()
    assert row(database, JOBS, job_id)["state"] == RowState.CANCELLED


def test_a_stage_that_has_no_check_left_is_finished(database, leaving):
    job_id = add_job(database)
    with lease.attempt(database, jobs.LEDGER, job_id) as held, database.write() as connection:
        jobs.finish_stage(connection, held, f"jobs/{job_id}/extract/1.json")
    assert row(database, JOBS, job_id)["stage"] == "translate"


def test_the_row_of_a_task_that_is_ended_is_handed_back_for_it(database, task):
    job_id = add_job(database)
    for _ in range(WORKER_LOST_ATTEMPTS + 1):
        held = claim_job(database, job_id)
        assert lease.hand_back(database, jobs.LEDGER, job_id, task)
        with pytest.raises(LeaseLost):
            held.renew()
    assert is_fresh(database, job_id)


def test_a_row_that_another_task_holds_is_not_handed_back(database, task):
    job_id = add_job(database)
    held = claim_job(database, job_id)
    assert not lease.hand_back(database, jobs.LEDGER, job_id, "another")
    held.renew()
