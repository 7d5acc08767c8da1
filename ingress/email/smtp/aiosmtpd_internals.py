"""What aiosmtpd (and asyncio's streams beneath it) keeps to itself, under names of ours: a
connection's private state.

The library's class is one state machine, made to be subclassed, whose commands are public and whose
wires are not. All that we reach behind its names for is here;
`tests/contracts/test_aiosmtpd_internals.py` holds a release of the library to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiosmtpd.smtp import SMTP

Command = Callable[[str | None], Awaitable[None]]


class SmtpProtocol(SMTP):
    """aiosmtpd's connection.

    Its subclass says `timed_out` and `address`, and touches no private name of the library.
    """

    def __init__(self, handler: object, **options: Any) -> None:
        """As the library's."""
        super().__init__(handler, **options)
        self.heard_at = 0.0  # by the loop's clock

    @property
    def commands(self) -> dict[str, Command]:
        """What answers each command of a client, by its name in capitals; it may be changed."""
        return self._smtp_methods

    @property
    def is_encrypted(self) -> bool:
        """Whether STARTTLS was said."""
        return bool(self._tls_protocol)

    @property
    def has_said_all(self) -> bool:
        """Whether the client closed its side, and all that it had said was read."""
        return self._reader.at_eof()

    def say(self, reply: str) -> None:
        """Write a line without waiting for the client to read it."""
        self._writer.write(reply.encode() + b"\r\n")

    def close_writer(self) -> None:
        """Close, once what was written has gone out."""
        self._writer.close()

    def take_unread(self) -> bytes:
        """What the client has said beyond the present command, taken away; the client may say
        more.
        """
        reader = cast("Any", self._reader)
        said = bytes(reader._buffer)
        reader._buffer.clear()
        reader._maybe_resume_transport()
        return said

    def stop(self, abort_after_s: float) -> None:
        """Close without a look at what the client has said beyond, and cut it off if it reads
        nothing for so long.
        """
        cast("Any", self._reader)._buffer.clear()
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        wire = cast(
            "asyncio.Transport", self._original_transport or self.transport
        )  # STARTTLS has one transport on another
        cast("asyncio.Transport", self.transport).close()
        self.loop.call_later(abort_after_s, wire.abort)

    def forget_message(self) -> None:
        """Make ready for the next message of this connection."""
        self._set_post_data_state()  # type: ignore[no-untyped-call]

    def heard(self) -> None:
        """The client said something: its time begins anew."""
        self._reset_timeout()

    def timed_out(self) -> None:
        """The client has said nothing for the `timeout` that was given."""
        raise NotImplementedError

    def address(self, text: str) -> tuple[str | None, str | None]:
        """The address that an argument of MAIL or RCPT begins with, and the rest of it; (None,
        None): there is none.
        """
        raise NotImplementedError

    def _reset_timeout(self, duration: float | None = None) -> None:
        """One timer that looks again, instead of the library's new one for each command and
        chunk.
        """
        self.heard_at = self.loop.time()
        if self._timeout_handle is None:
            self._timeout_handle = self.loop.call_later(self._timeout_duration, self._timeout_cb)

    def _timeout_cb(self) -> None:
        left = self.heard_at + self._timeout_duration - self.loop.time()
        if left > 0:
            self._timeout_handle = self.loop.call_later(left, self._timeout_cb)
        else:
            self.timed_out()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """In place of the library's, which raises on odd addresses."""
        return self.address(arg)
