"""Tokens of Google for a service account that may act for a mailbox (domain-wide delegation),
by google-auth.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from dragoman.errors import OutboundUnavailable, SettingsInvalid
from dragoman.ports import IssuedToken
from dragoman.settings import Settings
from notifier.email.oauth.token_http import TokenHttp, refused

SCOPE = "https://mail.google.com/"  # the only one with which Gmail takes SMTP and IMAP


class GoogleIssuer:
    """Asks for a token with a request that is signed with the service account's key."""

    def __init__(self, settings: Settings, user: str) -> None:
        """`user`: the mailbox to act for, where DRAGOMAN_OAUTH_SUBJECT names no other.

        Raises SettingsInvalid.
        """
        account = settings.oauth_service_account
        self._key = account.get_secret_value() if account else ""
        self._subject = settings.oauth_subject or user
        self._scope = settings.oauth_scope or SCOPE
        self._token_url = settings.oauth_token_url
        self._credentials()

    @property
    def credential(self) -> str:
        """As `TokenIssuer.credential`."""
        return json.dumps(["google", self._key, self._subject, self._scope, self._token_url])

    def issue(self) -> IssuedToken:
        """As `TokenIssuer.issue`."""
        credentials = self._credentials()
        with TokenHttp() as http:
            try:
                credentials.refresh(Request(http))  # type: ignore[no-untyped-call]
            except GoogleAuthError as error:
                said = f"Google: {error.args[0] if error.args else error}"
                if error.retryable:
                    raise OutboundUnavailable(detail=said[:200]) from None
                raise refused(said, http.skew_s, (self._key,)) from None
        return IssuedToken(str(credentials.token), _left_s(credentials.expiry))

    def _credentials(self) -> service_account.Credentials:
        try:
            facts = json.loads(self._key)
            if self._token_url:
                facts["token_uri"] = self._token_url
            return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call, no-any-return]
                facts, scopes=[self._scope], subject=self._subject
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            # The cause is not told: the key may stand in it.
            words = (
                "DRAGOMAN_OAUTH_SERVICE_ACCOUNT is not the JSON key of a Google service account."
            )
            raise SettingsInvalid(
                words, advice="Please make a new key of the type JSON and name its file."
            ) from None


def _left_s(expiry: datetime | None) -> float:
    """Seconds until `expiry` (UTC, without a zone), which google-auth counted from our own
    clock; 0: not known.
    """
    return (expiry.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds() if expiry else 0.0
