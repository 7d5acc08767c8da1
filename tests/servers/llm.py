"""An OpenAI-compatible server on loopback, with a "model" that writes words of the target language,
and all faults of real ones.

`FakeLLM()` as a context manager; `url` is its base URL. Faults are queued in `faults`, one for each
request: a status, or `"html"`, `"not_json"`, `"hang_up"`, `"cut"` (half of the stream), `"hang"`
(silence after the first words), `"stream_error"`, `"endless"`. `refuses`: parameters that it
answers with 400. `spoils`: text (as our XML) -> what becomes of its answer.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
import zlib
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from pipeline.engines.openai import tags
from tests.spoiling import Fault

KEY = "sk-test"
MODEL = "test-model"
WORDS = {
    "Spanish": (
        "casa perro camino siempre también porque donde cuando mucho nuestro trabajo ciudad tiempo"
        " mejor entre después"
    ),
    "German": (
        "Haus Hund Straße immer auch weil wo wenn viel unser Arbeit Stadt Zeit besser zwischen"
        " danach"
    ),
    "French": (
        "maison chien chemin toujours aussi parce où quand beaucoup notre travail ville temps"
        " meilleur entre après"
    ),
    "Portuguese": (
        "casa cachorro caminho sempre também porque onde quando muito nosso trabalho cidade tempo"
        " melhor entre depois"
    ),
}
_WORD = re.compile(r"(<[^<>]*>|&\w+;)|[A-Za-z][A-Za-z']*")
_BY_NAME = {name: words.split() for name, words in WORDS.items()}
_INTO = re.compile(r"into (\w+)")


def translation(text: str, language: str, shouts: re.Pattern[str] | None = None) -> str:
    """Words of the language, as many as the text has, each always the same; tags, figures and
    other scripts stay, and the words of `shouts` in capitals.
    """
    words = _BY_NAME[language]

    def word(match: re.Match[str]) -> str:
        if shouts and shouts.fullmatch(match.group()):
            return match.group().upper()
        return match.group(1) or words[zlib.crc32(match.group().lower().encode()) % len(words)]

    return _WORD.sub(word, text)


class FakeLLM:
    """The server, and what it was asked for."""

    def __init__(self) -> None:
        self.faults: deque[int | str] = deque()
        self.refuses: set[str] = set()
        self.spoils: dict[str, Fault] = {}
        # a text with these words in it makes the model refuse the whole request
        self.declines: str | None = None
        # a text with these words in it makes the model answer with nothing but `HACKED`
        self.obeys: str | None = None
        self.instead: str | None = None  # what the model writes, whatever it is asked
        self.streams = True
        self.before = ""  # what the model writes before its answer
        self.most_characters = 10**9  # of an answer; then it stops with `length`
        self.context = 10**9  # bytes of all messages that the model takes
        self.retry_after: str | None = None
        self.error: dict[str, Any] = {"error": {"message": "injected"}}
        # words that it leaves as names, in capitals
        self.shouts: re.Pattern[str] | None = None
        self.language: str | None = None  # that it answers in, whatever it is asked for
        self.latency_s = 0.0
        self.models: tuple[str, ...] | None = (MODEL,)
        self.requests: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.lock = threading.Lock()
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), type("Bound", (_Handler,), {"fake": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def message_bytes(self) -> int:
        """UTF-8 bytes of all messages so far."""
        return sum(
            len(one["content"].encode()) for body in self.requests for one in body["messages"]
        )

    def asked(self) -> list[list[str]]:
        """The texts of each request, as they were sent."""
        return [_texts(body)[0] for body in self.requests]

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        """Content, finish reason and refusal of the model."""
        texts, numbers = _texts(body)
        words = " ".join(texts)
        if self.declines and self.declines in words:
            return {"content": "", "refusal": "I can't help with that.", "finish": "stop"}
        language = self.language or str(_INTO.search(body["messages"][0]["content"])[1])  # type: ignore[index]
        pairs = [
            (number, self._said(text, language))
            for number, text in zip(numbers, texts, strict=True)
        ]
        content = self.before + (
            self.instead if self.instead is not None else _written(body, pairs)
        )
        if self.obeys and self.obeys in words:
            content = "HACKED"
        whole = len(content) <= self.most_characters
        return {"content": content[: self.most_characters], "finish": "stop" if whole else "length"}

    def _said(self, text: str, language: str) -> str | None:
        ours = tags.restored(text)
        fault = self.spoils.get(ours)
        said = translation(text, language, self.shouts)
        if fault is None:
            return said
        broken = fault(ours, tags.restored(said))
        return None if broken is None else tags.shortened(broken)


def _texts(body: dict[str, Any]) -> tuple[list[str], list[int]]:
    asked = body["messages"][-1]["content"]
    if len(body["messages"]) == 1:  # a template: one text after an empty line
        return [asked.split("\n\n", 1)[1]], [1]
    items = json.loads(asked)["t"]
    return [item["s"] for item in items], [item["i"] for item in items]


def _written(body: dict[str, Any], pairs: list[tuple[int, str | None]]) -> str:
    told = body["messages"][0]["content"]
    if len(body["messages"]) == 1:
        return pairs[0][1] or ""
    if "Answer with a line" in told:
        return "\n".join(f"{number}: {said}" for number, said in pairs if said is not None)
    items = [{"i": number, "s": said} for number, said in pairs if said is not None]
    return json.dumps({"t": items}, ensure_ascii=False)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    fake: FakeLLM
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Silence."""

    def do_GET(self) -> None:
        if self.path != "/v1/models" or self.fake.models is None:
            self._answer(404, "text/html", b"<html>not found</html>")
        elif self.headers.get("Authorization") != f"Bearer {KEY}":
            self._json(401, {"error": {"message": "Incorrect API key provided"}})
        else:
            self._json(
                200,
                {
                    "object": "list",
                    "data": [{"id": one, "object": "model"} for one in self.fake.models],
                },
            )

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fake = self.fake
        with fake.lock:
            fake.paths.append(self.path)
            fault = fake.faults.popleft() if fake.faults else None
        if self.path != "/v1/chat/completions":
            self._answer(404, "text/html", b"<html>not found</html>")
            return
        body = json.loads(raw)
        refused = self._refusal(body)
        if fault == "hang_up":
            self.close_connection = True
            self.connection.close()
        elif isinstance(fault, int):
            self._json(fault, fake.error)
        elif fault == "html":
            self._answer(200, "text/html; charset=utf-8", b"<!doctype html><title>Welcome</title>")
        elif fault == "not_json":
            self._answer(200, "application/json", b"{not json")
        elif refused:
            self._json(*refused)
        else:
            self._work(body, fault)

    def _refusal(self, body: dict[str, Any]) -> tuple[int, Any] | None:
        fake = self.fake
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            return 401, {
                "error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}
            }
        if body["model"] not in (MODEL, "translategemma-4b"):
            return 404, {
                "error": {
                    "message": f"The model `{body['model']}` does not exist",
                    "code": "model_not_found",
                }
            }
        form = (body.get("response_format") or {}).get("type")
        for name in fake.refuses:
            if name in body or name == form:
                return 400, {
                    "error": {"message": f"Unsupported parameter: '{name}'", "param": name}
                }
        if sum(len(one["content"].encode()) for one in body["messages"]) > fake.context:
            return 400, {
                "error": {
                    "message": "This model's maximum context length is 10",
                    "code": "context_length_exceeded",
                }
            }
        return None

    def _work(self, body: dict[str, Any], fault: str | None) -> None:
        fake = self.fake
        time.sleep(fake.latency_s)
        with fake.lock:
            fake.requests.append(body)
        reply = fake.reply(body)
        usage = {"prompt_tokens": sum(len(one["content"]) for one in body["messages"]) // 4}
        usage["completion_tokens"] = len(reply["content"]) // 4
        if not (body.get("stream") and fake.streams):
            message = {
                "role": "assistant",
                "content": reply["content"],
                "refusal": reply.get("refusal"),
            }
            choices = [{"index": 0, "message": message, "finish_reason": reply["finish"]}]
            self._json(200, {"choices": choices, "usage": usage})
            return
        self._stream(reply, usage if body.get("stream_options") else None, fault)

    def _stream(
        self, reply: dict[str, Any], usage: dict[str, int] | None, fault: str | None
    ) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in self._events(reply, usage, fault):
            self._chunk(f"{'' if event.startswith(':') else 'data: '}{event}\n\n".encode())
        if fault in ("cut", "hang"):
            self.close_connection = True
            if fault == "hang":
                self.fake.released.wait(30)
            self.connection.close()
            return
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _events(
        self, reply: dict[str, Any], usage: dict[str, int] | None, fault: str | None
    ) -> Iterator[str]:
        content = reply["content"]
        pieces = [content[at : at + 40] for at in range(0, len(content), 40)]
        if fault == "stream_error":
            yield json.dumps({"error": {"message": "overloaded", "type": "overloaded_error"}})
            return
        if fault == "endless":
            while not self.fake.released.is_set():
                yield _delta({"content": "and so on " * 50})
        yield ": keep-alive"
        for piece in pieces[: len(pieces) // 2] if fault in ("cut", "hang") else pieces:
            yield _delta({"content": piece})
        if fault in ("cut", "hang"):
            return
        yield _delta({"refusal": reply["refusal"]} if reply.get("refusal") else {}, reply["finish"])
        if usage:
            yield json.dumps({"choices": [], "usage": usage})

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _json(self, status: int, body: Any) -> None:
        self._answer(status, "application/json", json.dumps(body).encode())

    def _answer(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if self.fake.retry_after:
            self.send_header("Retry-After", self.fake.retry_after)
        self.end_headers()
        self.wfile.write(data)


def _delta(delta: dict[str, Any], finish: str | None = None) -> str:
    return json.dumps(
        {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}, ensure_ascii=False
    )
