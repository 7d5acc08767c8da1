"""The quick way to the engines' settings gives what the full one gives."""

import pytest

from dragoman.domain.specs import engine_specs
from dragoman.errors import SettingsInvalid
from dragoman.settings import Settings
from pipeline.engines.settings import AUTO, PlainSettings, from_env, read_plainly

NAMES = ("engine", "max_pages", "models_dir")
OPENAI = {"DRAGOMAN_OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "DRAGOMAN_OPENAI_MODEL": "small"}
LIBRE = {"DRAGOMAN_LIBRETRANSLATE_URL": "http://127.0.0.1:1"}


def both(monkeypatch, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return from_env(environment), Settings.from_env()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"DRAGOMAN_ENGINE": ""},
        {"DRAGOMAN_DEEPL_AUTH_KEY": "key", "DRAGOMAN_DEEPL_SERVER_URL": "http://127.0.0.1:1"},
        {
            "dragoman_deepl_auth_key": "key",
            "DRAGOMAN_ENGINE": "deepl",
            "DRAGOMAN_DEEPL_WRITE": "TRUE",
        },
        {"DRAGOMAN_DATA_DIR": "/data"},
        {"DRAGOMAN_DATA_DIR": "/data", "DRAGOMAN_LOCAL_MODELS_DIR": "/models"},
        {"DRAGOMAN_DEEPL_WRITE": "1", "DRAGOMAN_MAX_PAGES": "7"},
        {**OPENAI, "DRAGOMAN_OPENAI_PRICE_IN": "0.4", "DRAGOMAN_OPENAI_PARALLEL": "8"},
        *(
            {"DRAGOMAN_ENGINE": engine, "DRAGOMAN_DEEPL_AUTH_KEY": "key", **OPENAI, **LIBRE}
            for engine in (AUTO, *engine_specs.names())
        ),
    ],
)
def test_quick_and_full_agree(monkeypatch, environment):
    quick, full = both(monkeypatch, environment)
    assert [getattr(quick, name) for name in NAMES] == [getattr(full, name) for name in NAMES]
    for one in engine_specs.settings():
        assert quick.given(one.name) == full.given(one.name), one.name


@pytest.mark.parametrize(
    "environment",
    [
        {"DRAGOMAN_ENGINE": "babelfish"},
        {"DRAGOMAN_MAX_PAGES": "0"},
        {"DRAGOMAN_ENGINE": "deepl"},
        {"DRAGOMAN_DEEPL_WRITE": "x"},
        {"DRAGOMAN_ENGINE": "openai"},
        {"DRAGOMAN_ENGINE": "libretranslate"},
        {"DRAGOMAN_OPENAI_BASE_URL": "http://127.0.0.1:1/v1"},
        {"DRAGOMAN_LIBRETRANSLATE_URL": "somewhere"},
        {"DRAGOMAN_LIBRETRANSLATE_URL": "http://user:word@127.0.0.1:1"},
    ],
)
def test_wrong_values_are_named(monkeypatch, environment):
    monkeypatch.setenv(*next(iter(environment.items())))
    with pytest.raises(SettingsInvalid, match="DRAGOMAN_"):
        from_env(environment)


def test_the_plain_case_is_read_plainly():
    assert read_plainly({}) == PlainSettings()


def test_a_key_in_a_file_is_found(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("from-a-file\n")
    monkeypatch.setenv("DRAGOMAN_DEEPL_AUTH_KEY_FILE", str(tmp_path / "key"))
    found = from_env({"DRAGOMAN_DEEPL_AUTH_KEY_FILE": str(tmp_path / "key")})
    assert found.given("deepl_auth_key") == "from-a-file"


def test_the_key_does_not_print():
    assert "secret" not in repr(read_plainly({"DRAGOMAN_DEEPL_AUTH_KEY": "secret"}))
