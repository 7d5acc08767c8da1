"""A token server, a Dovecot that takes its tokens, and the mail server of the people who are
answered.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from dragoman.settings import Settings
from tests.servers.certificates import self_signed
from tests.servers.dovecot_oauth import DovecotOAuth
from tests.servers.process import LOOPBACK, free_port
from tests.servers.token_server import CLIENT_ID, CLIENT_SECRET, TENANT, TokenServer

HOWTO = Path(__file__).parents[3] / "docs/howto/send-through-microsoft-365.md"
MAILBOX = "translate@dragoman.test"
SERVICE_ACCOUNT = "dragoman@project.iam.gserviceaccount.example"


@dataclass
class Sink:
    """Keeps what it is given, and from whom; `port` is where it listens."""

    port: int = 0
    mails: list[bytes] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)

    # aiosmtpd's name
    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(bytes(envelope.content))
        self.senders.append(envelope.mail_from)
        return "250 2.0.0 queued as 17"


@pytest.fixture
def sink() -> Iterator[Sink]:
    handler = Sink(free_port())
    controller = Controller(handler, hostname=LOOPBACK, port=handler.port)
    controller.start()
    yield handler
    controller.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of all servers here."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def client_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a client signs its requests with, made with the commands of the how-to; its key
    alone is in `dragoman.key`.
    """
    folder = tmp_path_factory.mktemp("client")
    (commands,) = re.findall(
        r"^```sh\n(openssl .*?)```", HOWTO.read_text(), re.MULTILINE | re.DOTALL
    )
    subprocess.run(["sh", "-ec", commands], cwd=folder, check=True, capture_output=True)
    return folder / "dragoman.pem"


@pytest.fixture
def trust(certificate: Path) -> dict[str, str]:
    """Variables with which a process trusts the servers here."""
    return {"SSL_CERT_FILE": str(certificate), "REQUESTS_CA_BUNDLE": str(certificate)}


@pytest.fixture
def token_server(
    certificate: Path,
    client_certificate: Path,
    trust: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[TokenServer]:
    for name, value in trust.items():
        monkeypatch.setenv(name, value)
    with TokenServer(certificate) as server:
        pem = client_certificate.read_text()
        server.certificates = dict.fromkeys(
            (CLIENT_ID, SERVICE_ACCOUNT), pem[pem.index("-----BEGIN CERTIFICATE") :]
        )
        yield server


@pytest.fixture
def dovecot(certificate: Path, token_server: TokenServer, sink: Sink) -> Iterator[DovecotOAuth]:
    with DovecotOAuth(certificate, token_server.introspection, sink.port) as server:
        yield server


@pytest.fixture
def given(token_server: TokenServer, dovecot: DovecotOAuth) -> dict[str, str]:
    """The settings of a server that sends through this Dovecot as it would through Microsoft
    365.
    """
    return {
        "mail_address": MAILBOX,
        "outbound_smtp_url": f"smtp+oauth://{MAILBOX}@localhost:{dovecot.smtp}",
        "sent_imap_url": f"imaps+oauth://{MAILBOX}@localhost:{dovecot.imaps}/Sent",
        "oauth_provider": "microsoft",
        "oauth_tenant": TENANT,
        "oauth_client_id": CLIENT_ID,
        "oauth_client_secret": CLIENT_SECRET,
        "oauth_token_url": token_server.url,
    }


@pytest.fixture
def configured(settings: Settings, given: dict[str, str]) -> Callable[..., Settings]:
    """Makes settings: those above, with what the test changes (None: not set)."""

    def make(**changed: Any) -> Settings:
        secret = settings.secret_key.get_secret_value() if settings.secret_key else None
        return Settings.from_env(
            **{"data_dir": settings.data_dir, "secret_key": secret, **given, **changed}
        )

    return make


@pytest.fixture
def google(
    token_server: TokenServer, client_certificate: Path, given: dict[str, str]
) -> dict[str, Any]:
    """What is different with Google."""
    key = client_certificate.with_name("dragoman.key").read_text()
    account = {
        "type": "service_account",
        "client_email": SERVICE_ACCOUNT,
        "private_key": key,
        "private_key_id": "1",
    }
    return {
        "oauth_provider": "google",
        "oauth_service_account": json.dumps({**account, "token_uri": token_server.google_url}),
        "oauth_token_url": None,
    }


def traces_of(secret: str, user: str = MAILBOX) -> list[bytes]:
    """How a secret may look where it must not stand: as it is, in base64 at each offset, in the
    dialogue.
    """
    said = base64.b64encode(f"user={user}\x01auth=Bearer {secret}\x01\x01".encode())
    shifted = [base64.b64encode(secret.encode()[offset:])[:40] for offset in range(3)]
    return [secret.encode(), secret.encode()[10:40], said, *shifted]
