"""Who is signed in: the header counts from a named proxy alone, once, and with one address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.adapters.signed_links import Links
from dragoman.domain.proxies import networks
from dragoman.errors import NotAllowed, RequestError, SettingsInvalid
from dragoman.settings import Settings
from ingress.web.requests.signed_in import Person, is_among, person_named
from tests import row_values

TRUSTED = networks(["10.0.0.5", "172.18.0.0/16", "fd00::/64"])
PROXY = "10.0.0.5"


@pytest.mark.parametrize(
    ("value", "owner"),
    [
        (b"ana@example.org", "ana@example.org"),
        (b" Ana@Example.ORG ", "ana@example.org"),
        ("jürgen@münchen.example".encode(), "jürgen@münchen.example"),
    ],
)
def test_the_address_in_small_letters_is_the_owner_of_emails(value: bytes, owner: str) -> None:
    assert person_named([value], PROXY, TRUSTED) == Person(owner)


@pytest.mark.parametrize("values", [[], [b""], [b"  "]])
@pytest.mark.parametrize("peer", [PROXY, "192.0.2.1", None])
def test_without_a_name_everybody_is_a_stranger(values: list[bytes], peer: str | None) -> None:
    assert person_named(values, peer, TRUSTED) is None


@pytest.mark.parametrize(
    "peer", ["127.0.0.1", "::1", "10.0.0.6", "172.19.0.1", "fd01::1", "", "testclient", None]
)
def test_nobody_but_the_named_proxy_is_believed_loopback_neither(peer: str | None) -> None:
    with pytest.raises(NotAllowed, match="does not come from the sign-in proxy"):
        person_named([b"ana@example.org"], peer, TRUSTED)


@pytest.mark.parametrize("peer", [PROXY, "::ffff:10.0.0.5", "172.18.255.1", "fd00::1234"])
def test_addresses_and_networks_are_meant_in_either_way_of_writing(peer: str) -> None:
    assert is_among(peer, TRUSTED)


@pytest.mark.parametrize(
    "values",
    [
        [b"ana@example.org", b"ben@example.org"],
        [b"ana@example.org", b"ana@example.org"],
        [b"ana@example.org", b""],
        [b"ana@example.org, ben@example.org"],
        [b"Ana <ana@example.org>"],
        [b"ana"],
        [b"@example.org"],
        [b"ana@"],
        [b"ana@example.org@example.com"],
        [b"ana\xff@example.org"],
        [b"a" * 400 + b"@example.org"],
    ],
)
def test_anything_but_one_address_once_is_refused(values: list[bytes]) -> None:
    with pytest.raises(RequestError, match="does not say clearly"):
        person_named(values, PROXY, TRUSTED)


@given(st.binary(max_size=400))
def test_no_header_at_all_breaks_it_and_no_owner_of_another_kind_comes_out(value: bytes) -> None:
    try:
        person = person_named([value], PROXY, TRUSTED)
    except RequestError:
        return
    if person is not None:
        assert person.owner.count("@") == 1
        assert not person.owner.startswith(("web:", "slack:")) or "@" in person.owner
        assert person.owner == person.owner.strip().casefold()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"remote_user_header": "X-Forwarded-Email"}, "write the addresses of the proxy"),
        (
            {"remote_user_header": "X_Forwarded_Email", "remote_user_proxies": "10.0.0.5"},
            "letters, digits and hyphens",
        ),
        (
            {"remote_user_header": "X-Email:", "remote_user_proxies": "10.0.0.5"},
            "letters, digits and hyphens",
        ),
        ({"remote_user_proxies": "proxy.example.org"}, "IP addresses or networks"),
        ({"remote_user_proxies": "10.0.0.5, 0.0.0.0/0"}, "sign in as anybody"),
        ({"remote_user_proxies": "::/0"}, "sign in as anybody"),
    ],
)
def test_settings_that_would_let_anybody_in_stop_the_start(
    values: dict[str, str], words: str
) -> None:
    with pytest.raises(SettingsInvalid, match=words):
        Settings.from_env(**values)


def test_settings_name_header_and_proxies() -> None:
    settings = Settings.from_env(
        remote_user_header="X-Forwarded-Email", remote_user_proxies=" 10.0.0.5, FD00::/64 "
    )
    assert settings.remote_user_proxies == ("10.0.0.5", "fd00::/64")
    assert Settings.from_env().remote_user_header is None


def test_key_of_a_form_is_good_for_one_person_and_this_server() -> None:
    links = Links(Settings.from_env(secret_key="a-key-for-forms-in-tests"))
    key = links.form_key("ana@example.org")
    assert links.is_form_key(key, "ana@example.org")
    other = Links(Settings.from_env(secret_key="another-key-for-forms-in-tests"))
    assert not links.is_form_key(key, "ben@example.org")
    assert not other.is_form_key(key, "ana@example.org")
    for wrong in ("", "nonsense", key[:-3], "\x00"):
        assert not links.is_form_key(wrong, "ana@example.org")
    page = links.token("own", row_values.job(id="4f" * 16))
    assert not links.is_form_key(page, "ana@example.org")
