"""The last resort where no Valkey or Redis runs: an imitation of it in Python, on a Unix socket.

usage: python -m ops.up.fake_broker SOCKET

Correct enough for one machine and a newcomer's first try, about ten times slower than the real
thing.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import sys
import threading

from fakeredis import TcpFakeServer

_numbers = itertools.count()


class SocketServer(TcpFakeServer):
    """The imitation, reachable by its owner only."""

    address_family = socket.AF_UNIX

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """A connection, with the pair of host and port that the library expects of every client."""
        connection, _ = super().get_request()
        return connection, ("unix", next(_numbers))


def main(path: str) -> None:
    """Serve at `path` until SIGTERM."""
    os.umask(0o077)
    server = SocketServer(path)  # type: ignore[arg-type]
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.2)
    os._exit(0)  # connections of clients that are still there must not hold it up


if __name__ == "__main__":
    main(sys.argv[1])
