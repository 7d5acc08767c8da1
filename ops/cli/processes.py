"""The commands that run one process each (what compose runs), and `up` and
`demo`, which run them all.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman.domain.specs.channel_specs import Process, processes
from dragoman.domain.specs.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dragoman.settings import Settings
    from dragoman.settings.unknown_names import Stranger

DataDir = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Where everything is kept.")
]


def demo() -> None:
    """Start everything, send it a sample PDF by email, show the answer, and stop again."""
    from ops.demo import run

    run(typer.echo)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (up, worker, notifier, sweeper, beat):
        app.command()(command)
    for process in processes():
        app.command(process.name, help=process.about)(_runs(process))
    app.command()(flower)
    app.command()(health)


def _runs(process: Process) -> Callable[[], None]:
    """The command that runs a channel's process."""

    def command() -> None:
        from dragoman.app.store import admission

        settings = _starting(process.name)
        run = load(process.run)
        admission.keep_checking(settings)
        run(settings)

    return command


def up(data: DataDir = None) -> None:
    """Run everything on this machine; Ctrl-C stops all of it cleanly."""
    from dragoman.settings import Settings
    from ops.up.supervisor import up as run_all

    settings = _told(Settings.from_env(**({"data_dir": data} if data else {})))
    _look_at_env_file()
    run_all(settings)


def worker() -> None:
    """Run the worker: extract, translate, customise tone, reconstruct."""
    from dragoman.app.store import admission
    from pipeline.worker.process import run

    settings = _starting("worker")
    admission.check(settings)  # it forks: no thread may look on
    run(settings)


def notifier() -> None:
    """Run the notifier: it sends the answers."""
    from dragoman.app.store import admission
    from notifier.worker import run

    settings = _starting("notifier")
    admission.keep_checking(settings)
    run(settings)


def sweeper() -> None:
    """Run the sweeper: it starts the work that is due and was forgotten."""
    from dragoman.app.store import admission
    from pipeline.worker.sweeper import run

    settings = _starting("sweeper")
    admission.keep_checking(settings)
    run(settings)


def beat() -> None:
    """Run Beat: it starts the regular maintenance."""
    from pipeline.worker.schedule import run

    run(_starting("beat"))


def flower() -> None:
    """Run Flower, a page on which an admin can watch the tasks."""
    from ops.flower import run

    run(_starting("flower"))


def health(
    service: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE",
            help=(
                f"worker, notifier, sweeper, beat, {', '.join(one.name for one in processes())} or"
                " flower"
            ),
        ),
    ],
    data: DataDir = None,
) -> None:
    """Check that a service on this host is running and answers; exit 1 if it does not."""
    from ops.cli.data import settings_of
    from ops.health import check

    typer.echo(check(settings_of(data), service))


def _starting(process: str) -> Settings:
    """The settings of a process that compose runs, with its own secrets alone.

    Raises SettingsInvalid.
    """
    from dragoman.settings import Settings

    return _told(Settings.for_process(process))


def _told(settings: Settings) -> Settings:
    """The settings, after a line in the log for each `DRAGOMAN_` name that means nothing."""
    from dragoman import telemetry
    from dragoman.settings import unknown_names

    telemetry.configure_logs(settings.log_format)
    _warn_of(unknown_names.strangers(os.environ))
    return settings


def _look_at_env_file() -> None:
    """Say what is wrong with a `.env` here, and that Compose alone takes its values."""
    import structlog

    from dragoman.settings import unknown_names

    here = Path.cwd()
    _warn_of(
        unknown_names.strangers(
            unknown_names.names_in(here / unknown_names.ENV_FILE), unknown_names.ENV_FILE
        )
    )
    if names := unknown_names.unread(os.environ, here):
        hint = (
            "`docker compose` reads the .env here, `dragoman up` does not. To use it: set -a; ."
            " ./.env; set +a"
        )
        structlog.get_logger(__name__).warning("env_file_not_read", names=names, hint=hint)


def _warn_of(strangers: Sequence[Stranger]) -> None:
    import structlog

    log = structlog.get_logger(__name__)
    for one in strangers:
        log.warning("setting_not_known", name=one.name, meant=one.meant, hint=str(one))
