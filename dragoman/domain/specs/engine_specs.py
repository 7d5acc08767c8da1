"""Everything that the program has to know of an engine, in one value; and the list of the engines.

A spec names the rest as `module:name`, so that nobody loads what it does not use, and the core
imports no engine. To add one is one line in `MODULES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from dragoman.domain.specs.loading import load
from dragoman.domain.specs.setting import Setting

# The modules that hold an `ENGINE`; `auto` takes the first in this order that has the pair.
MODULES = (
    "pipeline.engines.specs.deepl",
    "pipeline.engines.specs.openai",
    "pipeline.engines.specs.libretranslate",
    "pipeline.engines.specs.local",
    "pipeline.engines.specs.apertium",
    "pipeline.engines.specs.pseudo",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """An engine.

    `name` is what settings, options and rows call it, `title` what people read: "translated by
    TITLE".

    `build` (settings) gives the `Translator`, None where it is not set up. `how_to`: what an admin
    does to set it up. `settings`: what it brings along; `needs` names those of them without which
    it is not set up. `sends_texts`: whether texts leave this machine; `address`: the setting with
    the address of its server, which may be one of the house. `costs`: whether it may cost money, so
    that somebody may have to agree. `asked_for`: whether it only comes when it is asked for by
    name. `stamp`: what is printed on each page, since what it writes is no translation; "": it is
    one. `by_rules`: whether it follows rules that people wrote. `changes_figures`: whether its
    numbers are looked over.

    What only some have, each a function named as `module:name`: `tone_model` (settings, engine,
    tone, target language) gives the `ToneModel` beside it, None: there is none. `is_free` (engine,
    settings, in_house=) tells whether it costs nothing after all. `price` (engine, characters,
    settings) gives an amount in the server's currency, None: not known; `bill` (engine, characters,
    tokens, settings) what they came to, None: as `price` says. `usage` (engine) gives
    characters used and allowed. `rates` (settings) gives the key that is waited for and requests
    and characters a second. `doctor` (engine) gives findings.
    """

    name: str
    title: str
    build: str
    how_to: str = ""
    settings: tuple[Setting, ...] = ()
    needs: tuple[str, ...] = ()
    sends_texts: bool
    address: str | None = None
    costs: bool
    asked_for: bool = False
    stamp: str = ""
    by_rules: bool = False
    changes_figures: bool = False
    tone_model: str | None = None
    is_free: str | None = None
    price: str | None = None
    bill: str | None = None
    usage: str | None = None
    rates: str | None = None
    doctor: str | None = None


@cache
def engines() -> tuple[EngineSpec, ...]:
    """All engines, the best first."""
    return tuple(load(f"{module}:ENGINE") for module in MODULES)


def names() -> tuple[str, ...]:
    """The names of all engines, the best first."""
    return tuple(one.name for one in engines())


def by_name(name: str | None) -> EngineSpec | None:
    """The engine of that name; None: there is none."""
    return next((one for one in engines() if one.name == name), None)


def title_of(name: str | None) -> str | None:
    """What people read in place of a name; one that is not known (any more) as it is."""
    spec = by_name(name)
    return spec.title if spec else name


def settings() -> tuple[Setting, ...]:
    """The settings of all engines."""
    return tuple(setting for one in engines() for setting in one.settings)


def in_house() -> frozenset[str]:
    """Names of the engines that run on this machine and send nothing anywhere."""
    return frozenset(one.name for one in engines() if not one.sends_texts)


def is_real(name: str | None) -> bool:
    """Whether what the engine of that name writes is a translation."""
    spec = by_name(name)
    return spec is None or not spec.stamp
