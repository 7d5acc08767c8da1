"""Who calls the API: named tokens, sent as `Authorization: Bearer TOKEN`.

No address is trusted, loopback neither.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass


class TokenNeeded(Exception):
    """The request carries no token, or none that is known here."""


class WrongToken(TokenNeeded):
    """The request carries a token that is not known here."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a token; one with the admin scope sees and changes everybody's jobs."""

    name: str
    admin: bool

    @property
    def owner(self) -> str:
        """What the caller's own jobs have as their owner."""
        return f"web:{self.name}"

    @property
    def sees(self) -> str | None:
        """The owner whose jobs the caller may see; None: everybody's."""
        return None if self.admin else self.owner


class Callers:
    """All callers of this server."""

    def __init__(self, tokens: Mapping[str, tuple[str, bool]]) -> None:
        """`tokens` as `Settings.tokens` has them: secret -> (name, admin)."""
        self._known = [
            (secret.encode(), Caller(name, admin)) for secret, (name, admin) in tokens.items()
        ]

    def named_by(self, authorization: str | None) -> Caller:
        """The caller of an `Authorization` header. Raises TokenNeeded, WrongToken.

        Every known token is compared, each in constant time, so that an answer's delay tells
        nothing.
        """
        scheme, _, token = (authorization or "").partition(" ")
        given = token.strip().encode() if scheme.casefold() == "bearer" else b""
        found = [caller for secret, caller in self._known if hmac.compare_digest(secret, given)]
        if not found:
            raise WrongToken if given else TokenNeeded
        return found[0]
