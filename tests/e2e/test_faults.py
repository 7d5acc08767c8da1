"""Servers that misbehave: what is accepted meanwhile gets its answer, without a hand, once they
are well again.
"""

from __future__ import annotations

import json
import os
import signal
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from smtplib import SMTPResponseException

import pytest

from tests.servers.postgresql import PostgreSQL
from tests.servers.process import wait_until
from tests.servers.redis import Redis
from tests.servers.s3_faults import FaultyS3
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.stack import Stack

pytestmark = pytest.mark.more

SAMPLE = Path("dragoman/sample.pdf").read_bytes()
BACK_WITHIN_S = 90.0  # the longest gap between two doorbells for a row is a minute


class Site:
    """`dragoman up` on servers of the test's own: PostgreSQL, Redis, and S3 behind a proxy that
    makes trouble.
    """

    def __init__(
        self, stack: Stack, postgresql: PostgreSQL, redis: Redis, s3: FaultyS3, name: str
    ) -> None:
        self.stack, self.postgresql, self.redis, self.s3, self.database = (
            stack,
            postgresql,
            redis,
            s3,
            name,
        )

    def set_read_only(self, word: str) -> None:
        """`on` or `off`, also for the connections that are open."""
        with self.postgresql._connect() as connection:
            connection.execute(
                f"ALTER DATABASE {self.database} SET default_transaction_read_only = {word}".encode()
            )
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (self.database,),
            )

    def set_redis(self, name: str, value: str) -> None:
        with self.redis.client() as client:
            client.config_set(name, value)

    def listeners(self) -> int:
        """How many wait for tasks at the broker."""
        with self.redis.client() as client:
            return sum(one["cmd"] == "brpop" for one in client.client_list())

    def unrung(self, job_id: str) -> list[dict]:
        """What the worker logged of doorbells that it could not ring for a job."""
        lines = [
            json.loads(line)
            for line in self.stack.log().splitlines()
            if '"broker_unreachable"' in line
        ]
        return [line for line in lines if line.get("job_id") == job_id]

    def is_refused(self) -> bool:
        """Whether an upload is answered with "later"."""
        try:
            self.stack.upload(SAMPLE)
        except urllib.error.HTTPError as error:
            with error:
                return error.code == 503
        return False

    def is_put_off_by_mail(self) -> bool:
        """Whether a mail is answered with "later"."""
        try:
            self.stack.mail(SAMPLE)
        except SMTPResponseException as error:
            return 400 <= error.smtp_code < 500
        return False

    def assert_works(self, *job_ids: str) -> None:
        """These jobs and a new one are completed."""
        for job_id in (*job_ids, self.stack.upload(SAMPLE)):
            ended = self.stack.await_end(job_id, within_s=BACK_WITHIN_S)
            assert ended["status"] == "COMPLETED", ended


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQL, seaweedfs: SeaweedFS
) -> Iterator[Site]:
    redis, url = Redis(), postgresql.fresh()
    bucket = seaweedfs.fresh().partition("?")[0]
    try:
        with FaultyS3(seaweedfs.endpoint_url) as s3:
            urls = {
                "database_url": url,
                "broker_url": redis.url,
                "storage_url": f"{bucket}?endpoint_url={s3.endpoint_url}",
            }
            data = tmp_path_factory.mktemp("faults") / "data"
            with Stack(data, seaweedfs.environment, lease_s="5", **urls) as stack:
                yield Site(stack, postgresql, redis, s3, url.rpartition("/")[2])
    finally:
        redis.remove()
        postgresql.drop(url)


@contextmanager
def mended_by(undo: Callable[[], object]) -> Iterator[None]:
    """The trouble ends with the block, also where the test fails."""
    try:
        yield
    finally:
        undo()


def test_a_slow_store_slows_and_loses_nothing(site: Site) -> None:
    with mended_by(site.s3.heal):
        site.s3.slow_s = 1.0
        site.assert_works()


def test_a_store_that_denies_takes_nothing_new_and_ends_no_job(site: Site) -> None:
    with mended_by(site.s3.heal):
        site.s3.slow_s = 1.0
        job_id = site.stack.upload(SAMPLE)
        site.s3.slow_s, site.s3.denies = 0.0, True
        assert site.is_refused()
        assert site.is_put_off_by_mail()
        wait_until(lambda: "GET" in site.s3.seen, 30, "a stage asks for its document")
    site.assert_works(job_id)


def test_a_store_that_loses_what_it_took_is_found_out_and_said(site: Site) -> None:
    """Bytes that are lost before a stage reads them cannot be had again; the sender is told,
    and others go on.
    """
    with mended_by(site.s3.heal):
        site.s3.loses = 1
        with suppress(urllib.error.HTTPError):
            job_id = site.stack.upload(SAMPLE)
            ended = site.stack.await_end(job_id, within_s=BACK_WITHIN_S)
            assert ended["status"] == "FAILED", ended
            assert ended["error"]["code"] == "gone", ended
    site.assert_works()


def test_a_database_that_takes_no_writes_is_waited_for(site: Site) -> None:
    site.s3.slow_s = 0.5
    job_id = site.stack.upload(SAMPLE)
    with mended_by(lambda: (site.set_read_only("off"), site.s3.heal())):
        site.set_read_only("on")
        wait_until(site.is_refused, 10, "uploads are put off")
        assert site.is_put_off_by_mail()
        assert site.stack.status(job_id)["status"] not in ("FAILED", "CANCELLED")
    site.assert_works(job_id)


def test_a_redis_that_hangs_costs_no_upload(site: Site) -> None:
    with mended_by(lambda: os.kill(site.redis.pid or 0, signal.SIGCONT)):
        os.kill(site.redis.pid or 0, signal.SIGSTOP)
        job_ids = [site.stack.upload(SAMPLE) for _ in range(2)]
        wait_until(
            lambda: "sweep_failed" in site.stack.log(), 30, "the sweeper notices", every_s=0.2
        )
    site.assert_works(*job_ids)


def test_a_redis_that_wants_another_password_costs_no_upload(site: Site) -> None:
    def cut_off(client) -> None:
        client.client_kill_filter(_type="normal", skipme=True)
        client.client_kill_filter(_type="pubsub")

    with site.redis.client() as client, mended_by(lambda: client.config_set("requirepass", "")):
        client.config_set("requirepass", "another")
        client.execute_command("AUTH", "another")
        cut_off(client)
        job_id = site.stack.upload(SAMPLE)
        wait_until(
            lambda: "Authentication required" in site.stack.log(), 30, "it is said", every_s=0.2
        )
        assert site.stack.status(job_id)["status"] == "PENDING"
    site.assert_works(job_id)


def test_a_redis_that_goes_away_between_two_stages_costs_a_line_in_the_log(site: Site) -> None:
    with mended_by(lambda: (site.redis.pid or site.redis.start(), site.s3.heal())):
        site.s3.slow_s = 1.0
        job_id = site.stack.upload(SAMPLE)
        wait_until(
            lambda: site.stack.status(job_id)["status"] == "EXTRACTING",
            60,
            "the first stage begins",
            0.05,
        )
        site.redis.kill()
        wait_until(
            lambda: site.unrung(job_id) != [], 30, "the next stage is not rung for", every_s=0.2
        )
    site.assert_works(job_id)
    assert [line["level"] for line in site.unrung(job_id)] == ["warning"] * len(site.unrung(job_id))
    assert all("exception" not in line for line in site.unrung(job_id))


def test_a_redis_without_memory_is_one_that_is_away(site: Site) -> None:
    """Celery's worker would end when it cannot acknowledge a task."""
    broker = lambda: site.stack.api("/readyz")["broker"]  # noqa: E731
    pids = [site.stack.pool("worker")[0], *site.stack.pids("notifier")]
    with mended_by(lambda: (site.set_redis("maxmemory", "0"), site.s3.heal())):
        # Counted at rest: as soon as the memory is gone, a worker may be waiting already.
        listening = site.listeners()
        site.s3.slow_s = 0.5
        job_ids = [site.stack.upload(SAMPLE) for _ in range(2)]
        site.set_redis("maxmemory-policy", "noeviction")
        site.set_redis("maxmemory", "1")
        job_ids += [site.stack.upload(SAMPLE) for _ in range(2)]
        wait_until(lambda: site.listeners() < listening, 30, "the worker waits", every_s=0.2)
        wait_until(lambda: broker() == "refusing", 30, "it is told", every_s=0.5)
    site.assert_works(*job_ids)
    assert [site.stack.pool("worker")[0], *site.stack.pids("notifier")] == pids
    wait_until(lambda: broker() == "reachable", 30, "the web is content", every_s=0.5)


def test_none_of_this_ends_a_process(site: Site) -> None:
    """And nobody logs a traceback for what an admin has to mend."""
    log = site.stack.log()
    assert [line for line in log.splitlines() if "process_died" in line] == []
    assert "Traceback" not in log
    assert "raised unexpected" not in log
