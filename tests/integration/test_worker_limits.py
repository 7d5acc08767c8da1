"""A real worker in trouble: an engine that hangs, time limits, cancelling, SIGTERM, a store
that loses what it had.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pymupdf
import pytest

from dragoman.adapters import queues
from dragoman.app.intake import Intake
from dragoman.db.engine import Database
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.queries.due_rows import take_unrung
from dragoman.domain.job import RowState
from dragoman.ports import BlobStore
from tests.fake_deepl import KEY, FakeDeepL
from tests.patience import patience
from tests.pdfs import long_pdf
from tests.rows import add_job, row
from tests.servers.process import wait_until
from tests.servers.redis import Redis

HANGS_S, SOON_S = 900.0, 15.0  # by the clock; at rest
# The worker with other time limits of a translation than the program has.
WORKER = """
import functools, os, signal, sys, time
from dragoman.domain.job import Stage
from dragoman.settings import Settings
from pipeline.worker import process, tasks
tasks.LIMITS[Stage.TRANSLATE] = (float(sys.argv[1]), float(sys.argv[2]))
if sys.argv[3:] == ["deaf"]:  # a library in C that never comes back to Python
    tasks.WORK_OF[Stage.TRANSLATE] = lambda _: (signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1}), time.sleep(900))
elif sys.argv[3:4] == ["hasty"]:
    process.Drain = functools.partial(process.Drain, grace_s=float(sys.argv[4]), leave_s=float(sys.argv[5]))
elif sys.argv[3:] == ["frozen"]:
    tasks.WORK_OF[Stage.TRANSLATE] = lambda _: os.kill(os.getpid(), signal.SIGSTOP)
process.run(Settings.from_env())
"""


def page(text: str) -> bytes:
    with pymupdf.open() as pdf:
        pdf.new_page().insert_text((72, 72), text)
        return bytes(pdf.tobytes())


class Bench:
    """A worker with one child, a hanging DeepL, and what goes on in the database."""

    def __init__(
        self, database: Database, store: BlobStore, app: queues.Celery, deepl: FakeDeepL
    ) -> None:
        self.database, self.store, self.app, self.deepl = database, store, app, deepl

    def start(self, soft_s: float, hard_s: float, *how: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", WORKER, str(soft_s), str(hard_s), *map(str, how)]
        return subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def begin(self, paragraphs: int = 10) -> str:
        """A job that is in the middle of a call that hangs."""
        job_id, asked = add_job(self.database), len(self.deepl.asked_at)
        self.store.put(f"jobs/{job_id}/source.pdf", BytesIO(long_pdf(paragraphs)))
        self.ring(job_id)
        wait_until(lambda: len(self.deepl.asked_at) > asked, 60, "the engine is asked")
        return job_id

    def ring(self, job_id: str) -> None:
        queues.send(self.app, queues.EXTRACT_AND_TRANSLATE, job_id)

    def await_state(self, job_id: str, state: RowState, within_s: float = 60) -> dict:
        wait_until(
            lambda: row(self.database, JOBS, job_id)["state"] == state,
            within_s,
            f"the job is {state}",
        )
        return row(self.database, JOBS, job_id)


@pytest.fixture
def bench(settings, sqlite_database, store, redis_server: Redis, monkeypatch) -> Iterator[Bench]:
    with FakeDeepL(latency_s=HANGS_S) as deepl:
        chosen = {
            "data_dir": settings.data_dir,
            "secret_key": "a-secret-key-for-tests-only",
            "broker_url": redis_server.url,
            "engine": "deepl",
            "deepl_auth_key": KEY,
            "deepl_server_url": deepl.url,
            "worker_concurrency": 1,
            "lease_s": patience(3),
        }
        for name, value in chosen.items():
            monkeypatch.setenv(f"DRAGOMAN_{name.upper()}", str(value))
        monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
        app = queues.make_app(type(settings).from_env())
        yield Bench(sqlite_database, store, app, deepl)


@pytest.fixture
def run(bench: Bench) -> Iterator[object]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: object) -> subprocess.Popen[bytes]:
        started.append(bench.start(*arguments))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.more
def test_cancel_frees_the_worker_from_a_call_that_hangs_within_a_heartbeat(
    bench, run, settings, doorbell
):
    run(600, 660)
    job_id = bench.begin()
    Intake(bench.database, bench.store, doorbell, settings).cancel(job_id)
    cancelled = time.monotonic()
    bench.deepl.latency_s = 0.0
    other = bench.begin()
    bench.await_state(other, RowState.DONE, within_s=SOON_S)
    assert time.monotonic() - cancelled < patience(SOON_S) < HANGS_S
    assert row(bench.database, JOBS, job_id)["state"] == RowState.CANCELLED


@pytest.mark.more
def test_soft_limit_is_tried_once_more_and_the_dead_letter_says_where_the_time_went(
    bench, run, intake
):
    soft_s = round(patience(2))
    run(soft_s, 30 * soft_s)
    job_id = bench.begin()
    wait_until(
        lambda: row(bench.database, JOBS, job_id)["error_code"] is not None,
        30,
        "the first attempt ends",
    )
    first = bench.await_state(job_id, RowState.READY)
    assert (first["error_code"], first["attempts"]) == ("stage_timed_out", 1)
    wait_until(
        lambda: bench.ring(job_id) or row(bench.database, JOBS, job_id)["state"] == RowState.DEAD,
        60,
        "it gives up",
        1.0,
    )
    dead = row(bench.database, JOBS, job_id)
    assert (dead["stage"], dead["error_code"], dead["attempts"]) == (
        "translate",
        "stage_timed_out",
        2,
    )
    assert "translate ran into its soft limit, at 0 %" in dead["error_detail"]
    engine = re.search(r"engine (\d+) s in 1 call", dead["error_detail"])
    assert engine
    assert 0.7 * soft_s <= int(engine[1]) <= soft_s  # nearly all of it
    assert dead["artifact"].startswith(f"jobs/{job_id}/extract/")  # what was done is kept
    bench.deepl.latency_s = 0.0
    intake.retry(job_id)
    bench.ring(job_id)
    bench.await_state(job_id, RowState.DONE)


@pytest.mark.parametrize("how", ["deaf", "frozen"])
@pytest.mark.more
def test_hard_limit_is_tried_once_more_and_named(bench, run, intake, how):
    run(1, 2, how)
    job_id = add_job(bench.database)
    bench.store.put(f"jobs/{job_id}/source.pdf", BytesIO(long_pdf(10)))
    wait_until(
        lambda: bench.ring(job_id) or row(bench.database, JOBS, job_id)["state"] == RowState.DEAD,
        90,
        "it gives up",
        1.0,
    )
    dead = row(bench.database, JOBS, job_id)
    assert (dead["stage"], dead["error_code"], dead["losses"]) == ("translate", "worker_lost", 4)
    assert "killed at its hard limit of 2" in dead["error_detail"]


def end(worker: subprocess.Popen[bytes], within_s: float) -> float:
    """SIGTERM and the end; the seconds that it took."""
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(patience(within_s)) == 0
    return time.monotonic() - began


def texts(bench) -> list[str]:
    """All that was paid for."""
    return [text for request in bench.deepl.requests for text in request["text"]]


def is_due_at_once(bench, job_id: str) -> bool:
    """Whether a sweeper would ring for the job now."""
    with bench.database.write() as connection:
        return job_id in [one.id for one in take_unrung(connection, JOBS, 10)]


def test_sigterm_ends_an_idle_worker_at_once(bench, run):
    bench.deepl.latency_s = 0.0
    worker = run(600, 660)
    bench.await_state(bench.begin(), RowState.DONE)
    assert end(worker, SOON_S) < patience(SOON_S / 2)


@pytest.mark.more
def test_sigterm_waits_for_the_task_in_hand_and_no_longer(bench, run):
    bench.deepl.latency_s = 4.0
    worker = run(600, 660)
    job_id = bench.begin()
    took_s = end(worker, SOON_S)
    job = row(bench.database, JOBS, job_id)
    # it was finished
    assert (job["stage"], job["state"], job["attempts"]) == ("reconstruct", RowState.READY, 0)
    assert took_s < patience(SOON_S)
    run(600, 660)
    wait_until(
        lambda: bench.ring(job_id) or row(bench.database, JOBS, job_id)["state"] == RowState.DONE,
        60,
        "it is done",
        1.0,
    )
    assert len(texts(bench)) == len(set(texts(bench)))


@pytest.mark.more
def test_after_the_grace_a_task_leaves_between_two_batches_and_nothing_is_paid_twice(bench, run):
    bench.deepl.latency_s = 2.0
    worker = run(600, 660, "hasty", 1.0, 20.0)
    job_id = bench.begin(paragraphs=400)
    took_s = end(worker, SOON_S)
    job, paid = row(bench.database, JOBS, job_id), len(texts(bench))
    assert (job["stage"], job["state"], job["attempts"], job["losses"]) == (
        "translate",
        RowState.READY,
        0,
        0,
    )
    assert is_due_at_once(bench, job_id)
    assert took_s < patience(SOON_S)
    assert paid > 0
    bench.deepl.latency_s = 0.0
    run(600, 660)
    wait_until(
        lambda: bench.ring(job_id) or row(bench.database, JOBS, job_id)["state"] == RowState.DONE,
        60,
        "it is done",
        1.0,
    )
    assert len(texts(bench)) == len(set(texts(bench))) > paid


@pytest.mark.more
def test_after_the_grace_a_task_that_hangs_is_ended_and_its_row_is_free_at_once(bench, run):
    worker = run(600, 660, "hasty", 1.0, 1.0)
    job_id = bench.begin()
    took_s = end(worker, SOON_S)
    job = row(bench.database, JOBS, job_id)
    assert (job["stage"], job["state"], job["attempts"], job["losses"]) == (
        "translate",
        RowState.READY,
        0,
        0,
    )
    assert is_due_at_once(bench, job_id)
    assert took_s < patience(SOON_S) < HANGS_S


@pytest.mark.more
def test_what_the_store_lost_is_made_anew_and_nothing_is_paid_twice(bench, run):
    bench.deepl.latency_s = 0.0
    bench.deepl.faults += [503] * 2  # there is time to lose something before the next try
    run(600, 660)
    job_id = bench.begin()
    wait_until(
        lambda: row(bench.database, JOBS, job_id)["error_code"] is not None, 30, "the engine failed"
    )
    lost = row(bench.database, JOBS, job_id)["artifact"]
    bench.store.delete(lost)
    wait_until(
        lambda: bench.ring(job_id) or row(bench.database, JOBS, job_id)["state"] == RowState.DONE,
        60,
        "it is done",
        1.0,
    )
    done = row(bench.database, JOBS, job_id)
    assert (done["remade_in"], done["run"], done["progress"]) == (1, 1, 100)
    assert lost.startswith(f"jobs/{job_id}/extract/")
    assert bench.store.size(lost) is None
    assert len(texts(bench)) == len(set(texts(bench)))


@pytest.mark.more
def test_two_workers_keep_to_the_rate_of_the_key_in_any_10_seconds(bench, run, monkeypatch):
    rate, jobs, window_s = 5, 75, 10.0
    monkeypatch.setenv("DRAGOMAN_DEEPL_REQUESTS_PER_S", str(rate))
    bench.deepl.latency_s = 0.0
    ids = [add_job(bench.database) for _ in range(jobs)]
    for number, job_id in enumerate(ids):
        bench.store.put(
            f"jobs/{job_id}/source.pdf",
            BytesIO(page(f"Only the document number {number} says this.")),
        )
    run(600, 660)
    run(600, 660)
    for job_id in ids:
        bench.ring(job_id)
    wait_until(
        lambda: all(row(bench.database, JOBS, one)["state"] == RowState.DONE for one in ids),
        240,
        "all end",
        0.5,
    )
    at = sorted(bench.deepl.asked_at)
    assert len(at) == jobs
    assert at[-1] - at[0] >= jobs / rate - 2 > window_s
    busiest = max(sum(start <= one < start + window_s for one in at) for start in at)
    assert busiest <= rate * window_s * 1.1
