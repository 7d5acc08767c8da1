"""What the doctor says of servers that answer, that refuse, and that are not there."""

from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.errors import DatabaseUnavailable
from dragoman.settings import Settings
from ops.doctor import Finding, Verdict, examine, infrastructure, user_facing
from tests.fake_deepl import KEY, FakeDeepL
from tests.servers.process import LOOPBACK, free_port, wait_until


def findings(data: Path) -> dict[str, Finding]:
    return {one.what: one for one in examine(data)}


@pytest.fixture
def deepl(monkeypatch):
    with FakeDeepL() as fake:
        monkeypatch.setenv("DRAGOMAN_DEEPL_AUTH_KEY", KEY)
        monkeypatch.setenv("DRAGOMAN_DEEPL_SERVER_URL", fake.url)
        monkeypatch.setenv("DRAGOMAN_ENGINE", "deepl")
        yield fake


def test_deepl_says_what_it_can_and_what_is_used(deepl, tmp_path):
    deepl.characters_billed = 1234
    found = findings(tmp_path)
    assert found["engine"].verdict is found["quota"].verdict is Verdict.OK
    assert "28 target languages" in found["engine"].said
    assert found["quota"].said == "1,234 of 500,000 characters are used"


def test_a_free_key_of_deepl_is_warned_of_for_its_data_terms(tmp_path, monkeypatch):
    with FakeDeepL(key="a-key:fx") as fake:
        monkeypatch.setenv("DRAGOMAN_DEEPL_AUTH_KEY", "a-key:fx")
        monkeypatch.setenv("DRAGOMAN_DEEPL_SERVER_URL", fake.url)
        found = findings(tmp_path)
    assert found["data terms"].verdict is Verdict.WARN
    assert "keep the texts" in found["data terms"].said
    assert "ENGINES_ALLOWED" in found["data terms"].todo


def test_a_paid_key_is_not(deepl, tmp_path):
    assert "data terms" not in findings(tmp_path)


def test_a_wrong_deepl_key_fails(deepl, tmp_path, monkeypatch):
    monkeypatch.setenv("DRAGOMAN_DEEPL_AUTH_KEY", "another-key")
    found = findings(tmp_path)["engine"]
    assert found.verdict is Verdict.FAIL
    assert "DRAGOMAN_DEEPL_AUTH_KEY" in found.todo
    assert "another-key" not in found.said


def test_a_used_up_quota_fails(deepl, tmp_path):
    deepl.characters_billed = deepl.character_limit
    assert findings(tmp_path)["quota"].verdict is Verdict.FAIL


def test_servers_that_are_not_there_fail_each_with_its_setting(tmp_path, monkeypatch):
    away = f"{LOOPBACK}:{free_port()}"
    for name, value in {
        "DRAGOMAN_ENGINE": "pseudo",
        "DRAGOMAN_DATABASE_URL": f"postgresql+psycopg://ana:secret-one@{away}/dragoman",
        "DRAGOMAN_BROKER_URL": f"redis://:secret-two@{away}/0",
        "DRAGOMAN_STORAGE_URL": f"s3://bucket?endpoint_url=http://{away}",
        "DRAGOMAN_OUTBOUND_SMTP_URL": f"smtp://ana:secret-three@{away}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret-four",
    }.items():
        monkeypatch.setenv(name, value)
    found = findings(tmp_path)
    for what, setting in {
        "database": "DRAGOMAN_DATABASE_URL",
        "broker": "DRAGOMAN_BROKER_URL",
        "store": "DRAGOMAN_STORAGE_URL",
        "mail out": "DRAGOMAN_OUTBOUND_SMTP_URL",
    }.items():
        assert found[what].verdict is Verdict.FAIL, what
        assert setting in found[what].todo
    assert not any("secret-" in f"{one.said}{one.todo}" for one in found.values())


def test_a_store_that_answers_is_well(s3_url):
    [finding] = infrastructure.store(Settings.from_env(storage_url=s3_url))
    assert finding.verdict is Verdict.OK


def test_a_broker_that_takes_nothing_fails_though_it_answers(redis_server):
    settings = Settings.from_env(broker_url=redis_server.url)
    with redis_server.client() as client:
        assert [one.verdict for one in infrastructure.broker(settings)] == [Verdict.OK]
        wait_until(lambda: client.keys() == [], 5, "nothing is left")
        client.config_set("maxmemory", "1")
        try:
            [finding] = infrastructure.broker(settings)
        finally:
            client.config_set("maxmemory", "0")
    assert finding.verdict is Verdict.FAIL
    assert "accepts no messages" in finding.said
    assert "maxmemory" in finding.todo


def test_a_broker_that_refuses_our_password_is_said_so(redis_server):
    with redis_server.client() as client:
        client.config_set("requirepass", "another")
        try:
            [finding] = infrastructure.broker(Settings.from_env(broker_url=redis_server.url))
        finally:
            client.config_set("requirepass", "")
    assert finding.verdict is Verdict.FAIL
    assert finding.said.startswith("refuses our password")
    assert "DRAGOMAN_BROKER_URL" in finding.todo


def test_a_database_that_takes_no_rows_fails_though_it_answers(postgresql_url):
    database = Database(postgresql_url)
    schema.upgrade(database)
    database.close()
    reading = Settings.from_env(
        database_url=f"{postgresql_url}?options=-cdefault_transaction_read_only%3Don"
    )
    with pytest.raises(DatabaseUnavailable) as caught:
        list(infrastructure.database(reading))
    assert "read-only" in caught.value.detail


def test_a_mail_server_is_greeted_and_gets_nothing():
    taken = []

    class Remembering(Sink):
        async def handle_DATA(self, server, session, envelope):  # noqa: N802 - its name in aiosmtpd
            taken.append(envelope)
            return "250 OK"

    controller = Controller(Remembering(), hostname=LOOPBACK, port=free_port())
    controller.start()
    try:
        [finding] = user_facing.outbound(
            Settings.from_env(outbound_smtp_url=f"smtp://{LOOPBACK}:{controller.port}")
        )
    finally:
        controller.stop()
    assert finding.verdict is Verdict.OK
    assert taken == []
