"""When two domains belong together (RFC 7489 3.1; pure)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from publicsuffix2 import PublicSuffixList


def is_aligned(domain: str, author_domain: str, *, strict: bool = False) -> bool:
    """Whether what was proved for `domain` counts for the domain in From: the same one, or else one
    of the same owner.

    `strict`: the owner asks for the same one.
    """
    domain, author_domain = canonical(domain), canonical(author_domain)
    if not domain or not author_domain:
        return False
    if domain == author_domain:
        return True
    return not strict and organisation(domain) == organisation(author_domain)


def organisation(domain: str) -> str:
    """The part of a domain that somebody registered, such as `example.co.uk`; the domain itself
    where there is none.

    Below a top-level domain that the list does not know (`.internal`, `.lan`, one newer than the
    list) its default rule holds: the last label alone is the public suffix
    (https://publicsuffix.org/list/, algorithm, 2).
    """
    suffix = _suffixes().get_tld(domain, strict=True) or domain.rpartition(".")[2]
    owned = domain.removesuffix(suffix).rstrip(".").rpartition(".")[2]
    return f"{owned}.{suffix}" if owned else domain


def canonical(domain: str) -> str:
    """In lower case, with international labels in ASCII (RFC 5890); "" for what is no domain."""
    domain = domain.strip().rstrip(".").casefold()
    try:
        return domain.encode("idna").decode("ascii") if not domain.isascii() else domain
    except UnicodeError:
        return ""


@cache
def _suffixes() -> PublicSuffixList:
    # authheaders brings a list of 2024, publicsuffix2 one of 2019.
    with (files("authheaders") / "public_suffix_list.txt").open(encoding="utf-8") as opened:
        return PublicSuffixList(opened)
