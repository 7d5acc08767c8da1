"""Email in and out: who may send, how senders are proved, how answers go out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from dragoman.settings.values import (
    OAUTH_SCHEMES,
    check_oauth_url,
    checked_host_port,
    listed_in_lower_case,
    sender_entry,
)


class MailSettings(BaseModel):
    """The mail server's addresses, senders and logins."""

    smtp_listen: str = "127.0.0.1:8025"
    smtp_tls_cert: Path | None = None
    smtp_tls_key: Path | None = None
    lmtp_listen: str | None = None
    mail_address: str = "translate@localhost"
    outbound_smtp_url: SecretStr | None = None
    sent_imap_url: SecretStr | None = None
    operator_address: str | None = None
    max_attachment_bytes: int = Field(default=10_000_000, ge=0)
    oauth_provider: Literal["microsoft", "google"] | None = None
    oauth_tenant: str | None = None
    oauth_client_id: str | None = None
    oauth_client_secret: SecretStr | None = None
    oauth_client_certificate: SecretStr | None = None
    oauth_service_account: SecretStr | None = None
    oauth_subject: str | None = None
    oauth_scope: str | None = None
    oauth_token_url: str | None = None
    allowed_senders: Annotated[tuple[str, ...], NoDecode] = ()
    automatic_senders: Annotated[tuple[str, ...], NoDecode] = ()
    sender_auth: Literal["dmarc", "trusted", "none"] = "dmarc"
    trusted_peers: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_authserv_id: str | None = None
    dns_server: str | None = None
    sender_hourly_limit: int = Field(default=0, ge=0)
    sender_daily_limit: int = Field(default=0, ge=0)

    @field_validator("smtp_listen", "lmtp_listen", "dns_server")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        return None if value is None else checked_host_port(value)

    @field_validator("allowed_senders", "automatic_senders", "trusted_peers", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return listed_in_lower_case(value)

    @field_validator("allowed_senders", "automatic_senders")
    @classmethod
    def _sender_entries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sender_entry(entry) for entry in value)

    @field_validator("mail_address")
    @classmethod
    def _one_address(cls, value: str) -> str:
        local, _, domain = value.rpartition("@")
        if not local or not domain or "+" in local or any(c.isspace() for c in value):
            raise ValueError("use one address without +, for example translate@example.org")
        return value.casefold()

    @field_validator("operator_address")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        local, _, domain = (value or "").rpartition("@")
        if value and (not local or not domain or any(c.isspace() or c in "<>,;" for c in value)):
            raise ValueError("use one address, for example admin@example.org")
        return value

    @field_validator("outbound_smtp_url")
    @classmethod
    def _smtp_url(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        schemes = ("smtp", "smtps", "smtp+starttls", *OAUTH_SCHEMES)
        if parts and (parts.scheme not in schemes or not parts.hostname):
            raise ValueError(
                "use smtp://HOST:PORT, smtp+starttls://USER:PASSWORD@HOST, smtps://… or smtp+oauth://USER@HOST"
            )
        check_oauth_url(parts)
        return value

    @field_validator("sent_imap_url")
    @classmethod
    def _imap_url(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        schemes = ("imap", "imaps", *OAUTH_SCHEMES)
        if parts and (parts.scheme not in schemes or not parts.hostname or not parts.username):
            raise ValueError(
                "use imaps://USER:PASSWORD@HOST/FOLDER or imaps+oauth://USER@HOST/FOLDER"
            )
        check_oauth_url(parts)
        return value

    @field_validator("oauth_token_url")
    @classmethod
    def _over_tls(cls, value: str | None) -> str | None:
        if value and urlsplit(value).scheme != "https":
            raise ValueError("use https://: the client's secret is sent there")
        return value

    @model_validator(mode="after")
    def _oauth_is_complete(self) -> Self:
        urls = (self.outbound_smtp_url, self.sent_imap_url)
        is_used = any(
            url and urlsplit(url.get_secret_value()).scheme in OAUTH_SCHEMES for url in urls
        )
        lacking = self._lacking_for_oauth() if is_used else None
        if lacking:
            raise ValueError(f"a URL with +oauth needs DRAGOMAN_OAUTH_{lacking} too")
        return self

    def _lacking_for_oauth(self) -> str | None:
        """What is not set of what tokens are asked for with; None: nothing."""
        if self.oauth_provider is None:
            return "PROVIDER (microsoft or google)"
        if self.oauth_provider == "google":
            return (
                None if self.oauth_service_account else "SERVICE_ACCOUNT_FILE (or _SERVICE_ACCOUNT)"
            )
        if self.oauth_tenant is None and self.oauth_token_url is None:
            return "TENANT"
        if self.oauth_client_id is None:
            return "CLIENT_ID"
        has_secret = self.oauth_client_secret or self.oauth_client_certificate
        return (
            None
            if has_secret
            else "CLIENT_SECRET or _CLIENT_CERTIFICATE (or one of them with _FILE)"
        )
