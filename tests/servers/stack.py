"""`dragoman up` as a child of the test run: all its processes, on free ports, in a data folder
of the test's choice.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from smtplib import SMTP
from typing import Any, Self

import psutil

from tests.patience import patience
from tests.servers.process import LOOPBACK, Server, free_port, listens, wait_until

SENDER = "ana@example.org"
TOKEN = "e2e:0123456789abcdef0123:admin"
BEARER = TOKEN.split(":")[1]
ENDS = ("COMPLETED", "FAILED", "CANCELLED")
NOTE = re.compile(rb"^Message-ID:\s*<[^>]+\.(ack|progress)@", re.MULTILINE | re.IGNORECASE)


class Stack:
    """A running Dragoman. `data` outlives it, so that another one can go on there."""

    def __init__(self, data: Path, environment: dict[str, str] | None = None, **more: str) -> None:
        """`more`: further settings, such as `engine="deepl"`; `environment`: variables of
        others, such as OTEL_*.
        """
        self.data = data
        self.web, self.smtp, self.flower = free_port(), free_port(), free_port()
        chosen = {
            "web_listen": f"{LOOPBACK}:{self.web}",
            "smtp_listen": f"{LOOPBACK}:{self.smtp}",
            "flower_listen": f"{LOOPBACK}:{self.flower}",
            "allowed_senders": "@example.org",
            "sender_auth": "none",
            "api_tokens": TOKEN,
            "mail_address": "translate@dragoman.test",
            "engine": "pseudo",
            **more,
        }
        if "lease_s" in chosen:  # a worker that is slow because the machine is keeps its lease
            chosen["lease_s"] = str(patience(float(chosen["lease_s"])))
        self.smtp = int(chosen["smtp_listen"].rpartition(":")[2])
        self._environment = {f"DRAGOMAN_{name.upper()}": value for name, value in chosen.items()}
        self._environment |= environment or {}
        self._environment["PYTHONPATH"] = str(Path.cwd())
        self._server = Server(
            "up", folder=_made(self.data.absolute().with_name(f"{self.data.name}-log-{self.web}"))
        )
        self.url = f"http://{LOOPBACK}:{self.web}"

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "dragoman", "up", "--data", str(self.data)]
        self._server.start(command, ready=self._ready, within_s=90, **self._environment)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @contextmanager
    def another(self, service: str) -> Iterator[Server]:
        """One more process of a service beside those of `up`, which needs a broker of the
        test's then.
        """
        server = Server(service)
        given = {**self._environment, "DRAGOMAN_DATA_DIR": str(self.data.absolute())}
        server.start([sys.executable, "-m", "dragoman", service], ready=lambda: True, **given)
        try:
            yield server
        finally:
            server.remove()

    def stop(self) -> None:
        """SIGTERM, as Ctrl-C does, and the end of all processes."""
        process = self._server.process
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(patience(60))
            self._server.process = None

    @property
    def environment(self) -> dict[str, str]:
        """Its settings, for a command that is to see the same server; its broker is its own."""
        return self._environment

    def log(self) -> str:
        """What all processes have logged."""
        return self._server.log.read_text(errors="replace")

    def pids(self, service: str) -> list[int]:
        """The processes of a service: its own and its pool's children."""
        folders = [folder for folder in Path("/proc").iterdir() if folder.name.isdecimal()]
        return [int(folder.name) for folder in folders if self._is(folder, service)]

    def pool(self, service: str) -> tuple[int, list[int]]:
        """A service's own process and its pool's children.

        Numbers start again, so that a child's may be the smaller one.
        """
        of = {pid: psutil.Process(pid).ppid() for pid in self.pids(service)}
        (parent,) = (pid for pid, above in of.items() if above not in of)
        return parent, [pid for pid in of if pid != parent]

    def kill(self, service: str) -> list[int]:
        """kill -9 a service with all its children; whom."""
        pids = self.pids(service)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return pids

    def api(self, path: str, **request: Any) -> Any:
        """The JSON that the API answers to a GET, or to what `request` (of urllib) says."""
        headers = {"Authorization": f"Bearer {BEARER}", **request.pop("headers", {})}
        made = urllib.request.Request(self.url + path, headers=headers, **request)
        with urllib.request.urlopen(made, timeout=patience(10)) as answer:
            return json.load(answer)

    def status(self, job_id: str) -> dict[str, Any]:
        """The job as the API shows it."""
        return dict(self.api(f"/api/v1/status/{job_id}"))

    def await_end(self, job_id: str, within_s: float = 90) -> dict[str, Any]:
        """The job's status once it has ended."""
        wait_until(
            lambda: self.status(job_id)["status"] in ENDS, within_s, f"{job_id} ends", every_s=0.1
        )
        return self.status(job_id)

    def await_jobs(self, count: int, within_s: float = 30) -> list[dict[str, Any]]:
        """The newest jobs once there are `count` of them."""
        wait_until(
            lambda: len(self.api("/api/v1/jobs")["jobs"]) >= count,
            within_s,
            f"{count} jobs",
            every_s=0.1,
        )
        return list(self.api("/api/v1/jobs")["jobs"])

    def upload(self, pdf: bytes, target_lang: str = "fr") -> str:
        """Upload a PDF as a browser would; the job's id."""
        boundary = uuid.uuid4().hex
        head = (
            f"--{boundary}\r\nContent-Disposition: form-data;"
            f' name="target_lang"\r\n\r\n{target_lang}\r\n--{boundary}\r\n'
        )
        head += (
            'Content-Disposition: form-data; name="file"; filename="a.pdf"\r\nContent-Type:'
            " application/pdf\r\n\r\n"
        )
        body = head.encode() + pdf + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return str(self.api("/api/v1/upload", data=body, headers=headers)["job_id"])

    def mail(
        self,
        pdf: bytes,
        to: str = "translate+de@dragoman.test",
        filename: str = "brochure.pdf",
        sender: str = SENDER,
    ) -> str:
        """Mail a PDF over SMTP; the Message-ID."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, "A brochure"
        message["Message-ID"] = make_msgid(domain="example.org")
        message.set_content("Please translate.\n")
        message.add_attachment(pdf, maintype="application", subtype="pdf", filename=filename)
        with SMTP(LOOPBACK, self.smtp, timeout=patience(20)) as smtp:
            smtp.send_message(message)
        return str(message["Message-ID"])

    def outbox(self) -> list[bytes]:
        """The answers that were sent, oldest first; without the notes that say, when the
        machine is slow, that it takes time.
        """
        files = [
            file
            for file in (self.data / "outbox" / "new").glob("*")
            if not NOTE.search(file.read_bytes())
        ]
        return [
            file.read_bytes() for file in sorted(files, key=lambda file: file.stat().st_mtime_ns)
        ]

    def await_answers(self, count: int, within_s: float = 60) -> list[bytes]:
        """The answers once there are `count` of them."""
        wait_until(lambda: len(self.outbox()) >= count, within_s, f"{count} answers", every_s=0.1)
        return self.outbox()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the database (SQLite)."""
        connection = sqlite3.connect(f"file:{self.data / 'dragoman.db'}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def _ready(self) -> bool:
        if not (listens(self.smtp) and listens(self.web) and listens(self.flower)):
            return False
        try:
            self.api("/readyz")
        except (urllib.error.URLError, OSError):
            return False
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=patience(10)) as answer:
            # it has taken its first task
            return b'heartbeat_age_seconds{service="worker@' in answer.read()

    def _is(self, folder: Path, service: str) -> bool:
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            environment = (folder / "environ").read_bytes()
        except OSError:
            return False
        wanted = [b"-m", b"dragoman", service.encode()]
        ours = f"DRAGOMAN_DATA_DIR={self.data.absolute()}".encode() in environment
        return ours and any(words[index : index + 3] == wanted for index in range(len(words)))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
