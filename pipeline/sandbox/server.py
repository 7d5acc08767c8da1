"""The fork server: a process with an empty environment and no secret in its memory, of which each
job gets a fork.

It is started by `pipeline.sandbox.client` for one process, does one job at a time, and ends when
that process closes its socket or dies. It parses nothing of a job's but its wish for recognition,
which is held to a short grammar.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dragoman.adapters.confinement import kernel, walls
from pipeline.pdf.reading import ocr
from pipeline.sandbox import child, tesseract, wire
from pipeline.sandbox.child import Order
from pipeline.sandbox.procedures import Job

# A collection after every 700 new objects is a tenth of the time of reading and setting a page, and
# finds next to nothing: a page's values hold each other in no circles.
OBJECTS_A_COLLECTION = 50_000
_EVERY_MS = 1000
_END = object()


@dataclass(slots=True)
class Worked:
    """A job that is being done.

    `sibling`: the process that recognises words for it, None: there is none.
    """

    order: Order
    pid: int
    helper: socket.socket
    sibling: int | None = None
    sibling_until: float = 0.0


class Server:
    """Does jobs until nobody listens.

    `more`: steps of loading, done after the first job while none is asked for.
    """

    def __init__(
        self,
        control: socket.socket,
        jobs: Mapping[str, Job],
        readable: Sequence[Path],
        more: Iterator[None],
    ) -> None:
        self._control, self._jobs, self._readable, self._more = control, jobs, readable, more
        self._woken, self._wake = os.pipe()
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)

    def run(self) -> None:
        """Until the other side is gone."""
        with suppress(EOFError, ConnectionError):
            while True:
                header, answers = self._asked()
                wire.send(self._control.fileno(), self._do(header, answers))
                self._load_more()

    def _load_more(self) -> None:
        """Go on loading until somebody asks.

        A server that does one job alone, for a command, is not kept by it.
        """
        asked = select.poll()
        asked.register(self._control.fileno(), select.POLLIN | select.POLLHUP)
        while not asked.poll(0):
            if next(self._more, _END) is _END:
                return
            gc.freeze()

    def _asked(self) -> tuple[Order, int]:
        """The next order, and where its answers go.

        A wish to kill what has ended by itself is passed over.
        """
        while True:
            header, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
            if not header:
                raise EOFError
            if descriptors:
                return Order.from_json(wire.receive(self._control.fileno())), descriptors[0]

    def _do(self, order: Order, answers: int) -> dict[str, Any]:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            # The control socket is closed with all others before the file is looked at.
            child.be(order, self._jobs.get(order.job), answers, theirs.fileno(), self._readable)
        os.close(answers)
        theirs.close()
        with ours:
            wire.send(self._control.fileno(), {"pid": pid})
            return self._watched(Worked(order, pid, ours))

    def _watched(self, work: Worked) -> dict[str, Any]:
        """How the job ended: its exit code, CPU seconds, and the most memory that it had, in
        KiB.
        """
        ready = select.poll()
        for one in (self._woken, self._control.fileno(), work.helper.fileno()):
            ready.register(one, select.POLLIN | select.POLLHUP)
        cpu_s = 0.0
        while True:
            for descriptor, _ in ready.poll(_EVERY_MS):
                if descriptor == self._woken:
                    with suppress(BlockingIOError):
                        os.read(self._woken, 4096)
                elif descriptor == self._control.fileno():
                    self._told(work)
                elif not _helped(work, self._readable):
                    ready.unregister(descriptor)
            cpu_s += _with_sibling(work)
            ended, status, used = os.wait4(work.pid, os.WNOHANG)
            if ended:
                _end_sibling(work)
                code = os.waitstatus_to_exitcode(status)
                return {
                    "code": code,
                    "cpu_s": cpu_s + used.ru_utime + used.ru_stime,
                    "peak": used.ru_maxrss,
                }

    def _told(self, work: Worked) -> None:
        """Kill the job, as it is wished.

        Raises EOFError, with the job dead, when who wished for it is gone.
        """
        said = self._control.recv(1)
        _kill(work.pid)
        if not said:
            _end_sibling(work)
            os.waitpid(work.pid, 0)
            raise EOFError


def _helped(work: Worked, readable: Sequence[Path]) -> bool:
    """Begin with the recognition that the job asks for. False: it asks for no more."""
    try:
        arguments = tesseract.arguments_of(wire.receive(work.helper.fileno()))
    except (EOFError, OSError):
        return False
    except ValueError:  # it has been taken over
        _kill(work.pid)
        return False
    if work.sibling is None:
        work.sibling = tesseract.start(work.order, arguments, readable)
        work.sibling_until = time.monotonic() + ocr.TIMEOUT_S
        _as_patient(work)
    if work.sibling is None:
        _answer(work, None)
    return True


def _as_patient(work: Worked) -> None:
    """Recognition gives way to others as its job does, which runs for a while already."""
    if work.sibling is not None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, work.sibling, os.getpriority(os.PRIO_PROCESS, work.pid))


def _with_sibling(work: Worked) -> float:
    """Look for the end of recognition. Gives its CPU seconds."""
    if work.sibling is None:
        return 0.0
    late = time.monotonic() > work.sibling_until
    if late:
        _kill(work.sibling)
    ended, status, used = os.wait4(work.sibling, 0 if late else os.WNOHANG)
    if not ended:
        return 0.0
    work.sibling = None
    _answer(work, None if late else os.waitstatus_to_exitcode(status))
    return used.ru_utime + used.ru_stime


def _answer(work: Worked, code: int | None) -> None:
    with suppress(OSError):  # the job has ended
        wire.send(work.helper.fileno(), code)


def _end_sibling(work: Worked) -> None:
    if work.sibling is not None:
        _kill(work.sibling)
        os.waitpid(work.sibling, 0)
        work.sibling = None


def _kill(pid: int) -> None:
    """The process, and what it has started where nothing kept it from that."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def main(control: int, jobs: str, more: Sequence[str], without: Sequence[str] = ()) -> None:
    """Serve on the socket `control`: the jobs of module `jobs`, which may also be read from the
    folders `more`.

    `without`: walls to leave out; for tests, and so for this process too.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if walls.PRIVILEGES not in without:
        with suppress(OSError, AttributeError):
            kernel.gain_nothing()
    module = importlib.import_module(jobs)
    readable = walls.readable(map(Path, more))
    module.warm()
    gc.set_threshold(OBJECTS_A_COLLECTION)
    gc.collect()
    gc.freeze()  # a collection in a child would copy all pages of memory that it shares
    with socket.socket(fileno=control) as listening:
        Server(listening, module.JOBS, readable, module.warm_more()).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
