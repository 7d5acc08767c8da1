"""A whole Dragoman that answers through XOAUTH2: answers wait while no token is given, and no
secret is seen anywhere.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from dragoman.errors import OutboundLoginRefused
from tests.integration.oauth.conftest import traces_of
from tests.servers.otlp import Collector
from tests.servers.process import wait_until
from tests.servers.stack import Stack
from tests.servers.token_server import CLIENT_SECRET

PDF = Path("dragoman/sample.pdf")


def processes(data: Path) -> tuple[str, list[bytes]]:
    """What `ps` shows of everybody, and the environments of the processes that work in `data`."""
    shown = subprocess.run(
        ["ps", "axww", "-o", "pid,args"], check=True, capture_output=True, text=True
    ).stdout
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                found.append((folder / "environ").read_bytes())
            except OSError:
                continue  # it has ended
    return shown, [one for one in found if str(data).encode() in one]


@pytest.mark.more
def test_answers_wait_for_a_token_and_no_secret_is_seen(tmp_path, given, trust, token_server, sink):
    file = tmp_path / "client_secret"
    file.write_text(CLIENT_SECRET + "\n")
    del given["oauth_client_secret"]
    token_server.expires_in = 4
    data = tmp_path / "data"
    with Collector() as collector:
        environment = {
            **trust,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        with Stack(data, environment, **given, oauth_client_secret_file=str(file)) as stack:
            stack.mail(PDF.read_bytes())
            wait_until(lambda: len(sink.mails) == 1, 60, "the answer is there", every_s=0.1)
            token_server.revoke()
            token_server.refusal = (
                "invalid_grant",
                f"AADSTS50173: revoked; you sent {CLIENT_SECRET}",
            )
            wait_until(
                lambda: token_server.given and _all_ended(token_server), 20, "the tokens have ended"
            )
            stack.mail(PDF.read_bytes().replace(b"%%EOF", b"%%EOF\n"))
            code = OutboundLoginRefused.code
            owed = f"SELECT 1 FROM outbox WHERE error_code = '{code}'"
            wait_until(lambda: bool(stack.rows(owed)), 60, "the failure is on record", every_s=0.2)
            shown, environments = processes(data)
            assert environments
            ((message, detail),) = stack.rows(
                f"SELECT error_message, error_detail FROM outbox WHERE error_code = '{code}'"
            )
            assert message == str(OutboundLoginRefused())
            assert detail == "Microsoft: invalid_grant: AADSTS50173: revoked; you sent ***"
            token_server.refusal = None
            wait_until(
                lambda: len(sink.mails) == 2, 90, "the answer that waited is there", every_s=0.2
            )
        log = stack.log()
    seen = {
        "ps": shown.encode(),
        "environments": b"\n".join(environments),
        "log": log.encode(),
        "spans": b"\n".join(collector.bodies),
        "data folder": b"\n".join(one.read_bytes() for one in data.rglob("*") if one.is_file()),
    }
    assert code in log
    assert re.search(rb"deliver", seen["spans"])
    secrets = [CLIENT_SECRET, *token_server.given]
    assert len(secrets) > 2
    found = [
        (where, secret[:6])
        for where, text in seen.items()
        for secret in secrets
        if _stands(secret, text)
    ]
    assert found == []


def _all_ended(token_server) -> bool:
    return all(one.until < token_server.now_s() for one in token_server.given.values())


def _stands(secret: str, text: bytes) -> bool:
    return any(trace in text for trace in traces_of(secret))
