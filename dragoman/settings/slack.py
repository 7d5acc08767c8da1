"""Slack: the app's tokens and who may do more than post."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from dragoman.settings.values import listed


class SlackSettings(BaseModel):
    """The Slack app."""

    slack_mode: Literal["socket", "http"] = "socket"
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    slack_file_hosts: Annotated[tuple[str, ...], NoDecode] = ("files.slack.com",)
    slack_admins: Annotated[tuple[str, ...], NoDecode] = ()
    slack_external_users: bool = False

    @property
    def slack_speaks(self) -> bool:
        """Whether messages and files can be sent and deleted: all that processes without the
        other tokens ask.
        """
        return self.slack_bot_token is not None

    @property
    def slack_on(self) -> bool:
        """Whether the tokens that its mode needs are all there."""
        needed = self.slack_app_token if self.slack_mode == "socket" else self.slack_signing_secret
        return self.slack_bot_token is not None and needed is not None

    @field_validator("slack_file_hosts", "slack_admins", mode="before")
    @classmethod
    def _listed_names(cls, value: object) -> object:
        return listed(value)

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
