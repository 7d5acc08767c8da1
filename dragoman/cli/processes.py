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
    """Run all of it on this machine; Ctrl-C stops all, cleanly."""
    from dragoman.settings import Settings
    from dragoman.supervisor import up as run_all

    run_all(Settings.from_env(**({"data_dir": data} if data else {})))


def worker() -> None:
    """Run the worker: extract, translate, customise tone, reconstruct."""
    from dragoman import admission
    from dragoman.settings import Settings
    from pipeline.worker import run

    settings = Settings.from_env()
    admission.check(settings)  # it forks: no thread may look on
    run(settings)


def notifier() -> None:
    """Run the notifier: it sends the answers."""
    from dragoman import admission
    from dragoman.settings import Settings
    from notifier.worker import run

    settings = Settings.from_env()
    admission.keep_checking(settings)
    run(settings)


def sweeper() -> None:
    """Run the sweeper: it rings for what was forgotten."""
    from dragoman import admission
    from dragoman.settings import Settings
    from pipeline.sweeper import run

    settings = Settings.from_env()
    admission.keep_checking(settings)
    run(settings)


def beat() -> None:
    """Run Beat: the periodic chores."""
    from dragoman.settings import Settings
    from pipeline.schedule import run

    run(Settings.from_env())


def smtp() -> None:
    """Run the door for mail."""
    from dragoman import admission
    from dragoman.settings import Settings
    from ingress.email.server import run

    settings = Settings.from_env()
    admission.keep_checking(settings)
    run(settings)


def web() -> None:
    """Run the door for HTTP."""
    from dragoman import admission
    from dragoman.settings import Settings
    from ingress.web.app import run

    settings = Settings.from_env()
    admission.keep_checking(settings)
    if settings.slack_mode == "http" and settings.slack_on:
        from ingress.slack.process import receiver

        run(settings, foreign={"/slack/events": receiver})
    else:
        run(settings)


def slack() -> None:
    """Run the door for Slack, by Socket Mode."""
    from dragoman import admission
    from dragoman.settings import Settings
    from ingress.slack.process import run

    settings = Settings.from_env()
    admission.keep_checking(settings)
    run(settings)


def flower() -> None:
    """Run Flower, where an admin watches the tasks."""
    from dragoman.flower import run
    from dragoman.settings import Settings

    run(Settings.from_env())


def health(
    service: Annotated[
        str, typer.Argument(metavar="SERVICE", help="worker, notifier, sweeper, beat, smtp, web, slack or flower")
    ],
    data: DataDir = None,
) -> None:
    """Say whether a service of this host is alive and answers; exit 1 if not."""
    from dragoman.cli.data import settings_of
    from dragoman.health import check

    typer.echo(check(settings_of(data), service))
