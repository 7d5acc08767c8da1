"""Which engine translates a job: decided once, after the document's language is known, and
never changed silently.
"""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.app.capabilities import NoEngine
from dragoman.domain.job import Tone
from dragoman.domain.specs import engine_specs
from dragoman.domain.specs.engine_specs import EngineSpec
from dragoman.domain.specs.loading import load
from dragoman.errors import (
    EngineMissing,
    EngineNotAllowed,
    UnsupportedOption,
    UnsupportedPair,
    UnsupportedTarget,
)
from dragoman.ports import ToneModel, Translator
from pipeline.engines import install_hints
from pipeline.engines.pairs import into, refusal, serves
from pipeline.engines.settings import EngineSettings

AUTO = "auto"
NAMES = engine_specs.names()


def engines(settings: EngineSettings) -> dict[str, Translator]:
    """The engines that can be asked for by name here, the best first.

    Pseudo is always there, and never comes unasked.
    """
    built = {spec.name: _built(spec, settings) for spec in engine_specs.engines()}
    return {name: engine for name, engine in built.items() if engine is not None}


def _built(spec: EngineSpec, settings: EngineSettings) -> Translator | None:
    """The engine, None where it is not set up.

    One whose settings are missing is not even loaded.
    """
    if not all(settings.given(name) for name in spec.needs):
        return None
    engine: Translator | None = load(spec.build)(settings)
    return engine


def offered(settings: EngineSettings) -> list[Translator]:
    """The engines that this server promises without being asked for one by name: what the doors may
    count on.

    None where nothing is set up: words that only look translated are no translation, so pseudo has
    to be named.
    """
    ready = engines(settings)
    if settings.engine != AUTO:
        return [ready[settings.engine]] if settings.engine in ready else []
    unasked = {spec.name for spec in engine_specs.engines() if not spec.asked_for}
    return [engine for engine in ready.values() if engine.name in unasked]


def choose(
    settings: EngineSettings,
    requested: str | None,
    source_lang: str | None,
    target_lang: str,
    allowed: frozenset[str] | None = None,
) -> Translator:
    """The engine for a document in `source_lang` (None: unknown) that is to be in `target_lang`.

    `requested` None or `auto` leaves the choice to the settings, and theirs of `auto` takes the
    best engine that serves the pair. Raises EngineMissing, UnsupportedOption for an unknown name;
    NoEngine where nothing is set up; UnsupportedTarget or UnsupportedPair, which list what is
    possible and say what would add the pair; and what `Translator.capabilities` raises. `allowed`:
    the names of the engines that may have the document, None: all. Raises EngineNotAllowed where
    these cannot.
    """
    ready = engines(settings)
    wanted = _wanted(settings, requested)
    asked = offered(settings) if wanted == AUTO else [_ready(ready, wanted)]
    if allowed is not None:
        asked = _allowed(asked, allowed, source_lang, target_lang)
    engine = next(
        (one for one in asked if serves(one.capabilities(), source_lang, target_lang)), None
    )
    if engine is None:
        raise _refusal(settings, wanted, asked, source_lang, target_lang)
    return engine


def _allowed(
    asked: Sequence[Translator], allowed: frozenset[str], source_lang: str | None, target_lang: str
) -> list[Translator]:
    """Those of `asked` that may have the document.

    Raises EngineNotAllowed if none of them serves the pair.
    """
    may = [one for one in asked if one.name in allowed]
    if not any(serves(one.capabilities(), source_lang, target_lang) for one in may):
        raise EngineNotAllowed(detail=f"only {', '.join(sorted(allowed))} may have it")
    return may


def admit(
    settings: EngineSettings, requested: str | None, source_lang: str | None, target_lang: str
) -> None:
    """Refuse before any work what can be refused before the document is read: `source_lang` is None
    where it is to be detected.

    Raises as `choose`.
    """
    wanted = _wanted(settings, requested)
    asked = offered(settings) if wanted == AUTO else [_ready(engines(settings), wanted)]
    known = [one.capabilities() for one in asked]
    if source_lang is None:
        possible = any(into(one, target_lang) for one in known)
    else:
        possible = any(serves(one, source_lang, target_lang) for one in known)
    if not possible:
        raise _refusal(settings, wanted, asked, source_lang, target_lang)


def _refusal(
    settings: EngineSettings,
    wanted: str,
    asked: Sequence[Translator],
    source_lang: str | None,
    target_lang: str,
) -> UnsupportedTarget | UnsupportedPair:
    """What to say where none of those that were asked serves the pair, with the command that
    would add it.
    """
    known = [one.capabilities() for one in asked]
    have = [pair for one in known if one.engine == install_hints.LOCAL for pair in one.pairs or ()]
    to_add = install_hints.how(
        source_lang, target_lang, have, deepl=settings.given("deepl_auth_key") is not None
    )
    if not known:
        missing = NoEngine()
        missing.for_admin = f"{to_add} `--engine pseudo` shows the layout without a translation."
        return missing
    who = (
        "No engine here translates" if wanted == AUTO else f"The engine {wanted} does not translate"
    )
    return refusal(who, known, source_lang, target_lang, to_add)


def tone_model(
    settings: EngineSettings, engine: Translator, tone: Tone | None, target_lang: str
) -> ToneModel | None:
    """What rephrases beside the engine, where it is switched on and has this tone in this
    language; else None.
    """
    spec = engine_specs.by_name(engine.name)
    if spec is None or spec.tone_model is None:
        return None
    model: ToneModel | None = load(spec.tone_model)(settings, engine, tone, target_lang)
    return model


def _wanted(settings: EngineSettings, requested: str | None) -> str:
    wanted = (requested or AUTO).strip().casefold()
    if wanted not in (AUTO, *engine_specs.names()):
        raise UnsupportedOption(
            f"There is no engine “{wanted[:40]}”. Please choose one of:"
            f" {', '.join((AUTO, *engine_specs.names()))}."
        )
    return settings.engine if wanted == AUTO else wanted


def _ready(ready: dict[str, Translator], wanted: str) -> Translator:
    if wanted not in ready:
        spec = engine_specs.by_name(wanted)
        raise EngineMissing(
            f"The engine “{wanted}” is not set up on this server.",
            advice=spec.how_to if spec else None,
        )
    return ready[wanted]
