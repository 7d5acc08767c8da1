"""A DeepL server on loopback, as faithful as the program needs: key check, limits, XML, languages,
billing, Write.

`FakeDeepL()` as a context manager; `url` is its address. It "translates" by capitalising words and
adding the target code, so that tests can tell. Faults are queued: `faults.append(429)` answers the
next request so; `"hang_up"` closes the connection; with `"cut"` and `"hang"` the work is done and
billed, but half of the answer gets out, or nothing for `hang_s` seconds and then the connection is
closed.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

KEY = "fake-key"
TARGETS = [
    "AR",
    "BG",
    "CS",
    "DA",
    "DE",
    "EL",
    "EN-GB",
    "EN-US",
    "ES",
    "FI",
    "FR",
    "HU",
    "IT",
    "JA",
    "KO",
    "NB",
    "NL",
    "PL",
    "PT-BR",
    "PT-PT",
    "RO",
    "RU",
    "SV",
    "TR",
    "UK",
    "ZH",
    "ZH-HANS",
    "ZH-HANT",
]
FORMAL = {"DE", "FR", "IT", "ES", "NL", "PL", "PT-BR", "PT-PT", "JA", "RU"}
NO_GLOSSARY = {"AR", "UK"}  # here: to see what happens without
NO_PLAIN_TARGET = {"EN", "PT"}
UNHEARD = ("cut", "hang")
MAX_TEXTS, MAX_BYTES = 50, 128 * 1024
TAG = re.compile(r"(<[^<>]*>|&\w+;)")


@dataclass(frozen=True)
class Glossary:
    """One that was made: what is `told` of it, and its entries."""

    told: dict[str, Any]
    entries: dict[str, str]


@dataclass(frozen=True)
class Paid:
    """Texts that were translated, for money.

    Times as `time.monotonic()` has them; `heard`: the whole answer went out.
    """

    texts: tuple[str, ...]
    asked_at: float
    told_at: float
    heard: bool


class FakeDeepL:
    """The server and what it was asked for."""

    def __init__(self, latency_s: float = 0.0, key: str = KEY) -> None:
        self.latency_s = latency_s
        self.key = key
        self.faults: deque[int | str] = deque()
        self.retry_after: str | None = None  # sent with each injected 429 and 503
        self.asked_at: list[float] = []  # time.monotonic() of each POST
        self.requests: list[dict[str, Any]] = []
        self.paid: list[Paid] = []
        self.hang_s = 5.0
        self.by_status: Counter[int] = Counter()
        self.characters_billed = 0
        self.character_limit = 500_000
        self.lists = 0
        self.has_v3 = True  # `/v3/languages`; before, a server has the deprecated lists
        self.glossaries: dict[str, Glossary] = {}
        self.glossaries_made = 0
        self.most_glossaries = 1000
        self.agents: set[str] = set()
        self.lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), type("Bound", (_Handler,), {"fake": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def translate(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if path.endswith("/v3/glossaries"):
            return self._make_glossary(body)
        if (asked := body.get("glossary_id")) and asked not in self.glossaries:
            return 404, {"message": "glossary not found"}
        texts = body.get("text") or []
        if path.endswith("/write/rephrase") and len(texts) <= MAX_TEXTS:
            return 200, {"improvements": [_improved(text, body) for text in texts]}
        if wrong := self._wrong(texts, body):
            return 400, {"message": wrong}
        target = str(body["target_lang"]).upper()
        entries = self.glossaries[asked].entries if asked else {}
        answers = [_translation(text, target, body, entries) for text in texts]
        self.characters_billed += sum(answer["billed_characters"] for answer in answers)
        return 200, {"translations": answers}

    @staticmethod
    def _wrong(texts: list[str], body: dict[str, Any]) -> str | None:
        """What DeepL would complain of; None: nothing."""
        if len(texts) > MAX_TEXTS:
            return "too many texts"
        target = str(body.get("target_lang", "")).upper()
        if target not in TARGETS or target in NO_PLAIN_TARGET:
            return "Value for 'target_lang' not supported."
        if body.get("tag_handling") == "xml" and not all(map(_well_formed, texts)):
            return "Tag handling parsing failed, please check input."
        return None

    def _make_glossary(self, body: dict[str, Any]) -> tuple[int, Any]:
        [dictionary] = body["dictionaries"]
        entries = dict(line.split("\t") for line in dictionary["entries"].splitlines())
        if self.most_glossaries <= len(self.glossaries):
            return 400, {"message": "too many glossaries"}
        self.glossaries_made += 1
        number = f"g{self.glossaries_made}"
        told = {
            "glossary_id": number,
            "name": body["name"],
            "creation_time": f"2026-11-30T10:00:{self.glossaries_made % 60:02}.000000Z",
            "dictionaries": [
                {
                    "source_lang": dictionary["source_lang"],
                    "target_lang": dictionary["target_lang"],
                    "entry_count": len(entries),
                }
            ],
        }
        self.glossaries[number] = Glossary(told, entries)
        return 201, told


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    fake: FakeDeepL
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Silence."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        asked = parse_qs(body or urlsplit(self.path).query)
        if not self._welcome():
            return
        if urlsplit(self.path).path.endswith("/usage"):
            billed, limit = self.fake.characters_billed, self.fake.character_limit
            self._answer(200, {"character_count": billed, "character_limit": limit})
            return
        self.fake.lists += 1
        path = urlsplit(self.path).path
        if path.endswith("/v3/glossaries"):
            self._answer(200, {"glossaries": [one.told for one in self.fake.glossaries.values()]})
            return
        if path.endswith("/v3/languages"):
            self._answer(*((200, _languages()) if self.fake.has_v3 else (404, {"message": "no"})))
            return
        if path.endswith("/glossary-language-pairs"):
            self._answer(404, {"message": "no"})
            return
        codes = (
            TARGETS if asked.get("type") == ["target"] else sorted({code[:2] for code in TARGETS})
        )
        self._answer(
            200,
            [
                {"language": code, "name": code, "supports_formality": code in FORMAL}
                for code in codes
            ],
        )

    def do_DELETE(self) -> None:
        if self._welcome():
            self.fake.glossaries.pop(self.path.rpartition("/")[2], None)
            self._answer(204, "")

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self._welcome():
            return
        asked_at = time.monotonic()
        with self.fake.lock:
            self.fake.asked_at.append(asked_at)
            fault = self.fake.faults.popleft() if self.fake.faults else None
        if fault == "hang_up":
            self.close_connection = True
            self.connection.close()
            return
        if isinstance(fault, int):
            self._answer(fault, {"message": "injected"})
        elif len(raw) > MAX_BYTES:
            self._answer(413, "<html>413 Request Entity Too Large</html>")
        elif isinstance(fault, str) and fault not in UNHEARD:
            self._answer(200, fault)
        else:
            self._work(json.loads(raw), asked_at, fault)

    def _work(self, body: dict[str, Any], asked_at: float, fault: str | None) -> None:
        time.sleep(self.fake.latency_s)
        with self.fake.lock:
            self.fake.requests.append(body)
            status, answer = self.fake.translate(urlsplit(self.path).path, body)
        heard = False
        try:
            if fault in UNHEARD:
                self._half_answer(answer, fault)
            else:
                self._answer(status, answer)
                heard = True
        finally:
            if status == 200:
                paid = Paid(tuple(body.get("text") or ()), asked_at, time.monotonic(), heard)
                with self.fake.lock:
                    self.fake.paid.append(paid)

    def _half_answer(self, answer: Any, fault: str | None) -> None:
        self.close_connection = True
        if fault == "hang":
            time.sleep(self.fake.hang_s)
            self.connection.close()
            return
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])

    def _welcome(self) -> bool:
        self.fake.agents.add(self.headers.get("User-Agent", ""))
        if self.headers.get("Authorization") == f"DeepL-Auth-Key {self.fake.key}":
            return True
        self._answer(403, {"message": "Forbidden"})
        return False

    def _answer(self, status: int, body: Any) -> None:
        self.fake.by_status[status] += 1
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if status in (429, 503) and self.fake.retry_after:
            self.send_header("Retry-After", self.fake.retry_after)
        self.end_headers()
        self.wfile.write(data)


def _languages() -> list[dict[str, Any]]:
    """As `/v3/languages` has them: codes in their own case, and what each may be used for."""
    plain = sorted({code[:2] for code in TARGETS})
    codes = [*plain, *(code for code in TARGETS if "-" in code)]
    return [
        {
            "lang": "-".join([code[:2].lower(), code[3:].title() if len(code) > 5 else code[3:]])
            if "-" in code
            else code.lower(),
            "name": code,
            "usable_as_source": "-" not in code,
            "usable_as_target": code in TARGETS,
            "features": {
                **({"formality": {}} if code in FORMAL else {}),
                **({"glossary": {}} if code[:2] not in NO_GLOSSARY else {}),
            },
        }
        for code in codes
    ]


def _translation(
    text: str, target: str, body: dict[str, Any], entries: Mapping[str, str] = {}
) -> dict[str, Any]:
    parts = TAG.split(text)
    translated = "".join(
        part if index % 2 else _worded(part, entries) for index, part in enumerate(parts)
    )
    billed = len("".join(parts[::2]))
    return {
        "detected_source_language": str(body.get("source_lang") or "EN").upper(),
        "text": f"{target.lower()}:{translated}" if "".join(parts[::2]).strip() else text,
        "billed_characters": billed,
    }


def _worded(text: str, entries: Mapping[str, str]) -> str:
    """In capitals, but for the terms of the glossary, which get the ending that theirs has."""
    if not entries:
        return text.upper()
    terms = "|".join(map(re.escape, sorted(entries, key=len, reverse=True)))
    pieces = re.split(rf"\b({terms})(s?)\b", text)
    return "".join(
        piece.upper() if at % 3 == 0 else entries[piece] if at % 3 == 1 else piece
        for at, piece in enumerate(pieces)
    )


def _improved(text: str, body: dict[str, Any]) -> dict[str, str]:
    style = body.get("writing_style", "")
    return {
        "text": f"{style}:{text}",
        "detected_source_language": "de",
        "target_language": str(body.get("target_lang")),
    }


def _well_formed(text: str) -> bool:
    try:
        ET.fromstring(f"<r>{text}</r>")
    except ET.ParseError:
        return False
    return True
