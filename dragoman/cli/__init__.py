"""The command line."""

from __future__ import annotations

import typer

from dragoman.cli.translate import translate

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Documents in another language, with their layout kept."
)
app.command()(translate)


@app.callback()
def _commands() -> None:
    """Keep `translate` a command of its own name while it is the only one."""


def main() -> None:
    """The console script."""
    app()
