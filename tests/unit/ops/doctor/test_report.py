"""The report of a live trial names nobody."""

from __future__ import annotations

import pytest

from dragoman.errors import EngineMissing
from dragoman.ports import Capabilities
from dragoman.settings import Settings
from ops.doctor.findings import Finding, Verdict
from ops.doctor.live.plan import languages
from ops.doctor.report import hidden, written


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("550 5.7.1 <ann.smith+x@mail.example.org> refused", "550 5.7.1 <ADDRESS> refused"),
        ("connect to smtps://u:p@mx.example.org:465/x failed", "connect to URL failed"),
        ("mx1.corp.example.com:25 said no", "HOST said no"),
        ("10.20.30.40:5432 and [2001:db8::1] and fe80:1:2::3", "HOST and HOST and HOST"),
        ("token xoxb-1234-abc is bad", "token TOKEN is bad"),
        ("cannot write /srv/ann/data/dragoman.db now", "cannot write PATH now"),
        ("channel C0123456789 of T0ABCDEFGH", "channel SLACK-ID of SLACK-ID"),
        ("job a2eb1c3d4e5f60718293a4b5c6d7e8f9", "job HEX"),
        ("deepl translated a sentence from en to pt-BR, 71 characters", "deepl translated a sentence from en to pt-BR, 71 characters"),
        ("After 180 s. [live_trial_failed] No job came of the mail", "After 180 s. [live_trial_failed] No job came of the mail"),
    ],
)  # fmt: skip
def test_what_names_people_and_places_is_hidden(text: str, told: str) -> None:
    assert hidden(text) == told


def test_report_has_versions_kinds_and_names_of_settings_and_no_value(tmp_path) -> None:
    settings = Settings.from_env(
        data_dir=tmp_path / "very-own-folder",
        secret_key="very-secret-key-0123456789",
        outbound_smtp_url="smtps://robot:hunter2hunter2@mail.corp.example:465",
        api_tokens="anna:tokentokentoken0123456789:admin",
        mail_address="translate@corp.example",
    )
    live = [
        Finding(
            "live mail",
            Verdict.FAIL,
            "robot at mail.corp.example: hunter2hunter2 | /srv/x refused for bo@corp.example",
        )
    ]
    told = written(settings, [Finding("Slack", Verdict.OK, "installed in Secret Workspace")], live)
    assert "answers by smtps" in told
    assert "OUTBOUND_SMTP_URL" in told
    assert "| Slack | ok | |" in told
    for value in (
        "hunter2",
        "corp.example",
        "very-secret",
        "very-own",
        "anna",
        "token0",
        "Workspace",
        "/srv",
        "bo@",
    ):
        assert value not in told


def test_languages_of_a_trial_are_such_as_some_engine_has() -> None:
    wide = Capabilities("deepl", frozenset({"de", "en-GB", "ja"}))
    pairs = Capabilities(
        "apertium", frozenset({"es", "ca"}), frozenset({("en", "es"), ("es", "ca")})
    )
    assert languages([wide], None) == ("en", "de")
    assert languages([wide], "en-GB") == ("de", "en-GB")
    assert languages([pairs], "ca") == ("en", "es")
    with pytest.raises(EngineMissing):
        languages([Capabilities("apertium", frozenset({"ca"}), frozenset({("es", "ca")}))], None)
