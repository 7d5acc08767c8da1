"""Which engine is chosen: once, by settings, request and pair."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from dragoman.app.capabilities import NoEngine
from dragoman.domain.job import Tone
from dragoman.errors import EngineMissing, UnsupportedOption, UnsupportedPair, UnsupportedTarget
from dragoman.settings import Settings
from pipeline.engines import apertium as of_apertium
from pipeline.engines import install_hints, registry
from pipeline.engines.apertium import Apertium
from pipeline.engines.pseudo import Pseudo
from tests.fake_deepl import KEY, FakeDeepL
from tests.servers.libretranslate import FakeLibreTranslate

MODES = "  eng-spa\n  es-fr\n"


@pytest.fixture
def server() -> Iterator[FakeDeepL]:
    with FakeDeepL() as server:
        yield server


@pytest.fixture(params=[True])
def apertium(request, tmp_path, monkeypatch) -> None:
    """A program on PATH that only lists two pairs."""
    file = tmp_path / "apertium"
    file.write_text(f'#!/bin/sh\nprintf "%s" "{MODES}"\n')
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(of_apertium, "_program", Apertium)


@pytest.fixture
def no_apertium(monkeypatch) -> None:
    monkeypatch.setattr(of_apertium, "_program", lambda: Apertium("no-such-apertium"))


def plain(**changes) -> Settings:
    return Settings.from_env(**changes)


def with_key(server: FakeDeepL, **changes) -> Settings:
    return Settings.from_env(deepl_auth_key=KEY, deepl_server_url=server.url, **changes)


OPENAI = {"openai_base_url": "http://127.0.0.1:9/v1", "openai_model": "small"}


class TestOrder:
    def test_deepl_then_a_language_model_then_libretranslate_then_what_is_here(self, server):
        with FakeLibreTranslate() as libre:
            both = {**OPENAI, "libretranslate_url": libre.url}
            assert registry.choose(with_key(server, **both), None, "en", "es").name == "deepl"
            assert registry.choose(plain(**both), None, "en", "es").name == "openai"
            assert (
                registry.choose(plain(libretranslate_url=libre.url), None, "en", "es").name
                == "libretranslate"
            )

    def test_each_can_be_asked_for_by_name(self, server):
        assert registry.choose(with_key(server, **OPENAI), "openai", "en", "es").name == "openai"
        with pytest.raises(EngineMissing, match="libretranslate"):
            registry.choose(with_key(server, **OPENAI), "libretranslate", "en", "es")

    def test_what_a_language_model_hardly_knows_is_refused(self):
        with pytest.raises(UnsupportedTarget, match="Klingon"):
            registry.choose(plain(**OPENAI), "openai", "en", "tlh")


@pytest.mark.usefixtures("apertium")
class TestAuto:
    def test_a_key_means_deepl(self, server):
        assert registry.choose(with_key(server), None, "en", "es").name == "deepl"

    def test_without_a_key_an_installed_pair_means_apertium(self):
        assert registry.choose(plain(), "auto", "en", "es").name == "apertium"

    @pytest.mark.parametrize(
        ("source", "target", "error"),
        [
            ("en", "de", UnsupportedTarget),
            ("fr", "es", UnsupportedPair),
            (None, "es", UnsupportedPair),
        ],
    )
    def test_else_it_is_refused_and_never_pseudo(self, source, target, error):
        with pytest.raises(error) as refused:
            registry.choose(plain(), None, source, target)
        assert "Spanish" in refused.value.advice or "name the language" in refused.value.advice

    def test_a_refusal_has_the_command_that_would_add_the_pair(self):
        with pytest.raises(UnsupportedPair) as refused:
            registry.choose(plain(), None, "fr", "es")
        assert str(refused.value) == "No engine here translates French into Spanish."
        assert "dragoman models add fr-en && dragoman models add en-es" in refused.value.for_admin
        assert "apt-get install apertium-fr-es" in refused.value.for_admin
        assert "Possible: English → Spanish" in refused.value.for_admin

    def test_with_a_key_nothing_is_ever_pseudo(self, server):
        with pytest.raises(UnsupportedTarget) as refused:
            registry.choose(with_key(server), None, "en", "tlh")
        assert "German (de)" in refused.value.advice


@pytest.mark.usefixtures("no_apertium")
class TestRequested:
    def test_an_engine_that_is_not_set_up_is_missing(self):
        for name in ("deepl", "local", "apertium"):
            with pytest.raises(EngineMissing) as missing:
                registry.choose(plain(), name, "en", "de")
            assert missing.value.advice

    def test_an_unknown_name_lists_the_known(self):
        with pytest.raises(UnsupportedOption, match="apertium"):
            registry.choose(plain(), "babelfish", "en", "de")

    def test_the_setting_holds_where_nothing_is_requested(self, server):
        settings = with_key(server, engine="pseudo")
        assert registry.choose(settings, None, "en", "de").name == "pseudo"
        assert registry.choose(settings, "auto", "en", "de").name == "pseudo"
        assert registry.choose(settings, "DeepL", "en", "de").name == "deepl"

    def test_without_anything_there_is_pseudo_and_only_by_its_name(self):
        assert list(registry.engines(plain())) == ["pseudo"]
        assert registry.choose(plain(), "pseudo", "en", "de").name == "pseudo"
        assert registry.offered(plain()) == []
        assert [one.name for one in registry.offered(plain(engine="pseudo"))] == ["pseudo"]
        for ask in (registry.choose, registry.admit):
            with pytest.raises(NoEngine) as refused:
                ask(plain(), None, "en", "de")
            assert "dragoman models add en-de" in refused.value.for_admin


@pytest.mark.usefixtures("apertium")
def test_a_requested_engine_refuses_a_pair_it_does_not_have():
    with pytest.raises(UnsupportedPair) as refused:
        registry.choose(plain(), "apertium", "fr", "es")
    assert "English → Spanish" in refused.value.advice


@pytest.mark.usefixtures("apertium")
def test_a_target_that_no_source_reaches_is_refused_at_once(server):
    registry.admit(plain(), "apertium", None, "es")
    registry.admit(plain(), None, None, "es")
    for settings, requested, target in [
        (plain(), "apertium", "de"),
        (plain(), None, "de"),
        (with_key(server), None, "tlh"),
    ]:
        with pytest.raises(UnsupportedTarget):
            registry.admit(settings, requested, None, target)


@pytest.mark.usefixtures("apertium")
def test_a_pair_whose_source_was_named_is_refused_at_once():
    registry.admit(plain(), None, "en", "es")
    with pytest.raises(UnsupportedPair):
        registry.admit(plain(), None, "fr", "es")


def test_each_of_debian_s_packages_is_one():
    apt = shutil.which("apt-cache")
    if apt is None:
        pytest.skip("apt-cache is Debian's")
    packages = [f"apertium-{name}" for name in (*install_hints.BOTH_WAYS, *install_hints.ONE_WAY)]
    known = subprocess.run(
        [apt, "pkgnames", "apertium-"], check=True, capture_output=True, text=True
    ).stdout.split()
    if not known:
        pytest.skip("apt has no list of packages here: apt-get update")
    assert set(packages) <= set(known)


@pytest.mark.parametrize(
    ("switch", "tone", "target", "expected"),
    [
        (True, Tone.SIMPLE, "de", True),
        (False, Tone.SIMPLE, "de", False),
        (True, Tone.FORMAL, "de", False),
        (True, Tone.SIMPLE, "fr", False),
    ],
)
def test_write_polishes_only_where_it_exists_and_is_switched_on(
    server, switch, tone, target, expected
):
    settings = with_key(server, deepl_write=switch)
    engine = registry.choose(settings, None, "en", target)
    assert (registry.tone_model(settings, engine, tone, target) is not None) is expected
    assert registry.tone_model(settings, Pseudo(), tone, target) is None
