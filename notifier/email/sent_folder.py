"""The folder of sent mails over IMAP (RFC 9051): the one place that can tell whether a mail went
out after all.

Whoever hands a mail to Gmail, Microsoft 365 and their like finds it in a folder of sent mails;
another server's admin may keep copies in one.
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import unquote, urlsplit

import structlog

from dragoman.errors import DragomanError, OutboundLoginRefused, OutboundUnavailable
from dragoman.ports import TokenSource
from notifier.email.oauth import xoauth2

log = structlog.get_logger(__name__)

PORTS = {"imap": 143, "imaps": 993, "imaps+oauth": 993}  # RFC 9051 1.2, RFC 8314 7.2
FOLDER = "Sent"  # RFC 6154 names its use, and most servers call it so


class SentFolder:
    """One folder of one account."""

    def __init__(self, url: str, timeout_s: float, tokens: TokenSource | None = None) -> None:
        """`url`: `imaps://USER:PASSWORD@HOST/FOLDER` (or `imap://`, unencrypted); without a folder:
        `Sent`.

        `tokens`: for `imaps+oauth://USER@HOST/FOLDER`, what is shown in place of a password.
        """
        parts = urlsplit(url)
        self._scheme, self._host = parts.scheme, parts.hostname or "localhost"
        self._port = parts.port or PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._folder = unquote(parts.path.strip("/")) or FOLDER
        self._timeout_s = timeout_s
        self._tokens = tokens

    def holds(self, message_id: str) -> bool:
        """Whether a mail with this Message-ID is there.

        False, with a warning in the log, where that cannot be found out.
        """
        try:
            with self._opened() as imap:
                found = _done(imap.search(None, "HEADER", "Message-ID", _quoted(message_id)))
                return bool(found and found[0])
        except (imaplib.IMAP4.error, OSError) as error:
            log.warning("sent_folder_not_asked", detail=str(error)[:200])
            return False
        except DragomanError as error:
            log.warning("sent_folder_not_asked", code=error.code, detail=error.detail[:200])
            return False

    def greet(self) -> None:
        """See that the folder can be looked into.

        Raises OutboundUnavailable with what the server says.
        """
        try:
            with self._opened():
                pass
        except OutboundLoginRefused as error:
            words = "The folder of sent email rejects our token."
            raise OutboundLoginRefused(words, detail=error.detail) from None
        except (imaplib.IMAP4.error, OSError) as error:
            detail = f"{self._folder} at {self._host}: {str(error)[:200]}"
            raise OutboundUnavailable(
                "The folder of sent email cannot be read.", detail=detail
            ) from error

    @contextmanager
    def _opened(self) -> Iterator[imaplib.IMAP4]:
        imap = self._entered()
        try:
            _done(imap.select(_quoted(self._folder), readonly=True))
            yield imap
        finally:
            _leave(imap)

    def _entered(self) -> imaplib.IMAP4:
        """A connection that is logged in. Raises OutboundLoginRefused, and what imaplib raises."""
        if self._tokens is None:
            return self._logged_in(lambda imap: imap.login(self._user, self._password))
        return xoauth2.with_token(
            self._tokens,
            lambda token: self._logged_in(
                lambda imap: xoauth2.log_in_by_imap(imap, self._user, token)
            ),
        )

    def _logged_in(self, log_in: Callable[[imaplib.IMAP4], object]) -> imaplib.IMAP4:
        imap = self._connected()
        try:
            if imap.state == "NONAUTH":
                log_in(imap)
        except BaseException:
            _leave(imap)
            raise
        return imap

    def _connected(self) -> imaplib.IMAP4:
        if self._scheme == "imap":
            return imaplib.IMAP4(self._host, self._port, timeout=self._timeout_s)
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(
            self._host, self._port, ssl_context=context, timeout=self._timeout_s
        )


def _leave(imap: imaplib.IMAP4) -> None:
    with suppress(imaplib.IMAP4.error, OSError):
        imap.logout()


def _done(answer: tuple[str, list[bytes | None]]) -> list[bytes | None]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"{status}: {data!r}")
    return data


def _quoted(text: str) -> str:
    """A quoted string (RFC 9051 4.3)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
