"""The process that does one job: behind its walls before it sees a byte of the file, and gone
with its answer.
"""

from __future__ import annotations

import faulthandler
import fcntl
import os
import signal
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from dragoman.adapters.confinement import kernel, walls
from dragoman.adapters.confinement.landlock import Reach
from dragoman.adapters.confinement.walls import Limits
from dragoman.domain.os_errors import named
from dragoman.errors import TooComplex
from pipeline.pdf.reading import ocr
from pipeline.sandbox import wire
from pipeline.sandbox.procedures import Job

TOLD, DONE, FAILED, STANDING = "told", "done", "failed", "missing"
PICTURE, WORDS = "recognise.pnm", "recognise.out"


@dataclass(frozen=True, slots=True)
class Order:
    """A job: its name and arguments, the files it reads, the folder it may write to, its
    limits, the walls to leave out.
    """

    job: str
    arguments: dict[str, Any]
    reads: tuple[Path, ...]
    scratch: Path
    limits: Limits
    without: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Order:
        """What `as_json` said."""
        return cls(
            said["job"],
            said["arguments"],
            tuple(map(Path, said["reads"])),
            Path(said["scratch"]),
            Limits(**said["limits"]),
            tuple(said["without"]),
        )


def be(
    order: Order, job: Job | None, answers: int, helper: int, readable: Sequence[Path]
) -> NoReturn:
    """Do the job.

    `answers`: where progress and answer go; `helper`: where recognition is asked for.
    """
    code = 1
    try:
        with suppress(OSError, AttributeError):
            kernel.die_with_parent(signal.SIGKILL)
        os.setsid()
        faulthandler.disable()  # a crash is told by who asked, in words
        walls.forget_signals()
        answers, helper = _keep_only(answers, helper)
        tempfile.tempdir = str(order.scratch)
        ocr.run = Helper(order.scratch, helper)
        reach = Reach(read=(*readable, *order.reads), write=(order.scratch, *walls.devices()))
        missing = walls.raise_walls(reach, order.limits, without=order.without)
        wire.send(answers, (STANDING, missing))
        wire.send(answers, _outcome(order, job, answers))
        code = 0
    finally:
        os._exit(code)


def _keep_only(answers: int, helper: int) -> tuple[int, int]:
    """Close all descriptors but two, which become 3 and 4; the standard ones lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    high = [fcntl.fcntl(one, fcntl.F_DUPFD, 10) for one in (answers, helper)]
    for place in range(3):
        os.dup2(nowhere, place)
    os.dup2(high[0], 3)
    os.dup2(high[1], 4)
    os.closerange(5, walls.HIGHEST)
    return 3, 4


def _outcome(order: Order, job: Job | None, answers: int) -> tuple[str, Any]:
    if job is None:
        return FAILED, described(LookupError(f"no job {order.job}"))
    try:
        found = (
            DONE,
            job(order.scratch, lambda share: wire.send(answers, (TOLD, share)), order.arguments),
        )
        wire.packed(found)
    except MemoryError:
        return FAILED, described(
            TooComplex("The PDF needs more memory than this server allows for one document.")
        )
    except RecursionError:
        return FAILED, described(TooComplex("The PDF is nested too deeply to be read."))
    except Exception as error:  # noqa: BLE001  # it goes on where it was asked for
        return FAILED, described(named(error))
    return found


def described(error: Exception) -> dict[str, str]:
    """An error as plain values; `pipeline.sandbox.client` makes one of them again."""
    return {
        "kind": type(error).__name__,
        "message": str(error),
        "advice": str(getattr(error, "advice", "")),
        "detail": str(getattr(error, "detail", "")),
        "trace": "".join(traceback.format_exception(error)),
    }


@dataclass(frozen=True, slots=True)
class Helper:
    """Recognition by a sibling: this process can run no program, so it asks the server."""

    scratch: Path
    descriptor: int

    def __call__(self, arguments: Sequence[str], picture: bytes = b"") -> ocr.Said | None:
        """As `ocr.run_here`."""
        (self.scratch / PICTURE).write_bytes(picture)
        wire.send(self.descriptor, list(arguments))
        code = wire.receive(self.descriptor)
        if not isinstance(code, int):
            return None
        words = self.scratch / WORDS
        return ocr.Said(code, words.read_bytes() if words.exists() else b"")
