"""A collector of spans: takes OTLP over HTTP (opentelemetry.io/docs/specs/otlp) and keeps what
comes.
"""

from __future__ import annotations

import gzip
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.servers.process import LOOPBACK


@dataclass(frozen=True)
class Span:
    """What a test wants to know of a span."""

    service: str
    name: str
    trace_id: str
    events: tuple[str, ...]
    job_id: str | None


class Collector:
    """Listens on loopback while the block runs; `spans` holds all that arrived, `bodies` the
    requests that it came in.
    """

    def __init__(self, port: int = 0) -> None:
        """`port`: 0: a free one."""
        self.spans: list[Span] = []
        self.bodies: list[bytes] = []
        self._server = ThreadingHTTPServer(
            (LOOPBACK, port), type("Bound", (_Handler,), {"collector": self})
        )
        self._server.daemon_threads = True
        self.url = f"http://{LOOPBACK}:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    collector: Collector

    def log_message(self, *args: object) -> None:
        """Silence."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.collector.bodies.append(body)
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            service = _value(resource.resource.attributes, "service.name") or ""
            for scope in resource.scope_spans:
                for span in scope.spans:
                    events = tuple(event.name for event in span.events)
                    job_id = _value(span.attributes, "dragoman.job_id")
                    self.collector.spans.append(
                        Span(service, span.name, span.trace_id.hex(), events, job_id)
                    )
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _value(attributes: object, name: str) -> str | None:
    return next((one.value.string_value for one in attributes if one.key == name), None)  # type: ignore[attr-defined]
