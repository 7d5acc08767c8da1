"""The commands that run one process each (what compose runs), and `up`, which runs them all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Where everything is kept.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (up, worker, notifier, sweeper, beat, smtp, web, slack, flower, health):
        app.command()(command)


def up(data: DataDir = None) -> None:
    """Run everything on this machine; Ctrl-C stops all of it cleanly."""
    from dragoman.settings import Settings
    from dragoman.supervisor import up as run_all

    run_all(Settings.from_env(**({"data_dir": data} if data else {})))


def worker() -> None:
    """Run the worker: extract, translate, customise tone, reconstruct."""
    from dragoman.settings import Settings
    from pipeline.worker import run

    run(Settings.from_env())


def notifier() -> None:
    """Run the notifier: it sends the answers."""
    from dragoman.settings import Settings
    from notifier.worker import run

    run(Settings.from_env())


def sweeper() -> None:
    """Run the sweeper: it starts the work that is due and was forgotten."""
    from dragoman.settings import Settings
    from pipeline.sweeper import run

    run(Settings.from_env())


def beat() -> None:
    """Run Beat: it starts the regular maintenance."""
    from dragoman.settings import Settings
    from pipeline.schedule import run

    run(Settings.from_env())


def smtp() -> None:
    """Run the mail server that receives documents (SMTP, and LMTP if it is set)."""
    from dragoman.settings import Settings
    from ingress.email.server import run

    run(Settings.from_env())


def web() -> None:
    """Run the web server: pages, API and metrics."""
    from dragoman.settings import Settings
    from ingress.web.app import run

    settings = Settings.from_env()
    if settings.slack_mode == "http" and settings.slack_on:
        from ingress.slack.process import receiver

        run(settings, foreign={"/slack/events": receiver})
    else:
        run(settings)


def slack() -> None:
    """Run the connection to Slack (Socket Mode)."""
    from dragoman.settings import Settings
    from ingress.slack.process import run

    run(Settings.from_env())


def flower() -> None:
    """Run Flower, a page on which an admin can watch the tasks."""
    from dragoman.flower import run
    from dragoman.settings import Settings

    run(Settings.from_env())


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
