"""`dragoman jobs` on a data folder, with a real broker that it rings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from dragoman import queues
from dragoman.cli import app
from dragoman.db import jobs, lease
from dragoman.errors import EngineKeyRejected, NotFound, QuotaUsedUp
from tests.rows import add_job, claim_job, complete, row
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
        return [json.loads(message)["headers"]["argsrepr"] for message in client.lrange(queue, 0, -1)]


def test_retry_rings_at_once_and_tells_of_the_job(command, database, redis_server):
    job_id = bury(database, QuotaUsedUp())
    told = command("retry", job_id)
    assert (told["job_id"], told["retried"]) == (job_id, [job_id])
    assert rung(redis_server, queues.EXTRACTION) == [f"('{job_id}',)"]
    assert row(database, jobs.JOBS, job_id)["run"] == 2


def test_retry_of_one_error_class(command, database):
    wanted = {bury(database, QuotaUsedUp()) for _ in range(2)}
    other = bury(database, EngineKeyRejected())
    assert [letter["id"] for letter in command("dead", "--error", "engine_key_rejected")["dead"]] == [other]
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
    assert "Name ids" in command("retry")
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
