"""Work on untrusted files in a child of a server that holds nothing of ours: a hostile or broken
file can end the child, and nothing else.

MuPDF is a library in C: a bomb fills the memory, a loop cannot be interrupted by Python, a crash
takes the process along, and a bug in it may run a stranger's code. So the child has no secret, no
descriptor, no network and no way to run a program (`pipeline.sandbox`). What it answers is plain
data. Each process that asks has a server of its own, started when it first asks and gone with it.
"""

from __future__ import annotations

import builtins
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dragoman.domain.os_errors import DiskFull
from dragoman.errors import DamagedPdf, DragomanError, RequestError, TooComplex, WorkerLost
from pipeline.sandbox import wire

OnProgress = Callable[[float], None]
"""Is told the share of the work done, from 0 to 1."""

LOOK_EVERY_S = 1.0
LONG_S, NICE = 10.0, 10  # a job that takes longer lets others go first: setpriority(2)
PATIENCE_S = 10.0  # for a server to say how a child that was killed has ended
LONGEST_WORDS = 2000  # characters of an error that comes out of the sandbox
_CHUNK = 1 << 20
_PASSED_ON = ("PATH", "TESSDATA_PREFIX")  # of the environment: no secret is in these
# Ways to die of one's own fault; whoever is killed by SIGKILL was killed by somebody else.
_CRASHES = (
    signal.SIGSEGV,
    signal.SIGBUS,
    signal.SIGABRT,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGSYS,
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a child may take.

    `memory`: bytes beyond what its server has mapped. `silence_s`: seconds of CPU time without a
    sign of progress; a page may take as long. `wall_s`: the same on the clock, generous, since a
    busy host is no fault of the file. `cpu_s`: seconds of CPU time in all. `file_size`: bytes of
    any file that it writes.
    """

    memory: int = 1 << 30
    silence_s: float = 120.0
    wall_s: float = 1200.0
    cpu_s: int = 3600
    file_size: int = 2 << 30


BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class Call:
    """A job by its name in `pipeline.sandbox.procedures`, and what it needs: arguments that
    JSON can say, files it reads, a folder it may write to.
    """

    job: str
    arguments: Mapping[str, Any]
    reads: Sequence[Path]
    scratch: Path


@dataclass(slots=True)
class Usage:
    """What the children of this process's servers have taken: CPU seconds in all, and the most
    memory that one had, in getrusage(2)'s unit.
    """

    cpu_s: float = 0.0
    peak: int = 0

    def add(self, ended: Mapping[str, Any]) -> None:
        """Count a child that has ended."""
        self.cpu_s += float(ended["cpu_s"])
        self.peak = max(self.peak, int(ended["peak"]))


usage = Usage()


@dataclass(slots=True)
class Server:
    """A fork server of this process's and thread's own, started by the first call.

    `jobs`: the module that names the jobs; `path`: folders that it is imported from, beside the
    installed ones; `without`: walls to leave out. `missing`: the walls that did not stand around
    the last child.
    """

    jobs: str = "pipeline.sandbox.procedures"
    path: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _control: socket.socket | None = field(default=None, init=False)

    def start(self) -> socket.socket:
        """The socket to the server, which is started if there is none.

        It loads its libraries while this process goes on.
        """
        if self._control is not None:
            return self._control
        ours, theirs = socket.socketpair()
        with theirs:
            places = [*self.path, str(Path(__file__).parents[2])]
            code = (
                f"import sys; sys.path[:0] = {places!r}; from pipeline.sandbox.server import main;"
                f" main({theirs.fileno()}, {self.jobs!r}, {self.path!r}, {self.without!r})"
            )
            quiet = ["-B"] if sys.flags.dont_write_bytecode else []
            passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
            self._process = subprocess.Popen(
                [sys.executable, "-I", *quiet, "-c", code],
                env={**passed_on, "LANG": "C.UTF-8"},
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        self._control = ours
        return ours

    def call(
        self,
        call: Call,
        on_progress: OnProgress = lambda _share: None,
        bounds: Bounds = BOUNDS,
        *,
        look: Callable[[], None] = lambda: None,
    ) -> Any:
        """As `confined`."""
        control = self.start()
        reader, writer = os.pipe()
        ended: dict[str, Any] | None = None
        try:
            try:
                self._ask(control, call, bounds, writer)
            finally:
                os.close(writer)
            pid = int(self._heard(control)["pid"])
            value = _followed(_messages(reader, pid, bounds, look, self._stands), on_progress)
            ended = self._heard(control)
        except BaseException:
            self._give_up(control, heard=ended is not None)
            raise
        finally:
            os.close(reader)
        usage.add(ended)
        if isinstance(value, _Nothing):
            raise _cause(int(ended["code"]))
        if isinstance(value, _Failure):
            raise _error(value.said)
        return value

    def close(self) -> None:
        """End the server, and whatever it does."""
        control, process = self._control, self._process
        self._control = self._process = None
        if control is not None:
            control.close()
        if process is not None:
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def __del__(self) -> None:
        """A thread that ends takes its server with it."""
        with suppress(Exception):  # at the end of the interpreter half of it is gone already
            self.close()

    def forget(self) -> None:
        """In a fork of this process: the server is its parent's."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.returncode = 0  # nobody waits for it here
        self._control = self._process = None

    def _ask(self, control: socket.socket, call: Call, bounds: Bounds, writer: int) -> None:
        order = {
            "job": call.job,
            "arguments": dict(call.arguments),
            "reads": [str(path.absolute()) for path in call.reads],
            "scratch": str(call.scratch.absolute()),
            "limits": {
                "memory": bounds.memory,
                "cpu_s": bounds.cpu_s,
                "file_size": bounds.file_size,
            },
            "without": self.without,
        }
        try:
            socket.send_fds(control, [wire.JOB], [writer])
            control.sendall(wire.packed(order))
        except OSError as error:
            raise WorkerLost(detail="the reader's server has ended") from error

    @staticmethod
    def _heard(control: socket.socket) -> dict[str, Any]:
        try:
            said = wire.receive(control.fileno())
        except (EOFError, OSError) as error:
            raise WorkerLost(detail="the reader's server has ended") from error
        return dict(said)

    def _give_up(self, control: socket.socket, *, heard: bool) -> None:
        """End the child whose answer nobody waits for any more; with the server, if that does
        not answer.
        """
        if heard:
            return
        try:
            control.settimeout(PATIENCE_S)
            control.sendall(wire.KILL)
            ready = select.poll()
            ready.register(control, select.POLLIN)
            while ready.poll(PATIENCE_S * 1000):
                said = self._heard(control)
                if "code" in said:
                    usage.add(said)
                    control.settimeout(None)
                    return
        except (DragomanError, OSError, ValueError):
            pass  # it is ended below
        self.close()

    def _stands(self, missing: Any) -> None:
        self.missing = tuple(str(one)[:40] for one in missing) if isinstance(missing, list) else ()


_own = threading.local()


def server() -> Server:
    """The server of this thread."""
    if getattr(_own, "server", None) is None:
        _own.server = Server()
    found: Server = _own.server
    return found


def confined(
    call: Call,
    on_progress: OnProgress = lambda _share: None,
    bounds: Bounds = BOUNDS,
    *,
    look: Callable[[], None] = lambda: None,
) -> Any:
    """What the job answers, done in a child of the sandbox; `on_progress` hears of its progress.

    `look` is called every second of silence. What it and `on_progress` raise ends the child. Raises
    what the job raises; TooComplex if it leaves its bounds, DamagedPdf if it crashes or answers
    what is no answer, WorkerLost if somebody killed it.
    """
    return server().call(call, on_progress, bounds, look=look)


def _in_a_fork() -> None:
    if getattr(_own, "server", None) is not None:
        _own.server.forget()
        _own.server = None


os.register_at_fork(after_in_child=_in_a_fork)


class _Nothing:
    """There was no answer."""


@dataclass(frozen=True, slots=True)
class _Failure:
    said: Any


def _followed(messages: Iterator[Any], on_progress: OnProgress) -> Any:
    """The child's answer."""
    for message in messages:
        match message:
            case ["told", int() | float() as share]:
                on_progress(min(max(float(share), 0.0), 1.0))
            case ["done", value]:
                return value
            case ["failed", said]:
                return _Failure(said)
            case _:
                raise DamagedPdf(detail="the reader said what is no answer")
    return _Nothing()


def _messages(
    reader: int, pid: int, bounds: Bounds, look: Callable[[], None], stands: Callable[[Any], None]
) -> Iterator[Any]:
    """What the child says, until it ends. Raises TooComplex when it is silent for too long."""
    ready, held = select.poll(), bytearray()
    ready.register(reader, select.POLLIN | select.POLLHUP)
    gives_way_at = time.monotonic() + LONG_S
    while True:
        _await(ready, pid, bounds, lambda: _looked(look, pid, gives_way_at))
        data = os.read(reader, _CHUNK)
        if not data:
            return
        held += data
        try:
            messages = wire.taken(held)
        except wire.Garbled as error:
            raise DamagedPdf(detail=f"the reader said {error}") from error
        for message in messages:
            if isinstance(message, list) and message[:1] == ["missing"]:
                stands(message[-1])
            else:
                yield message


def _await(ready: select.poll, pid: int, bounds: Bounds, look: Callable[[], None]) -> None:
    """Return when there is something to read. Raises TooComplex, and what `look` raises."""
    began, used = time.monotonic(), _cpu_s(pid)
    every_s = min(LOOK_EVERY_S, bounds.silence_s / 4, bounds.wall_s / 4)
    looked = began
    while not ready.poll(every_s * 1000):
        now = time.monotonic()
        passed = now - began
        worked = passed if used is None else (_cpu_s(pid) or used) - used
        if worked >= bounds.silence_s or passed >= bounds.wall_s:
            raise TooComplex("A page of the PDF takes too long to process.")
        if now - looked >= LOOK_EVERY_S:
            looked = now
            look()


def _looked(look: Callable[[], None], pid: int, gives_way_at: float) -> None:
    """Look, and let a job that is a long one give way from then on: where the processor is free
    it loses nothing.
    """
    look()
    if time.monotonic() >= gives_way_at:
        with suppress(OSError):  # it has ended
            if os.getpriority(os.PRIO_PROCESS, pid) < NICE:
                os.setpriority(os.PRIO_PROCESS, pid, NICE)


def _cpu_s(pid: int) -> float | None:
    """CPU seconds of a process (proc_pid_stat(5)); None: the system does not tell."""
    try:
        fields = (
            Path(f"/proc/{pid}/stat")
            .read_text(encoding="ascii", errors="replace")
            .rpartition(")")[2]
            .split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return None


def _cause(code: int) -> Exception:
    number = -code
    if number == signal.SIGXCPU:
        return TooComplex("The PDF takes too long to process.")
    if number in _CRASHES:
        return DamagedPdf(detail=f"the reader died of {signal.Signals(number).name}")
    return WorkerLost(detail=f"the reader ended with {code}")


def _error(said: Any) -> Exception:
    """An error from its description.

    Only what a file can be blamed for, and Python's own, are made again: a stranger may have
    written it.
    """
    if not isinstance(said, dict):
        return DamagedPdf(detail="the reader said what is no error")
    words = {
        key: str(said.get(key, ""))[:LONGEST_WORDS]
        for key in ("kind", "message", "advice", "detail")
    }
    error = _made(**words)
    error.add_note(str(said.get("trace", ""))[-10_000:])
    return error


def _made(kind: str, message: str, advice: str, detail: str) -> Exception:
    known = {one.__name__: one for one in (*_below(RequestError), DiskFull)}
    if kind in known:
        return _as_said(known[kind], message, advice, detail)
    python = getattr(builtins, kind, None)
    if isinstance(python, type) and issubclass(python, Exception):
        with suppress(TypeError):
            return python(message)
    return RuntimeError(f"{kind}: {message}")


def _as_said(kind: type[DragomanError], message: str, advice: str, detail: str) -> DragomanError:
    """An error of ours, whatever its own constructor takes."""
    error: DragomanError = kind.__new__(kind)
    Exception.__init__(error, message)
    error.message, error.advice, error.detail = message, advice, detail
    return error


def _below(kind: type[DragomanError]) -> list[type[DragomanError]]:
    return [kind, *(one for below in kind.__subclasses__() for one in _below(below))]
