"""The pages, the API and Flower: addresses, tokens, links, who is signed in by whom."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from dragoman.domain.proxies import checked_header, checked_proxies
from dragoman.settings.values import (
    SHORTEST_SECRET,
    checked_host_port,
    listed_in_lower_case,
    named_tokens,
)


class WebSettings(BaseModel):
    """The web server and Flower."""

    web_listen: str = "127.0.0.1:8000"
    public_url: str | None = None
    api_tokens: SecretStr | None = None
    secret_key: SecretStr | None = None
    link_ttl_s: int = Field(default=7 * 86400, ge=60)
    remote_user_header: Annotated[str | None, AfterValidator(checked_header)] = None
    remote_user_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), validate_default=True
    )
    flower_listen: str = "127.0.0.1:5555"
    flower_auth: SecretStr | None = None

    @property
    def tokens(self) -> dict[str, tuple[str, bool]]:
        """API tokens: secret -> (name, admin)."""
        return named_tokens(self.api_tokens.get_secret_value()) if self.api_tokens else {}

    @field_validator("web_listen", "flower_listen")
    @classmethod
    def _web_host_and_port(cls, value: str) -> str:
        return checked_host_port(value)

    @field_validator("remote_user_proxies", mode="before")
    @classmethod
    def _listed_proxies(cls, value: object) -> object:
        return listed_in_lower_case(value)

    @field_validator("remote_user_proxies")
    @classmethod
    def _named_proxies(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return checked_proxies(value, info.data.get("remote_user_header"))

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("use https://HOST (or http://HOST)")
        return value.rstrip("/") if value else None

    @field_validator("api_tokens")
    @classmethod
    def _named_tokens(cls, value: SecretStr | None) -> SecretStr | None:
        if value:
            named_tokens(value.get_secret_value())
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
