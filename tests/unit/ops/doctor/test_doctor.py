"""What the doctor says."""

import io
from pathlib import Path

import pytest
from sqlalchemy import text

from dragoman.db.records import process_registry
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from ingress.email import doctor
from ops.doctor import Finding, Verdict, examine, infrastructure, user_facing


def found(data: Path) -> dict[str, Finding]:
    return {one.what: one for one in examine(data)}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setenv("DRAGOMAN_ENGINE", "pseudo")


@pytest.fixture
def data(settings, database, store):
    """A data folder with a database and a store."""
    store.put("probes/first/doctor", io.BytesIO(b"x"))
    return settings.data_dir


def test_all_wrong_settings_are_named_at_once(monkeypatch):
    monkeypatch.setenv("DRAGOMAN_WEB_LISTEN", "nowhere")
    monkeypatch.setenv("DRAGOMAN_MAX_PAGES", "0")
    [only] = examine()
    assert only.verdict is Verdict.FAIL
    assert "DRAGOMAN_WEB_LISTEN" in only.said
    assert "DRAGOMAN_MAX_PAGES" in only.said


def test_a_setting_that_is_none_is_pointed_out(monkeypatch, tmp_path):
    monkeypatch.setenv("DRAGOMAN_ALOWED_SENDERS", "@example.org")
    assert found(tmp_path)["settings"].verdict is Verdict.WARN
    assert "DRAGOMAN_ALOWED_SENDERS" in found(tmp_path)["settings"].said


def test_looking_makes_nothing(tmp_path):
    found(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_database_and_store_that_work_are_well(data, store: BlobStore):
    findings = found(data)
    assert findings["database"].verdict is findings["store"].verdict is Verdict.OK
    assert list(store.keys("probes/")) == ["probes/first/doctor"]


def test_an_old_schema_fails(data, database):
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    finding = found(data)["database"]
    assert finding.verdict is Verdict.FAIL
    assert "dragoman db upgrade" in finding.todo


class Overwriting:
    """A store that lets the last writer win."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, key, body):
        self.kept[key] = body.read()
        return True

    def open(self, key):
        return io.BytesIO(self.kept[key])

    def delete(self, key):
        self.kept.pop(key, None)


def test_a_store_that_overwrites_fails():
    store = Overwriting()
    finding = infrastructure.probe(store, "here")
    assert finding.verdict is Verdict.FAIL
    assert "If-None-Match" in finding.todo
    assert store.kept == {}


def test_services_are_known_by_their_signs_of_life(data, database):
    with database.write() as connection:
        process_registry.beat(connection, "worker@one")
    findings = found(data)
    assert findings["worker"].verdict is Verdict.OK
    assert findings["sweeper"].verdict is Verdict.WARN


def test_a_broker_that_is_away_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_BROKER_URL", f"redis+socket://{tmp_path}/none.sock")
    assert found(tmp_path)["broker"].verdict is Verdict.FAIL


def test_pseudo_alone_is_said_aloud(tmp_path):
    finding = found(tmp_path)["engine"]
    assert finding.verdict is Verdict.WARN
    assert "DRAGOMAN_DEEPL_AUTH_KEY" in finding.todo


@pytest.mark.parametrize(
    ("count", "verdict"), [(0, Verdict.OK), (95, Verdict.WARN), (100, Verdict.FAIL)]
)
def test_a_quota_is_watched(count, verdict):
    class Engine:
        def usage(self):
            return count, 100

    assert user_facing.quota(Engine()).verdict is verdict


@pytest.mark.parametrize(
    ("chosen", "verdict", "word"),
    [
        ({}, Verdict.WARN, "nobody is allowed to send"),
        ({"allowed_senders": "@b.c", "sender_auth": "none"}, Verdict.WARN, "anybody"),
        ({"allowed_senders": "@b.c", "sender_auth": "trusted"}, Verdict.WARN, "refused"),
        ({"allowed_senders": "@b.c", "mail_address": "t@b.c"}, Verdict.OK, "we check SPF and DKIM"),
        ({"allowed_senders": "@b.c", "trusted_peers": "mail.b.c"}, Verdict.FAIL, "mail.b.c"),
        ({"allowed_senders": "@b.c", "trusted_peers": "192.0.2.0/24"}, Verdict.WARN, "localhost"),
        (
            {"allowed_senders": "@b.c", "trusted_peers": "::1", "mail_address": "t@b.c"},
            Verdict.OK,
            "t@b.c",
        ),
    ],
)
def test_the_door_for_mail(chosen, verdict, word):
    [finding] = user_facing.mail(Settings.from_env(**chosen))
    assert finding.verdict is verdict
    assert word in finding.said


@pytest.mark.parametrize(
    ("chosen", "what", "word"),
    [
        ({"trusted_authserv_id": "mx.b.c"}, "mail proof", "without TRUSTED_PEERS"),
        ({"trusted_peers": "192.0.2.1"}, "mail proof", "DKIM signature alone"),
        ({"allowed_senders": "*"}, "mail limits", "without a limit"),
        ({"lmtp_listen": "0.0.0.0:8024"}, "mail LMTP", "other hosts"),
    ],
)
def test_what_stands_around_the_door(chosen, what, word):
    [finding] = doctor.door(Settings.from_env(**chosen))
    assert (finding.what, finding.verdict) == (what, Verdict.WARN)
    assert word in finding.said
    assert finding.todo


def test_a_door_for_this_host_alone_needs_nothing_more():
    chosen = Settings.from_env(
        allowed_senders="*", sender_daily_limit=9, lmtp_listen="127.0.0.1:8024"
    )
    assert not [*doctor.door(chosen), *doctor.tls(chosen), *doctor.records(chosen)]


def test_a_door_for_other_hosts_wants_tls(tmp_path):
    [finding] = doctor.tls(Settings.from_env(smtp_listen="0.0.0.0:25"))
    assert "no STARTTLS" in finding.said


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        (None, Verdict.OK),
        ("http://t.example.org", Verdict.WARN),
        ("https://t.example.org", Verdict.OK),
    ],
)
def test_links(url, verdict, tmp_path):
    [finding] = user_facing.links(
        Settings.from_env(public_url=url, secret_key="0123456789abcdef", data_dir=tmp_path)
    )
    assert finding.verdict is verdict


def test_an_open_flower_fails_with_advice(tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_FLOWER_LISTEN", "0.0.0.0:5555")
    finding = found(tmp_path)["Flower"]
    assert finding.verdict is Verdict.FAIL
    assert "DRAGOMAN_FLOWER_AUTH" in finding.todo
