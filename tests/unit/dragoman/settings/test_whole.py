"""Settings: every wrong value named at once, no secret ever shown."""

from __future__ import annotations

import pytest

from dragoman.errors import SettingsInvalid
from dragoman.settings import Settings, host_port

SECRETS = {
    "DATABASE_URL": "postgresql+psycopg://u:hunter2-database@h/d",
    "BROKER_URL": "redis://:hunter2-broker@h/0",
    "STORAGE_URL": "s3://bucket?endpoint_url=https://u:hunter2-storage@h",
    "DEEPL_AUTH_KEY": "hunter2-deepl",
    "OUTBOUND_SMTP_URL": "smtp://u:hunter2-smtp@h",
    "API_TOKENS": "ci:hunter2-token-of-16-and-more:admin",
    "SECRET_KEY": "hunter2-key-of-16-and-more",
    "FLOWER_AUTH": "u:hunter2-flower",
}


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"DRAGOMAN_{name}", value)


def complaint(monkeypatch: pytest.MonkeyPatch, **values: str) -> str:
    given(monkeypatch, **values)
    with pytest.raises(SettingsInvalid) as caught:
        Settings.from_env()
    return str(caught.value)


def test_nothing_needs_to_be_set():
    settings = Settings.from_env()
    assert settings.engine == "auto"
    assert settings.database.startswith("sqlite:////")
    assert settings.storage.startswith("file:///")
    assert settings.tokens == {}
    assert settings.allowed_senders == ()


def test_every_wrong_value_is_named_at_once(monkeypatch):
    wrong = {
        "DATABASE_URL": "mysql://h/d",
        "BROKER_URL": "amqp://h",
        "STORAGE_URL": "s3:///bucket",
        "ENGINE": "babelfish",
        "SMTP_LISTEN": "8025",
        "WEB_LISTEN": "localhost:99999",
        "FLOWER_LISTEN": ":5555",
        "MAIL_ADDRESS": "translate+es@example.org",
        "OUTBOUND_SMTP_URL": "http://h",
        "SENDER_AUTH": "hope",
        "PUBLIC_URL": "ftp://h",
        "API_TOKENS": "ci:short",
        "SECRET_KEY": "short",
        "LINK_TTL_S": "1",
        "DEFAULT_TARGET_LANG": "klingonese",
        "MAX_PDF_BYTES": "many",
        "MAX_PAGES": "0",
        "RETENTION_DAYS": "-1",
        "WORKER_CONCURRENCY": "1000",
    }
    text = complaint(monkeypatch, **wrong)
    assert [name for name in wrong if f"DRAGOMAN_{name}: " not in text] == []
    assert len(text.splitlines()) == 1 + len(wrong)


def test_missing_key_of_an_engine_is_named_with_the_rest(monkeypatch):
    text = complaint(monkeypatch, ENGINE="deepl", MAX_PAGES="0")
    assert "DRAGOMAN_DEEPL_AUTH_KEY: DRAGOMAN_ENGINE=deepl needs it" in text
    assert "DRAGOMAN_MAX_PAGES: " in text


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("STORAGE_URL", "s3://bucket?endpoint=https://h", "endpoint_url"),
        ("STORAGE_URL", "file://", "file:///FOLDER"),
        ("STORAGE_URL", "s3://bucket/../other", "PREFIX"),
        ("STORAGE_URL", "s3://bucket/team/jobs", "no part is one of"),
        ("API_TOKENS", "ci:0123456789abcdef:root", "name:token[:admin]"),
        ("API_TOKENS", ":0123456789abcdef", "name:token[:admin]"),
        ("API_TOKENS", "a:0123456789abcdef,b:0123456789abcdef", "name:token[:admin]"),
        ("API_TOKENS", "a:0123456789abcdef,a:0123456789abcdeF", "same name"),
        ("MAIL_ADDRESS", "translate", "one address"),
        ("SECRET_KEY", "x" * 15, "at least 16"),
    ],
)
def test_complaint_says_what_is_right(monkeypatch, name, value, words):
    assert words in complaint(monkeypatch, **{name: value})


def test_secrets_are_never_printed(monkeypatch):
    given(monkeypatch, **SECRETS)
    settings = Settings.from_env()
    for shown in (repr(settings), str(settings), f"{settings.secret_key} {settings.api_tokens!r}"):
        assert "hunter2" not in shown


def test_secrets_are_not_in_a_complaint(monkeypatch):
    wrong = {
        "DATABASE_URL": "mysql://u:hunter2@h/d",
        "BROKER_URL": "amqp://:hunter2@h",
        "STORAGE_URL": "s4://hunter2",
        "OUTBOUND_SMTP_URL": "http://u:hunter2@h",
        "API_TOKENS": "hunter2",
        "SECRET_KEY": "hunter2",
        "PUBLIC_URL": "ftp://u:hunter2@h",
    }
    assert "hunter2" not in complaint(monkeypatch, **wrong)


def test_complaint_has_no_cause_that_would_print_the_values(monkeypatch):
    given(monkeypatch, SECRET_KEY="hunter2")
    with pytest.raises(SettingsInvalid) as caught:
        Settings.from_env()
    assert caught.value.__suppress_context__


def test_tokens_by_secret(monkeypatch):
    given(monkeypatch, API_TOKENS="ci:0123456789abcdef, boss:fedcba9876543210:admin,")
    assert Settings.from_env().tokens == {
        "0123456789abcdef": ("ci", False),
        "fedcba9876543210": ("boss", True),
    }


def test_values_are_put_in_order(monkeypatch):
    given(
        monkeypatch,
        ALLOWED_SENDERS=" Ann@Example.org, @Example.com,, ",
        MAIL_ADDRESS="Translate@Example.org",
        PUBLIC_URL="https://t.example.org/",
        DEFAULT_TARGET_LANG="german",
    )
    settings = Settings.from_env()
    assert settings.allowed_senders == ("ann@example.org", "@example.com")
    assert settings.mail_address == "translate@example.org"
    assert settings.public_url == "https://t.example.org"
    assert settings.default_target_lang == "de"


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        ("*@example.org", "@example.org"),
        ("@example.org", "@example.org"),
        ("Example.Org", "example.org"),
        ("Ana.Lima+x@Example.org", "ana.lima+x@example.org"),
        ("@localhost", "@localhost"),
        ("@bücher.example", "@bücher.example"),
        ("*", "*"),
    ],
)
def test_who_may_send(monkeypatch, entry, kept):
    given(monkeypatch, ALLOWED_SENDERS=entry, AUTOMATIC_SENDERS=entry)
    settings = Settings.from_env()
    assert settings.allowed_senders == settings.automatic_senders == (kept,)


@pytest.mark.parametrize("name", ["ALLOWED_SENDERS", "AUTOMATIC_SENDERS"])
@pytest.mark.parametrize(
    "entry",
    [
        "*.example.org",
        "@*.example.org",
        "ana@*.example.org",
        "a*@example.org",
        "*@*",
        "@",
        "ana@",
        "ana@@example.org",
        "Ana Lima <ana@example.org>",
        "<ana@example.org>",
        "@.example.org",
        "@example.org.",
        "ana",
        "mailto:ana@",
        "@example.org;@example.com",
        "https://example.org",
    ],
)
def test_who_may_send_is_never_somebody_that_nobody_can_be(monkeypatch, name, entry):
    said = complaint(monkeypatch, **{name: f"@good.example,{entry}"})
    assert f"DRAGOMAN_{name}" in said
    assert entry.casefold() in said
    assert "good.example" not in said


def test_empty_variable_is_none_set(monkeypatch):
    given(monkeypatch, ENGINE="", MAX_PAGES="", PUBLIC_URL="")
    assert Settings.from_env() == Settings()


def test_overrides_come_first(monkeypatch):
    given(monkeypatch, ENGINE="pseudo")
    assert Settings.from_env(engine="apertium").engine == "apertium"


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        Settings.from_env().engine = "pseudo"


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("127.0.0.1:8025", ("127.0.0.1", 8025)),
        ("[::1]:25", ("::1", 25)),
        ("localhost:0", ("localhost", 0)),
    ],
)
def test_host_and_port(listen, expected):
    assert host_port(listen) == expected


def test_approvers_that_could_be_nobody_stop_the_start() -> None:
    settings = Settings.from_env(
        approvers="Boss@example.org, @finance.example,slack:T1:U1,web:ci,*"
    )
    assert settings.approvers == (
        "boss@example.org",
        "@finance.example",
        "slack:t1:u1",
        "web:ci",
        "*",
    )
    for wrong in ("boss", "slack:U1", "web:", "token:ci"):
        with pytest.raises(SettingsInvalid, match=r"DRAGOMAN_APPROVERS.*is nobody; write"):
            Settings.from_env(approvers=wrong)
