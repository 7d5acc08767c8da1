"""One connection, by SMTP or LMTP: aiosmtpd's state machine with an own DATA, in chunks instead of
lines, bounded, to disk.

What the library leaves open is closed here: every wait has an end, every count has a cap, every
reply a code, and a message by LMTP gets as many replies as it has recipients (RFC 2033 4.2).
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from typing import cast

import structlog
from aiosmtpd.smtp import Envelope, Session, syntax

from ingress.email.auth.policy import Verdict
from ingress.email.mime.headers import Headers, plain
from ingress.email.smtp import acceptance, paths, replies
from ingress.email.smtp.aiosmtpd_internals import SmtpProtocol
from ingress.email.smtp.data_reader import Reception, too_big
from ingress.email.smtp.session_host import Host

log = structlog.get_logger(__name__)

CHUNK = 1 << 16
ABORT_AFTER_S = 10.0  # a client that reads nothing would keep a closed connection open
_SIZE = re.compile(r"\sSIZE=(\d{1,20})(?=\s|$)", re.IGNORECASE)
# Commands that one connection may send; mail servers use a connection for many messages.
COMMANDS = {
    "*": 5000, "RCPT": 20_000, "NOOP": 20_000, "HELO": 50, "EHLO": 50, "LHLO": 50, "VRFY": 50, "HELP": 50, "STARTTLS": 5,  # noqa: E501
}  # fmt: skip
# Browsers can be made to say these to any port, with SMTP in what follows; no mail client does.
_OF_HTTP = (
    "GET",
    "POST",
    "PUT",
    "HEAD",
    "OPTIONS",
    "DELETE",
    "PATCH",
    "TRACE",
    "CONNECT",
    "PRI",
    "HOST:",
)
_TLS_HANDSHAKE = b"\x16"  # RFC 8446 5.1: what a client begins with that speaks TLS at once
_EXTENSIONS = ("PIPELINING", "ENHANCEDSTATUSCODES")
_BAD_CLASSES = ("4", "5")


class Conversation(SmtpProtocol):
    """A connection by SMTP. `helo` is what the client calls itself, "" before it has said so."""

    line_length_limit = CHUNK  # of the reader's buffer alone: it pauses the client at twice that
    protocol = "smtp"

    def __init__(self, door: Host[Conversation]) -> None:
        """Nothing is sent before the connection is made."""
        super().__init__(
            door,
            hostname=door.rules.domain,
            ident="Dragoman",
            data_size_limit=door.limits.message_bytes,
            enable_SMTPUTF8=True,
            timeout=door.limits.idle_s,
            tls_context=door.tls(),
            command_call_limit=COMMANDS,
            loop=asyncio.get_running_loop(),
        )
        # The library shares these between all connections, and each EHLO makes them larger.
        self.command_size_limits = defaultdict(
            lambda: self.command_size_limit, MAIL=1024, RCPT=1024
        )
        self.commands.pop("AUTH", None)  # nobody logs in here
        self.commands.update(dict.fromkeys(_OF_HTTP, self._no_mail))
        self.ended: asyncio.Future[None] = self.loop.create_future()
        self.peer = ""
        self.helo = ""
        self._door = door
        self._made_at = 0.0
        self._errors = 0
        self._is_admitted = False
        self._is_greeting = False
        self._has_begun = False
        self._is_gone = False
        self._is_receiving = False
        self._message: Reception | None = None
        self._whole: asyncio.Future[None] | None = None
        self._goodbye = ""
        self._last_moment: asyncio.TimerHandle | None = None

    @property
    def is_receiving(self) -> bool:
        """Whether a message is coming in."""
        return self._is_receiving

    @property
    def silent_since(self) -> float | None:
        """The moment, by the loop's clock, since when the client has said nothing at all; None:
        it has, or is sent away.
        """
        return None if self._has_begun or self._is_gone else self._made_at

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, or send it away.

        The library calls this once more when TLS has begun.
        """
        if self._is_admitted:
            super().connection_made(transport)
            return
        self.peer = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._door.admits(self.peer) and not self._door.made_room(self.peer):
            log.warning("connection_refused", peer=self.peer)
            self._door.tally.replied(replies.code_of(replies.MANY_CONNECTIONS))
            assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a TCP server, always
            transport.write(replies.MANY_CONNECTIONS.encode() + b"\r\n")
            transport.close()
            return
        self._is_admitted = True
        self._made_at = self.loop.time()
        self._door.enter(self)
        self._last_moment = self.loop.call_later(
            self._door.limits.session_s, self.end, replies.SESSION_OVER
        )
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection; after a TLS handshake that failed the library says it twice."""
        if not self._is_admitted or self.ended.done():
            return
        self.ended.set_result(None)
        self._door.leave(self)
        if self._last_moment:
            self._last_moment.cancel()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Nothing is heard from a client that was sent away."""
        if self._is_gone:
            return
        if self._message is not None:
            self._feed(data)
        elif self._is_admitted and not self._has_begun and data.startswith(_TLS_HANDSHAKE):
            self.hang_up(replies.NO_MAIL)
        elif self._is_admitted:
            self._has_begun = True
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """A client that has said all may still wait for the reply: a message that is coming in
        is not given up.
        """
        if not self._is_admitted or self.ended.done():
            return False
        if self._is_receiving:
            if self._message is not None and self._whole:  # gone in the middle of a message
                self._message = None
                self._whole.cancel()
            is_open = asyncio.StreamReaderProtocol.eof_received(self)
            return False if self.is_encrypted else is_open
        return super().eof_received()

    def end(self, reply: str = replies.CLOSING) -> None:
        """Hang up with `reply`, now or after the message that is coming in."""
        self._goodbye = reply
        if not self._is_receiving:
            self.hang_up(reply)

    def hang_up(self, reply: str) -> None:
        """Say why, and close."""
        if self.transport is not None and not self.transport.is_closing():
            self._door.tally.replied(replies.code_of(reply))
            self.say(reply)
            self._leave()

    def timed_out(self) -> None:
        """As `SmtpProtocol.timed_out`."""
        self.hang_up(replies.TOO_SLOW)

    def address(self, text: str) -> tuple[str | None, str | None]:
        """As `SmtpProtocol.address`."""
        return paths.read(text) or (None, None)

    def _leave(self) -> None:
        """Hang up: what the client has said beyond is not heard any more, and not acted on."""
        self._is_gone = True
        self.stop(ABORT_AFTER_S)

    async def push(self, status: str | bytes) -> None:
        """Send a reply with its enhanced code, and count it; hang up after too many errors."""
        reply = status if isinstance(status, str) else status.decode("utf-8", "replace")
        if not self._is_greeting:
            reply = replies.enhanced(reply)
        self._door.tally.replied(replies.code_of(reply))
        if self.transport is None or self.transport.is_closing():
            raise asyncio.CancelledError  # how the library ends a conversation
        await super().push(reply)
        self._errors += reply.startswith(_BAD_CLASSES)
        if reply.startswith("421 "):
            self._leave()
        elif self._errors > self._door.limits.errors:
            self.hang_up(replies.MANY_ERRORS)

    async def handle_exception(self, error: Exception) -> str:
        """Nothing of an error is told: mail servers quote replies to their users.

        The client tries again later.
        """
        # it hung up, or reads no more
        if isinstance(error, asyncio.IncompleteReadError | ConnectionError):
            self.close_writer()
        else:
            log.error("smtp_failed", peer=self.peer, exc_info=error)
        return replies.TEMPORARY

    @syntax("HELO hostname")
    async def smtp_HELO(self, hostname: str | None) -> None:  # noqa: N802 - the library's name
        """RFC 5321 4.1.1.1."""
        self.helo = plain(hostname or "")[:255]
        self._is_greeting = bool(hostname)
        await super().smtp_HELO(hostname)
        self._is_greeting = False

    @syntax("EHLO hostname")
    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802 - the library's name
        """RFC 5321 4.1.1.1."""
        self.helo = plain(hostname or "")[:255]
        self._is_greeting = bool(hostname)
        await super().smtp_EHLO(hostname)
        self._is_greeting = False

    @syntax("MAIL FROM: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """As the library's, with a size that is too big refused in our words (RFC 1870 6.1),
        and a look at the disk.
        """
        most = self._door.limits.message_bytes
        announced = _SIZE.search(arg or "")
        if cast("Session", self.session).host_name and announced and int(announced[1]) > most:
            await self.push(too_big(most))
        elif cast("Session", self.session).host_name and not self._door.has_room(
            int(announced[1]) if announced else 0
        ):
            log.error("disk_low")
            await self.push(replies.DISK_LOW)
        else:
            await super().smtp_MAIL(arg)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """RFC 5321 4.1.1.4."""
        if await self.check_helo_needed():
            return
        envelope = cast("Envelope", self.envelope)
        if arg or not envelope.rcpt_tos:
            await self.push(
                "501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 Error: need RCPT command"
            )
            return
        self._is_receiving = True
        try:
            received = await self._receive(envelope)
            reply = await self._concluded(received, envelope) if received else replies.TEMPORARY
        finally:
            self._is_receiving = False
        self.forget_message()
        before = self._errors
        for _ in range(self._replies_for(envelope) if received else 1):
            self._errors = before  # each recipient has to hear it, and it is one error
            await self.push(reply)
        if self._goodbye:
            self.hang_up(self._goodbye)
        if self.has_said_all:
            raise asyncio.CancelledError  # how the library ends a conversation

    @syntax("QUIT")
    async def smtp_QUIT(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """RFC 5321 4.1.1.10; the library would go on with what was sent behind it."""
        if arg:
            await self.push("501 5.5.4 Syntax: QUIT")
        else:
            await self.push("221 2.0.0 Bye")
            self._leave()

    @syntax("VRFY <address>")
    async def smtp_VRFY(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """RFC 5321 3.5.3, without the library's way of saying the address again."""
        await self.push(replies.CANNOT_VERIFY if arg else "501 5.5.4 Syntax: VRFY <address>")

    async def smtp_BDAT(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """RFC 3030 is not offered.

        What comes next would be a message, and must not be taken for commands.
        """
        await self.push(replies.NO_CHUNKS)
        self._leave()

    async def _no_mail(self, arg: str | None) -> None:
        self.hang_up(replies.NO_MAIL)

    async def _receive(self, envelope: Envelope) -> Reception | None:
        """The message, None if nothing could be begun: then the client has not been told to go
        on.
        """
        try:
            file = self._door.spool.new()
        except OSError as error:
            log.error("spool_failed", detail=str(error))  # noqa: TRY400 - the system's words say it
            return None
        received = Reception(file, self._door.most(envelope), self._judge)
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            async with asyncio.timeout(self._door.limits.message_s):
                await self._read(received)
        except TimeoutError:
            received.file.close()
            self.hang_up(replies.TOO_SLOW)
            raise asyncio.CancelledError from None  # how the library ends a conversation
        except BaseException:
            received.file.close()
            raise
        return received

    async def _concluded(self, received: Reception, envelope: Envelope) -> str:
        try:
            return await self._door.conclude(received, envelope, self)
        except Exception:
            log.exception("smtp_failed", peer=self.peer)
            return replies.TEMPORARY

    async def _read(self, received: Reception) -> None:
        """Let what the socket brings go straight to the message: no queue, no copy, no turn of
        the loop for each chunk.
        """
        early = self.take_unread()  # of a client that did not wait for the 354
        self._message, self._whole = received, self.loop.create_future()
        try:
            if early:
                self._feed(early)
            if self.has_said_all and not self._whole.done():
                self._whole.cancel()
            await self._whole
        finally:
            self._message = None

    def _feed(self, data: bytes) -> None:
        received, whole = (
            cast("Reception", self._message),
            cast("asyncio.Future[None]", self._whole),
        )
        self.heard()
        try:
            received.feed(data)
        except Exception as error:  # noqa: BLE001 - it is raised where the message is waited for
            self._message = None
            whole.set_exception(error)
            return
        if received.ended:
            self._message = None
            whole.set_result(None)
            if received.rest:  # the client did not wait: these are its next commands
                super().data_received(received.rest)

    def _judge(self, headers: Headers) -> Verdict:
        envelope = cast("Envelope", self.envelope)
        return acceptance.judged(
            headers, envelope.mail_from or "", envelope.rcpt_tos, self.peer, self._door.rules
        )

    def _replies_for(self, envelope: Envelope) -> int:
        return 1

    def extensions(self, lines: list[str]) -> list[str]:
        """The reply to EHLO: the library's lines without AUTH, with what we keep of the other
        standards.
        """
        kept = [line[4:] for line in lines if not line[4:].startswith(("AUTH", "HELP"))]
        kept[1:1] = _EXTENSIONS
        return [f"250-{line}" for line in kept] + ["250 HELP"]


class LmtpConversation(Conversation):
    """A connection by LMTP (RFC 2033): LHLO for EHLO, and a reply for each recipient at the end
    of a message.
    """

    protocol = "lmtp"

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str | None) -> None:  # noqa: N802 - the library's name
        """RFC 2033 4.1."""
        if hostname:
            await super().smtp_EHLO(hostname)
        else:
            await self.push("501 5.5.4 Syntax: LHLO hostname")

    async def smtp_HELO(self, hostname: str | None) -> None:  # noqa: N802 - the library's name
        """RFC 2033 4.1: not here."""
        await self.push("500 5.5.1 This is LMTP: say LHLO")

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802 - the library's name
        """RFC 2033 4.1: not here."""
        await self.push("500 5.5.1 This is LMTP: say LHLO")

    async def check_helo_needed(self, helo: str = "LHLO") -> bool:
        """As the library's."""
        return await super().check_helo_needed("LHLO")

    def _replies_for(self, envelope: Envelope) -> int:
        return len(envelope.rcpt_tos)
