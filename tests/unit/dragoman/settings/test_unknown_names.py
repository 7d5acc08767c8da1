"""Names that begin with DRAGOMAN_ and mean nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from dragoman.errors import SettingsInvalid
from dragoman.settings import unknown_names


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("DRAGOMAN_ALOWED_SENDERS", "DRAGOMAN_ALLOWED_SENDERS"),
        ("DRAGOMAN_DEEPL_AUTHKEY", "DRAGOMAN_DEEPL_AUTH_KEY"),
        ("DRAGOMAN_OUTBOUND_SMPT_URL", "DRAGOMAN_OUTBOUND_SMTP_URL"),
        ("dragoman_weblisten", "DRAGOMAN_WEB_LISTEN"),
        ("DRAGOMAN_MAXPAGES", "DRAGOMAN_MAX_PAGES"),
    ],
)
def test_the_likely_name_is_said(wrong, right):
    (stranger,) = unknown_names.strangers([wrong])
    assert stranger.meant == right
    assert (
        str(stranger)
        == f"{wrong} is not a setting of Dragoman, so it has no effect. Did you mean {right}?"
    )


def test_a_name_like_no_other_is_said_without_a_guess():
    (stranger,) = unknown_names.strangers(["DRAGOMAN_XYZZY"])
    assert stranger.meant is None
    assert str(stranger).endswith("has no effect.")


def test_known_names_in_any_case_and_names_of_others_are_not_strange():
    assert (
        unknown_names.strangers(["DRAGOMAN_ENGINE", "dragoman_engine", "PATH", "OTEL_SERVICE_NAME"])
        == []
    )


def test_an_env_file_is_looked_through(tmp_path):
    lines = [
        "# DRAGOMAN_A=1",
        "DRAGOMAN_ALOWED_SENDERS=@example.org",
        "export DRAGOMAN_ENGINE = pseudo",
        "S3_ACCESS_KEY=x",
    ]
    (tmp_path / ".env").write_text("\n".join(lines))
    (stranger,) = unknown_names.found({}, tmp_path)
    assert (stranger.name, stranger.where) == ("DRAGOMAN_ALOWED_SENDERS", ".env")
    assert " in .env is not a setting" in str(stranger)
    assert unknown_names.unread({}, tmp_path) == ["DRAGOMAN_ENGINE"]
    assert unknown_names.unread({"DRAGOMAN_ENGINE": "pseudo"}, tmp_path) == []


def test_without_an_env_file_nothing_is_said(tmp_path):
    assert unknown_names.found({}, tmp_path) == []


@pytest.mark.more
@pytest.mark.parametrize(
    "name", ["web", "smtp", "worker", "notifier", "sweeper", "beat", "flower", "up"]
)
def test_each_process_says_it_in_one_line_at_its_start(tmp_path, name):
    clean = {key: value for key, value in os.environ.items() if not key.startswith("DRAGOMAN_")}
    # Each of them ends soon after, for a reason of its own: this is about its first words.
    given = {"DRAGOMAN_DATA_DIR": "/dev/null/none", "DRAGOMAN_ALOWED_SENDERS": "@example.org"}
    command = [sys.executable, "-m", "dragoman", name]
    ended = subprocess.run(
        command,
        env={**clean, **given},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = [line for line in ended.stderr.splitlines() if "DRAGOMAN_ALOWED_SENDERS" in line]
    assert len(said) == 1
    assert "Did you mean DRAGOMAN_ALLOWED_SENDERS?" in said[0]


def test_a_wrong_value_is_still_an_end(tmp_path):
    environment = {**os.environ, "DRAGOMAN_WEB_LISTEN": "nowhere"}
    command = [sys.executable, "-m", "dragoman", "web"]
    ended = subprocess.run(
        command,
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == SettingsInvalid.exit_code
    assert "DRAGOMAN_WEB_LISTEN" in ended.stderr
