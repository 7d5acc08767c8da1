"""The SMTP server: it spools, judges the header block, keeps the message durably, and only then
says 250.

No MIME is parsed here: that would hold up every other session, and hostile mail would do it on
purpose. The broker may be down: a kept message is found by the sweeper.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import logging
import shutil
import signal
import socket
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from dragoman import telemetry
from dragoman.adapters import connection_limits, listen_addresses
from dragoman.adapters.listen_addresses import Address
from dragoman.adapters.probe import speaks
from dragoman.adapters.queues import BrokerDoorbell, make_app
from dragoman.adapters.storage import open_store
from dragoman.app.intake import Intake
from dragoman.app.processes.process_heartbeat import Pulse, folder_bytes
from dragoman.db.engine import Database
from dragoman.db.records import process_registry
from dragoman.errors import DatabaseUnavailable, SettingsInvalid
from dragoman.settings import MIB, Settings, host_port
from ingress.email.auth import policy
from ingress.email.auth.dns import Resolver, open_resolver
from ingress.email.auth.policy import Proof
from ingress.email.mime.headers import plain
from ingress.email.smtp import acceptance, replies, sender_check
from ingress.email.smtp.counters import Tally
from ingress.email.smtp.data_reader import Reception
from ingress.email.smtp.session import Conversation, LmtpConversation
from ingress.email.smtp.session_host import Limits
from ingress.email.smtp.spool import Spool
from ingress.email.smtp.tls import Certificate

log = structlog.get_logger(__name__)

BESIDE_PDF = 4 * MIB  # room for headers, words, an HTML body and a logo beside the largest PDF
POSTMASTER_BYTES = MIB  # anybody may write to the postmaster, so not much
KEEPERS, PROVERS = 4, 16  # threads: for disk and database, and for those that wait for DNS
BEAT_EVERY_S = 15.0
SPOOL = "spool"  # in the data folder


def limits_of(settings: Settings) -> Limits:
    """The limits for the largest PDF that the settings allow: base64 makes 78 bytes of 57 (RFC
    2045 6.8).
    """
    return Limits(message_bytes=-(-settings.max_pdf_bytes * 78 // 57) + BESIDE_PDF)


class Door:
    """The listening server with its sessions.

    `port` is the bound one, also where the settings say 0.
    """

    def __init__(
        self, intake: Intake, limits: Limits | None = None, resolver: Resolver | None = None
    ) -> None:
        """Raises SettingsInvalid for trusted peers that are no addresses, or a certificate that
        cannot be used.

        `resolver`: who is asked for DNS records where senders are proved here; None: as the
        settings say.
        """
        settings = intake.settings
        self.intake = intake
        self.limits = limits or limits_of(settings)
        self.rules = rules_of(settings)
        self.tally = Tally()
        self.spool = Spool(settings.data_dir / SPOOL)
        self.sessions: set[Conversation] = set()
        self.peers: Counter[str] = Counter()
        self.commits: set[asyncio.Task[str]] = set()
        self.port = self.lmtp_port = 0
        self._resolver = resolver or open_resolver(settings.dns_server)
        self._certificate = Certificate.of(settings)
        self._keepers = ThreadPoolExecutor(KEEPERS, "keeper")
        self._provers = ThreadPoolExecutor(PROVERS, "prover")
        self._servers: list[asyncio.Server] = []

    async def open(self, host: str, port: int) -> None:
        """Listen for SMTP. Raises OSError if the port is taken."""
        left_over = self.spool.sweep()
        self.port = await self._listen(Conversation, host, port)
        log.info(
            "smtp_listens", host=host, port=self.port, address=self.rules.address, swept=left_over
        )
        if not self.rules.allowed:
            log.warning(
                "smtp_closed", hint="set DRAGOMAN_ALLOWED_SENDERS: all email is refused until then"
            )
        elif self.rules.proof is Proof.PEER and not self.rules.trusted:
            log.warning(
                "smtp_closed", hint="set DRAGOMAN_TRUSTED_PEERS, or another DRAGOMAN_SENDER_AUTH"
            )

    async def open_lmtp(self, host: str, port: int) -> None:
        """Listen for LMTP too. Raises OSError if the port is taken."""
        self.lmtp_port = await self._listen(LmtpConversation, host, port)
        log.info("lmtp_listens", host=host, port=self.lmtp_port)

    async def _listen(self, conversation: type[Conversation], host: str, port: int) -> int:
        loop = asyncio.get_running_loop()
        ports: list[int] = []
        for one in listen_addresses.bound(host, port):
            server = await loop.create_server(lambda: conversation(self), sock=one)
            self._servers.append(server)
            ports.append(int(one.getsockname()[1]))
        return ports[0]

    async def close(self) -> None:
        """Take nobody new, let messages on their way in come to their end for `drain_s`
        seconds, keep what is whole.
        """
        for server in self._servers:
            server.close()
        for session in tuple(self.sessions):
            session.end()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.limits.drain_s):
                while self.sessions:
                    await asyncio.wait({session.ended for session in self.sessions})
        for session in tuple(self.sessions):
            session.hang_up(replies.CLOSING)
        if self.commits:
            await asyncio.wait(self.commits)
        for pool in (self._provers, self._keepers):
            pool.shutdown(wait=False, cancel_futures=True)

    def admits(self, peer: str) -> bool:
        """Whether one more connection from `peer` is taken."""
        return (
            len(self.sessions) < self.limits.connections
            and self.peers[peer] < self.limits.connections_per_peer
        )

    def made_room(self, peer: str) -> bool:
        """Whether somebody who says nothing was sent away, so that one more connection from
        `peer` can be taken.
        """
        is_full = self.peers[peer] >= self.limits.connections_per_peer
        before = asyncio.get_running_loop().time() - self.limits.silent_s
        silent = [
            one
            for one in self.sessions
            if one.silent_since is not None
            and one.silent_since <= before
            and (one.peer == peer or not is_full)
        ]
        if not silent:
            return False
        min(silent, key=lambda one: one.silent_since or 0.0).hang_up(replies.MANY_CONNECTIONS)
        return True

    def enter(self, session: Conversation) -> None:
        """Count a connection."""
        self.sessions.add(session)
        self.peers[session.peer] += 1

    def leave(self, session: Conversation) -> None:
        """Count it no more."""
        self.sessions.discard(session)
        self.peers[session.peer] -= 1
        if not self.peers[session.peer]:
            del self.peers[session.peer]

    def tls(self) -> ssl.SSLContext | None:
        """For STARTTLS; None where there is no certificate."""
        return self._certificate.context() if self._certificate else None

    def has_room(self, size: int) -> bool:
        """Whether a message of `size` bytes leaves enough free on the disk."""
        try:
            free = free_bytes(self.spool.folder)
        except FileNotFoundError:
            self.spool.make_again()
            free = free_bytes(self.spool.folder)
        return free - size >= self.limits.free_bytes

    def most(self, envelope: Envelope) -> int:
        """Bytes that a message for these recipients may have."""
        postmaster = all(policy.is_for_postmaster(recipient) for recipient in envelope.rcpt_tos)
        return (
            min(POSTMASTER_BYTES, self.limits.message_bytes)
            if postmaster
            else self.limits.message_bytes
        )

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
        """Ours, the postmaster's, or for a bounce the address that an answer of ours was sent
        from; else 550.
        """
        address = plain(address)
        no = acceptance.recipient_refused(
            self.intake, address, envelope.mail_from or "", self.rules
        )
        if no:
            self.tally.refused(no.reason)
            log.info("recipient_refused", reason=no.reason, recipient=telemetry.hashed(address))
            return no.reply
        if len(envelope.rcpt_tos) >= self.limits.recipients:
            return replies.MANY_RECIPIENTS
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_EHLO(  # noqa: N802 - the library's name
        self,
        server: Conversation,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """What we can do."""
        session.host_name = hostname
        return server.extensions(responses)

    async def conclude(self, received: Reception, envelope: Envelope, session: Conversation) -> str:
        """The reply to a message that is here.

        Goes on when the client is gone: it will send again, and find its row.
        """
        came = acceptance.Came(
            envelope.mail_from or "", tuple(envelope.rcpt_tos), session.peer, session.helo
        )
        commit = asyncio.create_task(self._conclude(received, came))
        self.commits.add(commit)
        commit.add_done_callback(self._committed)
        return await asyncio.shield(commit)

    async def _conclude(self, received: Reception, came: acceptance.Came) -> str:
        loop = asyncio.get_running_loop()
        try:
            if received.has_to_be_proved:
                no = await loop.run_in_executor(
                    self._provers, sender_check.refused, received, came, self._resolver
                )
                if no:
                    received.refuse(no)
            concluded = functools.partial(
                acceptance.concluded, self.intake, received, came, self.tally, self.rules
            )
            return await loop.run_in_executor(self._keepers, concluded)
        finally:
            received.file.close()

    def _committed(self, commit: asyncio.Task[str]) -> None:
        self.commits.discard(commit)
        if not commit.cancelled() and (error := commit.exception()):
            log.error("mail_not_kept", exc_info=error)


def rules_of(settings: Settings) -> policy.Rules:
    """Who may send, by the settings. Raises SettingsInvalid."""
    try:
        return policy.rules(
            settings.mail_address,
            settings.allowed_senders,
            settings.sender_auth,
            settings.trusted_peers,
            settings.trusted_authserv_id,
            settings.automatic_senders,
        )
    except ValueError as error:
        raise SettingsInvalid(
            f"DRAGOMAN_TRUSTED_PEERS: {error}; write IP addresses or networks."
        ) from error


@functools.lru_cache(maxsize=1)
def _free_bytes(folder: Path, second: int) -> int:
    return shutil.disk_usage(folder).free


def free_bytes(folder: Path) -> int:
    """What is free on the disk of `folder`, looked at once a second at most."""
    return _free_bytes(folder, int(time.monotonic()))


class NoDoorbell:
    """Where there is no broker to ring: the sweeper of the machine that has one finds the row."""

    def ring(self, task: str, row_id: str) -> None:
        """Nothing."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsInvalid and CannotListen."""
    telemetry.configure_logs(settings.log_format)
    telemetry.configure_traces("dragoman-smtp")
    # the library's: it would quote what clients say
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    database = Database(settings.database)
    doorbell = BrokerDoorbell(make_app(settings)) if settings.broker_url else None
    try:
        spool = settings.data_dir / SPOOL
        works = functools.partial(speaks, settings.smtp_listen)
        with Pulse(settings, "smtp", lambda: {"spool_bytes": folder_bytes(spool)}, works):
            asyncio.run(
                serve(
                    Intake(
                        database, open_store(settings.storage), doorbell or NoDoorbell(), settings
                    )
                )
            )
    finally:
        if doorbell:
            doorbell.close()
        database.close()
        telemetry.flush_traces()


async def serve(intake: Intake, limits: Limits | None = None) -> None:
    """Listen on `smtp_listen` until told to stop. Raises CannotListen if that cannot be had."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    connection_limits.quieten(asyncio.get_running_loop())
    entrance = Door(intake, limits)
    # what was imported stays: looking through it again and again costs a quarter of a message's
    # time
    gc.freeze()
    settings = intake.settings
    await _opened(listen_addresses.smtp(settings), entrance.open)
    if lmtp := listen_addresses.lmtp(settings):
        await _opened(lmtp, entrance.open_lmtp)
    beating = asyncio.create_task(_beat(entrance))
    await stop.wait()
    beating.cancel()
    await entrance.close()
    log.info("smtp_stopped")


async def _opened(address: Address, listen: Callable[[str, int], Awaitable[None]]) -> None:
    try:
        await listen(*host_port(address.listen))
    except OSError as error:
        raise listen_addresses.refusal(address, error) from error


async def _beat(entrance: Door) -> None:
    """Say now and then that the door is open, and what it has done: `/metrics` tells it."""
    while True:
        await asyncio.to_thread(_say, entrance)
        await asyncio.sleep(BEAT_EVERY_S)


def _say(entrance: Door) -> None:
    try:
        with entrance.intake.database.write() as connection:
            process_registry.beat(
                connection, f"smtp@{socket.gethostname()}", entrance.tally.facts()
            )
    except DatabaseUnavailable as error:
        log.warning("beat_failed", detail=error.detail)
