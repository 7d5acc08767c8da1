"""nginx as the guide to signing in through a proxy sets it up, in front of a Dragoman of the
test's.

Its configuration is the guide's own, read from docs/howto: only addresses, ports and TLS are
changed. Beside it stands what the guide leaves to oauth2-proxy: it says that whoever has the cookie
`session=ADDRESS` is signed in as that address.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.servers.process import LOOPBACK, Server, find, free_port, listens, missing

GUIDE = Path(__file__).parents[2] / "docs/howto/sign-in-through-a-proxy.md"
# The proxy's connections come from an address of its own, which loopback has enough of.
PROXY = "127.0.0.9"
AROUND = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{server}
}}
"""


class _SignIn(BaseHTTPRequestHandler):
    """Answers as oauth2-proxy does: 202 with the address, or 401; its own pages are a sentence."""

    def do_GET(self) -> None:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        is_asked = self.path == "/oauth2/auth"
        self.send_response(200 if not is_asked else 202 if cookie else 401)
        if is_asked and cookie:
            self.send_header("X-Auth-Request-Email", cookie.value)
        self.send_header("Content-Length", "0" if is_asked else "12")
        self.end_headers()
        if not is_asked:
            self.wfile.write(b"Please log in"[:12])

    do_HEAD = do_GET  # noqa: N815 - as above

    def log_message(self, *_: object) -> None:
        """Nothing is written between the lines of the tests."""


def configuration(port: int, web: int, sign_in: int, folder: Path) -> str:
    """The guide's `server`, for these ports."""
    (server,) = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    server = re.sub(r"\n *ssl_certificate[^\n]*", "", server)
    for old, new in (
        ("listen 443 ssl;", f"listen {LOOPBACK}:{port};\n    proxy_bind {PROXY};"),
        ("127.0.0.1:4180", f"{LOOPBACK}:{sign_in}"),
        ("127.0.0.1:8000", f"{LOOPBACK}:{web}"),
    ):
        assert old in server
        server = server.replace(old, new)
    return AROUND.format(folder=folder, server=server)


@contextmanager
def in_front_of(web: int) -> Iterator[int]:
    """The port of an nginx in front of the web process at the port `web`."""
    program = find("nginx") or missing("nginx", "nginx-light")
    helper = ThreadingHTTPServer((LOOPBACK, 0), _SignIn)
    thread = threading.Thread(target=helper.serve_forever, daemon=True)
    thread.start()
    server, port = Server("nginx"), free_port()
    file = server.folder / "nginx.conf"
    file.write_text(configuration(port, web, helper.server_port, server.folder))
    try:
        server.start(
            [program, "-p", str(server.folder), "-c", str(file)], ready=lambda: listens(port)
        )
        yield port
    finally:
        server.remove()
        helper.shutdown()
        helper.server_close()
        thread.join()
