"""The settings that engines need, and a quick way to them for a single document.

`dragoman.settings` reads all settings and names every wrong value; loading what it is made of takes 0.1 s, a tenth of what one
page may take. Here the few that a local translation needs are read plainly, and whatever is not plainly right is left to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

ENGINES = ("auto", "deepl", "openai", "libretranslate", "local", "apertium", "pseudo")
# Their values are checked where all settings are: with one of these set, that is read.
_CHECKED = ("OPENAI_", "LIBRETRANSLATE_")
MAX_PAGES = 3000  # the default in dragoman.settings; a test holds both together
DATA_DIR = Path("dragoman-data")  # so is this
PREFIX = "DRAGOMAN_"


class Secret(Protocol):
    """A value that does not print."""

    def get_secret_value(self) -> str:
        """The value itself."""


class EngineSettings(Protocol):
    """What `dragoman.settings.Settings` and `PlainSettings` have in common."""

    @property
    def engine(self) -> str:
        """The server's choice: `auto` or an engine's name."""

    @property
    def deepl_auth_key(self) -> Secret | None:
        """The key, None: no DeepL."""

    @property
    def deepl_server_url(self) -> str | None:
        """Where DeepL is, None: its own host."""

    @property
    def deepl_write(self) -> bool:
        """Whether DeepL Write may rephrase."""

    @property
    def openai_base_url(self) -> str | None:
        """Where an OpenAI-compatible server is, None: there is none."""

    @property
    def openai_api_key(self) -> Secret | None:
        """Its key, None: it wants none."""

    @property
    def openai_model(self) -> str | None:
        """The model to ask."""

    @property
    def openai_parallel(self) -> int:
        """How many requests at once."""

    @property
    def openai_price_in(self) -> float | None:
        """Of a million tokens that it reads, None: not known."""

    @property
    def openai_price_out(self) -> float | None:
        """Of a million tokens that it writes, None: not known."""

    @property
    def libretranslate_url(self) -> str | None:
        """Where LibreTranslate is, None: there is none."""

    @property
    def libretranslate_api_key(self) -> Secret | None:
        """Its key, None: it wants none."""

    @property
    def models_dir(self) -> Path:
        """Where the models of the engine `local` lie."""

    @property
    def max_pages(self) -> int:
        """The most pages that a document may have."""


@dataclass(frozen=True, slots=True)
class PlainSecret:
    """A secret without a library."""

    value: str = field(repr=False)

    def get_secret_value(self) -> str:
        """The value itself."""
        return self.value


@dataclass(frozen=True, slots=True)
class PlainSettings:
    """See `EngineSettings`."""

    engine: str = "auto"
    deepl_auth_key: PlainSecret | None = None
    deepl_server_url: str | None = None
    deepl_write: bool = False
    openai_base_url: str | None = None
    openai_api_key: PlainSecret | None = None
    openai_model: str | None = None
    openai_parallel: int = 4
    openai_price_in: float | None = None
    openai_price_out: float | None = None
    libretranslate_url: str | None = None
    libretranslate_api_key: PlainSecret | None = None
    max_pages: int = MAX_PAGES
    models_dir: Path = DATA_DIR / "models"


def from_env(environment: Mapping[str, str]) -> EngineSettings:
    """The settings of `environment`. Raises SettingsInvalid, which names every wrong value."""
    plain = read_plainly(environment)
    if plain is not None:
        return plain
    from dragoman.settings import Settings

    return Settings.from_env()


def read_plainly(environment: Mapping[str, str]) -> PlainSettings | None:
    """The settings of `environment`, or None where one is not plainly right. Empty means not set; names are in any case."""
    given = {name.upper(): value for name, value in environment.items() if value}
    engine, key = given.get(f"{PREFIX}ENGINE", "auto"), given.get(f"{PREFIX}DEEPL_AUTH_KEY")
    pages, write = given.get(f"{PREFIX}MAX_PAGES", str(MAX_PAGES)), given.get(f"{PREFIX}DEEPL_WRITE", "false")
    if engine not in ENGINES or not pages.isdecimal() or int(pages) < 1 or write.casefold() not in ("true", "false"):
        return None
    if not key and (engine == "deepl" or f"{PREFIX}DEEPL_AUTH_KEY_FILE" in given):
        return None
    checked = tuple(f"{PREFIX}{start}" for start in _CHECKED)
    if engine in ("openai", "libretranslate") or any(name.startswith(checked) for name in given):
        return None
    data_dir, models_dir = given.get(f"{PREFIX}DATA_DIR"), given.get(f"{PREFIX}LOCAL_MODELS_DIR")
    return PlainSettings(
        engine=engine,
        deepl_auth_key=PlainSecret(key) if key else None,
        deepl_server_url=given.get(f"{PREFIX}DEEPL_SERVER_URL"),
        deepl_write=write.casefold() == "true",
        max_pages=int(pages),
        models_dir=Path(models_dir) if models_dir else Path(data_dir or DATA_DIR) / "models",
    )
