"""The forms that settings are written in: each is read here, once, and refused with what to
write instead.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

MIB = 2**20
HIGHEST_PORT = 65535
SHORTEST_SECRET = 16
ANYBODY = "*"
# logged in to with a token in place of a password
OAUTH_SCHEMES = ("smtp+oauth", "smtps+oauth", "imaps+oauth")
# An address, a domain behind `@`, or a domain of two labels or more. No wildcards, names or angle
# brackets.
_LABEL = r"[^\s@*<>,;:/\".]+"
_SENDER_ENTRY = re.compile(rf"[^\s@*<>,;\"]*@{_LABEL}(?:\.{_LABEL})*|{_LABEL}(?:\.{_LABEL})+")


def host_port(listen: str) -> tuple[str, int]:
    """`("127.0.0.1", 8025)` of `127.0.0.1:8025`; brackets around an IPv6 address are taken off."""
    host, _, port = listen.rpartition(":")
    return host.strip("[]"), int(port)


def checked_host_port(listen: str) -> str:
    """`HOST:PORT` as it is. Raises ValueError for anything else."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > HIGHEST_PORT:
        raise ValueError("use HOST:PORT, for example 127.0.0.1:8025")
    return listen


def listed(value: object) -> object:
    """The parts of a comma-separated text, without blanks around them; any other value as it is."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


def listed_in_lower_case(value: object) -> object:
    """As `listed`, for what is compared without regard to case."""
    return listed(value.casefold()) if isinstance(value, str) else value


def sender_entry(entry: str) -> str:
    """The entry as it is compared with senders: `*@example.org` means `@example.org`.

    Raises ValueError for what could match nobody: an admin would believe that it lets somebody in.
    """
    plain = entry.removeprefix("*") if entry.startswith("*@") else entry
    if plain != ANYBODY and not _SENDER_ENTRY.fullmatch(plain):
        forms = "ana@example.com, @example.org (each subdomain separately), or * for anybody"
        raise ValueError(f"{entry!r} matches nobody; write {forms}")
    return plain


def check_oauth_url(parts: SplitResult | None) -> None:
    """A URL with +oauth names a user and no password. Raises ValueError."""
    if parts and parts.scheme in OAUTH_SCHEMES and (not parts.username or parts.password):
        raise ValueError("with +oauth write USER@HOST, and no password: a token takes its place")


def is_web_address(url: str) -> bool:
    """Whether it is an http or https URL with a host, and without a user's name or password."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.username is None
            and parts.port != 0
        )
    except ValueError:
        return False


def named_tokens(text: str) -> dict[str, tuple[str, bool]]:
    """Secret -> (name, whether it sees everything) of `name:token[:admin],...`.

    Raises ValueError.
    """
    tokens: dict[str, tuple[str, bool]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, rest = entry.partition(":")
        secret, _, scope = rest.partition(":")
        if (
            not name
            or len(secret) < SHORTEST_SECRET
            or scope not in ("", "admin")
            or secret in tokens
        ):
            least = f"each token at least {SHORTEST_SECRET} characters"
            raise ValueError(f"write name:token[:admin], comma-separated, {least}")
        tokens[secret] = (name, scope == "admin")
    if len({name for name, _ in tokens.values()}) != len(tokens):
        raise ValueError("two tokens have the same name")
    return tokens
