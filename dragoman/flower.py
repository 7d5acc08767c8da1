"""Flower, bound to loopback unless the admin says otherwise, with the ids of jobs in its table."""

from __future__ import annotations

from dragoman import telemetry
from dragoman.queues import make_app
from dragoman.settings import Settings, host_port

COLUMNS = "name,uuid,args,state,received,started,runtime,worker"


def run(settings: Settings) -> None:
    """Serve Flower until SIGTERM or Ctrl-C. Raises SettingsInvalid without a broker."""
    telemetry.configure_logs(settings.log_format)
    make_app(settings).start(arguments(settings))


def arguments(settings: Settings) -> list[str]:
    """Flower's command line. Without FLOWER_AUTH it has no password: then it must stay on loopback."""
    host, port = host_port(settings.flower_listen)
    words = ["flower", f"--address={host}", f"--port={port}", f"--tasks_columns={COLUMNS}", "--logging=warning"]
    if settings.flower_auth:
        words.append(f"--basic-auth={settings.flower_auth.get_secret_value()}")
    return words
