"""The settings that engines need, and a quick way to them for a single document.

`dragoman.settings` reads all settings and names every wrong value; loading what it is made of takes
0.1 s, a tenth of what one page may take. Here the few that a local translation needs are read
plainly, and whatever is not plainly right is left to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from dragoman.domain.specs import engine_specs
from dragoman.domain.specs.setting import PREFIX, Setting

AUTO = "auto"
MAX_PAGES = 3000  # the default in dragoman.settings; a test holds both together
DATA_DIR = Path("dragoman-data")  # so is this


class EngineSettings(Protocol):
    """What `dragoman.settings.Settings` and `PlainSettings` have in common."""

    @property
    def engine(self) -> str:
        """The server's choice: `auto` or an engine's name."""

    @property
    def models_dir(self) -> Path:
        """Where the models of the engine `local` lie."""

    @property
    def max_pages(self) -> int:
        """The most pages that a document may have."""

    def given(self, name: str) -> object:
        """The value of a setting of an engine's spec; a secret as its text."""


def text(settings: EngineSettings, name: str) -> str | None:
    """A setting that is a text; None: it is not set."""
    value = settings.given(name)
    return str(value) if value else None


def number(settings: EngineSettings, name: str) -> float | None:
    """A setting that is a number; None: it is not set."""
    value = settings.given(name)
    return float(value) if isinstance(value, int | float) else None


@dataclass(frozen=True, slots=True)
class PlainSettings:
    """See `EngineSettings`.

    `values`: what the environment says, by the names of settings; it may hold secrets, and does not
    print.
    """

    engine: str = AUTO
    max_pages: int = MAX_PAGES
    models_dir: Path = DATA_DIR / "models"
    values: Mapping[str, object] = field(default_factory=dict, repr=False)

    def given(self, name: str) -> object:
        """As `EngineSettings.given`."""
        if name in self.values:
            return self.values[name]
        return next(one.default for one in engine_specs.settings() if one.name == name)


def from_env(environment: Mapping[str, str]) -> EngineSettings:
    """The settings of `environment`. Raises SettingsInvalid, which names every wrong value."""
    plain = read_plainly(environment)
    if plain is not None:
        return plain
    from dragoman.settings import Settings

    return Settings.from_env()


def read_plainly(environment: Mapping[str, str]) -> PlainSettings | None:
    """The settings of `environment`, or None where one is not plainly right.

    Empty means not set; names are in any case.
    """
    given = {name.upper(): value for name, value in environment.items() if value}
    engine, pages = (
        given.get(f"{PREFIX}ENGINE", AUTO),
        given.get(f"{PREFIX}MAX_PAGES", str(MAX_PAGES)),
    )
    if not pages.isdecimal() or int(pages) < 1:
        return None
    chosen = engine_specs.by_name(engine)
    if chosen is None and engine != AUTO:
        return None
    values: dict[str, object] = {}
    for one in engine_specs.settings():
        if one.variable in given:
            if not _is_plain(one, given[one.variable]):
                return None
            values[one.name] = _plain(one, given[one.variable])
        elif f"{one.variable}_FILE" in given or (chosen and one.name in chosen.needs):
            return None
    data_dir, models_dir = given.get(f"{PREFIX}DATA_DIR"), values.get("local_models_dir")
    return PlainSettings(
        engine=engine,
        max_pages=int(pages),
        models_dir=models_dir
        if isinstance(models_dir, Path)
        else Path(data_dir or DATA_DIR) / "models",
        values=values,
    )


def _is_plain(one: Setting, value: str) -> bool:
    """Whether a value is right as it is written; what has to be checked is read where all
    settings are.
    """
    if one.check is not None:
        return False
    return one.kind in (str, Path) or (one.kind is bool and value.casefold() in ("true", "false"))


def _plain(one: Setting, value: str) -> object:
    if one.kind is bool:
        return value.casefold() == "true"
    return Path(value) if one.kind is Path else value
