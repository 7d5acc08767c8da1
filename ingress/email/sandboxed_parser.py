"""A mail is taken apart in a process of its own, with limits on memory and time.

Whatever a hostile mail does to a parser, the worker lives on and the sender is told. The child has
an empty environment and no secret; it reaches no network, no program and no file but Python's
libraries (`dragoman.adapters.confinement`). It reads the mail from its standard input and writes
frames to its standard output: a length (four bytes) and so many bytes. A frame is one item as JSON;
after a PDF's come its bytes in frames of their own, ended by an empty one. A last item says that
the mail was read to its end.
"""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from dragoman.adapters.confinement import kernel, walls
from dragoman.adapters.confinement.landlock import Reach
from dragoman.adapters.confinement.walls import Limits
from dragoman.errors import StageTimedOut, WorkerLost
from ingress.email.mime import attachments, headers, tnef_smime
from ingress.email.mime.headers import Headers

# bytes beyond what is mapped at its start; the largest mail that is read whole takes about half
MEMORY = 1 << 30
CPU_S, WALL_S = 60, 240  # less than the task has
ENDS_WITHIN_S = 5.0  # after it has closed its output
COMMAND: tuple[str, ...] = ("-I", "-m", "ingress.email.sandboxed_parser")
ENVIRONMENT = {"LANG": "C.UTF-8"}
LONGEST_FRAME = 1 << 20
LENGTH = struct.Struct(">I")
LONGEST_LIST = 20_000  # characters of a list of addresses
_STEP = 1 << 16


@dataclass(frozen=True, slots=True)
class Top:
    """What the mail's own headers say beyond what the door kept: its subject, ids it answers,
    languages of its writer, and the addresses in To and in Cc, in lower case, as they are written.
    """

    subject: str
    answers: tuple[str, ...]
    languages: str
    to: str = ""
    copied: str = ""

    def is_copied(self, recipient: str) -> bool:
        """Whether a recipient stands in Cc alone: the mail is to somebody else."""
        one = _untagged(recipient)
        return one in _untagged(self.copied) and one not in _untagged(self.to)


def _untagged(addresses: str) -> str:
    """Addresses without what stands after their plus."""
    return re.sub(r"\+[^@\s]*@", "@", addresses.casefold())


@dataclass(frozen=True, slots=True)
class Broken:
    """The child did not come to the mail's end, and would not the next time: too much memory or
    CPU time, or the parser broke.
    """


Found = attachments.Item | Top | Broken


@dataclass(slots=True)
class PdfBody:
    """The bytes of a PDF as they come out of the child; read forward, once.

    `whole`: its end was seen.
    """

    pipe: BinaryIO
    whole: bool = False
    _ahead: bytes = field(default=b"")

    def read(self, count: int = -1) -> bytes:
        """The next bytes, at most `count`; none at the end.

        Raises EOFError if the child died before it.
        """
        if not self._ahead and not self.whole:
            frame = _frame(self.pipe)
            if frame is None:
                raise EOFError
            self._ahead, self.whole = frame, not frame
        data = self._ahead if count < 0 else self._ahead[:count]
        self._ahead = self._ahead[len(data) :]
        return data


def found_in(mail: BinaryIO) -> Iterator[Found]:
    """What is in the mail (a file, read from its position), in its order; a PDF's body is read
    before the next is asked for.

    Raises what another attempt may mend: StageTimedOut when the time by the clock is over, which
    on a busy machine says nothing of the mail; WorkerLost when the child was killed by others.
    """
    with _child(mail) as (child, pipe):
        while True:
            frame = _frame(pipe)
            if frame is None:
                yield child.why_broken()
                return
            facts = json.loads(frame)
            if facts["item"] == "end":
                return
            body = PdfBody(pipe)
            yield _item(facts, body)
            if facts["item"] == "pdf":
                with suppress(EOFError):
                    while body.read():
                        pass


class _Child:
    """The process that parses, and the watch that kills it when its time by the clock is over."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._is_late = threading.Event()
        self._watch = threading.Timer(WALL_S, self._kill_late)
        self._watch.daemon = True

    def start_watch(self) -> None:
        self._watch.start()

    def end(self) -> None:
        self._watch.cancel()
        self._process.kill()

    def why_broken(self) -> Broken:
        """What the end of its output means, when no end of the mail was written before it.

        Raises StageTimedOut and WorkerLost, see `found_in`.
        """
        with suppress(subprocess.TimeoutExpired):  # else it closed its output and lives on
            self._process.wait(ENDS_WITHIN_S)
        if self._is_late.is_set():
            raise StageTimedOut("It took too long to read the email.")
        # the limit of CPU time sends SIGXCPU, the limit of memory raises MemoryError: this is
        # somebody else's, such as the system's when its memory is full
        if self._process.returncode in (-signal.SIGKILL, -signal.SIGTERM):
            raise WorkerLost("The process that read the email stopped unexpectedly.")
        return Broken()

    def _kill_late(self) -> None:
        self._is_late.set()
        self._process.kill()


@contextmanager
def _child(mail: BinaryIO) -> Iterator[tuple[_Child, BinaryIO]]:
    with subprocess.Popen(
        [sys.executable, *COMMAND],
        stdin=mail,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd="/",
    ) as process:
        child = _Child(process)
        child.start_watch()
        try:
            yield child, cast("BinaryIO", process.stdout)
        finally:
            child.end()


def _item(facts: dict[str, Any], body: PdfBody) -> Found:  # noqa: PLR0911 - one for each kind
    match facts["item"]:
        case "top":
            answers, languages = tuple(facts["answers"]), facts["languages"]
            return Top(facts["subject"], answers, languages, facts["to"], facts["copied"])
        case "words":
            return attachments.Words(facts["text"], is_html=facts["is_html"])
        case "pdf":
            return attachments.PdfFound(facts["filename"], cast("Any", body))
        case "other":
            return attachments.Other(facts["filename"], base64.b64decode(facts["head"]))
        case "locked":
            return attachments.Locked(facts["filename"])
        case "too_many":
            return attachments.TooMany(facts["filename"])
        case _:  # a child that was taken over says what it likes
            return Broken()


def _frame(pipe: BinaryIO) -> bytes | None:
    """The next frame; None if there is none, or not a whole one."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    data = pipe.read(length) if length <= LONGEST_FRAME else b""
    return data if len(data) == length else None


def main() -> None:
    """The child: read standard input, write frames to standard output."""
    confine()
    try:
        _write_all(sys.stdin.buffer, sys.stdout.buffer)
    except MemoryError:  # no end is written, and the parent sees that
        sys.exit(1)


def confine(without: Iterable[str] = ()) -> tuple[str, ...]:
    """Give up all but standard input and output.

    Gives the walls that do not stand: `without`, and what this system lacks.
    """
    with suppress(OSError, AttributeError):
        kernel.die_with_parent(signal.SIGKILL)
    warm()
    os.closerange(3, walls.HIGHEST)
    limits = Limits(memory=MEMORY, cpu_s=CPU_S, file_size=0)
    return walls.raise_walls(Reach(read=walls.readable()), limits, without=without)


def warm() -> None:
    """Load what is loaded late otherwise, from folders that cannot be listed any more."""
    tnef_smime.tnef_files(tnef_smime.TNEF_MAGIC)
    tnef_smime.signed_content(b"")


def _write_all(mail: BinaryIO, out: BinaryIO) -> None:
    recorded = _Recorded(mail)
    items = attachments.items(cast("BinaryIO", recorded))
    first = next(items, None)
    _put(out, _top(recorded.head))
    if first is not None:
        _write(first, out)
    for item in items:
        _write(item, out)
    _put(out, {"item": "end"})


class _Recorded:
    """The mail's stream, and its first bytes, which hold its headers."""

    def __init__(self, mail: BinaryIO) -> None:
        self._mail, self.head = mail, b""

    def read(self, count: int) -> bytes:
        data = self._mail.read(count)
        if len(self.head) < 2 * _STEP:
            self.head += data
        return data


def _top(head: bytes) -> dict[str, Any]:
    found = headers.read(head[: headers.body_at(head)])
    return {
        "item": "top",
        "subject": found.text("subject"),
        "answers": _answers(found),
        "languages": " ".join(
            (found.raw("accept-language"), found.raw("content-language"))
        ).strip()[:200],
        "to": " ".join(headers.text_of(one) for one in found.all("to"))[:LONGEST_LIST].casefold(),
        "copied": " ".join(headers.text_of(one) for one in found.all("cc"))[
            :LONGEST_LIST
        ].casefold(),
    }


def _answers(found: Headers) -> list[str]:
    """Ids of the mails that this one answers, the nearest first."""
    nearest = Headers((("references", b" ".join(found.all("in-reply-to"))),)).references
    return list(dict.fromkeys([*nearest, *reversed(found.references)]))


def _write(item: attachments.Item, out: BinaryIO) -> None:
    match item:
        case attachments.Words(text, is_html):
            _put(out, {"item": "words", "text": text, "is_html": is_html})
        case attachments.PdfFound(filename, body):
            _put(out, {"item": "pdf", "filename": filename})
            while chunk := body.read(_STEP):
                _send(out, chunk)
            _send(out, b"")
        case attachments.Other(filename, head):
            _put(
                out,
                {
                    "item": "other",
                    "filename": filename,
                    "head": base64.b64encode(head[:64]).decode(),
                },
            )
        case attachments.Locked(filename):
            _put(out, {"item": "locked", "filename": filename})
        case attachments.TooMany(filename):
            _put(out, {"item": "too_many", "filename": filename})


def _put(out: BinaryIO, facts: dict[str, Any]) -> None:
    _send(out, json.dumps(facts).encode())


def _send(out: BinaryIO, data: bytes) -> None:
    out.write(LENGTH.pack(len(data)))
    out.write(data)
    out.flush()


if __name__ == "__main__":
    main()
