"""A real uvicorn on a free loopback port, a client of the standard library, and a stand-in for
the worker.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from fastapi import FastAPI

from dragoman.adapters.signed_links import Links
from dragoman.app.intake import Intake
from dragoman.db.engine import Database
from dragoman.db.ledgers import jobs, lease
from dragoman.domain.job import Stage
from dragoman.domain.rows.job import Job
from dragoman.errors import DragomanError
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from ingress.web import app as web
from ingress.web.responses.connections import Limits, Server
from tests import row_values
from tests.patience import patience
from tests.rows import row
from tests.servers.process import wait_until

PDF = b"%PDF-1.7\n% a small one\n%%EOF\n"
RESULT = b"%PDF-1.7\n" + b"translated " * 300_000  # 3.3 MB: more than one piece of a stream
ANNA, BERT, ADMIN = "anna-token-0123456789", "bert-token-0123456789", "admin-token-0123456789"
DEADLINE_S = 20.0
ROOT = Path(__file__).parents[3]


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Plain HTTP to one server; each request on a connection of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.base = f"http://127.0.0.1:{port}"

    def ask(
        self, method: str, path: str, token: str | None = None, body: bytes = b"", **headers: str
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=patience(DEADLINE_S)
        )
        try:
            connection.request(method, path, body or None, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, token: str | None = None, **headers: str) -> Answer:
        return self.ask("GET", path, token, **headers)

    def upload(
        self,
        body: bytes = PDF,
        token: str | None = ANNA,
        filename: str = "report.pdf",
        headers: dict[str, str] | None = None,
        **fields: str,
    ) -> Answer:
        form, kind = multipart(body, filename, fields)
        return self.ask("POST", "/api/v1/upload", token, form, Content_Type=kind, **(headers or {}))

    @contextmanager
    def events(self, path: str, token: str | None = None) -> Iterator[Iterator[tuple[str, str]]]:
        """The `(event, data)` pairs of a stream, as they come."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=patience(DEADLINE_S)
        )
        connection.request(
            "GET", path, headers={"Authorization": f"Bearer {token}"} if token else {}
        )
        response = connection.getresponse()
        assert response.status == 200, response.read()
        try:
            yield parsed(response)
        finally:
            response.close()
            connection.close()


class Worker:
    """Moves jobs through the ledger as a worker would, without doing any of the work."""

    def __init__(self, database: Database, store: BlobStore) -> None:
        self.database = database
        self.store = store

    def row(self, job_id: str) -> dict[str, Any]:
        return row(self.database, jobs.JOBS, job_id)

    def claim(self, job_id: str) -> lease.Lease[Job]:
        claimed = lease.claim(self.database, jobs.LEDGER, job_id, 60.0)
        assert claimed is not None
        return claimed

    def progress(self, held: lease.Lease, fraction: float) -> None:
        with self.database.write() as connection:
            jobs.show_progress(connection, held, fraction)

    def finish_stage(self, held: lease.Lease, **facts: Any) -> None:
        with self.database.write() as connection:
            jobs.finish_stage(connection, held, f"jobs/{held.id}/{held.row.stage}/1.bin", **facts)

    def advance_to(self, job_id: str, stage: Stage, **facts: Any) -> lease.Lease[Job]:
        """The lease on `stage`, all stages before it done."""
        while (held := self.claim(job_id)).row.stage != stage:
            self.finish_stage(held, **facts)
        return held

    def complete(self, held: lease.Lease, result: bytes = RESULT, **facts: Any) -> None:
        key = f"jobs/{held.id}/result/{uuid.uuid4().hex}.pdf"
        self.store.put(key, BytesIO(result))
        with self.database.write() as connection:
            jobs.complete(connection, held, key, len(result), **facts)

    def all(self, job_id: str, result: bytes = RESULT, **facts: Any) -> None:
        known = {"source_lang": "en", "engine": "apertium", "pages": 3, "characters": 1234, **facts}
        self.complete(self.advance_to(job_id, Stage.RECONSTRUCT), result, **known)

    def fail(self, job_id: str, error: DragomanError) -> None:
        lease.bury(self.claim(job_id), error)

    def keys(self, job_id: str) -> list[str]:
        return list(self.store.keys(f"jobs/{job_id}/"))


def multipart(body: bytes, filename: str, fields: dict[str, str]) -> tuple[bytes, str]:
    """A form of `fields` and the file, and its content type."""
    boundary = "boundary-of-the-test"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'
        for k, v in fields.items()
    ]
    disposition = f'Content-Disposition: form-data; name="file"; filename="{filename}"'
    head = f"{''.join(parts)}--{boundary}\r\n{disposition}\r\nContent-Type: application/pdf\r\n\r\n"
    return (
        head.encode() + body + f"\r\n--{boundary}--\r\n".encode(),
        f"multipart/form-data; boundary={boundary}",
    )


def parsed(lines: http.client.HTTPResponse) -> Iterator[tuple[str, str]]:
    """Server-sent events; comments (pings) are left out."""
    event, data = "message", list[str]()
    while line := lines.readline().decode():
        line = line.rstrip("\r\n")
        if line.startswith("event:"):
            event = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and (data or event != "message"):
            yield event, "\n".join(data)
            event, data = "message", []


def until(true: Callable[[], object], what: str) -> None:
    """Wait for something to become true."""
    wait_until(lambda: bool(true()), DEADLINE_S, what)


@contextmanager
def serving(app: FastAPI, limits: Limits | None = None) -> Iterator[int]:
    """Serve `app` on a free port of the loopback interface."""
    server = Server(web.config(app, "127.0.0.1:0", limits))
    thread = threading.Thread(target=server.run, name="uvicorn")
    thread.start()
    try:
        until(lambda: server.started, "the server is up")
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(patience(DEADLINE_S))
        assert not thread.is_alive()


@contextmanager
def running_web(
    settings: Settings, log: Path, files: int = 4096
) -> Iterator[tuple[Client, psutil.Process]]:
    """`dragoman web` with Slack's route, in a process that may have so many `files` open; the
    broker's port is closed.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "DRAGOMAN_DATA_DIR": str(settings.data_dir),
        "DRAGOMAN_SECRET_KEY": "a-secret-key-for-tests-only",
        "DRAGOMAN_API_TOKENS": f"anna:{ANNA},admin:{ADMIN}:admin",
        "DRAGOMAN_DEFAULT_TARGET_LANG": "de",
        "DRAGOMAN_BROKER_URL": "redis://127.0.0.1:1/0",
        "DRAGOMAN_WEB_LISTEN": f"127.0.0.1:{port}",
        "DRAGOMAN_SLACK_MODE": "http",
        "DRAGOMAN_SLACK_BOT_TOKEN": "xoxb-0-0-of-the-test",
        "DRAGOMAN_SLACK_SIGNING_SECRET": "a-signing-secret-for-tests",
    }
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files})); "
    with log.open("wb") as stderr:
        command = [sys.executable, "-c", limit + "from ops.cli import main; main()", "web"]
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=stderr)
    try:
        client = Client(port)
        until(lambda: running.poll() is None and _answers(client), "the server is up")
        yield client, psutil.Process(running.pid)
    finally:
        running.kill()
        running.wait()


def _answers(client: Client) -> bool:
    try:
        return client.get("/healthz").status == 200
    except OSError:
        return False


@pytest.fixture
def settings(settings: Settings) -> Settings:
    tokens = f"anna:{ANNA},bert:{BERT},admin:{ADMIN}:admin"
    return Settings.from_env(
        data_dir=settings.data_dir,
        secret_key="a-secret-key-for-tests-only",
        api_tokens=tokens,
        default_target_lang="de",
    )


@pytest.fixture
def links(settings: Settings) -> Links:
    return Links(settings)


@pytest.fixture
def worker(database: Database, store: BlobStore) -> Worker:
    return Worker(database, store)


@pytest.fixture
def client(settings: Settings, intake: Intake) -> Iterator[Client]:
    with serving(web.make_app(settings, intake)) as port:
        yield Client(port)


@pytest.fixture
def job_id(client: Client) -> str:
    """A job of Anna's that nobody has claimed yet."""
    answer = client.upload(target_lang="de", filename="Jahresbericht 2026.pdf")
    assert answer.status == 202, answer.body
    return str(answer.json["job_id"])


@pytest.fixture
def page_path(worker: Worker, links: Links, job_id: str) -> str:
    """The requester's own link to the job's page."""
    return links.path("own", row_values.job(worker.row(job_id)))


@pytest.fixture
def shown_path(worker: Worker, links: Links, job_id: str) -> str:
    """A link to the same page that may stand where others read it."""
    return links.path("page", row_values.job(worker.row(job_id)))
