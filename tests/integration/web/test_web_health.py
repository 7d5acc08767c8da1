from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from dragoman.adapters import queues
from dragoman.adapters.storage import open_store
from dragoman.app.intake import Intake
from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.db.ledgers import lease
from dragoman.db.records import counters, process_registry
from dragoman.domain.job import Stage
from dragoman.errors import EncryptedPdf, EngineUnavailable
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from ingress.web.app import make_app
from ingress.web.monitoring.broker import CeleryBroker
from tests.fakes import RecordingDoorbell
from tests.integration.web.conftest import (
    ANNA,
    DEADLINE_S,
    PDF,
    RESULT,
    Client,
    Worker,
    serving,
    until,
)
from tests.patience import patience
from tests.servers.redis import Redis

ROOT = Path(__file__).parents[3]
RUN = (
    "from dragoman.settings import Settings; from ingress.web.app import run;"
    " run(Settings.from_env())"
)


def test_ready_when_database_and_store_keep_what_they_get(client: Client, store: BlobStore) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    answer = client.get("/readyz")
    assert answer.status == 200
    assert answer.json == {
        "status": "ready",
        "database": "reachable",
        "store": "writable",
        "broker": "unknown",
        "notice": None,
    }
    assert list(store.keys("probes/")) == []


def test_not_ready_with_the_schema_of_another_version(
    settings: Settings, tmp_path: Path, store: BlobStore, doorbell: RecordingDoorbell
) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with serving(make_app(settings, Intake(empty, store, doorbell, settings))) as port:
        answer = Client(port).get("/readyz")
    empty.close()
    assert answer.status == 503
    assert "dragoman db upgrade" in answer.json["detail"]


def test_not_ready_where_the_database_takes_no_rows(
    settings: Settings, database: Database, store: BlobStore, doorbell: RecordingDoorbell
) -> None:
    file = database.url.removeprefix("sqlite:///")
    read_only = Database(f"sqlite:///file:{file}?mode=ro&uri=true")
    with serving(make_app(settings, Intake(read_only, store, doorbell, settings))) as port:
        answer = Client(port).get("/readyz")
    read_only.close()
    assert (answer.status, answer.json["code"]) == (503, "database_unavailable")


def test_metrics_count_the_ledgers(client: Client, worker: Worker, database: Database) -> None:
    ids = [client.upload().json["job_id"] for _ in range(3)]
    worker.all(ids[0])
    worker.fail(ids[1], EncryptedPdf())
    held = worker.advance_to(ids[2], Stage.TRANSLATE)
    with database.write() as connection:
        held.give_back(connection, 0.0, EncryptedPdf())
    with database.write() as connection:
        process_registry.beat(connection, "worker@test")
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    lines = answer.body.decode().splitlines()
    for line in (
        'dragoman_jobs{stage="reconstruct",state="done"} 1.0',
        'dragoman_jobs{stage="extract",state="dead"} 1.0',
        'dragoman_jobs{stage="translate",state="ready"} 1.0',
        'dragoman_ledger_open{ledger="jobs"} 1.0',
        'dragoman_ledger_due{ledger="jobs"} 1.0',
        'dragoman_ledger_dead{ledger="jobs"} 1.0',
        'dragoman_ledger_open{ledger="outbox"} 0.0',
        'dragoman_ledger_oldest_due_seconds{ledger="outbox"} 0.0',
    ):
        assert line in lines
    age = next(
        line
        for line in lines
        if line.startswith('dragoman_heartbeat_age_seconds{service="worker@test"}')
    )
    assert 0 <= float(age.rpartition(" ")[2]) < DEADLINE_S
    assert "anna" not in answer.body.decode()


def test_process_takes_uploads_without_a_broker_and_ends_on_sigterm_with_streams_open(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    """The broker's port is closed, and the port of the web is found by asking the kernel for
    one that is free.
    """
    schema.upgrade(database)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DRAGOMAN_DATA_DIR": str(settings.data_dir),
        "DRAGOMAN_SECRET_KEY": "a-secret-key-for-tests-only",
        "DRAGOMAN_API_TOKENS": f"anna:{ANNA}",
        "DRAGOMAN_BROKER_URL": "redis://127.0.0.1:1/0",
        "DRAGOMAN_WEB_LISTEN": f"127.0.0.1:{port}",
        "DRAGOMAN_LOG_FORMAT": "json",
    }
    log = tmp_path / "web.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN], cwd=ROOT, env=environment, stderr=stderr
        )
    try:
        client = Client(port)
        until(lambda: process.poll() is None and _answers(client), "the server is up")
        job = client.upload(target_lang="fr")
        assert job.status == 202
        until(
            lambda: client.get("/readyz").json["broker"] == "unreachable",
            "the broker was looked at",
        )
        assert "wait until it is back" in client.get("/readyz").json["notice"]
        page = job.json["page_url"]
        with client.events(f"{page}/events") as events:
            next(events)
            process.send_signal(signal.SIGTERM)
            assert process.wait(patience(DEADLINE_S)) == 0
            list(events)
    finally:
        process.kill()
        process.wait()
    logged = log.read_text()
    assert "web_stopped" in logged
    assert "Traceback" not in logged
    assert page.removeprefix("/j/") not in logged
    assert ANNA not in logged


def test_all_of_it_works_on_postgresql_and_s3_too(
    settings: Settings, postgresql_url: str, s3_url: str, doorbell: RecordingDoorbell
) -> None:
    database, store = Database(postgresql_url), open_store(s3_url)
    schema.upgrade(database)
    worker = Worker(database, store)
    with serving(make_app(settings, Intake(database, store, doorbell, settings))) as port:
        client = Client(port)
        assert client.get("/readyz").status == 200
        job_id = client.upload(headers={"Idempotency-Key": "one"}).json["job_id"]
        assert client.upload(headers={"Idempotency-Key": "one"}).json["job_id"] == job_id
        assert client.upload(PDF + b"2", headers={"Idempotency-Key": "one"}).status == 409
        worker.all(job_id)
        status = client.get(f"/api/v1/status/{job_id}", ANNA).json
        assert client.ask("POST", status["result_url"]).body == RESULT
        metrics = client.get("/metrics").body.decode()
        assert 'dragoman_jobs{stage="reconstruct",state="done"} 1.0' in metrics
        assert 'dragoman_ledger_oldest_due_seconds{ledger="jobs"} 0.0' in metrics
        assert client.ask("DELETE", f"/api/v1/jobs/{job_id}", ANNA).status == 204
        assert client.get(status["page_url"]).status == 410
    assert list(store.keys("jobs/")) == []
    database.close()


def test_numbers_of_the_mail_door_are_told(client: Client, database: Database) -> None:
    facts = {"replies": {"250 2.0.0": 7}, "dropped": {"list": 2}, "refused": {"unauthenticated": 1}}
    with database.write() as connection:
        process_registry.beat(connection, "smtp@host", facts)
    metrics = client.get("/metrics").body.decode()
    assert 'dragoman_mail_replies_total{code="250 2.0.0",service="smtp@host"} 7.0' in metrics
    assert 'dragoman_mail_dropped_total{reason="list",service="smtp@host"} 2.0' in metrics
    assert (
        'dragoman_mail_refused_total{reason="unauthenticated",service="smtp@host"} 1.0' in metrics
    )


def test_metrics_tell_how_each_process_is(client: Client, database: Database) -> None:
    facts = {
        "cpu_s": 1.5,
        "rss_bytes": 1000,
        "silent_s": 3.0,
        "deaf": False,
        "tasks": {"pipeline.extract": 4},
    }
    with database.write() as connection:
        process_registry.pulse(
            connection, "worker@one", 7, {**facts, "disk_free_bytes": {"data": 5000}}
        )
        process_registry.pulse(connection, "worker@one", 8, facts)
        process_registry.pulse(connection, "sweeper@one", 9, {"lag_s": 2.0, "sweeps": 11})
    lines = client.get("/metrics").body.decode().splitlines()
    for line in (
        'dragoman_process_cpu_seconds_total{pid="7",service="worker@one"} 1.5',
        'dragoman_process_resident_memory_bytes{pid="8",service="worker@one"} 1000.0',
        'dragoman_worker_deaf{pid="7",service="worker@one"} 0.0',
        'dragoman_tasks_taken_total{pid="7",service="worker@one",task="pipeline.extract"} 4.0',
        'dragoman_disk_free_bytes{folder="data",pid="7",service="worker@one"} 5000.0',
        'dragoman_sweeper_lag_seconds{pid="9",service="sweeper@one"} 2.0',
        'dragoman_sweeper_sweeps_total{pid="9",service="sweeper@one"} 11.0',
    ):
        assert line in lines
    ages = [line for line in lines if line.startswith("dragoman_pulse_age_seconds{")]
    assert len(ages) == 3


def test_metrics_tell_what_was_done(client: Client, worker: Worker, database: Database) -> None:
    job_id = client.upload().json["job_id"]
    held = worker.advance_to(job_id, Stage.TRANSLATE)
    lease.record(held, EngineUnavailable())
    with database.write() as connection:
        for seconds in (0.2, 0.3, 1000.0):
            counters.observe(
                connection, counters.STAGE_SECONDS, seconds, stage="extract", engine="pseudo"
            )
        counters.add(connection, counters.CHARACTERS_BILLED, 1234, engine="deepl")
    lines = client.get("/metrics").body.decode().splitlines()
    for line in (
        'dragoman_stage_seconds_bucket{engine="pseudo",le="0.1",stage="extract"} 0.0',
        'dragoman_stage_seconds_bucket{engine="pseudo",le="0.25",stage="extract"} 1.0',
        'dragoman_stage_seconds_bucket{engine="pseudo",le="600.0",stage="extract"} 2.0',
        'dragoman_stage_seconds_bucket{engine="pseudo",le="+Inf",stage="extract"} 3.0',
        'dragoman_stage_seconds_sum{engine="pseudo",stage="extract"} 1000.5',
        'dragoman_characters_billed_total{engine="deepl"} 1234.0',
        'dragoman_retries_total{code="engine_unavailable",ledger="jobs"} 1.0',
    ):
        assert line in lines


def _answers(client: Client) -> bool:
    try:
        return client.get("/healthz").status == 200
    except OSError:
        return False


def test_broker_is_looked_at_without_being_waited_for(redis_server: Redis) -> None:
    """A broker that hangs must not make the probe hang."""
    broker = CeleryBroker(queues.make_app(Settings.from_env(broker_url=redis_server.url)))
    assert broker.state() == "unknown"
    until(lambda: broker.state() == "reachable", "the broker was looked at")
    until(
        lambda: set(broker.messages()) == {*queues.WORKER_QUEUES, queues.DELIVERY},
        "the queues were counted",
    )
    broker.close()
