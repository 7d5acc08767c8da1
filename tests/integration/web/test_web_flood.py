"""Everything at once against servers that may have 1,024 files open: others are answered all
the same.
"""

from __future__ import annotations

import http.client
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from dragoman.adapters.signed_links import Links
from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.settings import MIB, Settings
from ingress.email.smtp.session_host import Limits as MailLimits
from tests import row_values
from tests.integration.web.conftest import (
    ANNA,
    DEADLINE_S,
    PDF,
    ROOT,
    Client,
    Worker,
    multipart,
    running_web,
    until,
)
from tests.patience import patience

pytestmark = pytest.mark.more

FILES = 1024
SILENT, SILENT_SMTP, STREAMS, BODIES = 2000, 300, 1500, 20
BODY_BYTES = 1 << 30
ANSWER_S = 2.0
GROWTH_BYTES = 30 * MIB
SOMEBODY_ELSE = "127.0.0.9"
LOOKS = 8


@dataclass
class Flood:
    """What strangers hold open, from addresses that they share out among them."""

    port: int
    open: list[socket.socket] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def connect(self, number: int, said: bytes = b"", port: int | None = None) -> None:
        source = (f"127.0.0.{1 + number % 4}", 0)
        with suppress(OSError):
            one = socket.create_connection(
                ("127.0.0.1", port or self.port), patience(DEADLINE_S), source
            )
            self.open.append(one)
            one.sendall(said)

    def send_bodies(self) -> None:
        for number in range(BODIES):
            thread = threading.Thread(target=self._send_body, args=(number,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def _send_body(self, number: int) -> None:
        head = (
            "POST /api/v1/upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data;"
            f" boundary=x\r\nContent-Length: {BODY_BYTES}\r\n\r\n"
        )
        piece, left = b"a" * MIB, BODY_BYTES
        with suppress(OSError):
            source = (f"127.0.0.{1 + number % 4}", 0)
            with socket.create_connection(
                ("127.0.0.1", self.port), patience(DEADLINE_S), source
            ) as one:
                one.sendall(head.encode())
                while left > 0 and not self.over.is_set():
                    one.sendall(piece)
                    left -= len(piece)

    def end(self) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(patience(DEADLINE_S))
        for one in self.open:
            one.close()


@pytest.fixture
def many_files() -> Iterator[None]:
    """The test's own end of all the connections."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextmanager
def running_smtp(settings: Settings, log: Path) -> Iterator[tuple[int, psutil.Process]]:
    """`dragoman smtp` in a process that may have `FILES` files open."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DRAGOMAN_DATA_DIR": str(settings.data_dir),
        "DRAGOMAN_SECRET_KEY": "a-secret-key-for-tests-only",
        "DRAGOMAN_BROKER_URL": "redis://127.0.0.1:1/0",
        "DRAGOMAN_SMTP_LISTEN": f"127.0.0.1:{port}",
        "DRAGOMAN_ALLOWED_SENDERS": "@example.com",
        "DRAGOMAN_SENDER_AUTH": "none",
    }
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES})); "
    with log.open("wb") as stderr:
        command = [sys.executable, "-c", limit + "from ops.cli import main; main()", "smtp"]
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=stderr)
    try:
        until(
            lambda: running.poll() is None and greeting_s(port) < DEADLINE_S,
            "the mail server is up",
        )
        yield port, psutil.Process(running.pid)
    finally:
        running.kill()
        running.wait()


def greeting_s(port: int) -> float:
    """Seconds until the mail server greets somebody else; infinite if it does not."""
    begin = time.monotonic()
    try:
        with socket.create_connection(
            ("127.0.0.1", port), patience(DEADLINE_S), (SOMEBODY_ELSE, 0)
        ) as one:
            return time.monotonic() - begin if one.recv(100).startswith(b"220 ") else float("inf")
    except OSError:
        return float("inf")


def asked_s(
    port: int, method: str, path: str, body: bytes, headers: dict[str, str], status: int
) -> float:
    """Seconds until somebody else has the answer; infinite if it is another one."""
    begin = time.monotonic()
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=patience(DEADLINE_S), source_address=(SOMEBODY_ELSE, 0)
    )
    try:
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        response.read()
        return time.monotonic() - begin if response.status == status else float("inf")
    except OSError:
        return float("inf")
    finally:
        connection.close()


def upload_s(client: Client) -> float:
    form, kind = multipart(PDF, "a.pdf", {"target_lang": "de"})
    headers = {"Authorization": f"Bearer {ANNA}", "Content-Type": kind}
    return asked_s(client.port, "POST", "/api/v1/upload", form, headers, 202)


@pytest.mark.usefixtures("many_files")
def test_others_are_answered_within_two_seconds(
    settings: Settings, database: Database, links: Links, worker: Worker, tmp_path: Path
) -> None:
    schema.upgrade(database)
    with ExitStack() as stack:
        client, web = stack.enter_context(running_web(settings, tmp_path / "web.log", files=FILES))
        smtp_port, smtp = stack.enter_context(running_smtp(settings, tmp_path / "smtp.log"))
        job_id = client.upload().json["job_id"]
        page = links.path("page", row_values.job(worker.row(job_id)))
        for _ in range(20):  # what is imported and cached at the first look
            assert client.get("/readyz").status == 200
            assert client.get(page).status == 200
            assert client.upload().status == 202
        before = {one: one.memory_info().rss for one in (web, smtp)}
        flood = Flood(client.port)
        stack.callback(flood.end)
        for number in range(SILENT_SMTP):
            flood.connect(number, port=smtp_port)
        give_way_at = time.monotonic() + MailLimits(message_bytes=MIB).silent_s
        for number in range(SILENT):
            flood.connect(number)
        events = f"GET {page}/events HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        for number in range(STREAMS):
            flood.connect(number, events)
        flood.send_bodies()
        # who has just come and not spoken yet may be a slow client: it is let be for so long
        time.sleep(max(0.0, give_way_at - time.monotonic()))
        told = {"readyz": 0.0, "upload": 0.0, "greeting": 0.0}
        peak = dict(before)
        for _ in range(LOOKS):
            ready = asked_s(client.port, "GET", "/readyz", b"", {}, 200)
            told["readyz"] = max(told["readyz"], ready)
            told["upload"] = max(told["upload"], upload_s(client))
            told["greeting"] = max(told["greeting"], greeting_s(smtp_port))
            peak = {one: max(peak[one], one.memory_info().rss) for one in peak}
            time.sleep(0.25)
        grown = {one.pid: (peak[one] - before[one]) / MIB for one in peak}
        print("seconds at most:", told, "MiB more:", [round(one, 1) for one in grown.values()])
        assert max(told.values()) < patience(ANSWER_S), told
        assert max(peak[one] - before[one] for one in peak) < GROWTH_BYTES, grown
        assert web.is_running()
        assert smtp.is_running()
        assert (
            "Traceback"
            not in (tmp_path / "web.log").read_text() + (tmp_path / "smtp.log").read_text()
        )
