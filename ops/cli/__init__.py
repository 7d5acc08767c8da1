"""The command line.

Each command imports what it needs when it runs: the start is part of every command's time.
"""

from __future__ import annotations

import sys

import typer

from dragoman import __version__
from dragoman.errors import DragomanError
from ops.cli import admin, audit, backup, glossary, jobs, models, processes, store
from ops.cli.explain import explain as explain_page
from ops.cli.translate import translate
from ops.cli.understand import understand

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Translate documents and keep their layout.",
)
app.command()(processes.demo)
app.command()(translate)
app.command("explain")(explain_page)
# A text may begin with a dash: "- Italian".
app.command(context_settings={"ignore_unknown_options": True})(understand)
processes.register(app)
app.add_typer(jobs.app, name="jobs")
app.add_typer(models.app, name="models")
app.add_typer(glossary.app, name="glossary")
admin.register(app)
store.register(app)
audit.register(app)
backup.register(app, admin.db)


@app.callback(invoke_without_command=True)
def _root(
    *, version: bool = typer.Option(False, "--version", help="Show the version and exit.")
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """The console script: an error ends in its own words on stderr and its class's exit code."""
    try:
        app()
    except DragomanError as error:
        explain(error)
        sys.exit(error.exit_code)
    except OSError as error:
        told = _of_disk(error)
        if told is None:
            raise
        explain(told)
        sys.exit(told.exit_code)


def _of_disk(error: OSError) -> DragomanError | None:
    from dragoman.domain import os_errors

    return os_errors.of_disk(error)


def explain(error: DragomanError) -> None:
    """Say on stderr what happened and what to do."""
    for line in (
        f"Error: {error}",
        error.for_admin or error.advice,
        error.detail and f"({error.detail})",
    ):
        if line:
            typer.echo(line, err=True)
