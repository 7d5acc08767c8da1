"""The last step of a mail: to a mail server, or into a folder where no server is named.

What went wrong is told in three ways. OutboundRefused: the server said no for good (5xx).
OutboundUnavailable: it said "later" (4xx) or was not there; in both cases the message is known not
to be on its way. OutboundUncertain: the connection was lost after the whole message had gone out,
so nobody knows. A wrong password or token counts as "later" (OutboundLoginRefused): the admin can
mend it, and the answers that wait go out then.
"""

from __future__ import annotations

import hashlib
import os
import re
import smtplib
import ssl
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import structlog

from dragoman.db.engine import Database
from dragoman.errors import OutboundLoginRefused, OutboundRefused, OutboundUnavailable
from dragoman.ports import TokenSource
from dragoman.settings import OAUTH_SCHEMES, Settings
from dragoman.telemetry import hashed
from notifier.delivery.channel import OutboundUncertain
from notifier.email.oauth import xoauth2
from notifier.email.sent_folder import SentFolder

log = structlog.get_logger(__name__)

# for one answer of the server, or for 64 KiB to be taken; less where leases are shorter
LONGEST_WAIT_S = 20.0
CHUNK = 1 << 16
# RFC 5321 4.5.4.2, RFC 6409 3.1, RFC 8314 7.3; with +oauth a token takes the place of the password.
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465, "smtp+oauth": 587, "smtps+oauth": 465}
WITH_STARTTLS, WITH_TLS = ("smtp+starttls", "smtp+oauth"), ("smtps", "smtps+oauth")
# Replies that say that we are not (or no longer) logged in: RFC 4954 6, and 530 also of Microsoft
# in mid-dialogue.
LOGIN_REFUSED = frozenset({530, 534, 535, 538})
COMPLETION, INTERMEDIATE, PERMANENT = 200, 300, 500  # the classes of SMTP replies (RFC 5321 4.2.1)


class Outbound(Protocol):
    """Sends finished mails."""

    def send(
        self, envelope_from: str, recipient: str, message: bytes, copies: Sequence[str] = ()
    ) -> str:
        """Send `message` (RFC 5322, CRLF); what the other side calls it.

        `envelope_from` "" is the null sender.

        `copies`: who gets it too; one that the mail server refuses is left out.

        Raises OutboundRefused, OutboundUnavailable or OutboundUncertain.
        """

    def find(self, message_id: str) -> str | None:
        """What `send` returned for the message with this Message-ID; None if it was not sent,
        or nobody can say.
        """


def open_outbound(settings: Settings, database: Database | None = None) -> Outbound:
    """The way out that the settings name: `OUTBOUND_SMTP_URL`, else the Maildir `outbox` in the
    data folder.

    `database`: where tokens are shared by all processes; None: the token server is asked each time,
    and nothing is kept. Raises SettingsInvalid.
    """
    if settings.outbound_smtp_url is None:
        return MaildirOutbound(settings.data_dir / "outbox")
    url = settings.outbound_smtp_url.get_secret_value()
    timeout_s = min(LONGEST_WAIT_S, settings.lease_s / 3)
    sent = open_sent_folder(settings, timeout_s, database)
    tokens = _tokens_for(url, settings, database)
    return SmtpOutbound(url, timeout_s, settings.mail_address, sent, tokens)


def open_sent_folder(
    settings: Settings, timeout_s: float, database: Database | None = None
) -> SentFolder | None:
    """The folder that `SENT_IMAP_URL` names, None if it names none; `database` and errors as in
    `open_outbound`.
    """
    if settings.sent_imap_url is None:
        return None
    url = settings.sent_imap_url.get_secret_value()
    return SentFolder(url, timeout_s, _tokens_for(url, settings, database))


def _tokens_for(url: str, settings: Settings, database: Database | None) -> TokenSource | None:
    """Where the tokens for a URL with +oauth come from; None for another URL."""
    parts = urlsplit(url)
    if parts.scheme not in OAUTH_SCHEMES:
        return None
    from notifier.email.oauth.providers import open_issuer
    from notifier.email.oauth.tokens import FreshTokens, StoredTokens

    issuer = open_issuer(settings, unquote(parts.username or ""))
    return StoredTokens(settings, database, issuer) if database else FreshTokens(issuer)


class SmtpOutbound:
    """A mail server, reached anew for each message: answers are rare, and a kept connection
    would go stale.
    """

    def __init__(
        self,
        url: str,
        timeout_s: float,
        mail_address: str,
        sent: SentFolder | None = None,
        tokens: TokenSource | None = None,
    ) -> None:
        """`url`: `smtp://`, `smtp+starttls://` or `smtps://`, with `USER:PASSWORD@` where the
        server wants it.

        `sent`: where the server's account keeps what was sent; None: nobody can be asked. `tokens`:
        for `smtp+oauth://USER@` (STARTTLS) and `smtps+oauth://USER@`, what is shown in place of a
        password. Such a mail is sent from USER whatever the envelope says: Microsoft lets a mailbox
        send as itself alone, Google as well.
        """
        parts = urlsplit(url)
        self._sent, self._tokens = sent, tokens
        self._scheme, self._host = parts.scheme, parts.hostname or "localhost"
        self._port = parts.port or PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._timeout_s = timeout_s
        domain = mail_address.rpartition("@")[2]
        self._hello = domain if domain.isascii() else None

    def send(
        self, envelope_from: str, recipient: str, message: bytes, copies: Sequence[str] = ()
    ) -> str:
        """As `Outbound.send`."""
        with self._definite():
            smtp = self._connected()
        try:
            with self._definite():
                _check_size(smtp, len(message))
                self._envelope(
                    smtp, self._user if self._tokens else envelope_from, recipient, copies
                )
            return self._data(smtp, message)
        finally:
            _leave(smtp)

    def find(self, message_id: str) -> str | None:
        """As `Outbound.find`: a mail server cannot be asked, but the folder of what was sent
        can.
        """
        return message_id if self._sent and self._sent.holds(message_id) else None

    def greet(self) -> None:
        """Connect, log in and leave, without a message. Raises OutboundUnavailable."""
        with self._definite():
            smtp = self._connected()
        _leave(smtp)

    def _connected(self) -> smtplib.SMTP:
        """A connection that is logged in. Raises OutboundLoginRefused, and what smtplib raises."""
        if self._tokens is None:
            return self._opened(self._log_in_by_password)
        # A connection of its own for a second token: servers hang up after a refusal.
        return xoauth2.with_token(
            self._tokens,
            lambda token: self._opened(
                lambda smtp: xoauth2.log_in_by_smtp(smtp, self._user, token)
            ),
        )

    def _opened(self, log_in: Callable[[smtplib.SMTP], None]) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._scheme in WITH_TLS:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, self._hello, timeout=self._timeout_s, context=context
            )
        else:
            smtp = smtplib.SMTP(self._host, self._port, self._hello, timeout=self._timeout_s)
        try:
            smtp.ehlo_or_helo_if_needed()
            if self._scheme in WITH_STARTTLS:
                smtp.starttls(context=context)
                smtp.ehlo()
            log_in(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _log_in_by_password(self, smtp: smtplib.SMTP) -> None:
        if not self._user:
            return
        try:
            smtp.login(self._user, self._password)
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code not in LOGIN_REFUSED:
                raise
            raise OutboundLoginRefused(detail=_described(error)) from None

    def _envelope(
        self, smtp: smtplib.SMTP, envelope_from: str, recipient: str, copies: Sequence[str]
    ) -> None:
        international = not "".join((envelope_from, recipient, *copies)).isascii()
        if international and not smtp.has_extn("smtputf8"):  # RFC 6531 3.2
            raise OutboundRefused(detail="the mail server does not take addresses beyond ASCII")
        options = ["SMTPUTF8", "BODY=8BITMIME"] if international else []
        _checked(smtp.mail(envelope_from, options))
        _checked(smtp.rcpt(recipient))
        for copy in copies:
            answer = smtp.rcpt(copy)
            if answer[0] >= INTERMEDIATE:
                log.warning("copy_refused", recipient=hashed(copy), code=answer[0])
        _checked(smtp.docmd("DATA"), INTERMEDIATE)

    @staticmethod
    def _data(smtp: smtplib.SMTP, message: bytes) -> str:
        stuffed = re.sub(rb"(?m)^\.", b"..", message)  # RFC 5321 4.5.2
        ending = b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            # In pieces, since the time-out is for a whole `sendall`: a slow line would never get 10
            # MB through.
            for start in range(0, len(stuffed), CHUNK):
                smtp.send(stuffed[start : start + CHUNK])
        except (OSError, smtplib.SMTPException) as error:
            # Without the final dot the server has nothing that it could deliver (RFC 5321 4.1.1.4).
            raise OutboundUnavailable(detail=_described(error)) from error
        try:
            smtp.send(ending)
            answer = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise OutboundUncertain(detail=_described(error)) from error
        if answer[0] < COMPLETION:
            raise OutboundUncertain(detail=f"no SMTP reply: {answer[1]!r}"[:300])
        _checked(answer)
        return answer[1].decode("utf-8", "replace")[:500]

    @contextmanager
    def _definite(self) -> Iterator[None]:
        """Trouble in the block means that nothing was sent."""
        try:
            yield
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise OutboundUnavailable(detail=_described(error)) from error


class MaildirOutbound:
    """A folder in Maildir's form (cr.yp.to/proto/maildir.html), for a server that has no way out
    yet.

    A file's name is made from the Message-ID, so a mail that is sent again is found instead of
    written twice.
    """

    def __init__(self, root: Path) -> None:
        """`root` is made when the first mail comes."""
        self.root = root

    def send(
        self, envelope_from: str, recipient: str, message: bytes, copies: Sequence[str] = ()
    ) -> str:
        """As `Outbound.send`; returns the file's name."""
        message_id = (
            BytesHeaderParser()
            .parsebytes(message[: message.find(b"\r\n\r\n") + 4])
            .get("Message-ID", "")
        )
        try:
            for folder in ("tmp", "new", "cur"):
                (self.root / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
            return self._find(message_id) or self._write(_file_name(message_id), message)
        except OSError as error:
            raise OutboundUnavailable(detail=str(error)[:200]) from error

    def find(self, message_id: str) -> str | None:
        """As `Outbound.find`, also where a mail program has moved it since."""
        try:
            return self._find(message_id)
        except OSError as error:
            raise OutboundUnavailable(detail=str(error)[:200]) from error

    def _find(self, message_id: str) -> str | None:
        name = _file_name(message_id)
        if (self.root / "new" / name).exists():
            return name
        read = self.root / "cur"
        # A program that shows the mail moves it to `cur` and adds its flags behind a colon.
        return (
            name
            if read.exists() and any(file.name.split(":")[0] == name for file in read.iterdir())
            else None
        )

    def _write(self, name: str, message: bytes) -> str:
        partial = self.root / "tmp" / f"{name}.{uuid.uuid4().hex}"
        with partial.open("wb") as file:
            file.write(message)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(self.root / "new" / name)
        folder = os.open(self.root / "new", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return name


def _file_name(message_id: str) -> str:
    """A name that is the Message-ID where it can be, and never another's."""
    bare = message_id.strip().strip("<>")
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.@_-]{0,150}", bare):
        return bare
    return hashlib.sha256(bare.encode("utf-8", "replace")).hexdigest()


def _checked(answer: tuple[int, bytes], expected: int = COMPLETION) -> None:
    code, text = answer
    if expected <= code < expected + 100:
        return
    reply = f"{code} {text.decode('utf-8', 'replace')}"[:300]
    if code in LOGIN_REFUSED:  # also in mid-dialogue, when a token is taken back just then
        raise OutboundLoginRefused(detail=reply)
    raise _replied(OutboundRefused if code >= PERMANENT else OutboundUnavailable, reply)


def _replied(
    kind: type[OutboundRefused | OutboundUnavailable], reply: str
) -> OutboundRefused | OutboundUnavailable:
    """The error of a mail server's reply, for the log and for code that asks what it means."""
    error = kind(detail=reply)
    error.reply = reply
    return error


def _check_size(smtp: smtplib.SMTP, size: int) -> None:
    """A server that says how much it takes (RFC 1870) is not sent more. Raises OutboundRefused."""
    told = smtp.esmtp_features.get("size", "").strip()
    if told.isdecimal() and 0 < int(told) < size:
        # What it would say to MAIL with the size.
        raise _replied(
            OutboundRefused,
            f"552 5.3.4 the mail server takes at most {told} bytes; this email has {size}",
        )


def _described(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        # never the command, which may hold the password
        return f"{error.smtp_code} {error.smtp_error!r}"[:300]
    return f"{type(error).__name__}: {error}"[:300]


def _leave(smtp: smtplib.SMTP) -> None:
    """Say good-bye if there is somebody; what was sent has been answered for by now."""
    try:
        smtp.quit()
    except (OSError, smtplib.SMTPException):
        smtp.close()
