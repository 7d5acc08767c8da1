"""Where a webhook may go.

Pure: names are looked up by `sending`, and each address that is found is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

LONGEST = 2000  # characters of an address
HTTPS_PORT, HIGHEST_PORT = 443, 65535
LONGEST_HOST = 253  # RFC 1035 2.3.4
# Addresses of IPv6 that carry one of IPv4 in their last 32 bits, which is where a gateway would
# take us: RFC 6052 2.1, RFC 4291 2.5.5.1.
_CARRIES_IPV4 = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))

# all that IANA gives out of IPv6; the rest is for special purposes or unknown
_UNICAST = IPv6Network("2000::/3")

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]


@dataclass(frozen=True, slots=True)
class Target:
    """An https address taken apart: `host` in ASCII (RFC 5890), without brackets; `path` with
    its query.
    """

    host: str
    port: int
    path: str


def parsed(url: str) -> Target:
    """`https://HOST/…` taken apart. Raises ValueError, which says what to write."""
    if len(url) > LONGEST:
        raise ValueError(f"has more than {LONGEST} characters")
    if not url.isascii() or any(letter <= " " or letter == "\x7f" for letter in url):
        raise ValueError(
            "has characters that have to be written as %XX, or a name that has to be written as"
            " xn--…"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError("is no address; write https://HOST/…") from error
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("has to begin with https:// and a host")
    if "@" in parts.netloc:
        raise ValueError("must not contain a name or a password; the signature proves who sends")
    if parts.fragment or "\\" in url:
        raise ValueError("must not contain # or \\")
    if len(parts.hostname) > LONGEST_HOST or port == 0:
        raise ValueError("has no host or port that can be reached")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.hostname.rstrip("."), port or HTTPS_PORT, path)


def is_allowed(address: Address, networks: Networks = ()) -> bool:
    """Whether a webhook may go to `address`: to everybody's internet, and where an admin allows it
    (`networks`).

    Private, loopback, link-local, unique-local, multicast, reserved and shared addresses are none
    of it, also inside one of IPv6.
    """
    plain = unwrapped(address)
    if any(plain in network or address in network for network in networks):
        return True
    if isinstance(plain, IPv6Address) and plain not in _UNICAST:
        return False
    # `is_global` is by IANA's registries of special-purpose addresses; a multicast address may be
    # global in them.
    return plain.is_global and not (plain.is_multicast or plain.is_reserved or plain.is_unspecified)


def unwrapped(address: Address) -> Address:
    """The address of IPv4 that one of IPv6 stands for: mapped, translated (NAT64), 6to4 or
    compatible; else as it is.
    """
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    # `::1` and `::` are in the same range, and stand for themselves.
    if any(address in network for network in _CARRIES_IPV4) and int(address) > 1:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def literal(host: str) -> Address | None:
    """The IP address that a host is written as; None: it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def networks(text: str) -> Networks:
    """The networks in `10.0.0.0/8, fd00::/8`. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def urls(text: str) -> dict[str, str]:
    """Name of a token -> address, of `ci=https://…, anna=https://…`.

    Raises ValueError, which says what to write.
    """
    found: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, given, url = (part.strip() for part in entry.partition("="))
        if not given or not name or name in found:
            raise ValueError(
                "write NAME=https://HOST/…, comma-separated, once for each token (a comma in an"
                " address is %2C)"
            )
        try:
            parsed(url)
        except ValueError as error:
            raise ValueError(f"the address for {name} {error}") from None
        found[name] = url
    return found


def checked_urls(text: str | None, known: Mapping[str, object]) -> str | None:
    """As `Setting.check`."""
    urls(text or "")
    return text


def checked_networks(text: str | None, known: Mapping[str, object]) -> str | None:
    """As `Setting.check`."""
    try:
        networks(text or "")
    except ValueError as error:
        raise ValueError(f"{error}; write networks such as 10.20.0.0/16, comma-separated") from None
    return text
