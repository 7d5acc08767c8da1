"""A proxy in front of an S3 server that makes trouble when told to: slow, denying, or losing what
it said it had kept.

It hands requests on as they come, the `Host` header included, so that their signatures stay right.
"""

from __future__ import annotations

import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

from tests.patience import patience
from tests.servers.process import LOOPBACK

DENIED = (
    b'<?xml version="1.0"'
    b' encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>No.</Message></Error>'
)
NOT_HANDED_ON = {"connection", "transfer-encoding", "content-length", "expect"}


class FaultyS3:
    """Listens on loopback while the block runs.

    `slow_s`, `denies` and `loses` may be changed at any time.

    `loses`: how many more PUTs are answered 200 and not handed on. `seen`: the methods of what was
    asked while in trouble.
    """

    def __init__(self, endpoint_url: str) -> None:
        self.behind = urlsplit(endpoint_url).netloc
        self.slow_s, self.denies, self.loses = 0.0, False, 0
        self.seen: list[str] = []
        self._server = ThreadingHTTPServer(
            (LOOPBACK, 0), type("Bound", (_Handler,), {"proxy": self})
        )
        self._server.daemon_threads = True
        self.endpoint_url = f"http://{LOOPBACK}:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def heal(self) -> None:
        """No more trouble."""
        self.slow_s, self.denies, self.loses = 0.0, False, 0
        self.seen.clear()


class _Handler(BaseHTTPRequestHandler):
    proxy: FaultyS3
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Silence."""

    def do_GET(self) -> None:
        body = self._body()
        proxy = self.proxy
        if proxy.slow_s or proxy.denies or proxy.loses:
            proxy.seen.append(self.command)
        time.sleep(proxy.slow_s)
        if proxy.denies:
            self._answer(403, {"Content-Type": "application/xml"}, DENIED)
        elif proxy.loses and self.command == "PUT":
            proxy.loses -= 1
            self._answer(200, {"ETag": '"d41d8cd98f00b204e9800998ecf8427e"'}, b"")
        else:
            self._hand_on(body)

    do_PUT = do_HEAD = do_DELETE = do_POST = do_GET  # noqa: N815 - names of http.server

    def _hand_on(self, body: bytes) -> None:
        connection = http.client.HTTPConnection(self.proxy.behind, timeout=patience(30))
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in NOT_HANDED_ON
        }
        try:
            connection.request(self.command, self.path, body=body, headers=headers)
            answer = connection.getresponse()
            kept = {
                name: value
                for name, value in answer.getheaders()
                if name.lower() not in NOT_HANDED_ON
            }
            size = answer.getheader("Content-Length")
            self._answer(
                answer.status, kept, answer.read(), size if self.command == "HEAD" else None
            )
        finally:
            connection.close()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        raise NotImplementedError("boto3 sends aws-chunked bodies with their length")

    def _answer(
        self, status: int, headers: dict[str, str], body: bytes, size: str | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", size or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_expect_100(self) -> bool:
        self.send_response_only(100)
        self.end_headers()
        return True
