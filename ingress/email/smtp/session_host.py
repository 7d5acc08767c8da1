"""What a connection asks of the server that listens: its limits, its rules, and a place for
what it brings.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Protocol, TypeVar

from aiosmtpd.smtp import Envelope

from dragoman.settings import MIB
from ingress.email.auth.policy import Rules
from ingress.email.smtp.counters import Tally
from ingress.email.smtp.data_reader import Reception
from ingress.email.smtp.spool import Spool

Session_contra = TypeVar("Session_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one client may take. `message_bytes` as sent, base64 and all; `_s` are seconds.

    `silent_s`: who has said nothing for so long gives way to a new connection when there is no
    room. `errors`: negative replies in one connection. `free_bytes`: what has to stay free on the
    disk.
    """

    message_bytes: int
    recipients: int = 100  # RFC 5321 4.5.3.1.8: no fewer
    connections: int = 200
    connections_per_peer: int = 150  # the mail server in front is one peer
    silent_s: float = 5.0
    errors: int = 50
    idle_s: float = 300.0  # RFC 5321 4.5.3.2.7
    message_s: float = 1800.0  # 50 MB at 230 kbit/s
    session_s: float = 3600.0
    drain_s: float = 20.0
    free_bytes: int = 100 * MIB


class Host(Protocol[Session_contra]):
    """Counts connections and takes messages.

    Used on the event loop alone, so nothing here may block.
    """

    limits: Limits
    rules: Rules
    tally: Tally
    spool: Spool

    def admits(self, peer: str) -> bool:
        """Whether one more connection from `peer` is taken."""

    def made_room(self, peer: str) -> bool:
        """Whether somebody who says nothing was sent away, so that one more connection from
        `peer` can be taken.
        """

    def enter(self, session: Session_contra) -> None:
        """Count a connection."""

    def leave(self, session: Session_contra) -> None:
        """Count it no more."""

    def tls(self) -> ssl.SSLContext | None:
        """For STARTTLS; None where there is no certificate."""

    def has_room(self, size: int) -> bool:
        """Whether a message of `size` bytes leaves enough free on the disk."""

    def most(self, envelope: Envelope) -> int:
        """Bytes that a message for these recipients may have."""

    async def conclude(
        self, received: Reception, envelope: Envelope, session: Session_contra
    ) -> str:
        """The reply to a message that is here.

        Goes on when the client is gone: it will send again, and find its row.
        """
