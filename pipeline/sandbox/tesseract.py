"""Tesseract as a sibling of the job that asks for it: a process that may run this one program,
and reach nothing else.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from dragoman.adapters.confinement import kernel, walls
from dragoman.adapters.confinement.landlock import Reach
from pipeline.pdf.reading import ocr
from pipeline.sandbox.child import PICTURE, WORDS, Order

_ARGUMENT = re.compile(r"[A-Za-z0-9_+/-]{1,400}")
_MOST = 12


def arguments_of(said: Any) -> list[str]:
    """What a job asks Tesseract for.

    Raises ValueError for anything else: the job may be a stranger's by now.
    """
    if not isinstance(said, list) or not 0 < len(said) <= _MOST:
        raise ValueError(said)
    for one in said:
        if not isinstance(one, str) or not _ARGUMENT.fullmatch(one) or one.startswith("/"):
            raise ValueError(said)
    return [str(one) for one in said]


def start(order: Order, arguments: list[str], readable: Sequence[Path]) -> int | None:
    """The id of a process that runs Tesseract on the job's picture; None: there is no Tesseract."""
    found = shutil.which(ocr.PROGRAM)
    if found is None:
        return None
    program = Path(found).resolve()
    child = os.fork()
    if child == 0:
        _be(order, program, arguments, readable)
    return child


def _be(order: Order, program: Path, arguments: list[str], readable: Sequence[Path]) -> NoReturn:
    try:
        with suppress(OSError, AttributeError):
            kernel.die_with_parent(signal.SIGKILL)
        os.setsid()
        walls.forget_signals()
        beside = program.parent.parent
        around = () if beside == Path("/usr") else (beside / "lib", beside / "share")
        reach = Reach(
            read=(*readable, *around),
            run=walls.programs(program),
            write=(order.scratch, *walls.devices()),
        )
        environment = {
            "OMP_THREAD_LIMIT": "1",
            **{k: v for k, v in os.environ.items() if k == "TESSDATA_PREFIX"},
        }
        _connect(order.scratch)
        walls.raise_walls(reach, order.limits, without=order.without, may_execute=True)
        os.execve(program, [ocr.PROGRAM, *arguments], environment)  # noqa: S606  # no shell
    finally:
        os._exit(127)


def _connect(scratch: Path) -> None:
    """Standard input is the picture, standard output the words, and nothing else is open.

    No links are followed, since the job that made these files may be a stranger's by now; it has no
    way to make folders above its scratch into one.
    """
    picture = os.open(scratch / PICTURE, os.O_RDONLY | os.O_NOFOLLOW)
    words = os.open(scratch / WORDS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for place, one in enumerate((picture, words, nowhere)):
        os.dup2(one, place)
    os.closerange(3, walls.HIGHEST)
