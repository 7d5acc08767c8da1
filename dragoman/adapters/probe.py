"""Whether a server of this host answers, asked over the network as anybody would."""

from __future__ import annotations

import socket

from dragoman.settings import host_port

TIMEOUT_S = 5.0


def speaks(listen: str, asked: bytes = b"") -> bool:
    """Whether a server of this host says anything within 5 s, to `asked` or of itself: one that
    is stuck only takes connections.
    """
    host, port = host_port(listen)
    try:
        with socket.create_connection((local(host), port), TIMEOUT_S) as connection:
            connection.sendall(asked)
            return bool(connection.recv(1))
    except OSError:
        return False


def local(host: str) -> str:
    """Where a server that listens on all addresses is reached from its own host."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
