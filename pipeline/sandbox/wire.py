"""What passes between the processes of the sandbox: JSON behind its length, and nothing that
can run.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any

LENGTH = struct.Struct("!Q")
JOB, KILL = b"j", b"k"  # the bytes before an order, and instead of one
MOST_BYTES = 64 << 20  # of a message: documents travel as files
_CHUNK = 1 << 16


class Garbled(ValueError):
    """What came is no message."""


def packed(value: Any) -> bytes:
    """A message with its length before it. Raises TypeError for what JSON cannot say."""
    data = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return LENGTH.pack(len(data)) + data


def send(descriptor: int, value: Any) -> None:
    """Write a message to a pipe or socket. Raises OSError when nobody listens any more."""
    view = memoryview(packed(value))
    while view:
        view = view[os.write(descriptor, view) :]


def receive(descriptor: int) -> Any:
    """The next message of a pipe or socket.

    Raises EOFError at its end, Garbled for what is none.
    """
    return _value(_exactly(descriptor, length(_exactly(descriptor, LENGTH.size))))


def length(header: bytes) -> int:
    """The length that a message's first bytes say. Raises Garbled if that is too large."""
    size = int(LENGTH.unpack(header)[0])
    if size > MOST_BYTES:
        message = f"a message of {size} bytes"
        raise Garbled(message)
    return size


def taken(held: bytearray) -> list[Any]:
    """All messages that are complete in `held`, which they leave. Raises Garbled."""
    found = []
    while len(held) >= LENGTH.size:
        end = LENGTH.size + length(bytes(held[: LENGTH.size]))
        if len(held) < end:
            break
        found.append(_value(bytes(held[LENGTH.size : end])))
        del held[:end]
    return found


def _value(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        message = "not JSON"
        raise Garbled(message) from error


def _exactly(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = os.read(descriptor, min(size - len(data), _CHUNK))
        if not more:
            raise EOFError
        data += more
    return data
