"""Connections that say nothing, or little, or do not listen: they keep nobody out, and each has
its end.
"""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from dragoman.app.intake import Intake
from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.settings import MIB, Settings
from ingress.web.app import make_app
from ingress.web.responses.connections import Limits
from ingress.web.security.stream_limit import MOST_PER_LINK
from tests.integration.web.conftest import (
    ANNA,
    DEADLINE_S,
    Client,
    Worker,
    running_web,
    serving,
    until,
)
from tests.patience import patience

SILENT = 2000
GROWTH_BYTES = 30 * MIB
ANSWER_S = 2.0
ROOMY = Limits(connections=100, per_address=100)


@pytest.fixture
def many_files() -> Iterator[None]:
    """The test's own end of all the connections."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, before[1]), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextmanager
def limited(settings: Settings, intake: Intake, limits: Limits) -> Iterator[Client]:
    with serving(make_app(settings, intake), limits) as port:
        yield Client(port)


def connect(port: int, said: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=patience(DEADLINE_S))
    connection.sendall(said)
    return connection


def heard(connection: socket.socket) -> bytes:
    """All until the other side closes."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@pytest.mark.some(1)
@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: "], ids=["silent", "half a request"]
)
def test_silent_connections_keep_nobody_out(
    settings: Settings, database: Database, tmp_path: Path, said: bytes
) -> None:
    schema.upgrade(database)
    log = tmp_path / "web.log"
    with running_web(settings, log, files=1024) as (client, running), ExitStack() as stack:
        assert client.get("/readyz").status == 200
        assert client.upload().status == 202
        before, logged = running.memory_info().rss, log.stat().st_size
        answered = []
        for number in range(SILENT):
            stack.enter_context(connect(client.port, said))
            if number % 500 == 499:
                begin = time.monotonic()
                assert client.get("/readyz").status == 200
                assert client.upload().status == 202
                answered.append(time.monotonic() - begin)
        assert running.memory_info().rss - before < GROWTH_BYTES
        assert max(answered) < patience(2 * ANSWER_S), answered
        assert log.stat().st_size - logged < 20_000
        assert "Traceback" not in log.read_text()
        until(lambda: running.num_fds() < 100, "silent connections are closed")


def test_who_is_silent_gives_way_to_who_asks(settings: Settings, intake: Intake) -> None:
    with limited(settings, intake, Limits(connections=2, per_address=2)) as client:
        first, second = connect(client.port), connect(client.port, b"GET /healthz HTT")
        assert client.get("/healthz").status == 200
        assert heard(first) == b""
        assert client.get("/healthz").status == 200
        first.close()
        second.close()


def test_who_cannot_be_answered_is_told_when_to_come_back(
    settings: Settings, intake: Intake, page_path: str, job_id: str
) -> None:
    limits = Limits(connections=2, per_address=2)
    with limited(settings, intake, limits) as client, ExitStack() as stack:
        for _ in range(2):
            next(stack.enter_context(client.events(f"{page_path}/events")))
        answer = client.get("/healthz")
        assert (answer.status, answer.json["code"]) == (503, "busy")
        assert int(answer.headers["Retry-After"]) > 0
        stack.close()
        until(lambda: client.get("/healthz").status == 200, "there is room again")


def test_one_address_leaves_room_for_others(
    settings: Settings, intake: Intake, page_path: str
) -> None:
    with limited(settings, intake, Limits(connections=50, per_address=1)) as client:
        connection = connect(
            client.port, f"GET {page_path}/events HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        assert client.get("/healthz").status == 503
        other = socket.create_connection(
            ("127.0.0.1", client.port), patience(DEADLINE_S), ("127.0.0.2", 0)
        )
        other.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert heard(other).startswith(b"HTTP/1.1 200 ")
        other.close()
        connection.close()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\nX-A: ", b"HTTP/1.1 408 "),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /hea", b"HTTP/1.1 200 "),
    ],
)
def test_request_that_does_not_come_has_an_end(
    settings: Settings, intake: Intake, said: bytes, told: bytes
) -> None:
    with limited(settings, intake, Limits(100, 100, head_s=patience(0.3))) as client:
        with connect(client.port, said) as connection:
            answer = heard(connection)
        assert answer.startswith(told)
        assert bool(answer) == bool(told)
        assert (b"HTTP/1.1 408 " in answer) == bool(said)


def test_headers_that_drip_have_an_end(settings: Settings, intake: Intake) -> None:
    with limited(settings, intake, Limits(100, 100, head_s=patience(0.5))) as client:
        connection = connect(client.port, b"GET /healthz HTTP/1.1\r\nX-A: ")
        until(lambda: not _takes(connection), "the connection is closed")
        connection.close()


@pytest.mark.some(1)
@pytest.mark.parametrize("limit", [{"body_idle_s": 0.3}, {"body_s": 0.6}], ids=["idle", "dripping"])
def test_body_that_does_not_come_on_has_an_end(
    settings: Settings, intake: Intake, limit: dict[str, float]
) -> None:
    limits = Limits(100, 100, **{name: patience(seconds) for name, seconds in limit.items()})
    head = (
        f"POST /api/v1/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ANNA}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n"
    )
    with (
        limited(settings, intake, limits) as client,
        connect(client.port, head.encode() + b"--x\r\n") as connection,
    ):
        if "body_s" in limit:
            until(lambda: not _takes(connection), "the connection is closed")
        assert heard(connection)[:13] in (b"HTTP/1.1 408 ", b"")
        assert client.upload().status == 202


def test_who_does_not_listen_is_hung_up_on(
    settings: Settings, intake: Intake, worker: Worker, job_id: str
) -> None:
    size = 40 * MIB
    worker.all(job_id, result=b"%PDF-" + b"x" * size)
    with limited(settings, intake, Limits(100, 100, unread_s=patience(0.5))) as client:
        ask = (
            f"GET /api/v1/jobs/{job_id}/result HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer"
            f" {ANNA}\r\n\r\n"
        )
        with connect(client.port, ask.encode()) as connection:
            time.sleep(patience(1.5))
            assert 0 < len(heard(connection)) < size
        assert len(client.get(f"/api/v1/jobs/{job_id}/result", ANNA).body) > size


def test_streams_of_one_link_are_bounded(client: Client, page_path: str) -> None:
    with ExitStack() as stack:
        for _ in range(MOST_PER_LINK):
            next(stack.enter_context(client.events(f"{page_path}/events")))
        answer = client.get(f"{page_path}/events")
        assert (answer.status, answer.json["code"]) == (503, "busy")
        assert int(answer.headers["Retry-After"]) > 0
        assert client.get(page_path).status == 200
    until(lambda: _streams(client, page_path), "there is room again")


def _streams(client: Client, page_path: str) -> bool:
    connection = connect(
        client.port, f"GET {page_path}/events HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    )
    with connection:
        return connection.recv(100).startswith(b"HTTP/1.1 200 ")


def _takes(connection: socket.socket) -> bool:
    try:
        connection.sendall(b"a")
    except OSError:
        return False
    return True
