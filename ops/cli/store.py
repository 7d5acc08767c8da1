"""The commands about the files in the store: whose they are, and which may go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder of `dragoman up`.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]

app = typer.Typer(no_args_is_help=True, help="Which database the file store belongs to.")


def register(root: typer.Typer) -> None:
    """Add the commands to `root`."""
    root.command("clean-up")(clean_up)
    root.add_typer(app, name="store")


@app.command()
def adopt(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make the file store this database's own, whichever it belonged to; deletes nothing."""
    from dragoman.app.store import marker
    from ops.cli.data import opened

    with opened(data) as found:
        counted = marker.census(found.database, found.store)
        if not yes:
            typer.echo(
                f"The store has {counted.files} files; this database knows"
                f" {counted.files - counted.strangers} of them. A Dragoman with another database on"
                " this store must not run any more: it would lose its files.",
                err=True,
            )
            typer.confirm("Take the store over?", abort=True, err=True)
        marker.take_over(found.database, found.store)
    if as_json:
        typer.echo(json.dumps({"files": counted.files, "strangers": counted.strangers}))
        return
    typer.echo(f"The store belongs to this database now: {counted.files} files.")
    if counted.strangers:
        typer.echo(
            f"{counted.strangers} of them belong to no document that it knows. They stay until"
            " `dragoman clean-up --orphans`."
        )


def clean_up(
    *,
    with_orphans: Annotated[
        bool,
        typer.Option(
            "--orphans",
            help="Also files that no document names and the hourly clean-up holds back.",
        ),
    ] = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Delete files that belong to no document, half an hour after they were first seen; a
    running Dragoman does this every hour.
    """
    from dragoman.app.store import orphans
    from ops.cli.data import opened

    with opened(data) as found:
        gone = orphans.delete_old(found.database, found.store, ordered=with_orphans)
        held, files = orphans.held_back(found.database)
        left = len(orphans.find(found.database, found.store).orphans)
    if as_json:
        typer.echo(
            json.dumps({"deleted": gone, "held_back": held, "orphans": left, "files": files})
        )
        return
    typer.echo(f"Deleted {gone} files that belong to no document.")
    if held:
        typer.echo(
            f"{held} of {files} files belong to no document that this database knows: is it the"
            " right one?"
        )
        typer.echo("If they can be deleted: `dragoman clean-up --orphans`.")
    elif left:
        typer.echo(
            f"{left} more may still be needed: they can be deleted half an hour after they were"
            " first seen."
        )
