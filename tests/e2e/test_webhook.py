"""An upload whose end is posted to a receiver over TLS, by all processes of `dragoman up`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.servers.certificates import self_signed
from tests.servers.process import wait_until
from tests.servers.receiver import Receiver, receiving
from tests.servers.stack import BEARER, Stack

pytestmark = pytest.mark.more

SAMPLE = Path(__file__).parents[2] / "dragoman" / "sample.pdf"
BOUNDARY = "a-line-that-no-pdf-has"


def asked(stack: Stack, path: str, body: bytes | None = None) -> Any:
    headers = {
        "Authorization": f"Bearer {BEARER}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    request = urllib.request.Request(stack.url + path, body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def form(**fields: str) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file";'
        ' filename="sample.pdf"\r\n\r\n'.encode()
    )
    return b"".join([*parts, head, SAMPLE.read_bytes(), f"\r\n--{BOUNDARY}--\r\n".encode()])


def test_the_end_of_an_upload_is_posted_after_a_receiver_that_was_busy(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    more = {
        "public_url": "https://translate.example.org",
        "webhook_networks": "127.0.0.0/8,::1/128",
    }
    with (
        receiving(certificate, Receiver(statuses=[503, 200])) as receiver,
        Stack(tmp_path / "data", environment={"SSL_CERT_FILE": str(certificate)}, **more) as stack,
    ):
        [field] = asked(stack, "/api/v1/reply-fields")["fields"]
        sent = asked(
            stack, "/api/v1/upload", form(target_lang="de", **{field["name"]: receiver.url()})
        )
        wait_until(lambda: len(receiver.got) == 2, 90, "the second attempt has arrived", 0.1)

        def delivered() -> bool:
            told = asked(stack, sent["status_url"])["delivery"]
            return told is not None and told["state"] == "delivered"

        wait_until(delivered, 30, "the delivery is on record", 0.2)
        (_, first, _), (_, headers, body) = receiver.got
    assert first["webhook-id"] == headers["webhook-id"]
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(field["secret"].removeprefix("whsec_"))
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{signature}"
    told = json.loads(body)
    assert (told["type"], told["job_id"], told["filename"]) == (
        "job.completed",
        sent["job_id"],
        "sample.pdf",
    )
    assert told["download_url"].startswith(more["public_url"])
