"""The engines that every contract test runs against."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dragoman.ports import Translator
from pipeline.engines.apertium import Apertium
from pipeline.engines.deepl import DeepL
from pipeline.engines.libretranslate import LibreTranslate
from pipeline.engines.local.engine import Local
from pipeline.engines.openai.engine import OpenAI
from pipeline.engines.pseudo import Pseudo
from tests.fake_deepl import KEY, FakeDeepL
from tests.servers.libretranslate import FakeLibreTranslate
from tests.servers.llm import KEY as LLM_KEY
from tests.servers.llm import MODEL, FakeLLM

NAMES = ("deepl", "openai", "libretranslate", "local", "apertium", "pseudo")


@contextmanager
def running(name: str, models: Path) -> Iterator[Translator]:
    """The engine of that name, with a server for one that needs it.

    `models`: a folder of the local engine's.
    """
    if name == "deepl":
        with FakeDeepL() as server:
            yield DeepL(KEY, server.url)
    elif name == "openai":
        with FakeLLM() as llm:
            yield OpenAI(llm.url, MODEL, LLM_KEY)
    elif name == "libretranslate":
        with FakeLibreTranslate() as libre:
            yield LibreTranslate(libre.url)
    elif name == "local":
        yield Local(models)
    elif name == "apertium":
        if shutil.which("apertium") is None or ("en", "es") not in (
            Apertium().capabilities().pairs or ()
        ):
            pytest.skip(
                "Apertium with eng-spa is not installed: apt-get install apertium apertium-eng-spa"
            )
        yield Apertium()
    else:
        yield Pseudo()


def target_of(engine: Translator) -> str:
    """A language that the engine translates English into."""
    return "pt" if engine.name == "local" else "es"
