"""Tokens in the database: one for all processes, sealed, renewed in time by one of them, and
only then.
"""

from __future__ import annotations

import math
import threading
import time

import pytest
from sqlalchemy import update

from dragoman.db.clock import now_s
from dragoman.db.engine import Database
from dragoman.db.ledgers import lease, tokens
from dragoman.db.ledgers.tokens import TOKENS
from dragoman.errors import OutboundLoginRefused, OutboundUnavailable, SettingsInvalid
from dragoman.ports import Token
from dragoman.settings import Settings
from notifier.email.oauth.tokens import FreshTokens, StoredTokens, lasting_s
from tests.fakes import RememberingIssuer


@pytest.fixture
def issuer() -> RememberingIssuer:
    return RememberingIssuer()


@pytest.fixture
def source(settings: Settings, database: Database, issuer: RememberingIssuer) -> StoredTokens:
    return StoredTokens(settings, database, issuer, wait_s=0.5)


def row(database: Database) -> dict:
    with database.read() as connection:
        (found,) = connection.execute(TOKENS.select()).mappings()
    return dict(found)


def later(database: Database, seconds: float) -> None:
    """As if so much time had gone by."""
    passed = {
        name: TOKENS.c[name] - seconds
        for name in ("issued_at", "usable_until", "run_after", "lease_until")
    }
    with database.write() as connection:
        connection.execute(update(TOKENS).values(**passed))


def test_one_token_serves_until_it_has_to_be_renewed(source, issuer, database, settings):
    assert source.token().text == "token-1"
    later(database, 2_800)
    assert source.token().text == "token-1"
    assert StoredTokens(settings, database, issuer).token().text == "token-1"
    later(database, 100)
    assert source.token().text == "token-2"
    assert issuer.asked == 2


def test_it_is_sealed(source, database):
    assert source.token().text == "token-1"
    assert "token-1" not in str(row(database))
    assert "remembering" not in str(row(database))


def test_a_refused_token_is_renewed(source, issuer, database):
    first = source.token()
    later(database, 61)
    second = source.renewed(first)
    assert second is not None
    assert (second.text, second.number > first.number) == ("token-2", True)
    assert source.token() == second


def test_a_token_that_another_has_renewed_is_not_renewed_again(source, issuer, database):
    first = source.token()
    later(database, 61)
    assert source.renewed(first) == source.renewed(first)
    assert issuer.asked == 2


def test_a_young_token_that_is_refused_is_not_at_fault(source, issuer):
    assert source.renewed(source.token()) is None
    assert issuer.asked == 1


def test_while_no_new_one_is_given_the_old_one_serves_to_its_end(source, issuer, database):
    source.token()
    issuer.error = OutboundUnavailable(detail="HTTP 503")
    later(database, 2_900)
    assert source.token().text == source.token().text == "token-1"
    assert issuer.asked == 2  # the second did not ask again at once
    later(database, 600)
    with pytest.raises(OutboundUnavailable):
        source.token()


def test_a_refusal_is_told_to_all_and_asked_about_again_later(source, issuer, settings, database):
    issuer.error = OutboundLoginRefused(detail="invalid_client")
    for asks in (source, StoredTokens(settings, database, issuer)):
        with pytest.raises(OutboundLoginRefused) as raised:
            asks.token()
        assert raised.value.detail == "invalid_client"
    assert issuer.asked == 1
    issuer.error = None
    later(database, 10)
    assert source.token().text == "token-2"
    assert row(database)["error_code"] is None


def test_pauses_grow_to_five_minutes(source, issuer, database):
    issuer.error = OutboundUnavailable(detail="HTTP 503")
    pauses = []
    for _ in range(9):
        with pytest.raises(OutboundUnavailable):
            source.token()
        with database.read() as connection:
            pauses.append(
                round(
                    connection.scalar(
                        TOKENS.select().with_only_columns(TOKENS.c.run_after - now_s())
                    )
                )
            )
        later(database, 301)
    assert pauses[:3] == [5, 10, 20]
    assert pauses[-1] == 300


def test_whatever_goes_wrong_the_row_lives_on(source, issuer, database):
    issuer.error = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError):
        source.token()
    issuer.error = None
    later(database, 10)
    assert source.token().text == "token-2"


def test_the_renewal_of_another_is_waited_for(source, issuer, settings, database):
    held = hold(settings, database, issuer)
    got: list[Token] = []
    waiting = threading.Thread(
        target=lambda: got.append(StoredTokens(settings, database, issuer).token())
    )
    waiting.start()
    time.sleep(0.3)
    assert got == []
    with pytest.raises(OutboundUnavailable):
        source.token()  # it does not wait longer than it may
    later(database, 61)  # the other one has died
    waiting.join(10)
    assert [token.text for token in got] == ["token-1"]
    assert held.row.epoch < got[0].number


def hold(settings: Settings, database: Database, issuer: RememberingIssuer) -> lease.Lease:
    """Another process that has begun to renew the token."""
    from dragoman.adapters import encryption

    token_id = encryption.fingerprint(settings, issuer.credential)
    with database.write() as connection:
        tokens.begin(connection, token_id)
    held = lease.claim(database, tokens.LEDGER, token_id, 60.0)
    assert held is not None
    return held


def test_while_another_renews_it_the_old_one_is_used(source, issuer, settings, database):
    source.token()
    later(database, 2_900)
    hold(settings, database, issuer)
    assert source.token().text == "token-1"
    assert issuer.asked == 1


def test_another_secret_key_means_another_token(source, issuer, settings, database):
    source.token()
    changed = settings.model_copy(
        update={"secret_key": Settings.from_env(secret_key="another-secret-key").secret_key}
    )
    assert StoredTokens(changed, database, issuer).token().text == "token-2"
    assert source.token().text == "token-1"


def test_another_credential_means_another_token(source, issuer, settings, database):
    issuer.error = OutboundLoginRefused(detail="expired")
    with pytest.raises(OutboundLoginRefused):
        source.token()
    mended = RememberingIssuer()
    mended.credential = "with a new secret"
    assert StoredTokens(settings, database, mended).token().text == "token-1"  # at once


def test_tokens_of_former_credentials_are_forgotten(source, settings, database):
    source.token()
    later(database, 100_000)
    with database.write() as connection:
        connection.execute(update(TOKENS).values(created_at=TOKENS.c.created_at - 100_000))
    other = RememberingIssuer()
    other.credential = "another"
    StoredTokens(settings, database, other).token()
    assert row(database)["usable_until"] > 0


def test_without_a_secret_key_nothing_begins(settings, database, issuer):
    with pytest.raises(SettingsInvalid) as raised:
        StoredTokens(settings.model_copy(update={"secret_key": None}), database, issuer)
    assert "DRAGOMAN_SECRET_KEY" in str(raised.value)


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        (3600, 3600),
        (0, 300),
        (-5, 300),
        (math.nan, 300),
        (math.inf, 300),
        (0.01, 1),
        (10**9, 86_400),
    ],
)
def test_an_odd_life_is_taken_for_a_sane_one(said, taken):
    assert lasting_s(said) == taken


def test_asked_each_time_nothing_is_kept(issuer):
    source = FreshTokens(issuer)
    assert [source.token().text, source.token().text] == ["token-1", "token-2"]
    assert source.renewed(source.token()) is None
