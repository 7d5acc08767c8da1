"""Flower shows the tasks to whoever reaches it."""

import pytest

from dragoman.errors import SettingsInvalid
from dragoman.settings import Settings
from ops import flower


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.7", "flower.example.org"])
def test_it_is_not_open_to_others_without_a_password(host):
    with pytest.raises(SettingsInvalid, match="without a password") as refused:
        flower.arguments(Settings.from_env(flower_listen=f"{host}:5555"))
    assert "DRAGOMAN_FLOWER_AUTH" in refused.value.advice


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "[::1]", "localhost"])
def test_this_host_alone_needs_none(host):
    assert not any(
        word.startswith("--basic-auth")
        for word in flower.arguments(Settings.from_env(flower_listen=f"{host}:1"))
    )


def test_with_a_password_it_may_be_open():
    words = flower.arguments(
        Settings.from_env(flower_listen="0.0.0.0:5555", flower_auth="ana:a-password")
    )
    assert {"--address=0.0.0.0", "--port=5555", "--basic-auth=ana:a-password"} <= set(words)


@pytest.mark.parametrize("wrong", ["ana", "ana:", ":a-password"])
def test_a_password_has_a_name(wrong):
    with pytest.raises(SettingsInvalid, match="DRAGOMAN_FLOWER_AUTH") as refused:
        Settings.from_env(flower_auth=wrong)
    assert wrong not in str(refused.value)
