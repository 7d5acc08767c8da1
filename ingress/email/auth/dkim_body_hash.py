"""The hash of a body as DKIM signs it (RFC 6376 3.4), made while the body comes in: memory for one
chunk (pure).

Everything takes time in proportion to the body, whatever is in it: patterns for spaces before a
line end do not.
"""

from __future__ import annotations

import hashlib
import re

_SPACES = re.compile(rb"[ \t]+")
_LINE_END = b"\r\n"
_LINE_ENDS = _LINE_END * 8192
MOST_HELD = 1 << 18  # bytes of spaces in a row; a body with more of them hashes to something else


class BodyHash:
    """`feed` it the body, then `digest`. `size` counts the bytes of the canonical body.

    `relaxed`: runs of spaces count as one, and none at the end of a line; else they count as they
    are.
    """

    def __init__(self, *, relaxed: bool) -> None:
        self.size = 0
        self._relaxed = relaxed
        self._sha256 = hashlib.sha256()
        self._held = b""  # what may still turn out to be the end of a line
        self._empty = 0  # line ends that count only if something follows

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the body."""
        data = self._held + chunk
        sure = len(data.rstrip(b" \t\r"))
        if len(data) - sure > MOST_HELD:
            sure = len(data)
        self._held = data[sure:]
        self._take(data[:sure])

    def digest(self) -> bytes:
        """SHA-256 of the canonical body. Nothing may be fed afterwards."""
        self._take(self._held)
        self._held = b""
        if self.size or not self._relaxed:  # RFC 6376 3.4.3 and 3.4.4: an empty body
            self._update(_LINE_END)
        return self._sha256.digest()

    def _take(self, data: bytes) -> None:
        if self._relaxed and (b" " in data or b"\t" in data):
            data = _SPACES.sub(b" ", data).replace(b" \r\n", _LINE_END)
        end = len(data)
        while data.endswith(_LINE_END, 0, end):
            end -= len(_LINE_END)
        if end:
            while self._empty:
                count = min(self._empty, 8192)
                self._update(_LINE_ENDS[: 2 * count])
                self._empty -= count
            self._update(data[:end])
        self._empty += (len(data) - end) // 2

    def _update(self, data: bytes) -> None:
        self._sha256.update(data)
        self.size += len(data)
