"""A real worker, and a sender whose files take all of it: nobody else waits for them, and what
is told of waiting is true.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import psutil
import pytest

from dragoman.adapters import queues
from dragoman.db.ledgers import jobs
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.queries import history, turns
from dragoman.domain.job import RowState
from dragoman.domain.turns import Places
from pipeline.sandbox.client import LONG_S, NICE
from tests.fake_deepl import KEY, FakeDeepL
from tests.hostile import HOSTILE
from tests.patience import patience
from tests.pdfs import LOREM, make
from tests.rows import add_job, row
from tests.servers.process import wait_until

BOMBER, OTHER = "eve@one.test", "bea@two.test"
ANSWERED_WITHIN_S = 30.0


@pytest.fixture
def deepl() -> Iterator[FakeDeepL]:
    with FakeDeepL() as server:
        yield server


@pytest.fixture
def app(settings, database, store, redis_server, deepl, monkeypatch) -> queues.Celery:
    """What rings the processes that are started from now on."""
    chosen = {
        "data_dir": settings.data_dir,
        "secret_key": "a-secret-key-for-tests-only",
        "database_url": database.url,
        "storage_url": settings.storage,
        "broker_url": redis_server.url,
        "engine": "deepl",
        "deepl_auth_key": KEY,
        "deepl_server_url": deepl.url,
        "worker_concurrency": 2,
    }
    for name, value in chosen.items():
        monkeypatch.setenv(f"DRAGOMAN_{name.upper()}", str(value))
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    return queues.make_app(type(settings).from_env())


@pytest.fixture
def worker(app) -> Iterator[int]:
    """A worker of two places, with a sweeper beside it; its process id."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "dragoman", name],
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        for name in ("worker", "sweeper")
    ]
    yield started[0].pid
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def send(app, database, store, owner: str, content: bytes) -> str:
    """A job that is accepted and rung for."""
    job_id = add_job(database, owner=owner)
    store.put(f"jobs/{job_id}/source.pdf", BytesIO(content))
    queues.send(app, queues.EXTRACT_AND_TRANSLATE, job_id)
    return job_id


def state(database, job_id: str) -> str:
    return str(row(database, JOBS, job_id)["state"])


def running(database, ids: list[str]) -> int:
    return sum(state(database, job_id) == RowState.RUNNING for job_id in ids)


def niceness(worker: int) -> set[int]:
    """How far the worker's processes give way to others: those that have worked for long."""
    found = set()
    for one in psutil.Process(worker).children(recursive=True):
        with suppress(psutil.Error):  # it has ended meanwhile
            if sum(one.cpu_times()[:2]) > LONG_S / 2:
                found.add(one.nice())
    return found


def unheard_of(folder: Path) -> bytes:
    """A page that nobody has paid for before."""
    words = (
        f"The visitor with ticket {uuid.uuid4().hex} wanted a window seat in the morning train."
        f" {LOREM}"
    )
    return make(folder / "page.pdf", words).read_bytes()


def test_six_hostile_files_of_one_sender_keep_no_other_sender_waiting(
    app, worker, database, store, tmp_path
):
    bombs = [send(app, database, store, BOMBER, HOSTILE["doubling forms"]()) for _ in range(6)]
    wait_until(lambda: running(database, bombs) == 2, 60, "the bombs have all usual places")
    page = make(tmp_path / "page.pdf", LOREM).read_bytes()
    began = time.monotonic()
    other = send(app, database, store, OTHER, page)
    wait_until(
        lambda: state(database, other) == RowState.DONE,
        ANSWERED_WITHIN_S,
        "the other's page is translated",
    )
    assert time.monotonic() - began < patience(ANSWERED_WITHIN_S)
    assert running(database, bombs) == 2  # they go on, no more of them and no fewer
    assert sum(row(database, JOBS, job_id)["epoch"] for job_id in bombs) == 2
    wait_until(lambda: NICE in niceness(worker), 30, "what takes long gives way")


@pytest.mark.more
def test_what_is_told_of_waiting_is_true_to_a_factor_of_two(
    app, worker, database, store, deepl, tmp_path
):
    deepl.latency_s = 3.0
    learned = [send(app, database, store, BOMBER, unheard_of(tmp_path)) for _ in range(4)]
    wait_until(
        lambda: all(state(database, one) == RowState.DONE for one in learned),
        60,
        "there is a history",
    )
    sent = [send(app, database, store, BOMBER, unheard_of(tmp_path)) for _ in range(8)]
    sent += [send(app, database, store, OTHER, unheard_of(tmp_path)) for _ in range(2)]
    asked_at = time.time()
    with database.read() as connection:
        waiting = [one for one in sent if not turns.is_next(connection, JOBS, one, Places(2, 1))]
        told = {one: history.eta_s(connection, jobs.by_id(connection, one)) for one in waiting}
    wait_until(
        lambda: all(state(database, one) == RowState.DONE for one in sent), 120, "all are done"
    )
    took = {one: row(database, JOBS, one)["ended_at"] - asked_at for one in sent}
    assert len(waiting) >= 5
    assert {
        one: (told[one], took[one])
        for one in waiting
        if not took[one] / 2 <= told[one] <= took[one] * 2
    } == {}
