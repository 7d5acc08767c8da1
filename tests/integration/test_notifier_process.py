"""The notifier as a process of its own: fed through a real broker, stopped as compose stops it,
killed in mid-send.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from dragoman.adapters import queues
from dragoman.app.intake import Intake, Message
from dragoman.db.engine import Database
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.domain.job import RowState
from dragoman.errors import DragomanError
from dragoman.settings import Settings
from ops.health import check
from tests.patience import patience
from tests.rows import deliveries
from tests.servers.process import wait_until
from tests.servers.redis import Redis

RUN = (
    "from dragoman.settings import Settings; from notifier.worker import run;"
    " run(Settings.from_env())"
)
START_S, STOP_S = 40.0, 30.0


class Notifier:
    """The process, with what it logs in a file."""

    def __init__(self, settings: Settings, broker_url: str, log: Path, **more: str) -> None:
        self.settings = settings.model_copy(update={"broker_url": broker_url})
        self.log = log
        environment = {
            **os.environ,
            "DRAGOMAN_DATA_DIR": str(settings.data_dir),
            "DRAGOMAN_BROKER_URL": broker_url,
        }
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", RUN],
                env={**environment, **more},
                stdout=output,
                stderr=output,
            )

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return bool(check(self.settings, "notifier"))
        except DragomanError:  # not yet
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(patience(STOP_S))


@pytest.fixture
def owed(intake: Intake) -> str:
    """A message whose answer is owed."""
    kept = intake.keep(
        Message("email", "mail:1", "ada@example.org", {"subject": "Hello", "message_id": "<one@x>"})
    )
    with intake.opened(str(kept.message_id)) as held:
        assert held
        intake.answer(held, {"reason": "no_pdf"})
    return str(kept.message_id)


@pytest.fixture
def started(settings: Settings, redis_server: Redis, tmp_path: Path) -> Iterator[Any]:
    """Starts notifiers; all are ended with the test."""
    running: list[Notifier] = []

    def start(**more: str) -> Notifier:
        running.append(Notifier(settings, redis_server.url, tmp_path / "notifier.log", **more))
        return running[-1]

    yield start
    for notifier in running:
        notifier.stop(signal.SIGKILL)


def row(database: Database, owner: str) -> dict[str, Any]:
    [found] = deliveries(database, owner)
    return found


def ring(notifier: Notifier, owner: str) -> None:
    with queues.make_app(notifier.settings) as app:
        queues.send(app, queues.DELIVER, owner)


def test_a_doorbell_is_answered_with_a_mail_and_sigterm_ends_it(
    started: Any, owed: str, database: Database, settings: Settings
) -> None:
    notifier = started()
    ring(notifier, owed)

    wait_until(lambda: row(database, owed)["state"] == RowState.DONE, START_S, "the delivery")

    assert len(list((settings.data_dir / "outbox" / "new").iterdir())) == 1
    wait_until(notifier.is_up, START_S, "an answer to ping")
    assert notifier.stop() == 0
    logged = notifier.log.read_text()
    assert '"event": "delivered"' in logged
    assert "Traceback" not in logged
    assert "ada@example.org" not in logged


class SlowServer:
    """A mail server that keeps silent at one point of the dialogue until it is told to `go_on`."""

    def __init__(self, pause_before: bytes) -> None:
        """`pause_before`: the line of the client that is not answered; empty: not even a
        greeting.
        """
        self._pause_before = pause_before
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self._socket.getsockname()[1]}"
        self.asked, self.go_on = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.go_on.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection, connection.makefile("rb") as lines, suppress(OSError):
            self._say(connection, b"", b"220 slow\r\n")
            in_data = False
            for line in lines:
                if in_data and line != b".\r\n":
                    continue
                in_data = line.startswith(b"DATA")
                self._say(connection, line, b"354 go on\r\n" if in_data else b"250 fine\r\n")

    def _say(self, connection: socket.socket, line: bytes, reply: bytes) -> None:
        if line == self._pause_before:
            self.asked.set()
            self.go_on.wait()
        connection.sendall(reply)


@pytest.fixture
def slow() -> Iterator[Any]:
    """Starts slow servers; all are closed with the test."""
    running: list[SlowServer] = []

    def start(pause_before: bytes) -> SlowServer:
        running.append(SlowServer(pause_before))
        return running[-1]

    yield start
    for server in running:
        server.close()


def test_sigterm_lets_a_send_end(started: Any, slow: Any, owed: str, database: Database) -> None:
    server = slow(pause_before=b".\r\n")
    notifier = started(DRAGOMAN_OUTBOUND_SMTP_URL=server.url)
    ring(notifier, owed)
    assert server.asked.wait(patience(START_S))

    notifier.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "shutdown" in notifier.log.read_text().lower(), START_S, "the signal seen")
    server.go_on.set()

    assert notifier.process.wait(patience(STOP_S)) == 0
    assert not re.search(r'"level": "(error|critical)"|Traceback', notifier.log.read_text())
    assert row(database, owed)["state"] == RowState.DONE


def test_killed_in_mid_send_the_mail_goes_out_with_the_next_process(
    started: Any, slow: Any, owed: str, database: Database
) -> None:
    server = slow(pause_before=b"")
    first = started(DRAGOMAN_OUTBOUND_SMTP_URL=server.url)
    ring(first, owed)
    assert server.asked.wait(patience(START_S))
    first.stop(signal.SIGKILL)
    killed = row(database, owed)
    assert (killed["state"], killed["maybe_sent"]) == (RowState.RUNNING, 1)
    with database.write() as connection:
        connection.execute(update(OUTBOX).values(lease_until=0.0))

    second = started()
    ring(second, owed)

    wait_until(lambda: row(database, owed)["state"] == RowState.DONE, START_S, "the delivery")
