"""Flower, with the ids of jobs in its table.

It shows who works on what and can stop workers: it needs a password wherever more than this host
can reach it.
"""

from __future__ import annotations

from ipaddress import ip_address

from dragoman import telemetry
from dragoman.adapters import listen_addresses
from dragoman.adapters.queues import make_app
from dragoman.errors import SettingsInvalid
from dragoman.settings import Settings, host_port

COLUMNS = "name,uuid,args,state,received,started,runtime,worker"


def run(settings: Settings) -> None:
    """Serve Flower until SIGTERM or Ctrl-C.

    Raises SettingsInvalid without a broker, or open to others without a password, and CannotListen.
    """
    telemetry.configure_logs(settings.log_format)
    words = arguments(settings)
    app = make_app(settings)
    address = listen_addresses.flower(settings)
    listen_addresses.check(address)
    try:
        app.start(words)
    except (
        OSError
    ) as error:  # taken since: Flower binds by itself, and would end with its traceback
        if error.errno not in listen_addresses.CAUSES:
            raise
        raise listen_addresses.refusal(address, error) from error


def arguments(settings: Settings) -> list[str]:
    """Flower's command line. Raises SettingsInvalid as `check`."""
    check(settings)
    host, port = host_port(settings.flower_listen)
    words = [
        "flower",
        f"--address={host}",
        f"--port={port}",
        f"--tasks_columns={COLUMNS}",
        "--logging=warning",
    ]
    if settings.flower_auth:
        words.append(f"--basic-auth={settings.flower_auth.get_secret_value()}")
    return words


def check(settings: Settings) -> None:
    """Raise SettingsInvalid if Flower would listen to other hosts without a password."""
    host, _ = host_port(settings.flower_listen)
    if settings.flower_auth is None and not is_loopback(host):
        raise SettingsInvalid(
            f"DRAGOMAN_FLOWER_LISTEN={settings.flower_listen} opens Flower to other hosts without a"
            " password.",
            advice=(
                "Set DRAGOMAN_FLOWER_AUTH to NAME:PASSWORD (`dragoman init` makes one), or listen"
                " on 127.0.0.1."
            ),
        )


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is for programs of this host only; a name other than
    localhost counts as open.
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
