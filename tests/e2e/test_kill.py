"""Nothing is lost and nothing is paid twice: kill -9 of the worker with its children, and a
flushed broker.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_deepl import KEY, FakeDeepL
from tests.patience import patience
from tests.pdfs import long_pdf
from tests.servers.process import wait_until
from tests.servers.redis import Redis
from tests.servers.stack import Stack

WAVE = 4 * 50  # texts that are asked for at once, in four requests


def start_mail_job(stack: Stack, deepl: FakeDeepL, waves: int = 1) -> str:
    """A mailed job that is in mid-translation: some requests are answered and their texts kept,
    some are on their way.
    """
    stack.mail(long_pdf(600))  # three waves
    job_id = str(stack.await_jobs(1)[0]["job_id"])
    wait_until(lambda: kept_texts(stack) >= waves * WAVE, 60, "some batches are answered")
    return job_id


def kept_texts(stack: Stack) -> int:
    """How many texts are kept already."""
    return int(stack.rows("SELECT count(*) FROM translations")[0][0])


def assert_answered_once_and_paid_once(
    stack: Stack, deepl: FakeDeepL, job_id: str, kept: int | None, killed_at: float = 0.0
) -> None:
    """`kept`: texts that were kept when somebody was killed, which was at `killed_at` on the
    monotonic clock; None: nobody was.
    """
    ended = stack.await_end(job_id, within_s=120)
    assert ended["status"] == "COMPLETED", ended
    final = "SELECT kind, run, state FROM outbox WHERE kind = 'final'"
    wait_until(lambda: stack.rows(final) == [("final", 1, "done")], 60, "the answer is sent")
    assert len(stack.outbox()) == 1
    texts = [text for paid in deepl.paid for text in paid.texts]
    if kept is None:
        assert len(texts) == len(set(texts))
    else:
        # What was on its way at the kill was never answered to anybody: it alone may be asked for
        # again.
        first = sorted(deepl.paid, key=lambda paid: paid.told_at)[: kept // WAVE * 4]
        again = {text for paid in deepl.paid if paid.asked_at > killed_at for text in paid.texts}
        assert again
        assert [paid for paid in first if set(paid.texts) & again] == []
    assert kept_texts(stack) == len(set(texts))


@pytest.fixture
def deepl() -> Iterator[FakeDeepL]:
    with FakeDeepL(latency_s=1.5) as server:
        yield server


def test_worker_killed_in_mid_translation_loses_nothing_and_pays_nothing_twice(
    tmp_path: Path, deepl: FakeDeepL
) -> None:
    engine = {
        "engine": "deepl",
        "deepl_auth_key": KEY,
        "deepl_server_url": deepl.url,
        "lease_s": "5",
    }
    with Stack(tmp_path / "data", **engine) as stack:
        job_id = start_mail_job(stack, deepl)
        kept, killed_at = kept_texts(stack), time.monotonic()
        assert len(stack.kill("worker")) >= 3  # the parent and two children
        assert_answered_once_and_paid_once(stack, deepl, job_id, kept, killed_at)


@pytest.mark.more
def test_killed_pool_children_give_their_job_back_at_once(tmp_path: Path, deepl: FakeDeepL) -> None:
    lease_s = 600  # longer than the test waits: only the parent's word can free the row
    engine = {
        "engine": "deepl",
        "deepl_auth_key": KEY,
        "deepl_server_url": deepl.url,
        "lease_s": str(lease_s),
    }
    with Stack(tmp_path / "data", **engine) as stack:
        job_id = start_mail_job(stack, deepl)
        parent, children = stack.pool("worker")
        kept, killed_at = kept_texts(stack), time.monotonic()
        for child in children:
            os.kill(child, signal.SIGKILL)
        assert_answered_once_and_paid_once(stack, deepl, job_id, kept, killed_at)
        assert parent in stack.pids("worker")


@pytest.mark.more
def test_killed_worker_s_job_is_picked_up_within_lease_and_sweep(
    tmp_path: Path, deepl: FakeDeepL, redis_server: Redis
) -> None:
    """By another worker that has nothing to do: one that has to be started first would need
    longer.
    """
    lease_s, sweep_s, ring_s = 10.0, 2.0, 2.0
    engine = {
        "engine": "deepl",
        "deepl_auth_key": KEY,
        "deepl_server_url": deepl.url,
        "lease_s": str(lease_s),
    }
    with Stack(tmp_path / "data", broker_url=redis_server.url, **engine) as stack:
        start_mail_job(stack, deepl)
        # Each request from now on: there is work left when the other worker has started, however
        # slow the machine is.
        deepl.latency_s = patience(20.0)
        first = stack.pids("worker")
        with stack.another("worker"):
            wait_until(
                lambda: len(stack.pids("worker")) >= 2 * len(first), 60, "the other worker is there"
            )
            epoch = claims(stack)
            for pid in first:
                os.kill(pid, signal.SIGKILL)
            # On a loaded machine the stack was given a longer lease than `lease_s`.
            given_s = float(stack.environment["DRAGOMAN_LEASE_S"])
            wait_until(
                lambda: claims(stack) > epoch,
                given_s + sweep_s + ring_s,
                "the job is picked up",
                every_s=0.1,
            )


@pytest.mark.more
def test_killed_pool_child_s_job_is_picked_up_within_10_s(tmp_path: Path, deepl: FakeDeepL) -> None:
    engine = {
        "engine": "deepl",
        "deepl_auth_key": KEY,
        "deepl_server_url": deepl.url,
        "lease_s": "600",
    }
    with Stack(tmp_path / "data", **engine) as stack:
        start_mail_job(stack, deepl)
        epoch = claims(stack)
        for child in stack.pool("worker")[1]:
            os.kill(child, signal.SIGKILL)
        wait_until(lambda: claims(stack) > epoch, 10, "the job is picked up", every_s=0.1)


@pytest.mark.more
def test_worker_whose_children_are_stopped_is_started_again(tmp_path: Path) -> None:
    """It answers pings all the while; only what it takes tells."""
    with Stack(tmp_path / "data", lease_s="5") as stack:
        # Its first task ends with this: children with a task in hand are busy, not deaf, until the
        # task's time limit.
        wait_until(
            lambda: bool(stack.rows("SELECT 1 FROM capabilities")),
            30,
            "the worker is at rest",
            every_s=0.5,
        )
        parent, children = stack.pool("worker")
        for child in children:
            os.kill(child, signal.SIGSTOP)
        wait_until(lambda: '"event": "deaf"' in stack.log(), 90, "it notices", every_s=0.5)
        job_id = stack.upload(Path("dragoman/sample.pdf").read_bytes())
        assert stack.await_end(job_id)["status"] == "COMPLETED"
        assert parent not in stack.pids("worker")
        assert not [child for child in children if Path(f"/proc/{child}").exists()]


def claims(stack: Stack) -> int:
    """How often the one job was claimed."""
    return int(stack.rows("SELECT epoch FROM jobs")[0][0])


@pytest.mark.more
def test_flushed_broker_loses_nothing(
    tmp_path: Path, deepl: FakeDeepL, redis_server: Redis
) -> None:
    engine = {
        "engine": "deepl",
        "deepl_auth_key": KEY,
        "deepl_server_url": deepl.url,
        "lease_s": "5",
    }
    with Stack(tmp_path / "data", broker_url=redis_server.url, **engine) as stack:
        job_id = start_mail_job(stack, deepl)
        with redis_server.client() as client:
            client.flushall()
        assert_answered_once_and_paid_once(stack, deepl, job_id, None)


@pytest.mark.more
def test_kill_and_flush_together_lose_nothing(
    tmp_path: Path, deepl: FakeDeepL, redis_server: Redis
) -> None:
    engine = {
        "engine": "deepl",
        "deepl_auth_key": KEY,
        "deepl_server_url": deepl.url,
        "lease_s": "5",
    }
    with Stack(tmp_path / "data", broker_url=redis_server.url, **engine) as stack:
        job_id = start_mail_job(stack, deepl)
        kept, killed_at = kept_texts(stack), time.monotonic()
        stack.kill("worker")
        with redis_server.client() as client:
            client.flushall()
        assert_answered_once_and_paid_once(stack, deepl, job_id, kept, killed_at)


def test_upload_is_accepted_while_the_broker_is_down(tmp_path: Path, redis_server: Redis) -> None:
    with Stack(tmp_path / "data", broker_url=redis_server.url) as stack:
        redis_server.stop()
        job_id = stack.upload(Path("dragoman/sample.pdf").read_bytes())
        assert stack.status(job_id)["status"] == "PENDING"
        redis_server.start()
        assert stack.await_end(job_id)["status"] == "COMPLETED"
