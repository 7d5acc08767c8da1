"""The ground under the fake's HTTP servers: a thread a request, silent, able to hang and to cut."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.servers.process import LOOPBACK
from tests.servers.slack.faults import Fault, Faults


class Server(ThreadingHTTPServer):
    """Listens on a free loopback port from its making on."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, handler: type[Handler], **shared: Any) -> None:
        """`shared`: attributes for the handlers."""
        super().__init__((LOOPBACK, 0), type("Bound", (handler,), shared))
        self.url = f"http://{LOOPBACK}:{self.server_port}"
        threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news; anything else is a fault of the fake and is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One request. `faults` are shared by all servers of the fake."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    faults: Faults

    def log_message(self, *args: object) -> None:
        """Silence."""

    @property
    def place(self) -> str:
        return urlsplit(self.path).path

    @property
    def bearer(self) -> str | None:
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else None

    def body(self) -> bytes:
        """The request's body, sent whole or in chunks (RFC 9112 7.1)."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def arguments(self, raw: bytes) -> dict[str, Any]:
        """The query's and the body's arguments: form, multipart or JSON."""
        found: dict[str, Any] = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        kind = self.headers.get_content_type()
        if kind == "application/json":
            return found | (json.loads(raw) if raw else {})
        if kind == "multipart/form-data":
            return found | {
                name: value.decode(errors="replace")
                for name, value, _ in multipart(self.headers, raw)
            }
        return found | dict(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True))

    def stumble(self, fault: Fault | None) -> bool:
        """Carry out a fault that leaves nothing done; True: the request is over."""
        if fault is None or fault.how == "cut_after":
            return False
        if fault.how == "hang":
            self.faults.released.wait()
            self.cut()
        elif fault.how == "cut":
            self.cut()
        elif isinstance(fault.how, int):
            body = (
                {"ok": False, "error": "ratelimited"} if fault.how == 429 else f"HTTP {fault.how}"
            )
            more = {"Retry-After": str(fault.retry_after_s)} if fault.how in {429, 503} else {}
            self.reply(fault.how, body, more)
        else:
            self.reply(200, {"ok": False, "error": fault.how})
        return True

    def cut(self) -> None:
        """Close the connection as it stands."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def reply(
        self, status: int, body: dict[str, Any] | str | bytes, headers: dict[str, str] | None = None
    ) -> None:
        kind = "text/html; charset=utf-8"
        if isinstance(body, dict):
            kind, body = "application/json; charset=utf-8", json.dumps(body)
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        own = {name.title(): value for name, value in (headers or {}).items()}
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **own}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def multipart(headers: Any, raw: bytes) -> list[tuple[str, bytes, str | None]]:
    """The parts of a form (RFC 7578): name, content, file name."""
    boundary = b"--" + (headers.get_boundary() or "").encode()
    parts = []
    for piece in raw.split(boundary)[1:]:
        head, separator, content = piece.partition(b"\r\n\r\n")
        if separator:
            words = dict(
                word.strip().partition("=")[::2]
                for word in head.decode(errors="replace").split(";")
            )
            name = words.get("name", "").split("\r\n")[0].strip('"')
            filename = (
                words["filename"].split("\r\n")[0].strip('"') if "filename" in words else None
            )
            parts.append((name, content.removesuffix(b"\r\n"), filename))
    return parts
