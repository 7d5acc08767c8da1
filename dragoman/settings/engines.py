"""What translates, and what it is allowed to ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

from dragoman.domain import engines
from dragoman.needs import is_needed
from dragoman.settings.values import is_web_address

# The public list that github.com/mozilla/translations writes (`db/updater.py`), of models that may be had by everybody.
MOZILLAS_MODELS = "https://storage.googleapis.com/moz-fx-translations-data--303e-prod-translations-data/db/models.json"


class EngineSettings(BaseModel):
    """The engine, its key and its limits."""

    engine: Literal["auto", "deepl", "openai", "libretranslate", "local", "apertium", "pseudo"] = "auto"
    deepl_auth_key: SecretStr | None = Field(default=None, validate_default=True)
    deepl_server_url: str | None = None
    deepl_write: bool = False
    deepl_requests_per_s: float = Field(default=10.0, ge=0)
    deepl_characters_per_s: float = Field(default=0.0, ge=0)
    engines_allowed: str = ""
    openai_base_url: str | None = Field(default=None, validate_default=True)
    openai_api_key: SecretStr | None = None
    openai_model: str | None = Field(default=None, validate_default=True)
    openai_parallel: int = Field(default=4, ge=1, le=64)
    openai_price_in: float | None = Field(default=None, ge=0)
    openai_price_out: float | None = Field(default=None, ge=0)
    libretranslate_url: str | None = Field(default=None, validate_default=True)
    libretranslate_api_key: SecretStr | None = None
    local_models_dir: Path | None = None
    models_url: str = MOZILLAS_MODELS

    @property
    def engine_rules(self) -> engines.Rules:
        """Who may use which engines."""
        return engines.parse_rules(self.engines_allowed, _NAMES)

    @property
    def in_house_engines(self) -> frozenset[str]:
        """The engines that send nothing out of the house."""
        return engines.in_house(openai_base_url=self.openai_base_url, libretranslate_url=self.libretranslate_url)

    @field_validator("engines_allowed")
    @classmethod
    def _readable_rules(cls, value: str) -> str:
        engines.parse_rules(value, _NAMES)
        return value

    @field_validator("models_url")
    @classmethod
    def _source_of_models(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("https", "http", "file", "") or (parts.scheme and not (parts.netloc or parts.path)):
            raise ValueError("use https://HOST/…/models.json, file:///FOLDER or the name of a folder")
        return value

    @field_validator("openai_base_url", "libretranslate_url")
    @classmethod
    def _address_of_engine(cls, value: str | None, info: ValidationInfo) -> str | None:
        wanted = {"openai_base_url": "openai", "libretranslate_url": "libretranslate"}[info.field_name or ""]
        if not value:
            if info.data.get("engine") == wanted:
                raise ValueError(f"DRAGOMAN_ENGINE={wanted} needs it")
            return None
        if not is_web_address(value):
            raise ValueError("use http://HOST:PORT/… or https://HOST/…, without a name or password in it")
        return value

    @field_validator("openai_model")
    @classmethod
    def _model_for_server(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value and info.data.get("openai_base_url"):
            raise ValueError("DRAGOMAN_OPENAI_BASE_URL needs it: the name of a model, as that server has it")
        return value

    @field_validator("deepl_auth_key")
    @classmethod
    def _key_for_engine(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if not value and info.data.get("engine") == "deepl" and is_needed("deepl_auth_key"):
            raise ValueError("DRAGOMAN_ENGINE=deepl needs it")
        return value


_NAMES = frozenset(get_args(EngineSettings.model_fields["engine"].annotation)) - {engines.AUTO}
