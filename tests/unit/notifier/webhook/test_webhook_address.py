"""Where a webhook may go, by its text and by each address that its host turns out to have."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from dragoman.errors import SettingsInvalid
from dragoman.settings import Settings
from notifier.webhook import address
from notifier.webhook.address import Target


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.org", Target("example.org", 443, "/")),
        ("https://Example.ORG:8443/hooks?x=1", Target("example.org", 8443, "/hooks?x=1")),
        ("https://example.org./a", Target("example.org", 443, "/a")),
        ("https://[2606:4700::1]/a", Target("2606:4700::1", 443, "/a")),
        ("https://xn--bcher-kva.example/", Target("xn--bcher-kva.example", 443, "/")),
    ],
)
def test_an_https_address_is_taken_apart(url: str, target: Target) -> None:
    assert address.parsed(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "//example.org/",
        "https://",
        "https:///path",
        "https://user:word@example.org/",
        "https://@example.org/",
        "https://example.org/#part",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://example.org:x/",
        "https://example.org/a b",
        "https://example.org/a\r\nX: y",
        "https://example.org\\@other.example/",
        "https://bücher.example/",
        "https://[::1",
        "https://example.org/" + "a" * 2000,
        f"https://{'a' * 254}/",
    ],
)
def test_what_is_no_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        address.parsed(url)


@pytest.mark.parametrize(
    "written",
    ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_the_internet_is_allowed(written: str) -> None:
    assert address.is_allowed(ip_address(written))


@pytest.mark.parametrize(
    "written",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1", "::127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::1",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # Teredo, of 10.0.0.1
    ],
)  # fmt: skip
def test_all_that_is_not_the_internet_is_refused(written: str) -> None:
    assert not address.is_allowed(ip_address(written))


def test_an_admin_allows_networks_and_no_more_than_these() -> None:
    allowed = address.networks("10.20.0.0/16, fd00::/8")
    for written in ("10.20.3.4", "::ffff:10.20.3.4", "fd00::1"):
        assert address.is_allowed(ip_address(written), allowed)
    for written in ("10.21.0.1", "127.0.0.1", "fc00::1"):
        assert not address.is_allowed(ip_address(written), allowed)


def test_addresses_of_tokens_are_read() -> None:
    found = address.urls("ci=https://ci.example.org/hook?a=b, anna=https://example.org/")
    assert found == {"ci": "https://ci.example.org/hook?a=b", "anna": "https://example.org/"}


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/",
        "ci=http://example.org/",
        "ci=",
        "=https://a.example/",
        "a=https://b.c/,a=https://d.e/",
    ],
)
def test_settings_that_say_nothing_plain_stop_the_start(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="DRAGOMAN_WEBHOOK_URLS"):
        Settings.from_env(webhook_urls=text)


def test_networks_that_are_none_stop_the_start() -> None:
    with pytest.raises(SettingsInvalid, match=r"DRAGOMAN_WEBHOOK_NETWORKS.*10\.20\.0\.0/16"):
        Settings.from_env(webhook_networks="10.0.0.1/8")
