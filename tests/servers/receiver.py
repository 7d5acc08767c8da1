"""A receiver of webhooks: HTTPS on 127.0.0.1, which answers as a test says and remembers what
it got.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Receiver:
    """`statuses`: what is said to the next requests, the last of them for ever.

    `drip`: bytes of an answer that never ends, a piece at a time.
    """

    port: int = 0
    statuses: list[int] = field(default_factory=lambda: [204])
    more: dict[str, str] = field(default_factory=dict)
    hang: threading.Event = field(default_factory=threading.Event)
    hangs: bool = False
    drip: bool = False
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)

    def url(self, host: str = "localhost", path: str = "/hook") -> str:
        """Where it is, by a name that its certificate has."""
        return f"https://{host}:{self.port}{path}"


@contextmanager
def receiving(certificate: Path, receiver: Receiver | None = None) -> Iterator[Receiver]:
    """A receiver with this key and certificate (a PEM file), stopped in the end."""
    told = receiver or Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            told.got.append(
                (self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            )
            if told.hangs:
                told.hang.wait()
                return
            if told.drip:
                self._drip()
                return
            status = told.statuses[0] if len(told.statuses) == 1 else told.statuses.pop(0)
            self.send_response(status)
            for name, value in told.more.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"" if status == 204 else b"ok")

        def _drip(self) -> None:
            """A header that goes on for as long as somebody reads it."""
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not told.hang.is_set():
                try:
                    self.wfile.write(b"a")
                except OSError:
                    return
                time.sleep(0.05)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> Any:
            plain, address = super().get_request()
            plain.settimeout(30)
            return context.wrap_socket(plain, server_side=True), address

        def handle_error(self, *_: Any) -> None:
            """A client that leaves is none."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: told.names.append(name)
    server = Server(("127.0.0.1", 0), Handler)
    told.port = server.server_address[1]
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    try:
        yield told
    finally:
        told.hang.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
