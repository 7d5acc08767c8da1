"""Which proxies may say who is signed in, and in which header. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

# An underscore: what stands between may take X_User for X-User, and lets a stranger's through.
HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,99}")


def checked_header(name: str | None) -> str | None:
    """The header's name. Raises ValueError for what can be none."""
    if name and not HEADER_NAME.fullmatch(name):
        raise ValueError(
            "write the name of a header in letters, digits and hyphens, for example"
            " X-Forwarded-Email"
        )
    return name


def checked_proxies(named: tuple[str, ...], header: str | None) -> tuple[str, ...]:
    """The proxies as they are named.

    Raises ValueError for what is no address or network, for all addresses, and for none where there
    is a header.
    """
    if header and not named:
        raise ValueError(
            "write the addresses of the proxy that sets DRAGOMAN_REMOTE_USER_HEADER; no other"
            " address is trusted"
        )
    try:
        found = networks(named)
    except ValueError as error:
        raise ValueError(
            "use IP addresses or networks, for example 10.0.0.5 or 172.18.0.0/16"
        ) from error
    if any(network.prefixlen == 0 for network in found):
        raise ValueError(
            "a network of all addresses would let everybody sign in as anybody; name the"
            " proxy's own"
        )
    return named


def networks(named: Sequence[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks that addresses such as `10.0.0.5` or `172.18.0.0/16` stand for.

    Raises ValueError.
    """
    return tuple(ip_network(one, strict=False) for one in named)
