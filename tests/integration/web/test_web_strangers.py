"""Strangers' bytes: who sends them is asked before they are kept, on every route, and no body
is without a bound.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from dragoman.adapters.signed_links import Links
from dragoman.app.intake import Intake
from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.settings import MIB, Settings
from ingress.web.app import make_app
from tests import row_values
from tests.integration.web.conftest import ADMIN, ANNA, DEADLINE_S, Client, Worker, running_web
from tests.patience import patience
from tests.unchanged import paths_of

SLACK = "/slack/events"
MOST = 64 * 1024
PIECE = b"a" * MIB
GROWTH_BYTES = 5 * MIB
REFUSED = {401, 403, 404, 405, 413}


@dataclass(frozen=True)
class Told:
    """What a stranger was told who went on sending.

    `seconds`: until the first byte of the answer.
    """

    status: int
    head: str
    seconds: float


@pytest.fixture
def process(
    settings: Settings, database: Database, tmp_path: Path
) -> Iterator[tuple[Client, psutil.Process]]:
    """`dragoman web` in a process of its own."""
    schema.upgrade(database)
    with running_web(settings, tmp_path / "web.log") as found:
        yield found


def send_on(
    port: int, method: str, path: str, megabytes: int, headers: str = "", source: str = "127.0.0.1"
) -> Told:
    """Send a chunked body without an end, up to `megabytes`, and go on after the answer came.

    `source`: the address it comes from; one that shows many wrong links is no longer looked at.
    """
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"%x\r\n%s\r\n" % (len(PIECE), PIECE)
    limit_s = patience(DEADLINE_S)
    with socket.create_connection(("127.0.0.1", port), limit_s, (source, 0)) as connection:
        begin = time.monotonic()
        connection.sendall(head.encode() + chunk + chunk)
        answer = connection.recv(65536)
        seconds = time.monotonic() - begin
        try:
            for _ in range(megabytes - 2):
                connection.sendall(chunk)
        except OSError:  # it was hung up on
            pass
    lines = answer.decode(errors="replace").partition("\r\n\r\n")[0]
    assert lines.startswith("HTTP/1.1 "), (method, path, answer[:200])
    return Told(int(lines.split()[1]), lines.casefold(), seconds)


def paths(app: Any) -> list[str]:
    """Every route of the application, its parameters filled with nonsense; one file of those
    that are mounted.
    """
    found = {
        path.split("{")[0] + ("nonsense" + path.rpartition("}")[2] if "{" in path else "")
        for path in paths_of(app)
    }
    static = sorted(path for path in found if path.startswith("/static/"))
    return sorted(found - set(static[1:]))


def test_no_route_keeps_a_strangers_body(
    process: tuple[Client, psutil.Process], settings: Settings, intake: Intake
) -> None:
    client, running = process
    app = make_app(settings, intake, foreign={SLACK: lambda *_: lambda *_: (200, {}, "")})
    routes = [*paths(app), "/nowhere"]
    assert len(routes) > 30
    for path in routes:  # what is imported, compiled and cached at the first look
        for method in ("GET", "POST"):
            client.ask(method, path, body=b"{}")
    before = running.memory_info().rss
    for number, path in enumerate(routes):
        for method, megabytes in (("POST", 24), ("PUT", 2), ("DELETE", 2), ("GET", 2), ("HEAD", 2)):
            told = send_on(client.port, method, path, megabytes, source=f"127.0.1.{number}")
            assert told.seconds < patience(2), (method, path, told)
            assert "connection: close" in told.head, (method, path, told)
            if method in ("GET", "HEAD"):
                assert told.status < 500, (method, path, told)
            else:
                assert told.status in REFUSED, (method, path, told)
            if path.startswith("/api/"):
                assert told.status in (401, 405), (method, path, told)
    assert running.memory_info().rss - before < GROWTH_BYTES


def test_body_of_a_known_caller_is_bounded_and_nothing_is_done(
    client: Client, worker: Worker, job_id: str, page_path: str
) -> None:
    before = worker.row(job_id)
    for path, headers in (
        (f"/api/v1/jobs/{job_id}/cancel", f"Authorization: Bearer {ANNA}\r\n"),
        ("/api/v1/dead/retry", f"Authorization: Bearer {ADMIN}\r\n"),
        (f"{page_path}/unlock", ""),
        (f"{page_path}/cancel", ""),
    ):
        told = send_on(client.port, "POST", path, 4, headers)
        assert told.status == 413, (path, told)
        assert "connection: close" in told.head
        assert "application/problem+json" in told.head
    assert worker.row(job_id) == before


def test_announced_size_is_refused_before_it_is_sent(client: Client) -> None:
    head = (
        f"POST /api/v1/dead/retry HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {MOST + 1}\r\n\r\n"
    )
    with socket.create_connection(
        ("127.0.0.1", client.port), timeout=patience(DEADLINE_S)
    ) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(("size", "status"), [(MOST, 200), (MOST + 1, 413)])
def test_body_of_the_very_limit_is_read(client: Client, size: int, status: int) -> None:
    body = b'{"limit": 1}'.ljust(size)
    answer = client.ask("POST", "/api/v1/dead/retry", ADMIN, body, Content_Type="application/json")
    assert answer.status == status, answer.body
    if status == 413:
        assert answer.json["code"] == "too_large"
        assert "64 KiB" in answer.json["detail"]


def test_link_and_scope_are_looked_at_before_the_body(
    client: Client, worker: Worker, links: Links, job_id: str, page_path: str, shown_path: str
) -> None:
    assert send_on(client.port, "POST", f"{shown_path}/unlock", 4).status == 403
    assert send_on(client.port, "POST", f"{page_path}x/unlock", 4).status == 404
    assert (
        send_on(
            client.port, "POST", f"{links.path('download', row_values.job(worker.row(job_id)))}x", 4
        ).status
        == 404
    )
    known = f"Authorization: Bearer {ANNA}\r\n"
    assert send_on(client.port, "POST", "/api/v1/dead/retry", 4, known).status == 403
    assert client.ask("DELETE", f"/api/v1/jobs/{job_id}", ANNA).status == 204
    assert send_on(client.port, "POST", f"{page_path}/unlock", 4).status == 410
