"""The web application, and the process that serves it."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from dragoman import __version__
from dragoman.adapters import connection_limits, listen_addresses, queues
from dragoman.adapters.probe import speaks
from dragoman.adapters.queues import BrokerDoorbell
from dragoman.adapters.signed_links import Links
from dragoman.adapters.storage import open_store
from dragoman.app.intake import Intake
from dragoman.app.processes.process_heartbeat import Pulse
from dragoman.db.engine import Database
from dragoman.settings import Settings, host_port
from dragoman.telemetry import configure_logs, configure_traces
from ingress.web.api import api_routes, dead_letters, health, server_info
from ingress.web.monitoring.broker import Broker, CeleryBroker, NoBroker
from ingress.web.pages import job_actions, page_routes, upload_form
from ingress.web.requests import foreign_calls, guard
from ingress.web.requests.context import Door
from ingress.web.responses import connections, html, problems
from ingress.web.responses.connections import Server
from ingress.web.responses.middleware import EarlyAnswers, RequestLog, SafeHeaders
from ingress.web.security.api_tokens import Callers

log = structlog.get_logger(__name__)

SERVICE = "dragoman-web"
# FastAPI's own spans would name paths, and paths hold tokens; an upload has a span of ours.
NO_SPANS: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
ASKED = b"GET /healthz HTTP/1.0\r\n\r\n"
GRACE_S = 5  # for requests under way when the process is told to end
DESCRIPTION = "Send a PDF, get it back in your language with its layout kept."


def make_app(
    settings: Settings,
    intake: Intake,
    broker: Broker | None = None,
    foreign: Mapping[str, foreign_calls.Make] | None = None,
) -> FastAPI:
    """The application on top of `intake`; `broker` is only asked how it is.

    Raises SettingsInvalid without a secret key.

    `foreign`: paths that another front end answers, with what makes its receiver.
    """
    app = FastAPI(
        title="Dragoman",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        telemetry=NO_SPANS,
        generate_unique_id_function=lambda route: route.name,
    )
    app.router.route_class = guard.GuardedRoute
    app.state.door = Door(
        settings, intake, Links(settings), Callers(settings.tokens), broker or NoBroker()
    )
    for router in (api_routes.router, dead_letters.router, server_info.router, health.router):
        app.include_router(router)
    for router in (page_routes.router, job_actions.router, upload_form.router):  # for people
        app.include_router(router)
    app.mount("/static", _Static(directory=html.STATIC), name="static")
    for path, make in (foreign or {}).items():
        foreign_calls.mount(app, path, make(settings, intake))
    problems.install(app)
    generate = app.openapi
    app.openapi = lambda: api_routes.described(generate())  # type: ignore[method-assign]
    # The last one added is the outermost.
    app.add_middleware(EarlyAnswers, limit=2 * settings.max_pdf_bytes)
    app.add_middleware(SafeHeaders)
    app.add_middleware(RequestLog)
    return app


def run(settings: Settings, foreign: Mapping[str, foreign_calls.Make] | None = None) -> None:
    """Serve on `WEB_LISTEN` (and `foreign`, as in `make_app`, None: what other channels have there)
    until SIGTERM or SIGINT; open event streams are ended then.

    Raises SettingsInvalid and CannotListen.
    """
    configure_logs(settings.log_format)
    configure_traces(SERVICE)
    connection_limits.share_memory()
    sockets = listen_addresses.bind(listen_addresses.web(settings))
    celery = queues.make_app(settings)
    database, doorbell = Database(settings.database), BrokerDoorbell(celery)
    intake = Intake(database, open_store(settings.storage), doorbell, settings)
    broker = CeleryBroker(celery)
    app = make_app(
        settings, intake, broker, foreign_calls.here(settings) if foreign is None else foreign
    )
    server = Server(config(app, settings.web_listen))
    # uvicorn raises the signal again after its own clean end: it is ours to end with 0 then.
    signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with (
            suppress(KeyboardInterrupt),
            Pulse(settings, "web", works=lambda: speaks(settings.web_listen, ASKED)),
        ):
            server.run(sockets)
    finally:
        broker.close()
        doorbell.close()
        database.close()
    log.info("web_stopped")


def config(app: FastAPI, listen: str, limits: connections.Limits | None = None) -> uvicorn.Config:
    """How the application is served.

    There is no access log of uvicorn's: it would hold the tokens of links.

    `proxy_headers` stays off, whatever the environment says: the address that a sign-in proxy is
    known by (`people`) has to be the connection's own, never one that a header tells. `limits`:
    None takes those of this process.
    """
    host, port = host_port(listen)
    limits = limits or connections.limits()
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        http=connections.protocol(limits),
        backlog=connection_limits.AT_ONCE,
        timeout_graceful_shutdown=GRACE_S,
        ws="none",
        lifespan="off",
    )


class _Static(StaticFiles):
    """Files that browsers may keep for a day; their addresses change with their content (`?v=`)."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response
