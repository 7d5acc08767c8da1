"""What one sender may use, and what a document will cost."""

from __future__ import annotations

from io import BytesIO

import pytest
from structlog.testing import capture_logs

from dragoman import budget
from dragoman.db.jobs import JOBS
from dragoman.errors import LimitReached, QuotaUsedUp
from dragoman.telemetry import hashed
from pipeline.context import Context
from pipeline.tasks import perform
from tests.fake_deepl import KEY, FakeDeepL
from tests.pdfs import long_pdf
from tests.rows import SENDER, add_job, change, row


@pytest.fixture
def limited(settings):
    """The settings with some limits."""

    def changed(**limits):
        return settings.model_copy(update=limits)

    return changed


def jobs(database, settings, adding=1):
    with database.read() as connection:
        budget.check_jobs(connection, settings, SENDER, adding)


def work(database, settings, pages=1, characters=1):
    with database.read() as connection:
        budget.check_work(connection, settings, SENDER, pages, characters)


def test_nothing_is_limited_at_first(database, settings):
    jobs(database, settings, 10**6)
    work(database, settings, 10**6, 10**9)


def test_jobs_a_day_count_the_forgotten_ones_too(database, limited):
    settings = limited(sender_jobs_per_day=3)
    add_job(database, owner=SENDER)
    add_job(database, owner=hashed(SENDER))
    add_job(database, owner="bob@example.org")
    old = add_job(database, owner=SENDER)
    change(database, JOBS, old, created_at=JOBS.c.created_at - 90_000)
    jobs(database, settings)
    with pytest.raises(LimitReached, match="2 were used"):
        jobs(database, settings, 2)


def test_pages_and_characters(database, limited):
    add_job(database, owner=SENDER, pages=30, characters_billed=900)
    settings = limited(sender_pages_per_day=40, sender_characters_per_month=1000)
    work(database, settings, 10, 100)
    with pytest.raises(LimitReached, match="pages a day"):
        work(database, settings, 11, 0)
    with pytest.raises(LimitReached, match="characters a month"):
        work(database, settings, 0, 101)


def test_admin_is_warned_at_80_percent_without_an_address(database, limited):
    with capture_logs() as logs:
        jobs(database, limited(sender_jobs_per_day=10), 7)
        assert logs == []
        jobs(database, limited(sender_jobs_per_day=10), 8)
    [warning] = logs
    assert (warning["event"], warning["used"], warning["sender"]) == ("budget_nearly_used", 8, hashed(SENDER))


@pytest.fixture
def deepl():
    with FakeDeepL() as server:
        yield server


@pytest.fixture
def extracting(settings, database, store, deepl):
    """Read a long document for DeepL; the job's row."""
    chosen = settings.model_copy(
        update={
            "engine": "deepl",
            "deepl_auth_key": type(settings.secret_key)(KEY),
            "deepl_server_url": deepl.url,
        }
    )

    def extract(**limits):
        job_id = add_job(database)
        store.put(f"jobs/{job_id}/source.pdf", BytesIO(long_pdf()))
        context = Context(chosen.model_copy(update=limits), database, store)
        try:
            perform(context, job_id, "extract")
        finally:
            extract.row = row(database, JOBS, job_id)
        return extract.row

    return extract


def test_estimate_is_in_the_row_and_minds_what_is_remembered(extracting, database, deepl):
    first = extracting()
    assert first["to_bill"] > 1000
    assert (first["remembered"], first["stage"]) == (0.0, "translate")
    assert deepl.requests == []


def test_quota_is_looked_at_before_anything_is_paid_for(extracting, deepl):
    deepl.character_limit = 500
    with pytest.raises(QuotaUsedUp):
        extracting()
    assert extracting.row["error_code"] == "quota_used_up"
    assert "500 are left" not in (extracting.row["error_message"] or "")
    assert "of 500 are left" in extracting.row["error_detail"]
    assert deepl.requests == []


def test_sender_over_the_limit_gets_a_clear_answer(extracting):
    with pytest.raises(LimitReached):
        extracting(sender_pages_per_day=2)
    assert "At most 2 pages a day" in extracting.row["error_message"]
