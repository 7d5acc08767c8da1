"""A real server as a child of the test run: on free loopback ports, in a folder of its own, stopped
by its process id.

A server that is not installed skips the tests that need it, with the name of its package in the
summary. Where the test run installs its servers itself (as root on Debian) or where `CI` is set,
its absence is a failure: nothing is skipped in silence.
"""

from __future__ import annotations

import os
import platform
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

from tests.patience import Patience, patience

LOOPBACK = "127.0.0.1"
LOWEST_PORT, HIGHEST_PORT = 20_000, 30_000  # below the range that Linux hands out by itself
STOP_WITHIN_S = 10.0


def must_be_there() -> bool:
    """Whether a missing server is a failure instead of a skip."""
    return bool(os.environ.get("CI")) or (os.geteuid() == 0 and _is_debian())


def missing(program: str, package: str) -> NoReturn:
    """Skip or fail the present test because `program` is not installed."""
    reason = (
        f"{program} is not installed: apt-get install {package} (or see tests/install_servers.sh)"
    )
    if must_be_there():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def needs(program: str, package: str) -> pytest.MarkDecorator:
    """Marks tests that are skipped without `program`; where it must be there they run all the
    same, and fail.
    """
    reason = f"{program} is not installed: apt-get install {package}"
    return pytest.mark.skipif(find(program) is None and not must_be_there(), reason=reason)


def find(*programs: str) -> str | None:
    """The path of the first of `programs` beside this Python or on PATH, or None."""
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]
    )
    return next(
        (found for program in programs if (found := shutil.which(program, path=path))), None
    )


def free_port(*offsets: int) -> int:
    """A loopback port that nobody listens on; the ports at `offsets` from it are free too."""
    while True:
        port = random.randint(LOWEST_PORT, HIGHEST_PORT)
        if all(_is_free(port + offset) for offset in (0, *offsets)):
            return port


def listens(port: int, host: str = LOOPBACK) -> bool:
    """Whether somebody accepts connections on `port`."""
    with socket.socket() as probe:
        probe.settimeout(patience(1.0))
        return probe.connect_ex((host, port)) == 0


def wait_until(
    condition: Callable[[], bool], within_s: float, what: str, every_s: float = 0.02
) -> None:
    """Poll `condition` until it holds; raises TimeoutError, which says `what` did not happen in
    time.

    `within_s`: at rest; under load longer (`tests.patience`).
    """
    left, began = Patience(within_s), time.monotonic()
    while not condition():
        if left.is_over():
            waited_s = time.monotonic() - began
            raise TimeoutError(
                f"{what}: not within {within_s:.0f} s at rest, {waited_s:.0f} s by the clock"
            )
        time.sleep(every_s)


class Server:
    """One child process with its folder and its log."""

    def __init__(self, name: str, user: str | None = None, folder: Path | None = None) -> None:
        """`user`: whom to run as, None: whoever runs the tests.

        `folder`: None: one of its own with a short path, for Unix sockets.
        """
        self.name = name
        self.user = user
        self.folder = folder or Path(tempfile.mkdtemp(prefix=f"dragoman-{name}-"))
        if user:
            shutil.chown(self.folder, user)
        self.log = self.folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, command: Sequence[str]) -> None:
        """Run a preparing command to its end, as the server's user. Raises CalledProcessError."""
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            user=self.user,
            cwd=self.folder,
            env=_environment(),
        )

    def start(
        self,
        command: Sequence[str],
        ready: Callable[[], bool],
        within_s: float = 30.0,
        **environment: str,
    ) -> None:
        """Start the server and wait until it is `ready`.

        Raises RuntimeError with the end of its log.
        """
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*_dies_with_us(), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.user,
                cwd=self.folder,
                env=_environment(environment),
                start_new_session=True,
            )
        try:
            wait_until(
                lambda: self.process.poll() is not None or ready(),
                within_s,
                f"{self.name} is ready",
            )
        except TimeoutError as error:
            self.stop()
            raise TimeoutError(
                f"{error}; its log ends: {self.log.read_text(errors='replace')[-3000:]}"
            ) from None
        if self.process.poll() is not None:
            raise RuntimeError(
                f"{self.name} ended at once: {self.log.read_text(errors='replace')[-2000:]}"
            )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the process, and its whole session where it does not end by itself."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(patience(STOP_WITHIN_S))
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def send(self, number: signal.Signals) -> None:
        """To the process and its children; nothing happens while it is stopped."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """kill -9 of the process and its children."""
        self.send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        """Stop it and delete its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _is_debian() -> bool:
    try:
        return platform.freedesktop_os_release().get("ID") == "debian"
    except OSError:
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _dies_with_us() -> list[str]:
    """A test run that is killed takes its servers with it (Linux)."""
    setpriv = find("setpriv")
    return [setpriv, "--pdeathsig=KILL", "--"] if setpriv and sys.platform == "linux" else []


def _environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "TZ") if name in os.environ
    }
    return {**kept, "LC_ALL": "C.UTF-8", **(more or {})}
