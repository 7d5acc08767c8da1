"""Logs and traces, configured once per process by its entry point; libraries and modules only use
them.

Logs are structlog events on stderr: text on a terminal, else JSON, with the id of the trace. Spans
go to the OTLP endpoint of the standard `OTEL_*` variables; without one nothing is exported. No
document text, no address, no token is ever logged.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from opentelemetry import context, trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from dragoman import __version__

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
NOISY = (
    "amqp",
    "kombu",
    "celery.app.trace",  # one line a task, beside our own of each stage
    "celery.worker.strategy",
    "botocore",
    "boto3",
    "urllib3",
    "s3transfer",
    "deepl",
    "mail.log",
    "fontTools",
    "asyncio",
    "alembic.runtime",
)
TALKATIVE = (
    "celery.worker.consumer",
    "celery.worker.pidbox",
    "celery.beat",
    "kombu",
    "flower",
)  # while the broker is away
# The defaults show local variables, and those hold documents' texts, addresses and tokens.
TRACEBACKS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
_propagator = TraceContextTextMapPropagator()


def configure_logs(log_format: str = "auto", level: int = logging.INFO) -> None:
    """Send all logs of this process, those of libraries included, to stderr in one form:
    `json`, `text` or `auto`.
    """
    as_text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    last: list[Any] = (
        [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
        if as_text
        else [
            structlog.processors.ExceptionRenderer(TRACEBACKS),
            structlog.processors.JSONRenderer(),
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    handler.addFilter(Repeats())
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)
    logging.captureWarnings(True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


class Repeats(logging.Filter):
    """Lets a library say the same thing once in `every_s` seconds: Celery tells of a broker that is
    away at each try, every 3 s from each part.

    The same: of one logger and with one template, whatever is put into it. Our own events are never
    left out.
    """

    def __init__(self, every_s: float = 60.0, now: Callable[[], float] = time.monotonic) -> None:
        """`now`: seconds, from any start."""
        super().__init__()
        self._every_s, self._now = every_s, now
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is told."""
        if not record.name.startswith(TALKATIVE) or not isinstance(record.msg, str):
            return True
        key, now = (record.name, record.msg), self._now()
        if now - self._said.get(key, float("-inf")) < self._every_s:
            return False
        self._said[key] = now
        return True


def configure_traces(service: str) -> bool:
    """Export spans of this process as `service`, where an OTLP endpoint is set (whether one is);
    doorbells carry their trace along.

    In a forked child: after the fork.
    """
    if not any(os.environ.get(name) for name in ENDPOINTS):
        return False
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.celery import CeleryInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": service, "service.version": __version__})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    CeleryInstrumentor().instrument()  # type: ignore[no-untyped-call]
    return True


class Flush:
    """One flush at a time, waited for a moment only: a collector that is away must not hold up the
    work.

    The SDK ignores the time-out of its `force_flush` (seen in 1.45): without a collector each task
    ended 7 s later.
    """

    WAIT_S = 0.5

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def __call__(self, flush: Callable[[], object]) -> None:
        """Run `flush`; it goes on in the background where it takes longer, and is not begun
        again meanwhile.
        """
        if self._thread is not None and self._thread.is_alive():
            return
        self._thread = threading.Thread(target=flush, name="flush", daemon=True)
        self._thread.start()
        self._thread.join(self.WAIT_S)


_flush = Flush()


def flush_traces() -> None:
    """Send the spans that wait; a pool child may be gone a moment later."""
    force = getattr(trace.get_tracer_provider(), "force_flush", None)
    if force is not None:
        _flush(force)


def tracer() -> trace.Tracer:
    """The program's tracer; spans of it cost nothing where none are exported."""
    return trace.get_tracer("dragoman", __version__)


def traceparent() -> str | None:
    """The present span as a W3C `traceparent`, to be kept in a row; None outside a recorded
    span.
    """
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")


def any_traceparent() -> str:
    """As `traceparent`, made up where nothing is recorded: a row's lines in the logs then share
    a trace id all the same.
    """
    # W3C Trace Context 3.2
    return traceparent() or f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


@contextmanager
def in_trace(parent: str | None, name: str) -> Iterator[None]:
    """The block belongs to the trace that a row kept, whoever rang: in another trace, a span
    `name` that links to that one is begun.
    """
    here = trace.get_current_span().get_span_context()
    if parent is None or f"{here.trace_id:032x}" == parent.split("-")[1]:
        yield
        return
    links = [trace.Link(here)] if here.is_valid else []
    with joined(parent), tracer().start_as_current_span(name, links=links):
        yield


@contextmanager
def joined(parent: str | None) -> Iterator[None]:
    """Spans begun in the block belong to the trace that a row kept; nothing happens for None."""
    if parent is None:
        yield
        return
    token = context.attach(_propagator.extract({"traceparent": parent}))
    try:
        yield
    finally:
        context.detach(token)


def bind(**values: Any) -> None:
    """Log `values` with every line of this context from now on."""
    structlog.contextvars.bind_contextvars(**values)


def unbind_all() -> None:
    """Forget what `bind` bound."""
    structlog.contextvars.clear_contextvars()


def hashed(address: str) -> str:
    """A short stand-in for an address in a log line: the same for the same address."""
    return hashlib.sha256(address.strip().casefold().encode()).hexdigest()[:10]


def _add_trace(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event["trace_id"] = f"{span.trace_id:032x}"
    return event
