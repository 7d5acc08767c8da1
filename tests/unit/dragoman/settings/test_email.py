"""What OAuth needs to be told, and secrets that stand in files."""

import pytest

from dragoman.errors import SettingsInvalid
from dragoman.settings import Settings

MICROSOFT = {
    "outbound_smtp_url": "smtp+oauth://translate@example.org@smtp.office365.com:587",
    "oauth_provider": "microsoft",
    "oauth_tenant": "example.org",
    "oauth_client_id": "1234",
    "oauth_client_secret": "hush",
}


def wrong(**values):
    with pytest.raises(SettingsInvalid) as raised:
        Settings.from_env(**values)
    return str(raised.value)


def test_all_that_microsoft_needs():
    settings = Settings.from_env(**MICROSOFT)
    assert settings.oauth_client_secret.get_secret_value() == "hush"
    assert "hush" not in repr(settings)


@pytest.mark.parametrize("name", ["provider", "tenant", "client_id", "client_secret"])
def test_what_is_lacking_is_named(name):
    said = wrong(**{**MICROSOFT, f"oauth_{name}": None})
    assert f"DRAGOMAN_OAUTH_{name.upper()}" in said


def test_google_needs_a_service_account():
    url = "smtps+oauth://translate@example.org@smtp.gmail.com"
    assert "DRAGOMAN_OAUTH_SERVICE_ACCOUNT" in wrong(outbound_smtp_url=url, oauth_provider="google")
    assert Settings.from_env(
        outbound_smtp_url=url, oauth_provider="google", oauth_service_account="{}"
    )


@pytest.mark.parametrize("url", ["smtp+oauth://HOST", "smtp+oauth://a:b@HOST", "smtp+oauth://"])
def test_a_url_with_oauth_names_a_user_and_no_password(url):
    assert "DRAGOMAN_OUTBOUND_SMTP_URL" in wrong(**{**MICROSOFT, "outbound_smtp_url": url})


def test_the_sent_folder_may_use_tokens_too():
    url = "imaps+oauth://translate@example.org@outlook.office365.com/Sent%20Items"
    assert Settings.from_env(**MICROSOFT, sent_imap_url=url)
    assert "DRAGOMAN_OAUTH_PROVIDER" in wrong(sent_imap_url=url)


def test_without_oauth_nothing_is_needed():
    assert Settings.from_env(outbound_smtp_url="smtp://localhost")


def test_a_token_server_is_asked_by_https_alone():
    assert "https://" in wrong(**MICROSOFT, oauth_token_url="http://login.example.org/token")


def test_a_secret_may_stand_in_a_file(tmp_path, monkeypatch):
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    monkeypatch.setenv("DRAGOMAN_OAUTH_CLIENT_SECRET_FILE", str(file))
    given = {**MICROSOFT, "oauth_client_secret": None}
    del given["oauth_client_secret"]
    assert Settings.from_env(**given).oauth_client_secret.get_secret_value() == "from the file"


def test_the_variable_goes_before_the_file(tmp_path, monkeypatch):
    file = tmp_path / "secret"
    file.write_text("from the file, which is long enough")
    monkeypatch.setenv("DRAGOMAN_SECRET_KEY_FILE", str(file))
    assert (
        Settings.from_env().secret_key.get_secret_value() == "from the file, which is long enough"
    )
    monkeypatch.setenv("DRAGOMAN_SECRET_KEY", "from the variable")
    assert Settings.from_env().secret_key.get_secret_value() == "from the variable"


def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_SECRET_KEY_FILE", str(tmp_path / "nowhere"))
    assert "DRAGOMAN_SECRET_KEY_FILE" in wrong()
    (tmp_path / "nowhere").write_bytes(b"\xff\xfe\x00")
    assert "it is not text" in wrong()


def test_a_wrong_value_in_a_file_is_named_and_not_told(tmp_path, monkeypatch):
    (tmp_path / "short").write_text("short")
    monkeypatch.setenv("DRAGOMAN_SECRET_KEY_FILE", str(tmp_path / "short"))
    said = wrong()
    assert "DRAGOMAN_SECRET_KEY" in said
    assert "short" not in said
