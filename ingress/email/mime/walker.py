"""The parts of a mail, read forward from a stream, in bounded memory (pure).

The standard library's parser holds about ten times a mail's size in memory. Here each container is
a filter over the chunks of the one around it, so that a part ends where its own delimiter or one
further out says so, and the bytes of a part are decoded while somebody reads them. Only what comes
wrapped whole (winmail.dat, signed S/MIME) is read at once.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from ingress.email.mime import headers, tnef_smime, uuencoded
from ingress.email.mime.headers import Headers

CHUNK = 1 << 16
LONGEST_HEADERS = 100_000  # bytes; what is longer is no header any more
MOST_PARTS = 200
LOOKED_AT = 32_768  # bytes of a text in which a uuencoded file may begin
DEEPEST = 20  # containers inside containers
DEEPEST_MESSAGE = 3  # mails inside mails
_NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)
LARGEST_WRAPPED = 100 * 2**20  # bytes of a part that has to be read whole
_MESSAGES = ("message/rfc822", "message/global")
_WRAPPED = {
    "application/ms-tnef": "tnef",
    "application/vnd.ms-tnef": "tnef",
    "application/pkcs7-mime": "smime",
    "application/x-pkcs7-mime": "smime",
}
_UNTYPED = ("application/octet-stream", "text/plain")


@dataclass(eq=False, slots=True)
class Part:
    """A part that holds no others. `messages`: how many mails it lies in, 0 for the mail itself.

    Its decoded bytes can be read once, forward, and only until the next part is asked for.
    """

    headers: Headers
    messages: int
    _chunks: Iterator[bytes]
    _ahead: bytes = b""

    def peek(self, count: int) -> bytes:
        """The first `count` bytes that are still unread, fewer at the end."""
        while len(self._ahead) < count and (chunk := next(self._chunks, b"")):
            self._ahead += chunk
        return self._ahead[:count]

    def read(self, count: int = CHUNK) -> bytes:
        """The next bytes, at most `count`; none at the end."""
        data = self.peek(1) and self._ahead[:count]
        self._ahead = self._ahead[len(data) :]
        return data


@dataclass(slots=True)
class Walk:
    """A way through a mail.

    `cut` says afterwards whether something was not looked at: too many parts, or too deep.
    """

    stream: BinaryIO
    cut: bool = False
    _seen: int = field(default=0)

    def parts(self) -> Iterator[Part]:
        """All parts that hold no others, in their order."""
        return self._parts(iter(lambda: self.stream.read(CHUNK), b""), 0, 0)

    def _parts(
        self, chunks: Iterator[bytes], depth: int, messages: int, untyped: str = "text/plain"
    ) -> Iterator[Part]:
        """`untyped`: what a part is that does not say it."""
        self._seen += 1
        if self._seen > MOST_PARTS or depth > DEEPEST or messages > DEEPEST_MESSAGE:
            self.cut = True
            return
        found, body = _head(chunks)
        kind = found.content_type if found.all("content-type") else untyped
        if kind.startswith("multipart/") and found.boundary:
            inner = _MESSAGES[0] if kind == "multipart/digest" else "text/plain"  # RFC 2046 5.1.5
            for section in _Multipart(body, found.boundary).sections():
                yield from self._parts(section, depth + 1, messages, inner)
                if self._seen > MOST_PARTS:
                    return
        elif kind in _MESSAGES:
            yield from self._parts(decoded(found, body), depth + 1, messages + 1)
        else:
            yield from self._opened(Part(found, messages, decoded(found, body)), depth, messages)

    def _opened(self, part: Part, depth: int, messages: int) -> Iterator[Part]:
        """A part that is none of MIME's containers; with what it holds in another way."""
        if (kind := wrapping_of(part)) is not None:
            yield from self._unwrapped(part, kind, depth, messages)
        elif (
            part.headers.content_type == "text/plain"
            and (begin := uuencoded.begins_at(part.peek(LOOKED_AT))) is not None
        ):
            yield Part(part.headers, messages, iter([part.peek(begin)]))
            for name, body in uuencoded.files(iter(part.read, b"")):
                self._seen += 1
                if self._seen > MOST_PARTS:
                    self.cut = True
                    return
                yield Part(_named(name), messages, body)
        else:
            yield part

    def _unwrapped(self, part: Part, kind: str, depth: int, messages: int) -> Iterator[Part]:
        """What a part holds that is read whole; the part itself where that cannot be told."""
        whole = _whole(part)
        if whole is None:
            self.cut = True
        elif kind == "smime" and (inner := tnef_smime.signed_content(whole)) is not None:
            yield from self._parts(iter([inner]), depth + 1, messages)
        elif kind == "tnef" and (files := tnef_smime.tnef_files(whole)) is not None:
            for name, data in files:
                self._seen += 1
                if self._seen > MOST_PARTS:
                    self.cut = True
                    return
                yield Part(_named(name), messages, iter([data]))
        else:
            yield Part(part.headers, messages, iter([whole]))


def wrapping_of(part: Part) -> str | None:
    """`tnef` or `smime` if the part has to be unwrapped first; by its type, its name or its
    first bytes.
    """
    kind, name = part.headers.content_type, (part.headers.filename or "").casefold()
    if part.peek(len(tnef_smime.TNEF_MAGIC)) == tnef_smime.TNEF_MAGIC:
        return "tnef"
    if kind in _UNTYPED and name.endswith(".p7m"):
        return "smime"
    return _WRAPPED.get(kind)


def decoded(found: Headers, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes of a part without its transfer encoding; damaged encoding gives what can be had."""
    encoding = found.token("content-transfer-encoding")
    if encoding == "base64":
        return _from_base64(chunks)
    if encoding == "quoted-printable":
        return _from_quoted_printable(chunks)
    if encoding in ("x-uuencode", "uuencode", "x-uue"):
        return uuencoded.first(chunks)
    return chunks


def _whole(part: Part) -> bytes | None:
    """All of a part; None if that is more than may be read at once."""
    found = bytearray()
    while data := part.read():
        found += data
        if len(found) > LARGEST_WRAPPED:
            return None
    return bytes(found)


def _named(filename: str) -> Headers:
    """Headers of a file that has only a name."""
    quoted = filename.replace("\\", "_").replace('"', "'")
    return Headers(
        (("content-disposition", f'attachment; filename="{quoted}"'.encode("utf-8", "replace")),)
    )


def _head(chunks: Iterator[bytes]) -> tuple[Headers, Iterator[bytes]]:
    block = b""
    while (
        headers.ends_at(block) is None
        and len(block) <= LONGEST_HEADERS
        and (chunk := next(chunks, b""))
    ):
        block += chunk
    end = headers.body_at(block)
    return headers.read(block[:end]), _after(block[end:], chunks)


def _after(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    # `yield from` would end `chunks` for others too when somebody reads no further
    for chunk in chunks:  # noqa: UP028
        yield chunk


class _Multipart:
    """The sections between the delimiter lines of one container (RFC 2046 5.1.1)."""

    def __init__(self, chunks: Iterator[bytes], boundary: bytes) -> None:
        self._chunks = chunks
        self._delimiter = b"--" + boundary
        self._buffer, self._at = b"", 0
        self._is_line_start = True
        self._is_whole = False  # nothing more comes
        self._is_closed = False

    def sections(self) -> Iterator[Iterator[bytes]]:
        """Each section as chunks; what of it was not read is skipped."""
        self._skip(self._section())  # what stands before the first delimiter is for nobody
        while not self._is_closed:
            section = self._section()
            yield section
            self._skip(section)

    def _section(self) -> Iterator[bytes]:
        line_end = b""  # the last one belongs to the delimiter
        while self._fill():
            if self._is_line_start and self._ends_here():
                return
            run = line_end + self._run()
            line_end = (
                run[-2:] if run.endswith(b"\r\n") else run[-1:] if run.endswith(b"\n") else b""
            )
            if data := run[: len(run) - len(line_end)]:
                yield data
        self._is_closed = True
        if line_end:
            yield line_end

    def _ends_here(self) -> bool:
        if not self._buffer.startswith(self._delimiter, self._at):
            return False
        end = self._buffer.find(b"\n", self._at)
        end = len(self._buffer) if end < 0 else end + 1
        after = self._buffer[self._at + len(self._delimiter) : end].strip()
        if after not in (b"", b"--"):  # it only begins like ours
            return False
        self._is_closed = after == b"--"
        self._at = end
        return True

    def _run(self) -> bytes:
        """The bytes up to the next line that may be a delimiter; at least one."""
        start, end = self._at, self._buffer.find(b"\n--", self._at)
        if end < 0 and not self._is_whole:
            end = self._buffer.rfind(b"\n", self._at)
        self._at = end + 1 if end >= 0 else len(self._buffer)
        self._is_line_start = end >= 0
        return self._buffer[start : self._at]

    def _fill(self) -> bool:
        """Have a chunk ready, and with it any delimiter line; False at the end."""
        while not self._is_whole and len(self._buffer) - self._at < CHUNK:
            chunk = next(self._chunks, b"")
            self._is_whole = not chunk
            self._buffer, self._at = self._buffer[self._at :] + chunk, 0
        return self._at < len(self._buffer)

    @staticmethod
    def _skip(section: Iterator[bytes]) -> None:
        for _ in section:
            pass


def _from_base64(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Up to the padding, which is the end (RFC 2045 6.8); an equals sign that pads nothing is
    read over, like all that is no base64.
    """
    held = b""
    for chunk in chunks:
        runs = re.split(rb"(=+)", chunk.translate(None, _NOT_BASE64))
        for run, padding in zip(runs[::2], [*runs[1::2], b""], strict=True):
            text = held + run
            whole = len(text) - len(text) % 4
            held = text[whole:]
            if whole:
                yield binascii.a2b_base64(text[:whole])
            # characters of a quad
            if len(held) > 1 and len(held) + len(padding) >= 4:  # noqa: PLR2004
                yield _last(held)
                return
    if len(held) > 1:
        yield _last(held)


def _last(quad: bytes) -> bytes:
    return binascii.a2b_base64((quad + b"==")[:4])


def _from_quoted_printable(chunks: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    for chunk in chunks:
        held += chunk
        lines, end, rest = held.rpartition(b"\n")
        if not end and len(held) > CHUNK:  # no line at all: cut where no code is cut
            cut = max(held.rfind(b"=", len(held) - 3), 0) or len(held)
            lines, rest = held[:cut], held[cut:]
        held = rest
        if data := binascii.a2b_qp(lines + end):
            yield data
    if data := binascii.a2b_qp(held):
        yield data
