"""A token server: gives tokens as Microsoft Entra and Google do, and tells a mail server whom a
token is good for.

By HTTPS: `/TENANT/v2.0/.well-known/openid-configuration`, `/TENANT/oauth2/v2.0/token` (client
credentials, with a secret or a signed assertion) and `/token` (RFC 7523, signed by a service
account). By HTTP: `/introspect` (RFC 7662). Its clock and its answers are the test's.
"""

from __future__ import annotations

import json
import secrets
import ssl
import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl

import jwt

from tests.servers.process import LOOPBACK

TENANT = "contoso.example"
CLIENT_ID = "11111111-2222-3333-4444-555555555555"
CLIENT_SECRET = "s3cr3t~of-the-client_0123456789abcdef"
LONGEST_JWT_S = 3600
SIGNED_WITHIN_S = 300


@dataclass
class Given:
    """A token that was given: for which mailbox (None: all), until when, by the server's clock."""

    mailbox: str | None
    until: float
    is_revoked: bool = False


@dataclass
class TokenServer:
    """Listens on loopback while the block runs.

    `refusal`: the error and its description in place of a token; `status`: the HTTP status in place
    of an answer. `skew_s`: how far its clock is ahead; `takes_s`: how long it thinks about a
    request. `requests`: what it was asked.
    """

    certificate: Path
    expires_in: Any = 3600
    refusal: tuple[str, str] | None = None
    status: int | None = None
    skew_s: float = 0.0
    takes_s: float = 0.0
    # issuer of a signed request -> PEM of its certificate
    certificates: dict[str, str] = field(default_factory=dict)
    given: dict[str, Given] = field(default_factory=dict)
    requests: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._servers = [
            ThreadingHTTPServer((LOOPBACK, 0), type("Bound", (_Handler,), {"of": self}))
            for _ in "12"
        ]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        secure, plain = self._servers
        secure.socket = context.wrap_socket(secure.socket, server_side=True)
        self.port, self.introspection = (
            secure.server_port,
            f"http://{LOOPBACK}:{plain.server_port}/introspect",
        )
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
            ).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def url(self) -> str:
        """Of the token endpoint for client credentials."""
        return f"https://localhost:{self.port}/{TENANT}/oauth2/v2.0/token"

    @property
    def google_url(self) -> str:
        """Of the token endpoint for service accounts."""
        return f"https://localhost:{self.port}/token"

    def now_s(self) -> float:
        return time.time() + self.skew_s

    def revoke(self) -> None:
        """All tokens that were given so far are good no more."""
        for one in self.given.values():
            one.is_revoked = True

    def give(self, mailbox: str | None) -> tuple[int, dict[str, Any]]:
        text = f"tok.{secrets.token_urlsafe(600)}"  # as long as a real one
        is_told = isinstance(self.expires_in, int | float) and self.expires_in > 0
        until = self.now_s() + (self.expires_in if is_told else 3600)
        self.given[text] = Given(mailbox, until)
        facts = {"token_type": "Bearer", "access_token": text, "expires_in": self.expires_in}
        return 200, {name: value for name, value in facts.items() if value is not None}

    def introspect(self, token: str, mailbox: str) -> dict[str, Any]:
        found = self.given.get(token)
        if found is None or found.is_revoked or found.until < self.now_s():
            return {"active": False}
        return {"active": True, "username": found.mailbox or mailbox, "scope": "mail"}

    def asked(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.requests.append(form)
        time.sleep(self.takes_s)
        if self.refusal:
            return 400, {"error": self.refusal[0], "error_description": self.refusal[1]}
        if path == "/token":
            return self._service_account(form)
        why = self._why_refused(path, form)
        return (401, {"error": why[0], "error_description": why[1]}) if why else self.give(None)

    def _why_refused(self, path: str, form: dict[str, str]) -> tuple[str, str] | None:
        """The error and its description for an application that asks; None: it gets a token."""
        if path != f"/{TENANT}/oauth2/v2.0/token" or form.get("grant_type") != "client_credentials":
            return "invalid_request", "AADSTS900144: not that way"
        if form.get("client_id") != CLIENT_ID:
            return "unauthorized_client", "AADSTS700016: no such application"
        if not form.get("scope", "").endswith("/.default"):
            return "invalid_scope", "AADSTS1002012: The scope is not valid."
        if "client_assertion" in form:
            signed, why = self._signed(form["client_assertion"], CLIENT_ID, ["RS256", "PS256"])
            return None if signed else ("invalid_client", why)
        if form.get("client_secret") != CLIENT_SECRET:
            return (
                "invalid_client",
                "AADSTS7000215: Invalid client secret provided. Trace ID: 1 Correlation ID: 2",
            )
        return None

    def _service_account(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        issuer = jwt.decode(form["assertion"], options={"verify_signature": False})["iss"]
        signed, why = self._signed(form["assertion"], issuer, ["RS256"])
        if signed is None:
            return 400, {"error": "invalid_grant", "error_description": why}
        if signed["scope"] != "https://mail.google.com/" or "sub" not in signed:
            words = "Client is unauthorized to retrieve access tokens using this method"
            return 401, {"error": "unauthorized_client", "error_description": words}
        return self.give(signed["sub"])

    def _signed(
        self, assertion: str, issuer: str, algorithms: list[str]
    ) -> tuple[dict[str, Any] | None, str]:
        """What a signed request says; None, and why, where it is not to be believed."""
        from cryptography.x509 import load_pem_x509_certificate

        if issuer not in self.certificates:
            return None, "Invalid issuer"
        key = load_pem_x509_certificate(self.certificates[issuer].encode()).public_key()
        unchecked = {
            "verify_aud": False,
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        }
        try:
            said = jwt.decode(assertion, key, algorithms=algorithms, options=unchecked)
        except jwt.InvalidTokenError as error:
            return None, f"Invalid signature: {error}"
        begins = said.get("iat", said.get("nbf", said["exp"] - 600))
        if begins > self.now_s() + SIGNED_WITHIN_S or said["exp"] < self.now_s():
            return (
                None,
                (
                    "Invalid JWT: Token must be a short-lived token and in a reasonable timeframe."
                    " Check your iat and exp."
                ),
            )
        return said, ""


class _Handler(BaseHTTPRequestHandler):
    of: TokenServer

    def log_message(self, *args: object) -> None:
        """Silence."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(self.of.now_s(), usegmt=True)

    def do_GET(self) -> None:
        base = f"https://localhost:{self.of.port}/{TENANT}"
        if self.path != f"/{TENANT}/v2.0/.well-known/openid-configuration":
            return self._answer(
                400, {"error": "invalid_tenant", "error_description": "AADSTS90002: no such tenant"}
            )
        return self._answer(
            200,
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
            },
        )

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        if self.path.startswith("/introspect"):
            # Dovecot asks for no mailbox: the one user of its own is meant by a token that is good
            # for all.
            return self._answer(
                200, self.of.introspect(form.get("token", ""), "translate@dragoman.test")
            )
        return self._answer(*self.of.asked(self.path, form))

    def _answer(self, status: int, facts: dict[str, Any]) -> None:
        body = json.dumps(facts).encode()
        self.send_response(self.of.status or status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
