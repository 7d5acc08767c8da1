"""The mail door beside stock aiosmtpd, in one run: messages per second, CPU a message, memory, and
NOOPs beside the load.

    python bench/email.py [--messages 200] [--json]

Each server is a process of its own, with data in a fresh folder of the same disk. A message is a
PDF of 1 MB as base64 (1.4 MB on the wire). Ours runs as `dragoman smtp` with a folder store,
SQLite, `SENDER_AUTH=none` and a broker that is down; stock's handler writes the message to a file
and fsyncs it. CPU is user + system of the server's process.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

# This folder comes first on the path of a script, and this file's name would hide the standard
# library's `email`.
sys.path[:] = [
    folder
    for folder in sys.path
    if Path(folder or ".").resolve() != Path(__file__).resolve().parent
]

LOOPBACK = "127.0.0.1"
CONNECTIONS = (1, 20, 100)
PDF_BYTES = 10**6
ENDLESS_BYTES = 300 * 10**6
NOOP_EVERY_S = 0.02
OURS = {
    "DRAGOMAN_SENDER_AUTH": "none",
    "DRAGOMAN_ALLOWED_SENDERS": "*",
    "DRAGOMAN_MAIL_ADDRESS": "translate@localhost",
    "DRAGOMAN_BROKER_URL": "redis://127.0.0.1:1/0",
    "DRAGOMAN_LOG_FORMAT": "json",
}


@dataclass
class Measured:
    """One server under one load."""

    server: str
    connections: int
    per_s: float
    cpu_ms: float
    peak_rss_mb: float
    noop_p50_ms: float
    noop_p99_ms: float
    failed: int


@dataclass
class Running:
    """A server process."""

    name: str
    process: subprocess.Popen[bytes]
    port: int

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, name: str) -> float:
        """`VmHWM` (peak) or `VmRSS` (now)."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024

    def forget_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


@dataclass
class Load:
    """A fixed number of messages over some connections, each by a thread of its own."""

    port: int
    messages: list[bytes]
    connections: int
    failed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> float:
        """Seconds until the last reply."""
        threads = [threading.Thread(target=self._send) for _ in range(self.connections)]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - started

    def _send(self) -> None:
        with Client(self.port) as client:
            while True:
                with self.lock:
                    if not self.messages:
                        return
                    message = self.messages.pop()
                if not client.deliver(message):
                    with self.lock:
                        self.failed += 1


class Client:
    """As little of an SMTP client as there can be, so that the server is what is measured."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((LOOPBACK, port), timeout=300)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.hear()
        self.say(b"EHLO bench")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def hear(self) -> bytes:
        while (line := self.file.readline())[3:4] == b"-":
            pass
        return line

    def say(self, line: bytes) -> bytes:
        self.socket.sendall(line + b"\r\n")
        return self.hear()

    def deliver(self, message: bytes) -> bool:
        for line in (
            b"MAIL FROM:<bench@example.org>",
            b"RCPT TO:<translate+de@localhost>",
            b"DATA",
        ):
            self.say(line)
        self.socket.sendall(message)
        return self.hear().startswith(b"250")


def mail(number: int, body: bytes) -> bytes:
    """A mail with a PDF, as on the wire."""
    head = (
        "From: Bench <bench@example.org>\r\nTo: translate+de@localhost\r\nMessage-ID:"
        f" <{number}@bench>\r\n"
    )
    head += (
        "Subject: A document\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf; name=a.pdf\r\n"
    )
    return head.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + body + b".\r\n"


def body() -> bytes:
    """A PDF's worth of bytes that do not compress, as base64."""
    pdf = b"%PDF-1.7\n" + random.Random(6).randbytes(PDF_BYTES - 9)
    return base64.encodebytes(pdf).replace(b"\n", b"\r\n")


@contextmanager
def stock(folder: Path) -> Iterator[Running]:
    """Stock aiosmtpd with a handler that fsyncs."""
    port = free_port()
    command = [sys.executable, __file__, "--serve-stock", str(port), str(folder)]
    with started("stock", command, {}, port) as server:
        yield server


@contextmanager
def ours(folder: Path) -> Iterator[Running]:
    """The door as it is run."""
    port = free_port()
    environment = {
        **OURS,
        "DRAGOMAN_DATA_DIR": str(folder),
        "DRAGOMAN_SMTP_LISTEN": f"{LOOPBACK}:{port}",
    }
    command = [sys.executable, "-m", "dragoman"]
    subprocess.run([*command, "db", "upgrade"], env={**os.environ, **environment}, check=True)
    with started("ours", [*command, "smtp"], environment, port) as server:
        yield server


@contextmanager
def started(
    name: str, command: list[str], environment: dict[str, str], port: int
) -> Iterator[Running]:
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 30
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not listen")
            time.sleep(0.1)
        yield Running(name, process, port)
    finally:
        process.terminate()
        process.wait(60)


def serve_stock(port: int, folder: Path) -> None:
    """Stock's process."""
    from aiosmtpd.smtp import SMTP

    class Handler:
        number = 0

        async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802
            self.number += 1
            content = envelope.content  # type: ignore[attr-defined]
            await asyncio.to_thread(self.write, folder / f"{self.number}.eml", content)
            return "250 OK"

        @staticmethod
        def write(file: Path, content: bytes) -> None:
            with file.open("wb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        handler = Handler()
        make: Callable[[], SMTP] = lambda: SMTP(handler, hostname="stock", loop=loop)  # noqa: E731
        await loop.create_server(make, LOOPBACK, port)
        await asyncio.Event().wait()

    asyncio.run(serve())


def noops(port: int, stop: threading.Event) -> list[float]:
    """Milliseconds of NOOPs until `stop`, one at a time, with new connections where a server
    counts commands.
    """
    times: list[float] = []
    while not stop.is_set():
        with Client(port) as client:
            for _ in range(100):
                if stop.wait(NOOP_EVERY_S):
                    break
                started = time.perf_counter()
                client.say(b"NOOP")
                times.append((time.perf_counter() - started) * 1000)
    return times


def measured(server: Running, messages: list[bytes], connections: int) -> Measured:
    """One load on one server."""
    load = Load(server.port, list(messages), connections)
    stop, times = threading.Event(), list[float]()
    prober = threading.Thread(target=lambda: times.extend(noops(server.port, stop)))
    server.forget_peak()
    cpu = server.cpu_s()
    prober.start()
    seconds = load.run()
    stop.set()
    prober.join()
    cpu = server.cpu_s() - cpu
    times.sort()
    count = len(messages)
    return Measured(
        server=server.name,
        connections=connections,
        per_s=round(count / seconds, 1),
        cpu_ms=round(1000 * cpu / count, 2),
        peak_rss_mb=round(server.memory_mb("VmHWM"), 1),
        noop_p50_ms=round(times[len(times) // 2], 2),
        noop_p99_ms=round(times[int(len(times) * 0.99)], 2),
        failed=load.failed,
    )


def endless_line(server: Running) -> float:
    """MiB by which the server grows while it is sent 300 MB without a line end."""
    server.forget_peak()
    before = server.memory_mb("VmRSS")
    with Client(server.port) as client:
        for line in (
            b"MAIL FROM:<bench@example.org>",
            b"RCPT TO:<translate+de@localhost>",
            b"DATA",
        ):
            client.say(line)
        client.socket.sendall(b"From: bench@example.org\r\n\r\n")
        for _ in range(ENDLESS_BYTES // 10**6):
            client.socket.sendall(b"x" * 10**6)
        client.socket.sendall(b"\r\n.\r\n")
        client.hear()
    return round(server.memory_mb("VmHWM") - before, 1)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def run(count: int, levels: tuple[int, ...], folder: Path) -> dict[str, object]:
    """All figures. Both servers run at the same time, and take the load by turns."""
    content = body()
    results: list[Measured] = []
    for name in ("stock", "ours"):
        (folder / name).mkdir()
    with stock(folder / "stock") as first, ours(folder / "ours") as second:
        # what is loaded and cached by the first message is not measured
        for server in (first, second):
            Load(server.port, [mail(-number, content) for number in range(1, 5)], 2).run()
        for level in levels:
            for server in (first, second):
                messages = [mail(level * 100_000 + number, content) for number in range(count)]
                results.append(measured(server, messages, level))
        growth = {server.name: endless_line(server) for server in (first, second)}
    results.sort(key=lambda one: one.connections)
    return {
        "results": [vars(one) for one in results],
        "ratios": ratios(results),
        "endless_line_mb": growth,
    }


def ratios(results: list[Measured]) -> list[dict[str, float]]:
    """Ours beside stock's at each level."""
    made = []
    for old, new in zip(results[::2], results[1::2], strict=True):
        made.append({
            "connections": old.connections,
            "cpu_stock_by_ours": round(old.cpu_ms / new.cpu_ms, 1),
            "rate_ours_by_stock": round(new.per_s / old.per_s, 1),
            "noop_p99_stock_by_ours": round(old.noop_p99_ms / new.noop_p99_ms, 1),
        })  # fmt: skip
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=200, help="for each server and level")
    parser.add_argument("--connections", type=int, nargs="*", default=list(CONNECTIONS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve-stock", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve_stock:
        serve_stock(int(chosen.serve_stock[0]), Path(chosen.serve_stock[1]))
        return
    with tempfile.TemporaryDirectory(prefix="dragoman-bench-") as folder:
        found = run(chosen.messages, tuple(chosen.connections), Path(folder))
    if chosen.json:
        print(json.dumps(found, indent=1))
        return
    print(
        f"{'server':8}{'conns':>6}{'msg/s':>8}{'CPU ms':>8}{'RSS MB':>8}{'NOOP p50':>10}{'p99 ms':>8}{'failed':>8}"  # noqa: E501
    )
    for one in found["results"]:  # type: ignore[attr-defined]
        print(
            "{server:8}{connections:6}{per_s:8}{cpu_ms:8}{peak_rss_mb:8}{noop_p50_ms:10}{noop_p99_ms:8}{failed:8}".format(
                **one
            )
        )
    for ratio in found["ratios"]:  # type: ignore[attr-defined]
        print(ratio)
    print("300 MB without a line end, growth in MiB:", found["endless_line_mb"])


if __name__ == "__main__":
    main()
