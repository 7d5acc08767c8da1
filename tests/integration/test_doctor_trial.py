"""How a live trial follows its job, and that it takes it away however it ended."""

from __future__ import annotations

import pytest

from dragoman.db.ledgers import jobs, lease
from dragoman.db.ledgers.jobs import JOBS
from dragoman.errors import QuotaUsedUp
from ops.doctor.live import plan as live
from tests.rows import add_job, claim_job, row


@pytest.fixture
def here(settings, database, store):
    return live.Site(settings, database, store)


def test_a_job_that_failed_is_told_and_taken_away(here, database) -> None:
    job_id = add_job(database, filename="dragoman-live-0001.pdf")
    lease.bury(claim_job(database, job_id), QuotaUsedUp())
    with pytest.raises(live.LiveTrialFailed, match=f"{job_id[:8]} ended with quota_used_up"):
        live.await_job(here, "dragoman-live-0001.pdf", 5.0, "lost")
    live.forget_file(here, "dragoman-live-0001.pdf")
    live.forget_file(here, "dragoman-live-0001.pdf")  # there is none any more
    assert row(database, JOBS, job_id)["purged_at"]


def test_a_job_that_hangs_is_told_with_where(here, database) -> None:
    job_id = add_job(database, filename="dragoman-live-0002.pdf")
    held = claim_job(database, job_id)
    with database.write() as connection:
        jobs.show_progress(connection, held, 0.5)
    with pytest.raises(live.LiveTrialFailed, match=f"{job_id[:8]}, EXTRACTING at 5 percent"):
        live.await_job(here, "dragoman-live-0002.pdf", 0.6, "lost")


def test_a_job_that_never_came_is_told(here) -> None:
    with pytest.raises(live.LiveTrialFailed, match=r"lost \(after 0 s\)"):
        live.await_job(here, "dragoman-live-0003.pdf", 0.1, "lost")
