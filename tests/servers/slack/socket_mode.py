"""Deliveries over Socket Mode (docs.slack.dev/apis/events-api/using-socket-mode).

`apps.connections.open` gives a URL whose ticket opens one connection. Each connection begins with
`hello`; envelopes go to an app's connections in turn and have to be acknowledged, on whatever
connection, within the deadline.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from tests.servers.process import LOOPBACK
from tests.servers.slack.courier import Attempt, Delivery
from tests.servers.slack.model import App
from tests.servers.slack.world import World

MAX_CONNECTIONS = 10
TYPES = {"event": "events_api", "interactive": "interactive", "command": "slash_commands"}


@dataclass(eq=False)
class Connection:
    """A connection of an app. `leaving`: told to go, so that nothing new is sent to it."""

    id: str
    app: App
    wire: ServerConnection
    leaving: bool = False


@dataclass
class Awaited:
    """An envelope under way."""

    done: threading.Event = field(default_factory=threading.Event)
    answer: Any = None
    acked: bool = False
    connection: Connection | None = None


class SocketMode:
    """The transport of an app without a `request_url`, and its WebSocket server."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.connections: list[Connection] = []
        self.opened = 0
        self.stray_acks: list[str] = []
        self._tickets: dict[str, App] = {}
        self._awaited: dict[str, Awaited] = {}
        self._turn = 0
        self._server: Server = serve(
            self._serve,
            LOOPBACK,
            0,
            process_request=self._admit,
            ping_interval=None,
            close_timeout=0.2,
        )
        self.port = self._server.socket.getsockname()[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def open(self, app: App) -> str:
        """A URL that is good for one connection."""
        ticket = secrets.token_hex(16)
        self._tickets[ticket] = app
        return f"ws://{LOOPBACK}:{self.port}/link/?ticket={ticket}&app_id={app.id}"

    def of(self, app: App) -> list[Connection]:
        return [one for one in self.connections if one.app is app]

    def disconnect(
        self, connection: Connection, reason: str = "refresh_requested", close_after_s: float = 0.5
    ) -> None:
        """Ask the app to connect anew: `warning`, `refresh_requested` or `link_disabled`; then
        close the old one.
        """
        connection.leaving = True
        self._say(
            connection, {"type": "disconnect", "reason": reason, "debug_info": {"host": "wss-fake"}}
        )

        def close() -> None:
            time.sleep(close_after_s)
            connection.wire.close()

        threading.Thread(target=close, daemon=True).start()

    def cut(self, connection: Connection) -> None:
        """Break a connection off without a word."""
        connection.leaving = True
        with contextlib.suppress(OSError):
            connection.wire.socket.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        for connection in list(self.connections):
            self.cut(connection)
        for awaited in list(self._awaited.values()):
            awaited.done.set()
        self._server.shutdown()

    # ---------- sending

    def send(self, delivery: Delivery, attempt: Attempt, within_s: float) -> None:
        connection = self._next(delivery.app)
        if connection is None:
            attempt.reason = "connection_failed"
            return
        envelope_id, attempt.via = _uuid(), connection.id
        awaited = self._awaited[envelope_id] = Awaited(connection=connection)
        envelope = {
            "envelope_id": envelope_id,
            "payload": delivery.payload,
            "type": TYPES[delivery.kind],
            "accepts_response_payload": delivery.kind != "event",
        }
        if delivery.kind == "event":
            reason = delivery.attempts[attempt.number - 1].reason if attempt.number else ""
            envelope |= {"retry_attempt": attempt.number, "retry_reason": reason}
        sent = self._say(connection, envelope)
        awaited.done.wait(within_s if sent else 0)
        del self._awaited[envelope_id]
        attempt.answer = awaited.answer
        attempt.status = 200 if awaited.acked else None
        attempt.reason = None if awaited.acked else ("timeout" if sent else "connection_failed")

    def _next(self, app: App) -> Connection | None:
        """The app's connections take turns."""
        with self.world.lock:
            ready = [one for one in self.of(app) if not one.leaving]
            self._turn += 1
            return ready[self._turn % len(ready)] if ready else None

    def _say(self, connection: Connection, what: dict[str, Any]) -> bool:
        try:
            connection.wire.send(json.dumps(what))
        except (ConnectionClosed, OSError):
            return False
        return True

    # ---------- serving

    def _admit(self, wire: ServerConnection, request: Request) -> Response | None:
        ticket = parse_qs(urlsplit(request.path).query).get("ticket", [""])[0]
        app = self._tickets.pop(ticket, None)
        if app is None:
            return wire.respond(HTTPStatus.UNAUTHORIZED, "ticket unknown or used\n")
        if len(self.of(app)) >= MAX_CONNECTIONS:
            return wire.respond(HTTPStatus.TOO_MANY_REQUESTS, "too many connections\n")
        wire.app = app  # type: ignore[attr-defined]
        return None

    def _serve(self, wire: ServerConnection) -> None:
        connection = Connection(_uuid(), wire.app, wire)  # type: ignore[attr-defined]
        hello = {
            "type": "hello",
            "num_connections": len(self.of(connection.app)) + 1,
            "debug_info": {
                "host": "wss-fake",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": connection.app.id},
        }
        self._say(connection, hello)
        with self.world.changing():
            self.connections.append(connection)
            self.opened += 1
        try:
            for message in wire:
                self._hear(json.loads(message))
        except (ConnectionClosed, OSError, ValueError):
            pass
        with self.world.changing():
            self.connections.remove(connection)
        self._forget(connection)

    def _hear(self, message: dict[str, Any]) -> None:
        awaited = self._awaited.get(str(message.get("envelope_id")))
        if awaited is None:
            self.stray_acks.append(str(message.get("envelope_id")))
            return
        awaited.answer, awaited.acked = message.get("payload"), True
        awaited.done.set()

    def _forget(self, connection: Connection) -> None:
        """What went out on a broken connection and was not acknowledged has failed at once."""
        for awaited in list(self._awaited.values()):
            if awaited.connection is connection:
                awaited.done.set()


def _uuid() -> str:
    raw = secrets.token_hex(16)
    return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))
