"""The front end for Slack as a process of its own, by Socket Mode."""

from __future__ import annotations

import signal
import socket
import threading

import structlog
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from dragoman.adapters import queues
from dragoman.adapters.queues import BrokerDoorbell
from dragoman.adapters.storage import open_store
from dragoman.app.intake import Intake
from dragoman.app.processes.process_heartbeat import Pulse
from dragoman.channels.slack import slack_api
from dragoman.db.engine import Database
from dragoman.db.records import process_registry
from dragoman.errors import DatabaseUnavailable, DragomanError, OutboundUnavailable, SettingsInvalid
from dragoman.settings import Settings
from dragoman.telemetry import configure_logs, configure_traces
from ingress.slack.installations import Installations
from ingress.slack.listeners.app import make_app

log = structlog.get_logger(__name__)

LISTENERS = 10  # events that are kept at the same time
TELL_EVERY_S = 15.0  # `dragoman health slack` looks for a sign of the last minute
CONNECT_AGAIN_S = 5.0


def run(settings: Settings) -> None:
    """Take events by Socket Mode until SIGTERM or Ctrl-C.

    Raises SettingsInvalid where tokens are missing.
    """
    configure_logs(settings.log_format)
    configure_traces("dragoman-slack")
    if (
        settings.slack_mode != "socket"
        or settings.slack_app_token is None
        or settings.slack_bot_token is None
    ):
        message = (
            "`dragoman slack` needs DRAGOMAN_SLACK_BOT_TOKEN, DRAGOMAN_SLACK_APP_TOKEN and"
            " DRAGOMAN_SLACK_MODE=socket."
        )
        raise SettingsInvalid(
            message,
            advice="With DRAGOMAN_SLACK_MODE=http, the web process receives Slack's events.",
        )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    database, doorbell = Database(settings.database), BrokerDoorbell(queues.make_app(settings))
    intake = Intake(database, open_store(settings.storage), doorbell, settings)
    try:
        with Pulse(settings, "slack"):
            _serve(settings, intake, stop)
    finally:
        doorbell.close()
        database.close()
    log.info("slack_stopped")


def _serve(settings: Settings, intake: Intake, stop: threading.Event) -> None:
    handler = connect(settings, intake, stop)
    try:
        while handler and not stop.wait(TELL_EVERY_S):
            _tell(intake.database, connected=handler.client.is_connected())
    finally:
        if handler:
            handler.client.close()


def connect(settings: Settings, intake: Intake, stop: threading.Event) -> SocketModeHandler | None:
    """The handler with its connection, which it renews by itself; Slack is waited for.

    Raises what waiting does not mend.
    """
    installations = Installations(settings, intake.database)
    while not stop.is_set():
        try:
            own = installations.own()
            handler = _handler(settings, intake, installations)
            with slack_api.our_errors():
                handler.client.connect()
        except (OutboundUnavailable, DatabaseUnavailable) as error:
            log.warning("slack_unreachable", detail=error.detail)
            stop.wait(CONNECT_AGAIN_S)
        else:
            log.info("slack_connected", team=own["team"])
            _tell(intake.database, connected=True)
            return handler
    return None


def _handler(settings: Settings, intake: Intake, installations: Installations) -> SocketModeHandler:
    token = settings.slack_app_token.get_secret_value() if settings.slack_app_token else ""
    client = WebClient(token, base_url=settings.slack_api_url, timeout=slack_api.TIMEOUT_S)
    app = make_app(settings, intake, installations)
    return SocketModeHandler(app, token, web_client=client, concurrency=LISTENERS)


def _tell(database: Database, *, connected: bool) -> None:
    if not connected:
        log.warning("slack_not_connected")
        return
    try:
        with database.write() as connection:
            process_registry.beat(connection, f"slack@{socket.gethostname()}")
    except DragomanError as error:
        log.warning("slack_not_told", detail=error.detail)
