"""The `.env` of a deployment."""

import stat

import pytest

from dragoman.errors import Conflict
from dragoman.settings import Settings
from ops import env_file
from tests import compose


def test_only_its_owner_can_read_it(tmp_path):
    path = env_file.write(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_is_never_overwritten(tmp_path):
    before = env_file.write(tmp_path).read_text()
    with pytest.raises(Conflict):
        env_file.write(tmp_path)
    assert (tmp_path / ".env").read_text() == before


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / ".env").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Conflict):
        env_file.write(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_each_file_has_secrets_of_its_own():
    one, another = env_file.fresh(), env_file.fresh()
    assert set(one) == set(another)
    assert all(one[name] != another[name] for name in one)
    assert len(set(one.values())) == len(one)


@pytest.mark.parametrize("name", env_file.fresh())
def test_a_secret_is_long_and_needs_no_quoting(name):
    secret = env_file.fresh()[name].removeprefix("admin:").removesuffix(":admin")
    assert len(secret) >= 20
    assert set(secret) <= set("0123456789abcdef")


def test_what_has_to_be_filled_in_is_commented_out(tmp_path):
    text = env_file.write(tmp_path).read_text()
    for name, _, why in env_file.TO_FILL_IN:
        assert f"\n#{name}=" in text
        assert f"# {why[0]}\n" in text
    assert set(compose.read_env(tmp_path / ".env")) == set(env_file.fresh())


def test_the_settings_take_what_is_written(monkeypatch):
    filled = {name: example for name, example, _ in env_file.TO_FILL_IN}
    for name, value in {**env_file.fresh(), **filled}.items():
        monkeypatch.setenv(name, value)
    settings = Settings.from_env()
    assert settings.flower_auth
    assert [name for name, _ in settings.tokens.values()] == ["admin"]
    assert settings.allowed_senders == ("@example.org", "ana@example.com")
