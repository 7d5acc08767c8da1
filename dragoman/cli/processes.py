"""The commands that run one process each (what compose runs), and `up`, which runs them all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dragoman.misspelt import Stranger
    from dragoman.settings import Settings

DataDir = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Where everything is kept.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (up, worker, notifier, sweeper, beat, smtp, web, slack, flower, health):
        app.command()(command)


def up(data: DataDir = None) -> None:
    """Run everything on this machine; Ctrl-C stops all of it cleanly."""
    from dragoman.settings import Settings
    from dragoman.supervisor import up as run_all

    settings = _told(Settings.from_env(**({"data_dir": data} if data else {})))
    _look_at_env_file()
    run_all(settings)


def worker() -> None:
    """Run the worker: extract, translate, customise tone, reconstruct."""
    from dragoman import admission
    from pipeline.worker import run

    settings = _starting("worker")
    admission.check(settings)  # it forks: no thread may look on
    run(settings)


def notifier() -> None:
    """Run the notifier: it sends the answers."""
    from dragoman import admission
    from notifier.worker import run

    settings = _starting("notifier")
    admission.keep_checking(settings)
    run(settings)


def sweeper() -> None:
    """Run the sweeper: it starts the work that is due and was forgotten."""
    from dragoman import admission
    from pipeline.sweeper import run

    settings = _starting("sweeper")
    admission.keep_checking(settings)
    run(settings)


def beat() -> None:
    """Run Beat: it starts the regular maintenance."""
    from pipeline.schedule import run

    run(_starting("beat"))


def smtp() -> None:
    """Run the mail server that receives documents (SMTP, and LMTP if it is set)."""
    from dragoman import admission
    from ingress.email.server import run

    settings = _starting("smtp")
    admission.keep_checking(settings)
    run(settings)


def web() -> None:
    """Run the web server: pages, API and metrics."""
    from dragoman import admission
    from ingress.web.app import run

    settings = _starting("web")
    admission.keep_checking(settings)
    if settings.slack_mode == "http" and settings.slack_on:
        from ingress.slack.receiver import receiver

        run(settings, foreign={"/slack/events": receiver})
    else:
        run(settings)


def slack() -> None:
    """Run the connection to Slack (Socket Mode)."""
    from dragoman import admission
    from ingress.slack.process import run

    settings = _starting("slack")
    admission.keep_checking(settings)
    run(settings)


def flower() -> None:
    """Run Flower, a page on which an admin can watch the tasks."""
    from dragoman.flower import run

    run(_starting("flower"))


def health(
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="worker, notifier, sweeper, beat, smtp, web, slack or flower")
    ],
    data: DataDir = None,
) -> None:
    """Check that a service on this host is running and answers; exit 1 if it does not."""
    from dragoman.cli.data import settings_of
    from dragoman.health import check

    typer.echo(check(settings_of(data), service))


def _starting(process: str) -> Settings:
    """The settings of a process that compose runs, with its own secrets alone. Raises SettingsInvalid."""
    from dragoman.settings import Settings

    return _told(Settings.for_process(process))


def _told(settings: Settings) -> Settings:
    """The settings, after a line in the log for each `DRAGOMAN_` name that means nothing."""
    from dragoman import misspelt, telemetry

    telemetry.configure_logs(settings.log_format)
    _warn_of(misspelt.strangers(os.environ))
    return settings


def _look_at_env_file() -> None:
    """Say what is wrong with a `.env` here, and that Compose alone takes its values."""
    import structlog

    from dragoman import misspelt

    here = Path.cwd()
    _warn_of(misspelt.strangers(misspelt.names_in(here / misspelt.ENV_FILE), misspelt.ENV_FILE))
    if names := misspelt.unread(os.environ, here):
        hint = "`docker compose` reads the .env here, `dragoman up` does not. To use it: set -a; . ./.env; set +a"
        structlog.get_logger(__name__).warning("env_file_not_read", names=names, hint=hint)


def _warn_of(strangers: Sequence[Stranger]) -> None:
    import structlog

    log = structlog.get_logger(__name__)
    for one in strangers:
        log.warning("setting_not_known", name=one.name, meant=one.meant, hint=str(one))
