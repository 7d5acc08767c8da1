"""The commands about keeping the data: backup, restore, check, and the move to another database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragoman.errors import Conflict

if TYPE_CHECKING:
    from dragoman.app.backup.consistency import Fitting
    from dragoman.app.backup.manifest import Manifest
    from dragoman.app.backup.restore import Restored
    from dragoman.settings import Settings

DataDir = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder of `dragoman up`.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the backup.")]
SHOWN = 20  # lines of a kind; --json has all


def register(root: typer.Typer, db: typer.Typer) -> None:
    """Add the commands to `root`, and `copy` to the commands of the database."""
    for command in (backup, restore, check):
        root.command()(command)
    db.command()(copy)


def backup(folder: Folder, *, data: DataDir = None, as_json: AsJson = False) -> None:
    """Copy database and store to a new folder, while everything runs."""
    from dragoman import __version__
    from dragoman.app.backup.create import back_up
    from ops.cli.data import opened

    with opened(data) as found, _progress("Copying files", as_json) as tell:
        key = _fingerprint(found.settings)
        made = back_up(
            found.database, found.store, folder, version=__version__, secret_key=key, tell=tell
        )
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), **_summary(made)}))
        return
    typer.echo(
        f"{folder} holds {made.row_count} rows and {len(made.files)} files ({_size(made.size)}), of"
        f" {made.made_at}."
    )
    typer.echo("It is for your eyes only: documents and addresses are in it.")
    typer.echo(
        "Passwords and tokens in it are encrypted with DRAGOMAN_SECRET_KEY, which is not in it:"
        " keep the key in another place. With `dragoman up` it is in the file secret_key of the"
        " data folder."
    )
    if made.missing:
        typer.echo(
            f"{len(made.missing)} files are not in it, since the store does not have them: see"
            " `dragoman check`.",
            err=True,
        )


def restore(
    folder: Folder,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete the rows that are in the database now.")
    ] = False,
    take_over: Annotated[
        bool,
        typer.Option("--take-over", help="Also where the file store belongs to another database."),
    ] = False,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Put a backup in place of what is in the database and the store; the services have to be
    stopped.
    """
    from dragoman.adapters.storage import open_store
    from dragoman.app.backup.restore import Plan
    from dragoman.app.backup.restore import restore as put_back
    from dragoman.db.engine import Database
    from ops.cli.data import settings_of

    settings = settings_of(data)
    with ExitStack() as stack:
        stack.enter_context(_at_rest(settings))
        database = Database(settings.database)
        stack.callback(database.close)
        tell = stack.enter_context(_progress("Putting files back", as_json))
        done = put_back(
            database, open_store(settings.storage), folder, Plan(replace, take_over), tell
        )
    other_key = done.manifest.secret_key != _fingerprint(settings)
    if as_json:
        typer.echo(json.dumps(_as_dict(folder, done, other_key=other_key)))
    else:
        _tell_restored(done, other_key=other_key)


def check(*, data: DataDir = None, as_json: AsJson = False) -> None:
    """Look for what does not fit between database and store, and for what is stuck; exit 67 if
    there is any.
    """
    from dragoman.app.backup.consistency import look
    from dragoman.app.backup.errors import DoesNotFit
    from ops.cli.data import opened

    with opened(data) as found:
        seen = look(found.database, found.store)
    if as_json:
        typer.echo(
            json.dumps({"fits": seen.fits, **asdict(seen), "standing": seen.standing.name.lower()})
        )
    else:
        _tell_fitting(seen)
    if not seen.fits:
        raise DoesNotFit


def copy(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="As DRAGOMAN_DATABASE_URL: where the rows go.")
    ],
    *,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Copy all rows to another, empty database, of the same kind or the other; the services
    have to be stopped.
    """
    import tempfile

    from dragoman.app.backup.database_copy import move
    from dragoman.db.engine import Database
    from ops.cli.data import opened

    target_url = _checked_url(url)
    with opened(data) as found, _at_rest(found.settings), tempfile.TemporaryDirectory() as scratch:
        target = Database(target_url)
        try:
            copied = move(found.database, target, Path(scratch))
        finally:
            target.close()
    if as_json:
        typer.echo(json.dumps({"tables": [asdict(one) for one in copied]}))
        return
    for one in copied:
        typer.echo(f"{one.rows:9} {one.table}")
    typer.echo(f"{sum(one.rows for one in copied)} rows were copied, and read back the same.")
    typer.echo(
        "Set DRAGOMAN_DATABASE_URL to the new database before you start anything; the old one must"
        " not be used any more."
    )


def _checked_url(url: str) -> str:
    from dragoman.settings import Settings

    return Settings.from_env(database_url=url).database


@contextmanager
def _at_rest(settings: Settings) -> Iterator[None]:
    """No `dragoman up` can use the data folder meanwhile. Raises ServicesRunning."""
    from dragoman.app.backup.errors import ServicesRunning
    from ops.up import supervisor

    if not settings.data_dir.exists():
        yield
        return
    try:
        lock = supervisor.own(settings.data_dir)
    except Conflict as error:
        raise ServicesRunning(
            f"`dragoman up` is running with the data folder {settings.data_dir}."
        ) from error
    with lock:
        yield


def _fingerprint(settings: Settings) -> str | None:
    """Of the secret key that is set or kept in the data folder; None without one."""
    from pydantic import SecretStr

    from dragoman.adapters import encryption

    kept = settings.data_dir / "secret_key"
    if settings.secret_key is None and kept.exists():
        settings = settings.model_copy(update={"secret_key": SecretStr(kept.read_text().strip())})
    return None if settings.secret_key is None else encryption.fingerprint(settings, "backup")


def _summary(made: Manifest) -> dict[str, Any]:
    return {
        "made_at": made.made_at,
        "schema": made.schema,
        "rows": {name: table.rows for name, table in made.tables.items()},
        "files": len(made.files),
        "size": made.size,
        "missing": list(made.missing),
        "gone": list(made.gone),
    }


def _as_dict(folder: Path, done: Restored, *, other_key: bool) -> dict[str, Any]:
    return {
        "folder": str(folder),
        **_summary(done.manifest),
        "put": done.put,
        "there": done.there,
        "differing": list(done.differing),
        "absent": list(done.absent),
        "newer": [asdict(one) for one in done.newer],
        "may_go_out_twice": [asdict(one) for one in done.owed],
        "other_secret_key": other_key,
    }


def _tell_restored(done: Restored, *, other_key: bool) -> None:
    told = done.manifest
    typer.echo(f"{told.row_count} rows of {told.made_at} are in the database again.")
    typer.echo(
        f"{done.put} files were put into the store, {done.there} were there. Nothing was deleted"
        " from it."
    )
    _list(
        f"{len(done.owed)} answers had not been sent when the backup was made. They go out now:"
        " those that were sent since go out twice:",
        [
            f"{one.channel}, to {one.to}: {one.about or 'no subject'} ({one.owner})"
            for one in done.owed
        ],
    )
    emails = [one for one in done.newer if one.is_email]
    _list(
        f"{len(emails)} emails came in after the backup. They stay in the store and get no answer:"
        " please ask for them again:",
        [f"{one.sender}: {one.subject} ({one.date})" for one in emails],
    )
    others = [one.key for one in done.newer if not one.is_email]
    _list(
        f"{len(others)} other files in the store are named by no row of the backup. They stay:",
        others,
    )
    _list(
        f"{len(done.differing)} files in the store are not as they were. The store's own stay:",
        list(done.differing),
    )
    _list(
        f"{len(done.absent)} files that rows name are neither in the backup nor in the store:",
        list(done.absent),
    )
    if other_key:
        typer.echo(
            "DRAGOMAN_SECRET_KEY is not the one of the backup: passwords and tokens in it cannot be"
            " read, and links that were sent are dead.",
            err=True,
        )
    typer.echo(
        "The store belongs to this database now. Start the services, then look at `dragoman check`."
    )


def _tell_fitting(seen: Fitting) -> None:
    words = {
        "OURS": "The store belongs to this database",
        "UNMARKED": "The store belongs to no database yet",
        "OUTDATED": "The store was marked by another copy of this database",
        "FOREIGN": "The store belongs to another database",
    }
    marked = "no marker" if seen.marked is None else f"marker {seen.marked}"
    typer.echo(
        f"{words.get(seen.standing.name, seen.standing.name)} ({marked}, the database knows"
        f" {seen.generation})."
    )
    typer.echo(f"{seen.files} files in the store.")
    _list(
        f"{len(seen.missing)} files are missing:",
        [f"{one.key} of {one.table} {one.row_id}" for one in seen.missing],
    )
    _list(
        f"{len(seen.stuck)} rows are stuck:",
        [f"{one.table} {one.row_id} {one.why}" for one in seen.stuck],
    )
    _list(
        f"{len(seen.left_over)} files are no longer needed; clean-up deletes them:",
        list(seen.left_over),
    )
    _list(
        f"{len(seen.strangers)} files are of no document that the database knows:",
        list(seen.strangers),
    )
    if seen.fits:
        typer.echo("Database and store fit.")


def _list(title: str, lines: list[str]) -> None:
    """The title and the first lines below it; nothing where there are none."""
    if not lines:
        return
    typer.echo(title)
    for line in lines[:SHOWN]:
        typer.echo(f"  {line}")
    if len(lines) > SHOWN:
        typer.echo(f"  and {len(lines) - SHOWN} more: --json lists them.")


def _size(count: int) -> str:
    from dragoman.adapters import templating

    return templating.size(count)


@contextmanager
def _progress(words: str, as_json: bool) -> Iterator[Any]:
    """What is called with how many are done, of how many; shown on a terminal only."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=as_json or not console.is_terminal
    ) as shown:
        task = shown.add_task(words)
        yield lambda done, total: shown.update(task, completed=done, total=total)
