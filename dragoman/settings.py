"""What an admin may choose, read once per process from `DRAGOMAN_*` (docs/reference/settings.md has a line for each).

Units are in the names. Secrets print as `**********`. `Settings.from_env()` names every wrong value at once.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from dragoman.domain import bucket_paths, language
from dragoman.domain.proxies import checked_header, checked_proxies
from dragoman.errors import SettingsInvalid, UnknownLanguage
from dragoman.secret_files import SecretFiles, UnreadableSecret

MIB = 2**20
HIGHEST_PORT = 65535
SHORTEST_SECRET = 16
ANYBODY = "*"
# An address, a domain behind `@`, or a domain of two labels or more. No wildcards, names or angle brackets.
_LABEL = r"[^\s@*<>,;:/\".]+"
_SENDER_ENTRY = re.compile(rf"[^\s@*<>,;\"]*@{_LABEL}(?:\.{_LABEL})*|{_LABEL}(?:\.{_LABEL})+")
# The public list that github.com/mozilla/translations writes (`db/updater.py`), of models that may be had by everybody.
MOZILLAS_MODELS = "https://storage.googleapis.com/moz-fx-translations-data--303e-prod-translations-data/db/models.json"
OAUTH_SCHEMES = ("smtp+oauth", "smtps+oauth", "imaps+oauth")  # logged in to with a token in place of a password


class Settings(BaseSettings):
    """All settings of one process; frozen, passed down from the entry point."""

    model_config = SettingsConfigDict(env_prefix="DRAGOMAN_", env_ignore_empty=True, frozen=True, extra="ignore")

    data_dir: Path = Path("dragoman-data")
    database_url: str = Field(default="", repr=False)  # may hold a password
    broker_url: str = Field(default="", repr=False)
    storage_url: str = Field(default="", repr=False)

    engine: Literal["auto", "deepl", "local", "apertium", "pseudo"] = "auto"
    deepl_auth_key: SecretStr | None = Field(default=None, validate_default=True)
    deepl_server_url: str | None = None
    deepl_write: bool = False
    deepl_requests_per_s: float = Field(default=10.0, ge=0)
    deepl_characters_per_s: float = Field(default=0.0, ge=0)

    local_models_dir: Path | None = None
    models_url: str = MOZILLAS_MODELS

    smtp_listen: str = "127.0.0.1:8025"
    smtp_tls_cert: Path | None = None
    smtp_tls_key: Path | None = None
    lmtp_listen: str | None = None
    mail_address: str = "translate@localhost"
    outbound_smtp_url: SecretStr | None = None
    sent_imap_url: SecretStr | None = None
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

    slack_mode: Literal["socket", "http"] = "socket"
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    slack_file_hosts: Annotated[tuple[str, ...], NoDecode] = ("files.slack.com",)
    slack_admins: Annotated[tuple[str, ...], NoDecode] = ()
    slack_external_users: bool = False

    web_listen: str = "127.0.0.1:8000"
    public_url: str | None = None
    api_tokens: SecretStr | None = None
    secret_key: SecretStr | None = None
    link_ttl_s: int = Field(default=7 * 86400, ge=60)
    remote_user_header: Annotated[str | None, AfterValidator(checked_header)] = None
    remote_user_proxies: Annotated[tuple[str, ...], NoDecode] = Field(default=(), validate_default=True)
    flower_listen: str = "127.0.0.1:5555"
    flower_auth: SecretStr | None = None

    default_target_lang: str | None = None
    max_pdf_bytes: int = Field(default=50 * MIB, ge=1)
    max_pages: int = Field(default=3000, ge=1)
    pages_per_part: int = Field(default=40, ge=0)
    approval_pages: int = Field(default=100, ge=0)
    approval_wait_s: int = Field(default=3 * 86400, ge=60)
    sender_jobs_per_day: int = Field(default=0, ge=0)
    sender_pages_per_day: int = Field(default=0, ge=0)
    sender_characters_per_month: int = Field(default=0, ge=0)
    team_jobs_per_day: int = Field(default=0, ge=0)
    team_pages_per_day: int = Field(default=0, ge=0)
    team_characters_per_month: int = Field(default=0, ge=0)
    retention_days: int = Field(default=7, ge=1)
    worker_concurrency: int = Field(default=2, ge=1, le=64)
    lease_s: float = Field(default=60.0, ge=1.0)
    log_format: Literal["auto", "json", "text"] = "auto"

    @classmethod
    def from_env(cls, **overrides: object) -> Settings:
        """Settings of the environment, `overrides` first. Raises SettingsInvalid, which names every wrong value."""
        try:
            return cls(**overrides)  # type: ignore[arg-type]
        except ValidationError as error:
            lines = [_explain(found["loc"], found["msg"]) for found in error.errors(include_input=False)]
            raise SettingsInvalid("Some settings are wrong:\n" + "\n".join(lines)) from None
        except UnreadableSecret as error:
            raise SettingsInvalid(f"Some settings are wrong:\n  {error}") from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library passes it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before the environment, and the files that it names (`DRAGOMAN_NAME_FILE`) last."""
        return init_settings, env_settings, SecretFiles(settings_cls)

    @property
    def database(self) -> str:
        """The database to use: the one named, else SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'dragoman.db'}"

    @property
    def storage(self) -> str:
        """The object store to use: the one named, else a folder in the data folder."""
        return self.storage_url or f"file://{self.data_dir.absolute() / 'store'}"

    @property
    def models_dir(self) -> Path:
        """Where the local engine's models are: the folder named, else `models` in the data folder."""
        return self.local_models_dir or self.data_dir / "models"

    @property
    def maildir(self) -> Path:
        """Where answers go on a server that has no OUTBOUND_SMTP_URL."""
        return self.data_dir / "outbox"

    @property
    def slack_on(self) -> bool:
        """Whether the tokens that its mode needs are all there."""
        needed = self.slack_app_token if self.slack_mode == "socket" else self.slack_signing_secret
        return self.slack_bot_token is not None and needed is not None

    @property
    def tokens(self) -> dict[str, tuple[str, bool]]:
        """API tokens: secret -> (name, admin)."""
        return _tokens(self.api_tokens.get_secret_value()) if self.api_tokens else {}

    @field_validator("allowed_senders", "automatic_senders", "trusted_peers", "remote_user_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip().casefold() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("allowed_senders", "automatic_senders")
    @classmethod
    def _sender_entries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_sender_entry(entry) for entry in value)

    @field_validator("slack_file_hosts", "slack_admins", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("slack_bot_token", "slack_app_token")
    @classmethod
    def _kind_of_token(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        start = "xoxb-" if info.field_name == "slack_bot_token" else "xapp-"
        if value and not value.get_secret_value().startswith(start):
            raise ValueError(f"begins with {start}; docs/howto/slack.md says where to find it")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _api_address(cls, value: str) -> str:
        if urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("use https://slack.com/api/")
        return value.rstrip("/") + "/"

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("use sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME")
        return value

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "redis+socket://")):
            raise ValueError("use redis://HOST:PORT/0, rediss://… or redis+socket:///PATH")
        return value

    @field_validator("storage_url")
    @classmethod
    def _known_storage(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.scheme == "file" and parts.path) and not (parts.scheme == "s3" and parts.netloc):
            raise ValueError("use file:///FOLDER or s3://BUCKET/PREFIX?endpoint_url=https://HOST")
        if parts.scheme == "s3":
            bucket_paths.check(parts)
        return value

    @field_validator("models_url")
    @classmethod
    def _source_of_models(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("https", "http", "file", "") or (parts.scheme and not (parts.netloc or parts.path)):
            raise ValueError("use https://HOST/…/models.json, file:///FOLDER or the name of a folder")
        return value

    @field_validator("smtp_listen", "lmtp_listen", "dns_server", "web_listen", "flower_listen")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        if value is None:
            return None
        host, _, port = value.rpartition(":")
        if not host or not port.isdecimal() or int(port) > HIGHEST_PORT:
            raise ValueError("use HOST:PORT, for example 127.0.0.1:8025")
        return value

    @field_validator("mail_address")
    @classmethod
    def _one_address(cls, value: str) -> str:
        local, _, domain = value.rpartition("@")
        if not local or not domain or "+" in local or any(c.isspace() for c in value):
            raise ValueError("use one address without +, for example translate@example.org")
        return value.casefold()

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("use https://HOST (or http://HOST)")
        return value.rstrip("/") if value else None

    @field_validator("remote_user_proxies")
    @classmethod
    def _named_proxies(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return checked_proxies(value, info.data.get("remote_user_header"))

    @field_validator("default_target_lang")
    @classmethod
    def _language(cls, value: str | None) -> str | None:
        try:
            return language.parse(value) if value else None
        except UnknownLanguage as error:
            raise ValueError(f"{error} {error.advice}") from error

    @field_validator("outbound_smtp_url")
    @classmethod
    def _smtp_url(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        schemes = ("smtp", "smtps", "smtp+starttls", *OAUTH_SCHEMES)
        if parts and (parts.scheme not in schemes or not parts.hostname):
            raise ValueError(
                "use smtp://HOST:PORT, smtp+starttls://USER:PASSWORD@HOST, smtps://… or smtp+oauth://USER@HOST"
            )
        _check_oauth_url(parts)
        return value

    @field_validator("sent_imap_url")
    @classmethod
    def _imap_url(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        schemes = ("imap", "imaps", *OAUTH_SCHEMES)
        if parts and (parts.scheme not in schemes or not parts.hostname or not parts.username):
            raise ValueError("use imaps://USER:PASSWORD@HOST/FOLDER or imaps+oauth://USER@HOST/FOLDER")
        _check_oauth_url(parts)
        return value

    @field_validator("oauth_token_url")
    @classmethod
    def _over_tls(cls, value: str | None) -> str | None:
        if value and urlsplit(value).scheme != "https":
            raise ValueError("use https://: the client's secret is sent there")
        return value

    @model_validator(mode="after")
    def _oauth_is_complete(self) -> Settings:
        urls = (self.outbound_smtp_url, self.sent_imap_url)
        is_used = any(url and urlsplit(url.get_secret_value()).scheme in OAUTH_SCHEMES for url in urls)
        lacking = self._lacking_for_oauth() if is_used else None
        if lacking:
            raise ValueError(f"a URL with +oauth needs DRAGOMAN_OAUTH_{lacking} too")
        return self

    def _lacking_for_oauth(self) -> str | None:
        """What is not set of what tokens are asked for with; None: nothing."""
        if self.oauth_provider is None:
            return "PROVIDER (microsoft or google)"
        if self.oauth_provider == "google":
            return None if self.oauth_service_account else "SERVICE_ACCOUNT_FILE (or _SERVICE_ACCOUNT)"
        if self.oauth_tenant is None and self.oauth_token_url is None:
            return "TENANT"
        if self.oauth_client_id is None:
            return "CLIENT_ID"
        has_secret = self.oauth_client_secret or self.oauth_client_certificate
        return None if has_secret else "CLIENT_SECRET or _CLIENT_CERTIFICATE (or one of them with _FILE)"

    @field_validator("api_tokens")
    @classmethod
    def _named_tokens(cls, value: SecretStr | None) -> SecretStr | None:
        if value:
            _tokens(value.get_secret_value())
        return value

    @field_validator("flower_auth")
    @classmethod
    def _name_and_password(cls, value: SecretStr | None) -> SecretStr | None:
        name, _, password = value.get_secret_value().partition(":") if value else ("", "", "")
        if value and (not name or not password):
            raise ValueError("write NAME:PASSWORD; `dragoman init` makes one")
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_SECRET:
            raise ValueError(f"at least {SHORTEST_SECRET} characters; `dragoman init` makes one")
        return value

    @field_validator("deepl_auth_key")
    @classmethod
    def _key_for_engine(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if not value and info.data.get("engine") == "deepl":
            raise ValueError("DRAGOMAN_ENGINE=deepl needs it")
        return value


def host_port(listen: str) -> tuple[str, int]:
    """`("127.0.0.1", 8025)` of `127.0.0.1:8025`; brackets around an IPv6 address are taken off."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def _sender_entry(entry: str) -> str:
    """The entry as it is compared with senders: `*@example.org` means `@example.org`.

    Raises ValueError for what could match nobody: an admin would believe that it lets somebody in.
    """
    plain = entry.removeprefix("*") if entry.startswith("*@") else entry
    if plain != ANYBODY and not _SENDER_ENTRY.fullmatch(plain):
        raise ValueError(
            f"{entry!r} matches nobody; write ana@example.com, @example.org (each subdomain separately), or * for anybody"
        )
    return plain


def _check_oauth_url(parts: SplitResult | None) -> None:
    """A URL with +oauth names a user and no password. Raises ValueError."""
    if parts and parts.scheme in OAUTH_SCHEMES and (not parts.username or parts.password):
        raise ValueError("with +oauth write USER@HOST, and no password: a token takes its place")


def _tokens(text: str) -> dict[str, tuple[str, bool]]:
    tokens: dict[str, tuple[str, bool]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, rest = entry.partition(":")
        secret, _, scope = rest.partition(":")
        if not name or len(secret) < SHORTEST_SECRET or scope not in ("", "admin") or secret in tokens:
            raise ValueError(
                f"write name:token[:admin], comma-separated, each token at least {SHORTEST_SECRET} characters"
            )
        tokens[secret] = (name, scope == "admin")
    if len({name for name, _ in tokens.values()}) != len(tokens):
        raise ValueError("two tokens have the same name")
    return tokens


def _explain(where: tuple[int | str, ...], message: str) -> str:
    name = f"DRAGOMAN_{str(where[0]).upper()}: " if where else ""
    return f"  {name}{message.removeprefix('Value error, ')}"
