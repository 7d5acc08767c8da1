"""The SMTP server: it spools, judges the header block, keeps the message durably, and only then says 250.

No MIME is parsed here: that would hold up every other session, and hostile mail would do it on purpose. The broker may
be down: a kept message is found by the sweeper.
"""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from dragoman import telemetry
from dragoman.db.engine import Database
from dragoman.errors import SettingsInvalid
from dragoman.intake import Intake
from dragoman.queues import BrokerDoorbell, make_app
from dragoman.settings import MIB, Settings, host_port
from dragoman.storage import open_store
from ingress.email import door, policy
from ingress.email.headers import Headers, plain
from ingress.email.policy import Verdict
from ingress.email.receiving import Reception, too_big
from ingress.email.spool import Spool

log = structlog.get_logger(__name__)

CHUNK = 1 << 16
BESIDE_PDF = 4 * MIB  # room for headers, words, an HTML body and a logo beside the largest PDF
POSTMASTER_BYTES = MIB  # anybody may write to the postmaster, so not much
_SIZE = re.compile(r"\sSIZE=(\d{1,20})(?=\s|$)", re.IGNORECASE)
# Commands that one connection may send; mail servers use a connection for many messages.
COMMANDS = {"*": 1000, "RCPT": 20_000, "HELO": 50, "EHLO": 50, "NOOP": 500, "VRFY": 50, "HELP": 50, "AUTH": 10}

MANY_CONNECTIONS = "421 4.7.0 Too many connections; please try again later"
MANY_RECIPIENTS = "452 4.5.3 Too many recipients for one message"
TOO_SLOW = "421 4.4.2 Nothing came for too long; closing"
CLOSING = "421 4.3.2 The server is going down; please try again later"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one client may take. `message_bytes` as sent, base64 and all; `_s` are seconds."""

    message_bytes: int
    recipients: int = 100  # RFC 5321 4.5.3.1.8: no fewer
    connections: int = 200
    connections_per_peer: int = 150  # the mail server in front is one peer
    idle_s: float = 300.0  # RFC 5321 4.5.3.2.7
    message_s: float = 1800.0  # 50 MB at 230 kbit/s
    drain_s: float = 20.0


def limits_of(settings: Settings) -> Limits:
    """The limits for the largest PDF that the settings allow: base64 makes 78 bytes of 57 (RFC 2045 6.8)."""
    return Limits(message_bytes=-(-settings.max_pdf_bytes * 78 // 57) + BESIDE_PDF)


class Door:
    """The listening server with its sessions. `port` is the bound one, also where the settings say 0."""

    def __init__(self, intake: Intake, limits: Limits | None = None) -> None:
        """Raises SettingsInvalid for trusted peers that are no addresses."""
        settings = intake.settings
        self.intake = intake
        self.limits = limits or limits_of(settings)
        self.rules = rules_of(settings)
        self.spool = Spool(settings.data_dir / "spool")
        self.sessions: set[Conversation] = set()
        self.peers: Counter[str] = Counter()
        self.commits: set[asyncio.Task[str]] = set()
        self.port = 0
        self._server: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> None:
        """Listen. Raises OSError if the port is taken."""
        left_over = self.spool.sweep()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Conversation(self), host, port)
        self.port = self._server.sockets[0].getsockname()[1]
        log.info("smtp_listens", host=host, port=self.port, address=self.rules.address, swept=left_over)
        if not self.rules.allowed:
            log.warning("smtp_closed", hint="set DRAGOMAN_ALLOWED_SENDERS: all mail is refused until then")
        elif self.rules.proof and not self.rules.trusted:
            log.warning("smtp_closed", hint="set DRAGOMAN_TRUSTED_PEERS, or DRAGOMAN_SENDER_AUTH=none")

    async def close(self) -> None:
        """Take nobody new, let messages on their way in come to their end for `drain_s` seconds, keep what is whole."""
        if self._server:
            self._server.close()
        for session in tuple(self.sessions):
            session.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.limits.drain_s):
                while self.sessions:
                    await asyncio.wait({session.ended for session in self.sessions})
        for session in tuple(self.sessions):
            session.hang_up(CLOSING)
        if self.commits:
            await asyncio.wait(self.commits)

    def admits(self, peer: str) -> bool:
        """Whether one more connection from `peer` is taken."""
        return len(self.sessions) < self.limits.connections and self.peers[peer] < self.limits.connections_per_peer

    def most(self, envelope: Envelope) -> int:
        """Bytes that a message for these recipients may have."""
        postmaster = all(policy.is_for_postmaster(recipient) for recipient in envelope.rcpt_tos)
        return min(POSTMASTER_BYTES, self.limits.message_bytes) if postmaster else self.limits.message_bytes

    async def handle_MAIL(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Nothing is refused yet: only the header block tells who wrote."""
        envelope.mail_from = plain(address)
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Ours, or the postmaster's; else 550."""
        address = plain(address)
        no = policy.recipient_refused(address, self.rules)
        if no:
            log.info("recipient_refused", reason=no.reason, recipient=telemetry.hashed(address))
            return no.reply
        if len(envelope.rcpt_tos) >= self.limits.recipients:
            return MANY_RECIPIENTS
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def conclude(self, received: Reception, envelope: Envelope) -> str:
        """The reply to a message that is here. Goes on when the client is gone: it will send again, and find its row."""
        arguments = (self.intake, received, envelope.mail_from or "", tuple(envelope.rcpt_tos))
        commit = asyncio.create_task(asyncio.to_thread(door.concluded, *arguments))
        self.commits.add(commit)
        commit.add_done_callback(self._committed)
        return await asyncio.shield(commit)

    def _committed(self, commit: asyncio.Task[str]) -> None:
        self.commits.discard(commit)
        if not commit.cancelled() and (error := commit.exception()):
            log.error("mail_not_kept", exc_info=error)


class Conversation(SMTP):
    """One connection. aiosmtpd's state machine with an own DATA: chunks instead of lines, bounded, to disk."""

    line_length_limit = CHUNK  # of the reader's buffer alone: it pauses the client at twice that

    def __init__(self, door: Door) -> None:
        """Nothing is sent before the connection is made."""
        super().__init__(
            door,
            hostname=door.rules.domain,
            ident="Dragoman",
            data_size_limit=door.limits.message_bytes,
            enable_SMTPUTF8=True,
            timeout=door.limits.idle_s,
            command_call_limit=COMMANDS,
            loop=asyncio.get_running_loop(),
        )
        # The library shares these between all connections, and each EHLO makes them larger.
        self.command_size_limits = defaultdict(lambda: self.command_size_limit)
        self.ended: asyncio.Future[None] = self.loop.create_future()
        self.peer = ""
        self._door = door
        self._is_admitted = False
        self._is_receiving = False
        self._is_ending = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, or send it away."""
        self.peer = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._door.admits(self.peer):
            log.warning("connection_refused", peer=self.peer)
            assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a TCP server, always
            transport.write(MANY_CONNECTIONS.encode() + b"\r\n")
            transport.close()
            return
        self._is_admitted = True
        self._door.sessions.add(self)
        self._door.peers[self.peer] += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        if self._is_admitted:
            super().connection_lost(error)
            self._door.sessions.discard(self)
            self._door.peers[self.peer] -= 1
            if not self._door.peers[self.peer]:
                del self._door.peers[self.peer]
            self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Nothing is heard from a client that was sent away."""
        if self._is_admitted:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """A client that has said all may still wait for the reply: a message that is coming in is not given up."""
        if not self._is_admitted:
            return False
        if self._is_receiving:
            return asyncio.StreamReaderProtocol.eof_received(self)
        return super().eof_received()

    def end(self) -> None:
        """Hang up, now or after the message that is coming in."""
        self._is_ending = True
        if not self._is_receiving:
            self.hang_up(CLOSING)

    def hang_up(self, reply: str) -> None:
        """Say why, and close."""
        if self.transport is not None and not self.transport.is_closing():
            self._writer.write(reply.encode() + b"\r\n")
            self.transport.close()

    def _timeout_cb(self) -> None:
        self.hang_up(TOO_SLOW)

    async def handle_exception(self, error: Exception) -> str:
        """Nothing of an error is told: mail servers quote replies to their users. The client tries again later."""
        if isinstance(error, asyncio.IncompleteReadError):  # it hung up in the middle of a command
            self._writer.close()
        else:
            log.error("smtp_failed", peer=self.peer, exc_info=error)
        return door.TEMPORARY

    @syntax("MAIL FROM: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """As the library's, with a size that is too big refused in our words (RFC 1870 6.1)."""
        most = self._door.limits.message_bytes
        announced = _SIZE.search(arg or "")
        if cast("Session", self.session).host_name and announced and int(announced[1]) > most:
            await self.push(too_big(most))
            return
        await super().smtp_MAIL(arg)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """RFC 5321 4.1.1.4."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        envelope = cast("Envelope", self.envelope)
        if arg or not envelope.rcpt_tos:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 Error: need RCPT command")
            return
        self._is_receiving = True
        try:
            reply = await self._receive(envelope)
        finally:
            self._is_receiving = False
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        await self.push(reply)
        if self._is_ending:
            self.hang_up(CLOSING)
        if self._reader.at_eof():
            raise asyncio.CancelledError  # how the library ends a conversation

    async def _receive(self, envelope: Envelope) -> str:
        received = Reception(self._door.spool.new(), self._door.most(envelope), self._judge)
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            async with asyncio.timeout(self._door.limits.message_s):
                await self._read(received)
        except TimeoutError:
            received.file.close()
            self.hang_up(TOO_SLOW)
            raise asyncio.CancelledError from None  # how the library ends a conversation
        except BaseException:
            received.file.close()
            raise
        return await self._door.conclude(received, envelope)

    async def _read(self, received: Reception) -> None:
        while not received.ended:
            chunk = await self._reader.read(CHUNK)
            if not chunk:  # gone in the middle of a message
                raise asyncio.CancelledError
            self._reset_timeout()
            received.feed(chunk)
        if received.rest:  # the client did not wait: these are its next commands
            cast("Any", self._reader)._buffer[:0] = received.rest  # noqa: SLF001 - there is no other way to put bytes back

    def _judge(self, headers: Headers) -> Verdict:
        envelope = cast("Envelope", self.envelope)
        return door.judged(headers, envelope.mail_from or "", envelope.rcpt_tos, self.peer, self._door.rules)


def rules_of(settings: Settings) -> policy.Rules:
    """Who may send, by the settings. Raises SettingsInvalid."""
    try:
        return policy.rules(
            settings.mail_address, settings.allowed_senders, settings.sender_auth, settings.trusted_peers
        )
    except ValueError as error:
        raise SettingsInvalid(f"DRAGOMAN_TRUSTED_PEERS: {error}; write IP addresses or networks.") from error


class NoDoorbell:
    """Where there is no broker to ring: the sweeper of the machine that has one finds the row."""

    def ring(self, task: str, row_id: str) -> None:
        """Nothing."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsInvalid."""
    telemetry.configure_logs(settings.log_format)
    telemetry.configure_traces("dragoman-smtp")
    database = Database(settings.database)
    doorbell = BrokerDoorbell(make_app(settings)) if settings.broker_url else None
    try:
        asyncio.run(serve(Intake(database, open_store(settings.storage), doorbell or NoDoorbell(), settings)))
    finally:
        if doorbell:
            doorbell.close()
        database.close()
        telemetry.flush_traces()


async def serve(intake: Intake, limits: Limits | None = None) -> None:
    """Listen on `smtp_listen` until told to stop. Raises SettingsInvalid if that cannot be had."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    entrance = Door(intake, limits)
    host, port = host_port(intake.settings.smtp_listen)
    try:
        await entrance.open(host, port)
    except (OSError, socket.gaierror) as error:
        raise SettingsInvalid(f"DRAGOMAN_SMTP_LISTEN: cannot listen on {host}:{port}: {error.strerror}") from error
    await stop.wait()
    await entrance.close()
    log.info("smtp_stopped")
