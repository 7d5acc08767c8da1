"""A LibreTranslate on loopback, as of 1.9: lists of plain texts, limits, keys, and its faults.

`FakeLibreTranslate()` as a context manager. `faults`: one for each POST, a status or `"html"`,
`"hang"`, `"cut"`, `"short"` (a translation too few). `loses`: marks such as `[1]` that its model
does not copy. `character_limit` and `batch_limit` answer 400, as the real one does.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.servers.llm import translation

KEY = "libre-key"
NAMES = {"es": "Spanish", "de": "German", "fr": "French", "pt-BR": "Portuguese"}
CODES = ("en", *NAMES, "zh-Hans", "zt")


class FakeLibreTranslate:
    """The server, and what it was asked for."""

    def __init__(self) -> None:
        self.faults: deque[int | str] = deque()
        self.loses: set[str] = set()
        self.character_limit = 10**9
        self.batch_limit = 10**9
        self.key: str | None = None
        self.retry_after: str | None = None
        self.requests: list[dict[str, Any]] = []
        self.lists = 0
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Bound", (_Handler,), {"fake": self})
        )
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, body: dict[str, Any]) -> tuple[int, Any]:
        texts = body["q"]
        if self.key and body.get("api_key") != self.key:
            return 403, {"error": "Invalid API key"}
        if len(texts) > self.batch_limit:
            return 400, {
                "error": (
                    f"Invalid request: request ({len(texts)}) exceeds text limit"
                    f" ({self.batch_limit})"
                )
            }
        size = sum(map(len, texts))
        if size > self.character_limit:
            return 400, {
                "error": (
                    f"Invalid request: request ({size}) exceeds text limit ({self.character_limit})"
                )
            }
        if body["target"] not in CODES or body["source"] not in (*CODES, "auto"):
            return 400, {"error": f"{body['target']} is not supported"}
        assert body["format"] == "text"
        said = [translation(text, NAMES.get(body["target"], "Spanish")) for text in texts]
        for mark in self.loses:
            said = [text.replace(mark, "") for text in said]
        return 200, {"translatedText": said}


class _Handler(BaseHTTPRequestHandler):
    fake: FakeLibreTranslate

    def log_message(self, *args: object) -> None:
        """Silence."""

    def do_GET(self) -> None:
        if self.path != "/languages":
            self._answer(404, {"error": "Not found"})
            return
        self.fake.lists += 1
        others = {code: [other for other in CODES if other != code] for code in CODES}
        self._answer(
            200,
            [{"code": code, "name": code, "targets": targets} for code, targets in others.items()],
        )

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        fault = self.fake.faults.popleft() if self.fake.faults else None
        if isinstance(fault, int):
            self._answer(fault, {"error": "injected"})
            return
        if fault == "html":
            self._answer(200, "<html>hello</html>")
            return
        self.fake.requests.append(body)
        status, answer = self.fake.answer(body)
        if fault == "hang":
            self.fake.released.wait(30)
        elif fault == "short":
            answer["translatedText"].pop()
        self._answer(status, answer, cut=fault == "cut")

    def _answer(self, status: int, body: Any, *, cut: bool = False) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if self.fake.retry_after:
            self.send_header("Retry-After", self.fake.retry_after)
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if cut else data)
