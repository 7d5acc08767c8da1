"""Return paths: made for one delivery, read back only with the same secret."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.channels.email import bounces

OURS, SECRET = "translate@example.com", "a-secret-key-for-tests-only"
ID = "0123456789abcdef0123456789abcdef"


def test_form_is_name_bounces_plus_token():
    made = bounces.return_path(OURS, ID, SECRET)
    local, _, domain = made.partition("@")
    assert (local.partition("+")[0], domain) == ("translate-bounces", "example.com")
    assert len(local) <= 64


@given(st.uuids(), st.booleans())
def test_delivery_is_read_back_in_any_case(number: uuid.UUID, upper: bool):
    made = bounces.return_path(OURS, number.hex, SECRET)
    assert bounces.delivery_of(made.upper() if upper else made, OURS, SECRET) == number.hex


@given(st.integers(0, 35), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_changed_token_is_none_of_ours(at: int, letter: str):
    made = bounces.return_path(OURS, ID, SECRET)
    start = len("translate-bounces+")
    changed = made[: start + at] + letter + made[start + at + 1 :]
    assert bounces.delivery_of(changed, OURS, SECRET) == (ID if changed == made else None)


@pytest.mark.parametrize(
    "recipient",
    [
        "translate@example.com",
        "translate-bounces@example.com",
        "translate-bounces+@example.com",
        "translate-bounces+short@example.com",
        "translate-bounces+" + "é" * 36 + "@example.com",
        bounces.return_path("translate@other.example", ID, SECRET),
        bounces.return_path("another@example.com", ID, SECRET),
        bounces.return_path(OURS, ID, "another-secret-key"),
        "",
    ],
)
def test_other_addresses_name_no_delivery(recipient: str):
    assert bounces.delivery_of(recipient, OURS, SECRET) is None


def test_name_without_room_for_the_token_takes_the_null_sender():
    assert bounces.return_path("a" * 19 + "@example.com", ID, SECRET)
    assert bounces.return_path("a" * 20 + "@example.com", ID, SECRET) == ""


def test_id_that_is_none_is_refused():
    with pytest.raises(ValueError, match="32 hexadecimal"):
        bounces.return_path(OURS, "ab", SECRET)


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("552 5.3.4 Message size exceeds fixed limit", bounces.TOO_LARGE),
        ("552 Requested mail action aborted", bounces.TOO_LARGE),
        ("552 exceeded storage allocation", bounces.MAILBOX_FULL),  # RFC 5321 4.2.3
        ("failed 5.2.3: smtp; 550 5.2.3 too long for this mailbox", bounces.TOO_LARGE),
        ("550 message too big, see our size limit", bounces.TOO_LARGE),
        ("failed 5.2.2: smtp; 552 5.2.2 The email account is over quota", bounces.MAILBOX_FULL),
        ("452 4.2.2 The recipient's inbox is out of storage space", bounces.MAILBOX_FULL),
        ("452 4.3.1 Insufficient system resources", None),
        ("452 4.5.3 Too many recipients", None),
        ("421 4.7.0 Try again later", None),
        ("failed 5.1.1: smtp; 550 no such user", bounces.NO_MAILBOX),
        ("550 5.7.1 Blocked", bounces.REFUSED),
        ("554 Transaction failed", bounces.REFUSED),
        ("failed", bounces.REFUSED),
        ("", bounces.REFUSED),
    ],
)
def test_what_a_mail_server_means(said: str, means: str | None) -> None:
    assert bounces.meaning(said) == means
