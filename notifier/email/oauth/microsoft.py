"""Tokens of Microsoft Entra for an application of its own (client credentials), by msal."""

from __future__ import annotations

import json
from typing import Any

import msal

from dragoman.errors import OutboundLoginRefused, OutboundUnavailable
from dragoman.ports import IssuedToken
from dragoman.settings import Settings
from notifier.email.oauth.token_http import TokenHttp, refused

LOGIN = "https://login.microsoftonline.com/"
# all that an admin has granted the application for Exchange Online
SCOPE = "https://outlook.office365.com/.default"
TOKEN_PATH = "/oauth2/v2.0/token"  # noqa: S105 - of a URL


class MicrosoftIssuer:
    """Asks for a token with a client secret or a certificate.

    One token serves all mailboxes that were granted.
    """

    def __init__(self, settings: Settings) -> None:
        """The settings are complete: `Settings` sees to it."""
        tenant_url = f"{LOGIN}{settings.oauth_tenant}"
        self._authority = (settings.oauth_token_url or tenant_url).removesuffix(TOKEN_PATH)
        self._client_id = settings.oauth_client_id or ""
        self._scope = settings.oauth_scope or SCOPE
        secret, certificate = settings.oauth_client_secret, settings.oauth_client_certificate
        self._secret = secret.get_secret_value() if secret else ""
        self._certificate = certificate.get_secret_value() if certificate else ""

    @property
    def credential(self) -> str:
        """As `TokenIssuer.credential`."""
        parts = (self._authority, self._client_id, self._scope, self._secret, self._certificate)
        return json.dumps(["microsoft", *parts])

    def issue(self) -> IssuedToken:
        """As `TokenIssuer.issue`."""
        with TokenHttp() as http:
            application = self._application(http)
            try:
                answer = application.acquire_token_for_client([self._scope])
                life_s = float(answer.get("expires_in") or 0)
            except (ValueError, TypeError):
                raise OutboundUnavailable(
                    detail="the token server's answer cannot be understood"
                ) from None
            text = answer.get("access_token")
            if not text:
                raise self._refusal(answer, http.skew_s)
            return IssuedToken(str(text), life_s)

    def _application(self, http: TokenHttp) -> Any:
        credential: str | dict[str, str] = self._secret
        if self._certificate:
            credential = {"private_key": self._certificate, "public_certificate": self._certificate}
        try:
            return msal.ConfidentialClientApplication(
                self._client_id,
                client_credential=credential,
                authority=self._authority,
                # the admin has named the server: nobody else is asked about it
                instance_discovery=False,
                http_client=http,
            )
        except (ValueError, TypeError) as error:
            # Of a tenant that does not exist, or a certificate's file without a key.
            said = f"look at DRAGOMAN_OAUTH_TENANT and the client's secret or certificate: {error}"
            raise refused(said, 0.0, self._secrets) from None

    def _refusal(self, answer: dict[str, Any], skew_s: float) -> OutboundLoginRefused:
        described = str(answer.get("error_description") or "").partition(" Trace ID")[0]
        said = f"Microsoft: {answer.get('error')}: {described}"
        is_signed = bool(self._certificate)
        return refused(said, skew_s if is_signed else 0.0, self._secrets)

    @property
    def _secrets(self) -> tuple[str, ...]:
        return self._secret, self._certificate
