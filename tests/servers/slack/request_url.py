"""Deliveries by HTTP to an app's request URL, signed
(docs.slack.dev/authentication/verifying-requests-from-slack).
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.servers.slack.courier import Attempt, Delivery

STALE_S = 301
AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


class RequestUrl:
    """The transport of an app with a `request_url`."""

    def send(self, delivery: Delivery, attempt: Attempt, within_s: float) -> None:
        url = urlsplit(delivery.app.request_url or "")
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=within_s)
        try:
            body, headers = request(delivery, attempt)
            connection.request("POST", url.path, body, headers)
            response = connection.getresponse()
            attempt.status, raw = response.status, response.read()
            attempt.answer = _answer(response.headers.get_content_type(), raw)
            attempt.no_retry = response.headers.get("X-Slack-No-Retry") == "1"
            attempt.reason = None if attempt.status < 300 else "http_error"
        except TimeoutError:
            attempt.reason = "http_timeout"
        except (OSError, http.client.HTTPException):
            attempt.reason = "connection_failed"
        finally:
            connection.close()


def request(delivery: Delivery, attempt: Attempt) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a try."""
    if delivery.kind == "event":
        kind, text = "application/json", json.dumps(delivery.payload)
    else:
        fields = (
            delivery.payload
            if delivery.kind == "command"
            else {"payload": json.dumps(delivery.payload)}
        )
        kind, text = "application/x-www-form-urlencoded", urlencode(fields)
    headers = {"Content-Type": kind, "User-Agent": AGENT, "Accept": "*/*"}
    headers |= signature(delivery.app.signing_secret, text.encode(), delivery.signature)
    if attempt.number:
        reason = delivery.attempts[attempt.number - 1].reason
        headers |= {"X-Slack-Retry-Num": str(attempt.number), "X-Slack-Retry-Reason": str(reason)}
    return text.encode(), headers


def signature(secret: str, body: bytes, how: str = "good") -> dict[str, str]:
    """The headers of a signature: good, wrong, stale (right, but old), or missing."""
    if how == "missing":
        return {}
    at = str(int(time.time()) - (STALE_S if how == "stale" else 0))
    key = secret if how != "wrong" else secret[::-1] + "x"
    digest = hmac.new(key.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={digest}"}


def _answer(kind: str, raw: bytes) -> Any:
    if not raw:
        return None
    text = raw.decode(errors="replace")
    return json.loads(text) if kind == "application/json" else text
