"""The certificate for STARTTLS, read again when its file changes, as when it was renewed."""

from __future__ import annotations

import ssl
from pathlib import Path

import structlog

from dragoman.errors import SettingsInvalid
from dragoman.settings import Settings

log = structlog.get_logger(__name__)


class Certificate:
    """A certificate with its chain, and its key, in PEM."""

    def __init__(self, certificate: Path, key: Path) -> None:
        """Raises OSError or ssl.SSLError for files that cannot be used."""
        self._certificate, self._key = certificate, key
        self._read_at = 0.0
        self._context = self._read()

    @classmethod
    def of(cls, settings: Settings) -> Certificate | None:
        """What the settings name; None: no TLS. Raises SettingsInvalid."""
        if settings.smtp_tls_cert is None:
            return None
        try:
            return cls(settings.smtp_tls_cert, settings.smtp_tls_key or settings.smtp_tls_cert)
        except (OSError, ssl.SSLError) as error:
            raise SettingsInvalid(
                f"DRAGOMAN_SMTP_TLS_CERT, DRAGOMAN_SMTP_TLS_KEY: {error}"
            ) from error

    def context(self) -> ssl.SSLContext:
        """For a new connection.

        A changed file that cannot be used leaves the old certificate in use.
        """
        try:
            if self._changed_at() != self._read_at:
                self._context = self._read()
        except (OSError, ssl.SSLError) as error:
            log.error("certificate_unusable", detail=str(error))  # noqa: TRY400 - as above
        return self._context

    def _read(self) -> ssl.SSLContext:
        self._read_at = self._changed_at()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # TLS 1.2 and later (RFC 8996)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._certificate, self._key)
        return context

    def _changed_at(self) -> float:
        return max(self._certificate.stat().st_mtime, self._key.stat().st_mtime)
