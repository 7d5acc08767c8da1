"""A web server with models as Mozilla's public bucket has them, which makes trouble when told
to.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from ops.models.wheel import weights
from tests.servers.process import LOOPBACK

PIECE = 64 * 1024
RANGE = re.compile(r"bytes=(\d+)-")
NOWHERE = "https://models.invalid/bucket"  # what a copied list says; nobody may ask there
RUNS = {"en-pt": "spring_RSpwfHrcSUC_rKTnhOEXzw", "pt-en": "autumn_NLRJLD_pQFyrvgKtbie2nA"}
KINDS = {"model.": "model", "lex.": "lexicalShortlist", "vocab.": "vocab"}


def lay_mirror(root: Path) -> Path:
    """`root` as a mirror: `db/models.json`, and the real weights as gzip where it says."""
    models = {}
    for pair, folder in weights().items():
        below = f"models/{pair}/{RUNS[str(pair)]}/exported"
        (root / below).mkdir(parents=True)
        files = {}
        for start, kind in KINDS.items():
            file = next(folder.glob(f"{start}*"))
            body = file.read_bytes()
            (root / below / f"{file.name}.gz").write_bytes(gzip.compress(body, 1))
            files[kind] = {"path": f"{below}/{file.name}.gz"}
            if kind == "model":
                told = {
                    "uncompressedSize": len(body),
                    "uncompressedHash": hashlib.sha256(body).hexdigest(),
                }
                files[kind] |= told
        entry = {"architecture": "tiny", "releaseStatus": "Release", "files": files}
        source, target = str(pair).split("-")
        models[str(pair)] = [entry | {"sourceLanguage": source, "targetLanguage": target}]
    # A pair with other weights' content: what it would say is not looked at.
    models["en-de"] = models["en-pt"]
    listed = {"generated": "2026-11-09T00:45:24Z", "baseUrl": NOWHERE, "models": models}
    (root / "db").mkdir()
    (root / "db" / "models.json").write_text(json.dumps(listed, indent=2))
    return root


@dataclass
class Fault:
    """What is done to a GET: a status, other bytes, an end after `cut` bytes, `slow_s` before
    each piece, or nothing at all.
    """

    status: int | None = None
    body: bytes | None = None
    cut: int | None = None
    slow_s: float = 0.0
    hangs_s: float = 0.0
    etag: str | None = None
    deaf: bool = False  # to Range


@dataclass
class ModelServer:
    """Serves `root` on loopback while the block runs.

    `faults`: by the end of a path, the faults of its next GETs; the last of them stays if
    `lasting`. `seen`: method, path and first byte of each request.
    """

    root: Path
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    lasting: bool = False
    seen: list[tuple[str, str, int]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = _Server((LOOPBACK, 0), type("Bound", (_Handler,), {"models": self}))
        self._server.daemon_threads = True
        self.url = f"http://{LOOPBACK}:{self._server.server_port}"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fault_of(self, path: str) -> Fault:
        for end, faults in self.faults.items():
            if path.endswith(end) and faults:
                return faults[0] if self.lasting and len(faults) == 1 else faults.pop(0)
        return Fault()

    def starts(self, end: str) -> list[int]:
        """The first bytes that GETs of the path with this end asked for."""
        return [
            start for method, path, start in self.seen if method == "GET" and path.endswith(end)
        ]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone is no error here; its traceback would stand among the
        command's words.
        """
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    models: ModelServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Silence."""

    def do_HEAD(self) -> None:
        file = self.models.root / self.path.lstrip("/")
        self.models.seen.append(("HEAD", self.path, 0))
        self.send_response(200 if file.is_file() else 404)
        self.send_header("Content-Length", str(file.stat().st_size) if file.is_file() else "0")
        self.end_headers()

    def do_GET(self) -> None:
        models, file = self.models, self.models.root / self.path.lstrip("/")
        asked = RANGE.fullmatch(self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        models.seen.append(("GET", self.path, start))
        fault = models.fault_of(self.path)
        time.sleep(fault.hangs_s)
        if fault.status or not file.is_file():
            self._head(fault.status or 404, 0, {})
            return
        body = file.read_bytes() if fault.body is None else fault.body
        etag = fault.etag or f'"{hashlib.md5(body).hexdigest()}"'
        if fault.deaf or self.headers.get("If-Range", etag) != etag:
            start = 0
        if start and start >= len(body):
            self._head(416, 0, {"Content-Range": f"bytes */{len(body)}"})
            return
        headers = {"ETag": etag}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        self._head(206 if start else 200, len(body) - start, headers)
        end = len(body) if fault.cut is None else min(len(body), start + fault.cut)
        for at in range(start, end, PIECE):
            time.sleep(fault.slow_s)
            self.wfile.write(body[at : min(at + PIECE, end)])
        if end < len(body):
            self.close_connection = True

    def _head(self, status: int, size: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(size)}.items():
            self.send_header(name, value)
        self.end_headers()
