"""All settings of one process, read once from `DRAGOMAN_*` (docs/reference/settings.md has a line
for each).

Units are in the names. Secrets print as `**********`. `Settings.from_env()` names every wrong value
at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from dragoman.errors import SettingsInvalid
from dragoman.settings import process_secrets
from dragoman.settings.costs import CostSettings
from dragoman.settings.email import MailSettings
from dragoman.settings.engines import EngineSettings
from dragoman.settings.limits import LimitSettings
from dragoman.settings.locations import PlaceSettings
from dragoman.settings.of_specs import ChannelSettings, OptionsOfEngines
from dragoman.settings.secret_files import SecretFiles, UnreadableSecret
from dragoman.settings.slack import SlackSettings
from dragoman.settings.web import WebSettings


class Settings(
    LimitSettings,
    CostSettings,
    WebSettings,
    SlackSettings,
    MailSettings,
    OptionsOfEngines,
    EngineSettings,
    PlaceSettings,
    ChannelSettings,
    BaseSettings,
):
    """All settings of one process; frozen, passed down from the entry point."""

    model_config = SettingsConfigDict(
        env_prefix="DRAGOMAN_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    worker_concurrency: int = Field(default=2, ge=1, le=64)
    lease_s: float = Field(default=60.0, ge=1.0)
    log_format: Literal["auto", "json", "text"] = "auto"

    @classmethod
    def from_env(cls, **overrides: object) -> Settings:
        """Settings of the environment, `overrides` first.

        Raises SettingsInvalid, which names every wrong value.
        """
        try:
            return cls(**overrides)  # type: ignore[arg-type]
        except ValidationError as error:
            lines = [
                _explain(found["loc"], found["msg"]) for found in error.errors(include_input=False)
            ]
            raise SettingsInvalid("Some settings are wrong:\n" + "\n".join(lines)) from None
        except UnreadableSecret as error:
            raise SettingsInvalid(f"Some settings are wrong:\n  {error}") from None

    @classmethod
    def for_process(cls, process: str, **overrides: object) -> Settings:
        """As `from_env`, for a process that reads no secrets but its own (`settings.needs`)."""
        with process_secrets.only_of(process):
            return cls.from_env(**overrides)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library passes it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments before the environment, and the files that it names (`DRAGOMAN_NAME_FILE`)
        last.
        """
        return init_settings, _Needed(settings_cls, env_settings), SecretFiles(settings_cls)

    def given(self, name: str) -> object:
        """The value of a setting that a channel or an engine brought along (`Setting` in its
        spec); a secret as its text.
        """
        value = getattr(self, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else value

    @property
    def models_dir(self) -> Path:
        """Where the local engine's models are: the folder named, else `models` in the data
        folder.
        """
        named = self.given("local_models_dir")
        return named if isinstance(named, Path) else self.data_dir / "models"


class _Needed(PydanticBaseSettingsSource):
    """What a source says, without the secrets of other processes."""

    def __init__(
        self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource
    ) -> None:
        super().__init__(settings_cls)
        self._source = source

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """As the source says it."""
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        """All values, by the names of their fields."""
        return {
            name: value for name, value in self._source().items() if process_secrets.is_needed(name)
        }


def _explain(where: tuple[int | str, ...], message: str) -> str:
    name = f"DRAGOMAN_{str(where[0]).upper()}: " if where else ""
    return f"  {name}{message.removeprefix('Value error, ')}"
