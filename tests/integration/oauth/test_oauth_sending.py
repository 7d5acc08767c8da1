"""Sending with a token, through a real Dovecot that asks a token server about it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from dragoman.errors import OutboundLoginRefused, OutboundUnavailable, SettingsInvalid
from notifier.email.smtp_client import open_outbound
from ops.doctor import Verdict, examine, user_facing
from tests.conftest import SECRET_KEY
from tests.integration.oauth.conftest import MAILBOX
from tests.servers.dovecot_oauth import DovecotOAuth
from tests.servers.token_server import CLIENT_SECRET, TokenServer

TO = "ada@example.org"
MAIL = b"Message-ID: <abc.1.final@dragoman.test>\r\nSubject: Hello\r\n\r\nIt is done.\r\n"


def as_if_old(database) -> None:
    """As if the token had been given two minutes ago."""
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE tokens SET issued_at = issued_at - 120")


def failing(outbound) -> OutboundUnavailable:
    with pytest.raises(OutboundUnavailable) as raised:
        outbound.send(MAILBOX, TO, MAIL)
    return raised.value


def test_a_mail_is_sent_by_starttls_and_looked_for_in_the_sent_folder(
    configured, database, dovecot, sink
):
    outbound = open_outbound(configured(), database)
    assert "queued as 17" in outbound.send(MAILBOX, TO, MAIL)
    (mail,) = sink.mails
    assert mail.endswith(MAIL)
    assert outbound.find("<abc.1.final@dragoman.test>") is None
    (dovecot.sent / "1.test").write_bytes(MAIL)
    assert outbound.find("<abc.1.final@dragoman.test>") == "<abc.1.final@dragoman.test>"
    assert "method=XOAUTH2" in dovecot.log()


@pytest.mark.parametrize("envelope_from", ["", "translate-bounces+1234@dragoman.test"])
def test_the_mailbox_sends_as_itself(configured, database, sink, envelope_from):
    open_outbound(configured(), database).send(envelope_from, TO, MAIL)
    assert sink.senders == [MAILBOX]


def test_one_token_serves_both_and_many_mails(configured, database, dovecot, sink, token_server):
    outbound = open_outbound(
        configured(outbound_smtp_url=f"smtps+oauth://{MAILBOX}@localhost:{dovecot.smtps}"), database
    )
    for _ in range(3):
        outbound.send(MAILBOX, TO, MAIL)
        outbound.find("<abc.1.final@dragoman.test>")
    assert (len(sink.mails), len(token_server.requests)) == (3, 1)


def test_a_certificate_in_place_of_a_secret(configured, database, sink, client_certificate):
    pem = client_certificate.read_text()
    open_outbound(
        configured(oauth_client_secret=None, oauth_client_certificate=pem), database
    ).send(MAILBOX, TO, MAIL)
    assert len(sink.mails) == 1


def test_a_service_account_of_google(configured, database, sink, google, token_server):
    outbound = open_outbound(configured(**google), database)
    outbound.send(MAILBOX, TO, MAIL)
    assert outbound.find("<abc.1.final@dragoman.test>") is None
    assert len(sink.mails) == len(token_server.requests) == 1
    assert [one.mailbox for one in token_server.given.values()] == [MAILBOX]


def test_the_token_server_s_url_may_be_another_for_google_too(
    configured, database, sink, google, token_server
):
    account = google["oauth_service_account"].replace(
        token_server.google_url, "https://localhost:1/token"
    )
    changed = {
        **google,
        "oauth_service_account": account,
        "oauth_token_url": token_server.google_url,
    }
    open_outbound(configured(**changed), database).send(MAILBOX, TO, MAIL)
    assert len(sink.mails) == 1


@pytest.mark.some(1)
@pytest.mark.parametrize(
    "key", ["", "no JSON", "[]", '{"type": "authorized_user"}', '{"private_key": "hush"}']
)
def test_a_key_that_is_none_stops_the_start_and_is_not_told(configured, google, key):
    with pytest.raises(SettingsInvalid) as raised:
        open_outbound(configured(**{**google, "oauth_service_account": key}))
    assert "OAUTH_SERVICE_ACCOUNT" in str(raised.value)
    assert "hush" not in str(raised.value)


def test_a_token_that_is_revoked_is_renewed_within_the_send(
    configured, database, sink, token_server
):
    outbound = open_outbound(configured(), database)
    outbound.send(MAILBOX, TO, MAIL)
    token_server.revoke()
    as_if_old(database)
    outbound.send(MAILBOX, TO, MAIL)
    assert (len(sink.mails), len(token_server.requests)) == (2, 2)


def test_a_credential_that_is_revoked_is_told_and_the_mail_waits(
    configured, database, sink, token_server
):
    outbound = open_outbound(configured(), database)
    outbound.send(MAILBOX, TO, MAIL)
    token_server.revoke()
    token_server.refusal = (
        "invalid_grant",
        "AADSTS50173: The grant was revoked. Trace ID: 7 Correlation ID: 8",
    )
    as_if_old(database)
    error = failing(outbound)
    assert type(error) is OutboundLoginRefused
    assert error.detail == "Microsoft: invalid_grant: AADSTS50173: The grant was revoked."
    assert len(sink.mails) == 1


def test_a_mail_server_that_refuses_every_token_does_not_make_us_ask_for_more(
    configured, database, certificate, sink, token_server
):
    with (
        TokenServer(certificate) as other,  # it knows none of our tokens
        DovecotOAuth(certificate, other.introspection, sink.port) as closed,
    ):
        url = f"smtp+oauth://{MAILBOX}@localhost:{closed.smtp}"
        outbound = open_outbound(configured(outbound_smtp_url=url), database)
        errors = [failing(outbound) for _ in range(2)]
    assert [type(error) for error in errors] == [OutboundLoginRefused] * 2
    assert errors[0].detail.startswith("535 5.7.8 Authentication failed.")
    assert '"status": "401"' in errors[0].detail
    assert len(token_server.requests) == 1


def test_a_server_without_xoauth2_is_told_so(configured, database, certificate, sink, token_server):
    with DovecotOAuth(
        certificate, token_server.introspection, sink.port, mechanisms="plain"
    ) as other:
        url = f"smtp+oauth://{MAILBOX}@localhost:{other.smtp}"
        error = failing(open_outbound(configured(outbound_smtp_url=url), database))
    assert error.detail == "the mail server does not offer XOAUTH2, only: PLAIN"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_token_server_in_trouble_is_waited_for(configured, database, token_server, status):
    token_server.status = status
    error = failing(open_outbound(configured(), database))
    assert type(error) is OutboundUnavailable
    assert str(status) in error.detail


def test_nobody_at_the_token_server_s_address_is_waited_for(configured, database, google):
    nowhere = "https://localhost:1/token"
    error = failing(open_outbound(configured(**{**google, "oauth_token_url": nowhere}), database))
    assert type(error) is OutboundUnavailable
    assert error.detail == "the token server does not answer: ConnectionError"


def test_a_wrong_tenant_is_told(configured, database, token_server):
    url = token_server.url.replace("contoso", "nobody")
    error = failing(open_outbound(configured(oauth_token_url=url), database))
    assert type(error) is OutboundLoginRefused
    assert "DRAGOMAN_OAUTH_TENANT" in error.detail


def test_a_wrong_secret_is_told_and_not_repeated(configured, database):
    error = failing(
        open_outbound(configured(oauth_client_secret="wrong~" + CLIENT_SECRET), database)
    )
    assert (
        error.detail == "Microsoft: invalid_client: AADSTS7000215: Invalid client secret provided."
    )


class TestClocks:
    """The token server's clock and ours are not the same."""

    @pytest.mark.parametrize("skew_s", [-7200, 7200])
    def test_a_secret_needs_no_clock(self, configured, database, sink, token_server, skew_s):
        token_server.skew_s = skew_s
        outbound = open_outbound(configured(), database)
        for _ in range(2):
            outbound.send(MAILBOX, TO, MAIL)
        assert (len(sink.mails), len(token_server.requests)) == (2, 1)

    @pytest.mark.parametrize(
        ("skew_s", "said"), [(-7200, "s ahead of the token"), (7200, "s behind the token")]
    )
    def test_a_signed_request_does_and_is_told(
        self, configured, database, token_server, google, skew_s, said
    ):
        token_server.skew_s = skew_s
        error = failing(open_outbound(configured(**google), database))
        assert type(error) is OutboundLoginRefused
        assert said in str(error)
        assert "set the clock" in error.detail
        assert "reasonable timeframe" in error.detail

    @pytest.mark.parametrize("expires_in", [None, 0, -1])
    def test_a_life_that_is_not_told_or_odd(
        self, configured, database, sink, token_server, expires_in
    ):
        token_server.expires_in = expires_in
        outbound = open_outbound(configured(), database)
        for _ in range(2):
            outbound.send(MAILBOX, TO, MAIL)
        assert (len(sink.mails), len(token_server.requests)) == (2, 1)

    def test_a_life_that_is_no_number_is_waited_out(self, configured, database, token_server):
        token_server.expires_in = "soon"
        error = failing(open_outbound(configured(), database))
        assert type(error) is OutboundUnavailable
        assert error.detail == "the token server's answer cannot be understood"

    def test_a_token_that_ends_soon_is_renewed_before(
        self, configured, database, sink, token_server
    ):
        token_server.expires_in = 2
        outbound = open_outbound(configured(), database)
        outbound.send(MAILBOX, TO, MAIL)
        time.sleep(1.7)
        outbound.send(MAILBOX, TO, MAIL)
        assert (len(sink.mails), len(token_server.requests)) == (2, 2)


class TestDoctor:
    def test_tries_the_login_and_keeps_nothing(self, configured, database):
        settings = configured()
        found = [*user_facing.outbound(settings), *user_facing.sent(settings)]
        assert [one.verdict for one in found] == [Verdict.OK, Verdict.OK]
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM tokens").scalar() == 0

    def test_says_what_is_wrong(self, given, token_server, monkeypatch):
        for name, value in given.items():
            monkeypatch.setenv(f"DRAGOMAN_{name.upper()}", value)
        token_server.refusal = (
            "invalid_client",
            "AADSTS7000222: The provided client secret keys are expired.",
        )
        (found,) = [one for one in examine() if one.what == "mail out"]
        assert found.verdict is Verdict.FAIL
        assert "AADSTS7000222" in found.said
        assert "DRAGOMAN_OAUTH_" in found.todo
        assert CLIENT_SECRET not in str(found)


def test_processes_that_need_a_token_at_once_ask_for_one(
    configured, database, given, token_server, sink, trust
):
    token_server.takes_s = 1.0
    code = "\n".join(
        [
            "from dragoman.db.engine import Database",
            "from dragoman.settings import Settings",
            "from notifier.email.smtp_client import open_outbound",
            "settings = Settings.from_env()",
            "outbound = open_outbound(settings, Database(settings.database))",
            "input()",
            f"outbound.send('{MAILBOX}', '{TO}', {MAIL!r})",
        ]
    )
    settings = configured()
    environment = {f"DRAGOMAN_{name.upper()}": value for name, value in given.items()}
    environment |= {
        "DRAGOMAN_DATA_DIR": str(settings.data_dir),
        "DRAGOMAN_SECRET_KEY": SECRET_KEY,
        **trust,
    }
    pipes = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
    }
    started = [
        subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **environment}, **pipes)
        for _ in range(3)
    ]
    ended = [
        threading.Thread(target=one.communicate, args=("\n",), kwargs={"timeout": 60})
        for one in started
    ]
    for thread in ended:
        thread.start()
    for thread in ended:
        thread.join()
    assert [one.returncode for one in started] == [0, 0, 0]
    assert (len(sink.mails), len(token_server.requests)) == (3, 1)
