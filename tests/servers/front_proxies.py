"""nginx and Caddy with TLS in front of a Dragoman of the test's, each with the file of `deploy/`.

Only addresses, ports and the certificate's files are changed in those.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.certificates import self_signed
from tests.servers.nginx import AROUND
from tests.servers.process import LOOPBACK, Server, find, free_port, listens, missing

DEPLOY = Path(__file__).parents[2] / "deploy"
NAME = "translate.example.org"
FILES = f"/etc/letsencrypt/live/{NAME}"


def changed(text: str, *changes: tuple[str, str]) -> str:
    """`text` with each of the `changes`, all of which have to be possible."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(web: int, folder: Path) -> Iterator[int]:
    """The port (TLS) of an nginx in front of the web process at the port `web`; certificates
    lie in `folder`.
    """
    program = find("nginx") or missing("nginx", "nginx-light")
    server, port, pem = Server("nginx"), free_port(), self_signed(folder)
    site = changed(
        (DEPLOY / "nginx/dragoman.conf").read_text(),
        ("listen 80;", f"listen {LOOPBACK}:{free_port()};"),
        ("listen 443 ssl;", f"listen {LOOPBACK}:{port} ssl;"),
        (f"{FILES}/fullchain.pem", str(pem)),
        (f"{FILES}/privkey.pem", str(pem)),
        ("127.0.0.1:8000", f"{LOOPBACK}:{web}"),
    )
    file = server.folder / "nginx.conf"
    file.write_text(AROUND.format(folder=server.folder, server=site))
    command = [program, "-p", str(server.folder), "-c", str(file)]
    try:
        server.start(command, ready=lambda: listens(port))
        yield port
    finally:
        server.remove()


@contextmanager
def caddy(web: int, folder: Path) -> Iterator[int]:
    """The same with Caddy.

    It would get its certificate from Let's Encrypt; here it is given one.
    """
    program = find("caddy") or missing("caddy", "caddy")
    server, port, pem = Server("caddy"), free_port(), self_signed(folder)
    site = changed(
        (DEPLOY / "caddy/Caddyfile").read_text(),
        (f"{NAME} {{", f"https://localhost:{port} {{\n\tbind {LOOPBACK}\n\ttls {pem} {pem}"),
        ("127.0.0.1:8000", f"{LOOPBACK}:{web}"),
    )
    file = server.folder / "Caddyfile"
    file.write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{site}")
    command = [program, "run", "--adapter", "caddyfile", "--config", str(file)]
    homes = {"XDG_DATA_HOME": str(server.folder), "XDG_CONFIG_HOME": str(server.folder)}
    try:
        server.start(command, ready=lambda: listens(port), **homes)
        yield port
    finally:
        server.remove()
