"""Which engine is chosen: once, by settings, request and pair."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dragoman.domain.job import Tone
from dragoman.errors import EngineMissing, UnsupportedOption, UnsupportedPair, UnsupportedTarget
from dragoman.settings import Settings
from pipeline.engines import registry
from pipeline.engines.apertium import Apertium
from pipeline.engines.pseudo import Pseudo
from tests.fake_deepl import KEY, FakeDeepL

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
    monkeypatch.setattr(registry, "_apertium", Apertium)


@pytest.fixture
def no_apertium(monkeypatch) -> None:
    monkeypatch.setattr(registry, "_apertium", lambda: Apertium("no-such-apertium"))


def plain(**changes) -> Settings:
    return Settings.from_env(**changes)


def with_key(server: FakeDeepL, **changes) -> Settings:
    return Settings.from_env(deepl_auth_key=KEY, deepl_server_url=server.url, **changes)


@pytest.mark.usefixtures("apertium")
class TestAuto:
    def test_a_key_means_deepl(self, server):
        assert registry.choose(with_key(server), None, "en", "es").name == "deepl"

    def test_without_a_key_an_installed_pair_means_apertium(self):
        assert registry.choose(plain(), "auto", "en", "es").name == "apertium"

    @pytest.mark.parametrize(("source", "target"), [("en", "de"), ("fr", "es"), (None, "es")])
    def test_else_it_is_pseudo(self, source, target):
        assert registry.choose(plain(), None, source, target).name == "pseudo"

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

    def test_without_anything_there_is_pseudo(self):
        assert list(registry.engines(plain())) == ["pseudo"]


@pytest.mark.usefixtures("apertium")
def test_a_requested_engine_refuses_a_pair_it_does_not_have():
    with pytest.raises(UnsupportedPair) as refused:
        registry.choose(plain(), "apertium", "fr", "es")
    assert "English → Spanish" in refused.value.advice


@pytest.mark.usefixtures("apertium")
def test_a_target_that_no_source_reaches_is_refused_at_once(server):
    registry.admit(plain(), "apertium", "es")
    registry.admit(plain(), None, "de")
    for settings, requested, target in [(plain(), "apertium", "de"), (with_key(server), None, "tlh")]:
        with pytest.raises(UnsupportedTarget):
            registry.admit(settings, requested, target)


@pytest.mark.parametrize(
    ("switch", "tone", "target", "expected"),
    [
        (True, Tone.SIMPLE, "de", True),
        (False, Tone.SIMPLE, "de", False),
        (True, Tone.FORMAL, "de", False),
        (True, Tone.SIMPLE, "fr", False),
    ],
)
def test_write_polishes_only_where_it_exists_and_is_switched_on(server, switch, tone, target, expected):
    settings = with_key(server, deepl_write=switch)
    engine = registry.choose(settings, None, "en", target)
    assert (registry.tone_model(settings, engine, tone, target) is not None) is expected
    assert registry.tone_model(settings, Pseudo(), tone, target) is None
