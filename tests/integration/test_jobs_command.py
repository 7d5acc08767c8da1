"""`dragoman jobs` on a data folder, with a real broker that it rings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from dragoman.adapters import queues
from dragoman.db.ledgers import jobs, lease, outbox
from dragoman.db.queries import arrivals, dead_letters, lists
from dragoman.domain.job import WaitingFor
from dragoman.errors import (
    AmbiguousId,
    Conflict,
    EngineKeyRejected,
    NotFound,
    QuotaUsedUp,
    UnsupportedOption,
)
from ops.cli import app, job_tables
from tests.rows import add_job, add_message, change, claim_job, complete, row
from tests.servers.redis import Redis


@pytest.fixture
def command(settings, database, redis_server: Redis, monkeypatch):
    """Run `dragoman jobs ...`; its JSON."""
    monkeypatch.setenv("DRAGOMAN_BROKER_URL", redis_server.url)
    monkeypatch.setenv("DRAGOMAN_ENGINE", "pseudo")

    def run(*words: str) -> Any:
        done = CliRunner().invoke(app, ["jobs", *words, "--data", str(settings.data_dir), "--json"])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return json.loads(done.stdout) if done.exit_code == 0 else done.stderr

    return run


def bury(database, error, **values) -> str:
    job_id = add_job(database, **values)
    lease.bury(claim_job(database, job_id), error)
    return job_id


def rung(redis_server: Redis, queue: str) -> list[str]:
    with redis_server.client() as client:
        return [
            json.loads(message)["headers"]["argsrepr"] for message in client.lrange(queue, 0, -1)
        ]


def test_retry_rings_at_once_and_tells_of_the_job(command, database, redis_server):
    job_id = bury(database, QuotaUsedUp())
    told = command("retry", job_id)
    assert (told["job_id"], told["retried"]) == (job_id, [job_id])
    assert rung(redis_server, queues.EXTRACTION) == [f"('{job_id}',)"]
    assert row(database, jobs.JOBS, job_id)["run"] == 2


def test_retry_of_one_error_class(command, database):
    wanted = {bury(database, QuotaUsedUp()) for _ in range(2)}
    other = bury(database, EngineKeyRejected())
    assert [
        letter["id"] for letter in command("dead", "--error", "engine_key_rejected")["dead"]
    ] == [other]
    assert set(command("retry", "--error", "quota_used_up")["retried"]) == wanted
    assert command("retry", "--all", "--from-start")["retried"] == [other]
    assert command("dead")["dead"] == []


def test_retry_works_without_a_broker(command, database, redis_server):
    job_id = bury(database, QuotaUsedUp())
    redis_server.stop()
    try:
        assert command("retry", job_id)["retried"] == [job_id]
    finally:
        redis_server.start()


def test_retry_wants_to_know_what(command):
    assert "Please give ids" in command("retry")
    with pytest.raises(NotFound):
        command("retry", "0" * 32)


def test_list_by_status_and_owner(command, database):
    failed, done = bury(database, QuotaUsedUp()), add_job(database, owner="web:ann")
    complete(database, done)
    fresh = add_job(database)
    assert [job["job_id"] for job in command("list", "--status", "failed")["jobs"]] == [failed]
    assert [job["job_id"] for job in command("list", "--owner", "web:ann")["jobs"]] == [done]
    assert [job["job_id"] for job in command("list", "--status", "PENDING")["jobs"]] == [fresh]
    assert "COMPLETED" in command("list", "--status", "nonsense")


def test_show_has_the_question_of_a_mail_s_job_beside_the_answer(command, database):
    message_id = add_message(database)
    job_id = add_job(database, message_id)
    with database.write() as connection:
        outbox.owe(connection, owner=job_id, run=1, kind=outbox.Kind.QUESTION, channel="email")
    with database.write() as connection:
        outbox.owe(connection, owner=message_id, run=1, kind=outbox.Kind.FINAL, channel="email")
    assert [one["kind"] for one in command("show", job_id)["deliveries"]] == ["question", "final"]


def test_lists_are_whole_where_there_is_no_terminal(settings, database, command):
    bury(
        database,
        QuotaUsedUp("It is used up. " + "Really. " * 30),
        filename="a-long-name-" * 8 + ".pdf",
    )
    for word, wanted in (("list", "a-long-name-" * 8 + ".pdf"), ("dead", "Really. " * 29)):
        said = CliRunner().invoke(app, ["jobs", word, "--data", str(settings.data_dir)]).stdout
        assert wanted in said


def test_show_says_warnings_in_words(settings, database, command):
    warning = {"code": "small_text", "page": 2, "message": "Some text was made smaller."}
    job_id = add_job(database)
    change(database, jobs.JOBS, job_id, warnings=[warning])
    said = (
        CliRunner().invoke(app, ["jobs", "show", job_id, "--data", str(settings.data_dir)]).stdout
    )
    assert "page 3: Some text was made smaller. (small_text)" in said


def test_show_names_pages_characters_and_the_estimated_price(settings, database, command):
    estimate = {
        "pages": 4,
        "characters": 630_667,
        "to_bill": 600_000,
        "price": 12.0,
        "currency": "EUR",
    }
    job_id = add_job(database)
    change(database, jobs.JOBS, job_id, **estimate, approval_reason="characters")
    said = (
        CliRunner().invoke(app, ["jobs", "show", job_id, "--data", str(settings.data_dir)]).stdout
    )
    for name, value in {**estimate, "approval_reason": "characters"}.items():
        assert f"{name:18} {value}" in said
    assert {name: command("show", job_id)[name] for name in estimate} == estimate


def test_list_says_what_a_job_waits_for(settings, database, command):
    job_id = add_job(database)
    held = claim_job(database, job_id)
    with database.write() as connection:
        held.wait(connection, WaitingFor.APPROVAL, 60)
    assert command("list")["jobs"][0]["waiting_for"] == "approval"
    assert (
        "waits for approval"
        in CliRunner().invoke(app, ["jobs", "list", "--data", str(settings.data_dir)]).stdout
    )
    command("approve", job_id)
    assert command("list")["jobs"][0]["waiting_for"] is None


def test_an_id_may_be_cut_short_everywhere(settings, command, database):
    job_id, other = (
        bury(database, QuotaUsedUp(), id="a2eb1c3d" + "0" * 24),
        add_job(database, id="a2eb" + "f" * 28),
    )
    assert command("show", "a2eb1c3d")["job_id"] == job_id
    assert command("retry", "a2eb1")["retried"] == [job_id]
    assert command("cancel", "a2eb1")["status"] == "CANCELLED"
    with pytest.raises(Conflict):
        command("approve", "a2eb1")
    with pytest.raises(AmbiguousId, match="a2eb fits 2"):
        command("cancel", "a2eb")
    done = CliRunner().invoke(app, ["purge", "--job", "a2ebf", "--data", str(settings.data_dir)])
    assert done.stdout == f"Forgot job {other}.\n"


def test_list_has_owner_error_and_time_and_goes_on_by_its_cursor(command, database):
    ids = [bury(database, QuotaUsedUp(detail="456")) for _ in range(3)]
    first = command("list", "--limit", "2", "--since", "1h", "--error", "quota_used_up")
    assert [job["job_id"] for job in first["jobs"]] == ids[:0:-1]
    assert (first["jobs"][0]["owner"], first["jobs"][0]["channel"]) == ("web:tests", "web")
    assert first["jobs"][0]["error"]["code"] == "quota_used_up"
    assert first["jobs"][0]["created_at"].endswith("+00:00")
    last = command("list", "--limit", "2", "--cursor", first["next"])
    assert ([job["job_id"] for job in last["jobs"]], last["next"]) == (ids[:1], None)
    assert command("dead", "--owner", "web:*", "--limit", "1")["dead"][0]["ended_at"].endswith(
        "+00:00"
    )
    with pytest.raises(UnsupportedOption, match="We do not understand the time “soon”"):
        command("list", "--since", "soon")


def test_tables_on_a_terminal_fit_it(database):
    job_id = bury(
        database,
        QuotaUsedUp(),
        owner="a-long-name@of-some-organisation.example.org",
        filename="x" * 90,
    )
    with database.read() as connection:
        found, letters = lists.jobs(connection, lists.Wanted()), dead_letters.listed(connection)
        known = arrivals.statuses(connection, found.rows)
    now = found.rows[0].created_at + 7300
    for lines in (
        job_tables.jobs_table(known, now, 80),
        job_tables.letters_table(letters, now, 80),
    ):
        assert max(map(len, lines)) <= 80
        assert lines[1].startswith(f"{job_id[:8]}  ")
        assert "2 h ago" in lines[1]
        assert lines[2].startswith("    quota_used_up: ")
