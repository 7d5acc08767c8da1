"""Signatures by Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec 1.0.0).

Pure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

PREFIX = "whsec_"
_PURPOSE = "dragoman.webhook"


def secret_of(server_key: str, owner: str) -> str:
    """The secret of an owner's webhooks, as `whsec_…`: of 32 bytes, derived, so that it is in no
    table, and nobody shares one.

    Another server key makes other secrets.
    """
    derived = hmac.digest(server_key.encode(), f"{_PURPOSE}:{owner}".encode(), hashlib.sha256)
    return PREFIX + base64.b64encode(derived).decode()


def headers(secret: str, message_id: str, sent_at: int, body: bytes) -> dict[str, str]:
    """The three headers of a message; `sent_at`: the time of this attempt, in seconds since
    1970.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b".".join((message_id.encode(), str(sent_at).encode(), body))
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(sent_at),
        "webhook-signature": f"v1,{signature}",
    }
