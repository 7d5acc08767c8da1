"""Where tokens come from: the database, in which all processes share one, or the token server
itself.
"""

from __future__ import annotations

import math
import time

import structlog

from dragoman.adapters import encryption
from dragoman.db.engine import Database
from dragoman.db.ledgers import lease, stored_errors, tokens
from dragoman.db.ledgers.lease import Lease
from dragoman.db.ledgers.tokens import StoredToken
from dragoman.domain.rows.leased import Leased
from dragoman.errors import (
    DragomanError,
    LeaseLost,
    OutboundLoginRefused,
    OutboundUnavailable,
    WrongPassword,
)
from dragoman.ports import IssuedToken, Token, TokenIssuer
from dragoman.settings import Settings

log = structlog.get_logger(__name__)

LEASE_S = 60.0  # for one renewal; longer than its requests may take together
WAIT_S = 30.0  # for the renewal of another process
POLL_S = 0.1
# a token of this age that is refused is not at fault: a newer one would be refused as well
YOUNG_S = 60.0
# parts of a token's life: between them the old one serves if no new one is given
RENEW_AT, LAST_USE_AT = 0.8, 0.95
SHORTEST_LIFE_S, LONGEST_LIFE_S, UNKNOWN_LIFE_S = 1.0, 86_400.0, 300.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 300.0  # before a renewal that failed is tried again


class StoredTokens:
    """Tokens in the database, sealed; whoever finds one due renews it under a lease, once for
    all processes.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        issuer: TokenIssuer,
        *,
        wait_s: float = WAIT_S,
        young_s: float = YOUNG_S,
    ) -> None:
        """Raises SettingsInvalid without a secret key to seal with."""
        self._settings, self._database, self._issuer = settings, database, issuer
        self._wait_s, self._young_s = wait_s, young_s
        self._id = encryption.fingerprint(settings, issuer.credential)

    def token(self) -> Token:
        """As `TokenSource.token`. Raises DatabaseUnavailable too."""
        deadline = time.monotonic() + self._wait_s
        while True:
            found = self._found()
            good = self._unsealed(found)
            usable = (self._renewed(good) if found.is_due else None) or good
            if usable is not None:
                return usable
            if found.error_code is not None and not (found.is_due or found.is_held):
                raise _again(found)
            if time.monotonic() > deadline:
                raise OutboundUnavailable(
                    detail="another process is trying to renew the token, so far without success"
                )
            time.sleep(POLL_S)

    def renewed(self, refused: Token) -> Token | None:
        """As `TokenSource.renewed`."""
        with self._database.write() as connection:
            is_ended = tokens.refuse(
                connection, self._id, refused.number, older_than_s=self._young_s
            )
        if is_ended:
            log.info("token_refused")
        newer = self.token()
        return newer if newer.number != refused.number else None

    def _found(self) -> StoredToken:
        with self._database.read() as connection:
            found = tokens.stored(connection, self._id)
        if found is not None:
            return found
        with self._database.write() as connection:
            tokens.begin(connection, self._id)
        return StoredToken(sealed=None, epoch=0, is_due=True)

    def _unsealed(self, found: StoredToken) -> Token | None:
        if found.sealed is None:
            return None
        try:
            return Token(encryption.unseal(self._settings, found.sealed), found.epoch)
        except WrongPassword:  # sealed with another secret key: to be had anew
            return None

    def _renewed(self, old: Token | None) -> Token | None:
        """A new token, or the old one where none is given; None: another process is about to
        renew it.
        """
        held = lease.claim(self._database, tokens.LEDGER, self._id, LEASE_S)
        if held is None:
            return None
        try:
            issued = self._issuer.issue()
        except DragomanError as error:
            self._put_off(held, error)
            if old is None:
                raise
            # What was good before the claim stays so: only its number is another one.
            return Token(old.text, held.row.epoch)
        except BaseException as error:
            self._put_off(held, error)
            raise
        return self._kept(held, issued)

    def _kept(self, held: Lease[Leased], issued: IssuedToken) -> Token | None:
        life_s = lasting_s(issued.expires_in_s)
        sealed = encryption.seal(self._settings, issued.text)
        try:
            with self._database.write() as connection:
                tokens.keep(
                    connection,
                    held,
                    sealed,
                    renew_in_s=RENEW_AT * life_s,
                    usable_for_s=LAST_USE_AT * life_s,
                )
        except LeaseLost:
            return None
        log.info("token_renewed", seconds=round(life_s))
        return Token(issued.text, held.row.epoch)

    def _put_off(self, held: Lease[Leased], error: BaseException) -> None:
        pause_s = min(FIRST_PAUSE_S * 2 ** (held.attempt - 1), LONGEST_PAUSE_S)
        log.warning(
            "token_not_renewed",
            code=stored_errors.code_of(error),
            detail=stored_errors.detail_of(error),
            seconds=pause_s,
        )
        try:
            with self._database.write() as connection:
                held.give_back(connection, pause_s, error)
        except LeaseLost:
            log.info("lease_lost", table=tokens.TOKENS.name)


class FreshTokens:
    """Asks the token server each time and keeps nothing, to find out whether it gives any."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self._issuer = issuer

    def token(self) -> Token:
        """As `TokenSource.token`."""
        return Token(self._issuer.issue().text, 1)

    def renewed(self, refused: Token) -> Token | None:
        """As `TokenSource.renewed`: it was new."""
        return None


def lasting_s(expires_in_s: float) -> float:
    """For how many seconds a token is taken to be good, whatever the server says."""
    if not math.isfinite(expires_in_s) or expires_in_s <= 0:
        return UNKNOWN_LIFE_S
    return min(max(expires_in_s, SHORTEST_LIFE_S), LONGEST_LIFE_S)


def _again(found: StoredToken) -> OutboundUnavailable:
    """The error that another attempt ended in, which is too short ago for one more."""
    kind = (
        OutboundLoginRefused
        if found.error_code == OutboundLoginRefused.code
        else OutboundUnavailable
    )
    return kind(found.error_message, detail=found.error_detail or "")
