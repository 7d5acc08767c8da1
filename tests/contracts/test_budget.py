"""What one sender may use, and what a document will cost."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from io import BytesIO

import pytest
from structlog.testing import capture_logs

from dragoman.app import quotas
from dragoman.app.quotas import TeamLimitReached
from dragoman.db.ledgers.jobs import JOBS
from dragoman.errors import LimitReached, QuotaUsedUp
from dragoman.telemetry import hashed
from pipeline.attempt.context import Context
from pipeline.worker.tasks import perform
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
        quotas.check_jobs(connection, settings, SENDER, adding)


def work(database, settings, pages=1, characters=1):
    with database.read() as connection:
        quotas.check_work(connection, settings, SENDER, pages, characters)


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


TEAMS = {
    "mail": ("ana@example.org", "Bob@Example.ORG", "eve@example.com"),
    "slack": ("slack:T1:U1", "slack:T1:U2", "slack:T2:U1"),
}


@pytest.mark.parametrize(("one", "mate", "stranger"), TEAMS.values(), ids=list(TEAMS))
def test_a_team_shares_its_limits_and_strangers_do_not_count(
    database, limited, one, mate, stranger
):
    add_job(database, owner=one, pages=30, characters_billed=900)
    add_job(database, owner=stranger, pages=30, characters_billed=900)
    settings = limited(team_jobs_per_day=2, team_pages_per_day=40, team_characters_per_month=1000)
    with database.read() as connection:
        quotas.check_jobs(connection, settings, mate, 1)
        quotas.check_work(connection, settings, mate, 10, 100)
        for used_up in (
            lambda: quotas.check_jobs(connection, settings, mate, 2),
            lambda: quotas.check_work(connection, settings, mate, 11, 0),
            lambda: quotas.check_work(connection, settings, mate, 0, 101),
        ):
            with pytest.raises(TeamLimitReached, match="one team"):
                used_up()


def test_a_team_still_counts_what_was_forgotten_and_a_token_has_none(database, limited):
    job_id = add_job(database, owner=SENDER)
    change(database, JOBS, job_id, owner=hashed(SENDER))
    add_job(database, owner="web:ci")
    settings = limited(team_jobs_per_day=1)
    with database.read() as connection:
        with pytest.raises(TeamLimitReached):
            quotas.check_jobs(connection, settings, SENDER, 1)
        quotas.check_jobs(connection, settings, "web:ci", 100)


def test_admin_is_warned_at_80_percent_of_a_team_too(database, limited):
    add_job(database, owner=SENDER, pages=70)
    with capture_logs() as logs:
        work(database, limited(team_pages_per_day=100), 10)
    [warning] = logs
    assert (warning["event"], warning["what"], warning["used"]) == (
        "budget_nearly_used",
        "pages",
        80,
    )
    assert warning["team"] == hashed("@example.org")


def test_admin_is_warned_at_80_percent_without_an_address(database, limited):
    with capture_logs() as logs:
        jobs(database, limited(sender_jobs_per_day=10), 7)
        assert logs == []
        jobs(database, limited(sender_jobs_per_day=10), 8)
    [warning] = logs
    assert (warning["event"], warning["used"], warning["sender"]) == (
        "budget_nearly_used",
        8,
        hashed(SENDER),
    )


def test_a_refused_document_is_no_use_of_the_budget(database, limited):
    add_job(database, owner=SENDER, characters_billed=36_079)
    with capture_logs() as logs, pytest.raises(LimitReached) as refused:
        work(database, limited(sender_characters_per_month=60_000), 30, 30_195)
    [warning] = logs
    assert (warning["event"], warning["used"], warning["needed"]) == (
        "budget_used_up",
        36_079,
        30_195,
    )
    assert "60,000 characters a month" in str(refused.value)
    assert "36,079 were used, and this needs 30,195 more." in str(refused.value)
    assert "next month" in refused.value.advice


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
        context = extract.context = Context(chosen.model_copy(update=limits), database, store)
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


@pytest.mark.more
def test_quota_is_looked_at_before_anything_is_paid_for(extracting, database, deepl):
    deepl.character_limit = 500
    asked = extracting()
    assert (asked["stage"], asked["approval_reason"]) == ("translate", "budget")
    assert deepl.requests == []
    with database.write() as connection:
        connection.execute(JOBS.update().values(approved_at=1.0))
    with pytest.raises(QuotaUsedUp):
        perform(extracting.context, asked["id"], "translate")
    refused = row(database, JOBS, asked["id"])
    assert refused["error_code"] == "quota_used_up"
    assert "500 are left" not in (refused["error_message"] or "")
    assert "of 500 are left" in refused["error_detail"]
    assert deepl.requests == []


def test_sender_over_the_limit_gets_a_clear_answer(extracting):
    with pytest.raises(LimitReached):
        extracting(sender_pages_per_day=2)
    assert "At most 2 pages a day" in extracting.row["error_message"]


class TestWhen:
    """A limit says when there is room again."""

    def test_of_a_day_it_is_when_enough_jobs_are_a_day_old(self, database, limited):
        now = time.time()
        for hours in (23, 20, 1):
            job_id = add_job(database, owner=SENDER, pages=10)
            change(database, JOBS, job_id, created_at=now - hours * 3600)
        with pytest.raises(LimitReached) as refused:
            jobs(database, limited(sender_jobs_per_day=3), 2)
        assert refused.value.limit.again_at == pytest.approx(now + 4 * 3600, abs=60)
        with pytest.raises(LimitReached) as refused:
            work(database, limited(sender_pages_per_day=30), 5)
        assert refused.value.limit.again_at == pytest.approx(now + 3600, abs=60)
        at = datetime.fromtimestamp(refused.value.limit.again_at + 59, UTC)
        assert f"{at.day} {at:%B %Y, %H:%M} UTC" in refused.value.advice

    def test_of_a_month_it_is_the_first_of_the_next_one(self, database, limited):
        add_job(database, owner=SENDER, characters_billed=900)
        with pytest.raises(LimitReached) as refused:
            work(database, limited(sender_characters_per_month=1000), 1, 200)
        first = datetime.fromtimestamp(refused.value.limit.again_at, UTC)
        assert (first.day, first.hour, first.minute) == (1, 0, 0)
        assert 0 < refused.value.limit.again_at - time.time() <= 31 * 86400

    def test_what_is_more_than_the_whole_limit_never_fits_and_says_so(self, database, limited):
        with pytest.raises(LimitReached) as refused:
            work(database, limited(sender_pages_per_day=30), 31)
        assert refused.value.limit.again_at is None
        assert "waiting does not help" in refused.value.advice
