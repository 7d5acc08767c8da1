"""PDF work in a child process of its own, within bounds: a hostile or broken file can end the child, and nothing else.

MuPDF is a library in C: a bomb fills the memory, a loop cannot be interrupted by Python, a crash takes the process along.
The child is a fork, so what the parent has loaded need not be loaded again; it costs about 3 ms (measured).
It guards against accidents, not against a break-out: it has the rights of its parent.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import pickle
import resource
import select
import signal
import struct
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

from dragoman.domain.trouble import named
from dragoman.errors import DamagedPdf, TooComplex, WorkerLost

T = TypeVar("T")

OnProgress = Callable[[float], None]
"""Is told the share of the work done, from 0 to 1."""

_LENGTH = struct.Struct("!Q")
_CHUNK = 1 << 20
LOOK_EVERY_S = 1.0
_TOLD, _DONE, _FAILED = "told", "done", "failed"
_RESET = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGCHLD)
# Ways to die of one's own fault; whoever is killed by SIGKILL was killed by somebody else.
_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a child may take.

    `memory`: bytes beyond what its parent has mapped. `silence_s`: seconds without a sign of progress; a page may take as
    long. `cpu_s`: seconds of CPU time in all, the end of a child whose parent was killed.
    """

    memory: int = 1 << 30
    silence_s: float = 120.0
    cpu_s: int = 3600


BOUNDS = Bounds()


def confined(
    work: Callable[[OnProgress], T],
    on_progress: OnProgress = lambda _share: None,
    bounds: Bounds = BOUNDS,
    *,
    look: Callable[[], None] = lambda: None,
) -> T:
    """What `work` gives, done in a child. `work` is given what to tell its progress; `on_progress` hears it here.

    `look` is called every second of silence. What it and `on_progress` raise ends the child. Raises what `work` raises; TooComplex if it leaves its bounds, DamagedPdf if it crashes,
    WorkerLost if somebody killed it.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # The child runs one thread, touches no lock of another one's, and never returns: os.fork's concern is met.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reader)
        _be_child(work, writer, bounds)
    os.close(writer)
    try:
        return cast("T", _followed(_messages(reader, bounds.silence_s, look), child, on_progress))
    finally:
        os.close(reader)
        _end(child)


def _followed(messages: Iterator[tuple[str, Any]], child: int, on_progress: OnProgress) -> Any:
    """The child's result."""
    for kind, value in messages:
        if kind == _TOLD:
            on_progress(value)
        elif kind == _DONE:
            return value
        else:
            raise value
    raise _cause(_ended(child))


def _messages(reader: int, silence_s: float, look: Callable[[], None]) -> Iterator[tuple[str, Any]]:
    """What the child says, until it ends. Raises TooComplex after `silence_s` without a word."""
    ready, held = select.poll(), bytearray()
    ready.register(reader, select.POLLIN | select.POLLHUP)
    while True:
        _await(ready, silence_s, look)
        data = os.read(reader, _CHUNK)
        if not data:
            return
        held += data
        while len(held) >= _LENGTH.size and len(held) >= (end := _LENGTH.size + _LENGTH.unpack_from(held)[0]):
            message = pickle.loads(held[_LENGTH.size : end])  # noqa: S301  # from our own fork
            del held[:end]
            yield message


def _await(ready: select.poll, silence_s: float, look: Callable[[], None]) -> None:
    """Return when there is something to read. Raises TooComplex, and what `look` raises."""
    left = silence_s
    while not ready.poll(min(left, LOOK_EVERY_S) * 1000):
        left -= LOOK_EVERY_S
        if left <= 0:
            raise TooComplex("A page of the PDF takes too long to process.")
        look()


def _cause(status: int) -> Exception:
    number = -status
    if number == signal.SIGXCPU:
        return TooComplex("The PDF takes too long to process.")
    if number in _CRASHES:
        return DamagedPdf(detail=f"the reader died of {signal.Signals(number).name}")
    return WorkerLost(detail=f"the reader ended with {status}")


def _ended(child: int) -> int:
    """The exit code of a child that closed its pipe, minus the number of the signal that it died of."""
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _end(child: int) -> None:
    with suppress(ProcessLookupError, ChildProcessError):
        if os.waitpid(child, os.WNOHANG)[0] == 0:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _be_child(work: Callable[[OnProgress], Any], writer: int, bounds: Bounds) -> NoReturn:
    code = 1
    try:
        faulthandler.disable()  # a crash is told by the parent, in words
        gc.freeze()  # a collection would copy all pages of memory that are shared with the parent
        for number in _RESET:
            signal.signal(number, signal.SIG_DFL)
        _limit(bounds)
        _send(writer, _outcome(work, writer))
        code = 0
    finally:
        os._exit(code)  # no handler, buffer or thread of the parent's has anything to do here


def _outcome(work: Callable[[OnProgress], Any], writer: int) -> tuple[str, Any]:
    try:
        return _DONE, work(lambda share: _send(writer, (_TOLD, share)))
    except MemoryError:
        return _FAILED, TooComplex("The PDF needs more memory than this server allows for one document.")
    except RecursionError:
        return _FAILED, TooComplex("The PDF is nested too deeply to be read.")
    except Exception as error:  # noqa: BLE001  # it goes on in the parent
        known = named(error)  # MuPDF's own exceptions do not get through the pipe
        known.add_note("".join(traceback.format_exception(error)))
        return _FAILED, known


def _send(writer: int, message: tuple[str, Any]) -> None:
    data = _packed(message)
    view = memoryview(_LENGTH.pack(len(data)) + data)
    while view:
        view = view[os.write(writer, view) :]


def _packed(message: tuple[str, Any]) -> bytes:
    try:
        data = pickle.dumps(message)
        if message[0] == _FAILED:
            pickle.loads(data)  # noqa: S301  # some exceptions can be packed but not unpacked
    except Exception:  # noqa: BLE001  # whatever an exception's own methods raise
        return pickle.dumps((_FAILED, RuntimeError(repr(message[1]))))
    return data


def _limit(bounds: Bounds) -> None:
    """Set the bounds. Where a platform has no such limit, that one is left out."""
    mapped = _mapped()
    limits = [(resource.RLIMIT_CPU, bounds.cpu_s), (resource.RLIMIT_CORE, 0)]
    if mapped is not None:
        limits.append((resource.RLIMIT_AS, mapped + bounds.memory))
    for kind, limit in limits:
        with suppress(ValueError, OSError):
            hard = resource.getrlimit(kind)[1]
            resource.setrlimit(kind, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _mapped() -> int | None:
    """Bytes that this process has mapped (proc_pid_statm(5)); None where the system does not tell."""
    if not sys.platform.startswith("linux"):
        return None
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
