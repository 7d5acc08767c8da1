"""Signatures are those of Standard Webhooks."""

from __future__ import annotations

import base64

from notifier.webhook import signing


def test_the_vector_that_the_convention_s_libraries_test_themselves_with() -> None:
    headers = signing.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_owner_and_each_server_has_a_secret_of_its_own() -> None:
    secrets = {
        signing.secret_of(key, owner)
        for key in ("one server's key", "another's")
        for owner in ("web:a", "web:b")
    }
    assert len(secrets) == 4
    assert signing.secret_of("k", "web:a") == signing.secret_of("k", "web:a")


def test_a_secret_is_of_the_form_and_length_that_the_convention_asks_for() -> None:
    secret = signing.secret_of("a key", "web:ci")
    assert secret.startswith("whsec_")
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64
