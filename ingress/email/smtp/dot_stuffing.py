"""The dots of SMTP's DATA (RFC 5321 4.5.2): chunks as they come from the socket in, the
message's own bytes out (pure).
"""

from __future__ import annotations

_END = b"\r\n.\r\n"


class Transparency:
    """Takes the extra dots off and finds the end, wherever the chunks are cut.

    It holds back four bytes at most.

    Only CRLF is a line end here: a dot between bare LFs ends nothing, so no second message can be
    smuggled in.
    """

    def __init__(self) -> None:
        self.ended = False
        self.rest = b""  # what the client sent after the end
        self._held = b"\r\n"  # the end may come at once, as the first line
        self._skip = 2

    def feed(self, chunk: bytes) -> bytes:
        """The bytes of the message that are certain after this chunk.

        Nothing may be fed after the end.
        """
        data = self._held + chunk
        # Base64 has no dots, and one byte is looked for ten times as fast as three.
        has_dots = b"." in data
        end = data.find(_END) if has_dots else -1
        if end >= 0:
            self.ended = True
            self.rest = data[end + len(_END) :]
            return self._unstuffed(data[: end + 2], has_dots=True)
        sure = len(data) - _beginning_of_end(data)
        self._held = data[sure:]
        return self._unstuffed(data[:sure], has_dots=has_dots)

    def _unstuffed(self, data: bytes, *, has_dots: bool) -> bytes:
        if not data:
            return b""
        skip, self._skip = self._skip, 0
        if has_dots:
            data = data.replace(b"\r\n.", b"\r\n")
        return data[skip:]


def _beginning_of_end(data: bytes) -> int:
    """How many of the last bytes could be the beginning of the end."""
    return next((count for count in range(len(_END) - 1, 0, -1) if data.endswith(_END[:count])), 0)
