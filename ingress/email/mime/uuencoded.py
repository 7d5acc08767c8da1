"""Files in uuencode (POSIX, `uuencode`): the way of attaching before MIME, which some scanners
and old programs still go (pure).
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

LONGEST_LINE = 1 << 16
_BEGIN = re.compile(rb"begin [0-7]{3,4} ([^\r\n]{1,250})\r?\Z")
_BEGINS = re.compile(rb"^begin [0-7]{3,4} [^\r\n]{1,250}\r?\n([ -`])([^\r\n]*)", re.MULTILINE)


def begins_at(text: bytes) -> int | None:
    """Where in a text the first file begins; None: nowhere.

    The line after `begin` has to be as long as it says.
    """
    for found in _BEGINS.finditer(text):
        if len(found[2].rstrip()) + 3 >= -(-_size(found[1]) // 3) * 4 > 0:
            return found.start()
    return None


def files(chunks: Iterator[bytes]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each file's name and bytes; a file is read before the next is asked for."""
    lines = _lines(chunks)
    for line in lines:
        if found := _BEGIN.match(line):
            yield found[1].decode("utf-8", "replace").strip(), _decoded(lines)


def first(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes of the first file; nothing if there is none."""
    for _, body in files(chunks):
        yield from body
        return


def _decoded(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        if line.strip() == b"end":
            return
        if data := _line(line.rstrip(b"\r")):
            yield data


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Lines without their LF; of a line that never ends, pieces."""
    held = b""
    for chunk in chunks:
        *lines, held = (held + chunk).split(b"\n")
        yield from lines
        if len(held) > LONGEST_LINE:
            yield held
            held = b""
    if held:
        yield held


def _size(first_byte: bytes) -> int:
    return (first_byte[0] - 32) & 63


def _line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:  # some encoders pad too much
        length = (_size(line) * 4 + 5) // 3 if line else 0
        try:
            return binascii.a2b_uu(line[:length])
        except binascii.Error:
            return b""
