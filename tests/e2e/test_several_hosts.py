"""Several hosts, as docs/howto/several-hosts.md sets them up: each a data folder and processes of
its own.

They have nothing in common but PostgreSQL, Redis and an S3 store.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pymupdf
import pytest

from dragoman.db.engine import Database
from dragoman.db.schema import upgrade
from tests.e2e.test_up import SAMPLE
from tests.servers.process import Server, listens, wait_until
from tests.servers.redis import Redis
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.stack import Stack

pytestmark = pytest.mark.more
PARTS = {"DRAGOMAN_PAGES_PER_PART": "5", "DRAGOMAN_APPROVAL_PAGES": "0"}


class Hosts(Stack):
    """What `Stack` asks by HTTP and SMTP, of processes that stand on several hosts; answers lie
    on the host `one`.
    """

    def __init__(self, folder: Path, common: dict[str, str]) -> None:
        super().__init__(folder / "one")
        self._folder = folder
        self._given = {**self.environment, **PARTS, **common}

    @contextmanager
    def runs(self, service: str, *, on: str) -> Iterator[Server]:
        """`service` on the host `on`, whose data folder is its own."""
        server = Server(f"{on}-{service}")
        own = {"DRAGOMAN_DATA_DIR": str(self._folder / on)}
        server.start(
            [sys.executable, "-m", "dragoman", service],
            ready=lambda: True,
            **{**self._given, **own},
        )
        try:
            yield server
        finally:
            server.remove()


def long_document(copies: int) -> bytes:
    """The sample again and again."""
    one, all_of_them = pymupdf.open(SAMPLE), pymupdf.open()
    for _ in range(copies):
        all_of_them.insert_pdf(one)
    return bytes(all_of_them.tobytes())


def works_on(worker: Server, job_id: str) -> bool:
    """Whether this worker's log names the job."""
    lines = worker.log.read_text(errors="replace").splitlines()
    return any(job_id in line for line in lines if re.search(r'"event": "(stage|part)', line))


@pytest.fixture
def common(
    postgresql_url: str, redis_server: Redis, seaweedfs: SeaweedFS, s3_url: str
) -> dict[str, str]:
    """The settings that are the same on all hosts."""
    return {
        **seaweedfs.environment,
        "DRAGOMAN_DATABASE_URL": postgresql_url,
        "DRAGOMAN_BROKER_URL": redis_server.url,
        "DRAGOMAN_STORAGE_URL": s3_url,
        "DRAGOMAN_SECRET_KEY": "one-key-for-all-the-hosts",
    }


@pytest.fixture
def hosts(tmp_path: Path, common: dict[str, str]) -> Iterator[Hosts]:
    """The host `one`: everything but workers."""
    with closing(Database(common["DRAGOMAN_DATABASE_URL"])) as database:
        upgrade(database)
    hosts = Hosts(tmp_path, common)
    with ExitStack() as running:
        for service in ("web", "smtp", "notifier", "sweeper", "beat"):
            running.enter_context(hosts.runs(service, on="one"))
        wait_until(lambda: listens(hosts.web) and listens(hosts.smtp), 60, "web and smtp listen")
        yield hosts


def test_workers_on_two_hosts_share_a_long_document_and_one_of_them_alone_ends_it(
    hosts: Hosts,
) -> None:
    with hosts.runs("worker", on="two") as two, hosts.runs("worker", on="three") as three:
        shared = hosts.upload(long_document(30))
        wait_until(
            lambda: works_on(two, shared) and works_on(three, shared),
            90,
            "both work on it",
            every_s=0.1,
        )
        three.kill()
        assert hosts.await_end(shared, within_s=180)["status"] == "COMPLETED"
        hosts.mail(SAMPLE.read_bytes())
        (answer,) = hosts.await_answers(1)
        assert b"application/pdf" in answer
