"""Which engine translates a job: decided once, after the document's language is known, and never changed silently."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from dragoman.domain.job import Tone
from dragoman.errors import EngineMissing, EngineNotAllowed, UnsupportedOption, UnsupportedPair, UnsupportedTarget
from dragoman.ports import Translator
from dragoman.possible import NoEngine
from pipeline.engines import adding, apertium, deepl, libretranslate, pseudo
from pipeline.engines.apertium import Apertium
from pipeline.engines.deepl import DeepL, DeepLWrite
from pipeline.engines.libretranslate import LibreTranslate
from pipeline.engines.local import engine as local
from pipeline.engines.local.engine import Local
from pipeline.engines.openai import engine as openai
from pipeline.engines.openai.engine import OpenAI
from pipeline.engines.pairs import into, refusal, serves
from pipeline.engines.pseudo import Pseudo
from pipeline.engines.settings import EngineSettings, Secret

AUTO = "auto"
NAMES = (deepl.NAME, openai.NAME, libretranslate.NAME, local.NAME, apertium.NAME, pseudo.NAME)
_KEPT = 8  # clients kept open; a process has one key


def engines(settings: EngineSettings) -> dict[str, Translator]:
    """The engines that can be asked for by name here, the best first. Pseudo is always there, and never comes unasked."""
    found: dict[str, Translator] = {}
    if settings.deepl_auth_key:
        found[deepl.NAME] = _deepl(settings.deepl_auth_key.get_secret_value(), settings.deepl_server_url)
    if settings.openai_base_url and settings.openai_model:
        found[openai.NAME] = _openai(
            settings.openai_base_url,
            settings.openai_model,
            _secret(settings.openai_api_key),
            settings.openai_parallel,
            (settings.openai_price_in, settings.openai_price_out),
        )
    if settings.libretranslate_url:
        key = _secret(settings.libretranslate_api_key)
        found[libretranslate.NAME] = _libretranslate(settings.libretranslate_url, key)
    if (models := _local(settings.models_dir)).installed:
        found[local.NAME] = models
    if (program := _apertium()).installed:
        found[apertium.NAME] = program
    return found | {pseudo.NAME: Pseudo()}


def offered(settings: EngineSettings) -> list[Translator]:
    """The engines that this server promises without being asked for one by name: what the doors may count on.

    None where nothing is set up: words that only look translated are no translation, so pseudo has to be named.
    """
    ready = engines(settings)
    if settings.engine != AUTO:
        return [ready[settings.engine]] if settings.engine in ready else []
    return [engine for engine in ready.values() if engine.name != pseudo.NAME]


def choose(
    settings: EngineSettings,
    requested: str | None,
    source_lang: str | None,
    target_lang: str,
    allowed: frozenset[str] | None = None,
) -> Translator:
    """The engine for a document in `source_lang` (None: unknown) that is to be in `target_lang`.

    `requested` None or `auto` leaves the choice to the settings, and theirs of `auto` takes the best engine that serves the pair.
    Raises EngineMissing, UnsupportedOption for an unknown name; NoEngine where nothing is set up; UnsupportedTarget or
    UnsupportedPair, which list what is possible and say what would add the pair; and what `Translator.capabilities` raises.
    `allowed`: the names of the engines that may have the document, None: all. Raises EngineNotAllowed where these cannot.
    """
    ready = engines(settings)
    wanted = _wanted(settings, requested)
    asked = offered(settings) if wanted == AUTO else [_ready(ready, wanted)]
    if allowed is not None:
        asked = _allowed(asked, allowed, source_lang, target_lang)
    engine = next((one for one in asked if serves(one.capabilities(), source_lang, target_lang)), None)
    if engine is None:
        raise _refusal(settings, wanted, asked, source_lang, target_lang)
    return engine


def _allowed(
    asked: Sequence[Translator], allowed: frozenset[str], source_lang: str | None, target_lang: str
) -> list[Translator]:
    """Those of `asked` that may have the document. Raises EngineNotAllowed if none of them serves the pair."""
    may = [one for one in asked if one.name in allowed]
    if not any(serves(one.capabilities(), source_lang, target_lang) for one in may):
        raise EngineNotAllowed(detail=f"only {', '.join(sorted(allowed))} may have it")
    return may


def admit(settings: EngineSettings, requested: str | None, source_lang: str | None, target_lang: str) -> None:
    """Refuse before any work what can be refused before the document is read: `source_lang` is None where it is to be detected.

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
    settings: EngineSettings, wanted: str, asked: Sequence[Translator], source_lang: str | None, target_lang: str
) -> UnsupportedTarget | UnsupportedPair:
    """What to say where none of those that were asked serves the pair, with the command that would add it."""
    known = [one.capabilities() for one in asked]
    have = [pair for one in known if one.engine == adding.LOCAL for pair in one.pairs or ()]
    to_add = adding.how(source_lang, target_lang, have, deepl=settings.deepl_auth_key is not None)
    if not known:
        missing = NoEngine()
        missing.for_admin = f"{to_add} `--engine pseudo` shows the layout without a translation."
        return missing
    who = "No engine here translates" if wanted == AUTO else f"The engine {wanted} does not translate"
    return refusal(who, known, source_lang, target_lang, to_add)


def tone_model(settings: EngineSettings, engine: Translator, tone: Tone | None, target_lang: str) -> DeepLWrite | None:
    """DeepL Write where it is switched on, has this tone in this language, and DeepL translates anyway; else None."""
    if settings.deepl_write and isinstance(engine, DeepL) and DeepLWrite.writes(target_lang, tone):
        return DeepLWrite(engine)
    return None


_HOW_TO = {
    deepl.NAME: "Set DRAGOMAN_DEEPL_AUTH_KEY to a key from deepl.com/pro-api.",
    openai.NAME: "Set DRAGOMAN_OPENAI_BASE_URL and DRAGOMAN_OPENAI_MODEL, such as http://127.0.0.1:11434/v1 and gemma3:12b.",
    libretranslate.NAME: "Set DRAGOMAN_LIBRETRANSLATE_URL, such as http://127.0.0.1:5000.",
    local.NAME: "Add a translation model, for example English to Portuguese: dragoman models add en-pt.",
    apertium.NAME: "Install it, on Debian: apt-get install apertium apertium-eng-spa (and further pairs).",
}


def _wanted(settings: EngineSettings, requested: str | None) -> str:
    wanted = (requested or AUTO).strip().casefold()
    if wanted not in (AUTO, *NAMES):
        raise UnsupportedOption(
            f"There is no engine “{wanted[:40]}”. Please choose one of: {', '.join((AUTO, *NAMES))}."
        )
    return settings.engine if wanted == AUTO else wanted


def _ready(ready: dict[str, Translator], wanted: str) -> Translator:
    if wanted not in ready:
        raise EngineMissing(f"The engine “{wanted}” is not set up on this server.", advice=_HOW_TO[wanted])
    return ready[wanted]


@lru_cache(_KEPT)
def _deepl(auth_key: str, server_url: str | None) -> DeepL:
    return DeepL(auth_key, server_url)


@lru_cache(_KEPT)
def _openai(
    base_url: str, model: str, key: str | None, parallel: int, prices: tuple[float | None, float | None]
) -> OpenAI:
    return OpenAI(base_url, model, key, parallel=parallel, prices=prices)


@lru_cache(_KEPT)
def _libretranslate(url: str, key: str | None) -> LibreTranslate:
    return LibreTranslate(url, key)


def _secret(secret: Secret | None) -> str | None:
    return secret.get_secret_value() if secret else None


@lru_cache(_KEPT)
def _local(folder: Path) -> Local:
    return Local(folder)


@lru_cache(_KEPT)
def _apertium() -> Apertium:
    return Apertium()
