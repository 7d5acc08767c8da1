"""The commands of the admin: what is wrong, a fresh `.env`, forgetting, and the schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman.domain.specs.channel_specs import channels
from dragoman.errors import UnsupportedOption

if TYPE_CHECKING:
    from dragoman.settings import Settings
    from ops.doctor import Finding
    from ops.models.pairs import Pair

DataDir = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder of `dragoman up`.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
EnvDir = Annotated[Path, typer.Option("--dir", metavar="DIR", help="Where docker-compose.yml is.")]
Models = Annotated[
    str | None,
    typer.Option("--models", metavar="PAIRS", help="For the local engine, such as en-pt,en-de."),
]
Sender = Annotated[
    str | None,
    typer.Option("--sender", metavar="ADDRESS", help="All jobs and emails of this address."),
]
Job = Annotated[
    str | None,
    typer.Option("--job", metavar="ID", help="One job, by its id or its first characters."),
]

db = typer.Typer(
    no_args_is_help=True, help="The database: its schema, and the move to another one."
)
MARKS = {"ok": "[green]ok  [/]", "warn": "[yellow]warn[/]", "fail": "[red]FAIL[/]"}


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (doctor, init, purge):
        app.command()(command)
    app.add_typer(db, name="db")


def doctor(
    *,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help=(
                "Also send a small page through the engine, email and Slack; costs about 200"
                " characters."
            ),
        ),
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="PART",
            help="With --live: try only engine, mail or slack; may be repeated.",
        ),
    ] = None,
    sender: Annotated[
        str | None,
        typer.Option(
            "--sender",
            metavar="ADDRESS",
            help="With --live: who sends the email and gets the answer.",
        ),
    ] = None,
    slack_channel: Annotated[
        str | None,
        typer.Option(
            "--slack-channel",
            metavar="ID",
            help="With --live: the channel to post in, such as C0123456789.",
        ),
    ] = None,
    within: Annotated[
        float,
        typer.Option(
            "--within", min=1, metavar="SECONDS", help="With --live: how long each part may take."
        ),
    ] = 180.0,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Check settings, connections, engines and services, and say what to do; exit 1 if a check
    fails.
    """
    from ops.doctor import Verdict, examine

    parts = _parts(only)
    findings, tried = [], []
    for finding in examine(data):
        findings.append(finding)
        if not as_json:
            _print(finding)
    report = ""
    if live and [one.verdict for one in findings if one.what == "settings"] != [Verdict.FAIL]:
        from ops.doctor.live import Plan, try_all
        from ops.doctor.report import written

        # it asks the engines and sends mail, as their processes do
        settings = _settings(data, with_all_secrets=True)
        if not as_json:
            typer.echo(
                "Live: this costs about 200 characters at an engine that charges; what it sends is"
                " deleted afterwards."
            )
        for finding in try_all(settings, Plan(parts, within, sender, slack_channel)):
            tried.append(finding)
            if not as_json:
                _print(finding)
        report = written(settings, findings, tried)
    healthy = all(finding.verdict is not Verdict.FAIL for finding in (*findings, *tried))
    if as_json:
        told = {"healthy": healthy, "findings": [f.as_dict() for f in (*findings, *tried)]}
        typer.echo(json.dumps({**told, "report": report} if live else told, ensure_ascii=False))
    elif report:
        typer.echo(
            "\nFor an issue, without names and addresses (please read it before you paste"
            f" it):\n\n{report}"
        )
    if not healthy:
        raise typer.Exit(1)


def _parts(only: list[str] | None) -> tuple[str, ...]:
    """What is tried live. Raises BadParameter for what cannot be."""
    possible = ("engine", *(one.live.what for one in channels() if one.live))
    for part in only or ():
        if part not in possible:
            raise typer.BadParameter(f"“{part}” cannot be tried. Possible: {', '.join(possible)}.")
    return tuple(part for part in possible if part in (only or possible))


def init(directory: EnvDir = Path(), *, models: Models = None) -> None:
    """Write a .env with fresh random secrets for Compose, and list what to fill in."""
    from ops.env_file import TO_FILL_IN, add_models, refuse_second, write

    refuse_second(directory)  # before anything is asked
    pairs = _pairs(models) if models is not None else _ask_for_pairs()
    path = write(directory, pairs)
    typer.echo(
        f"Wrote {path} with fresh secrets (only you can read it; keep a copy in a safe place)."
    )
    typer.echo("Please fill in there (each line has its explanation):")
    for name, _, why in TO_FILL_IN:
        typer.echo(f"  {name:28} {why[0]}")
    if pairs:
        typer.echo(f"Then the models for {', '.join(pair.spoken for pair in pairs)}, once:")
        typer.echo(f"  {add_models(pairs)}")
    typer.echo("Then: docker compose up --detach")


def _pairs(text: str) -> list[Pair]:
    """The pairs of a list such as `en-pt,en-de`, each once. Raises UnsupportedOption."""
    from ops.models import pairs

    return list(dict.fromkeys(pairs.parse(part) for part in text.split(",") if part.strip()))


def _ask_for_pairs() -> list[Pair]:
    """What somebody at a terminal wants translated; nothing is asked elsewhere."""
    import sys

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return []
    question = "Language pairs for translation on this machine (such as en-pt,pt-en; empty: none)"
    while True:
        try:
            return _pairs(typer.prompt(question, default="", show_default=False))
        except UnsupportedOption as error:
            typer.echo(f"{error} {error.advice}")


def purge(*, sender: Sender = None, job: Job = None, data: DataDir = None) -> None:
    """Delete the files, texts and addresses of one sender or one job, now."""
    from dragoman.adapters.translation_cache import Cache
    from dragoman.app import retention
    from dragoman.db.queries import short_ids
    from ops.cli.data import opened

    if (sender is None) == (job is None):
        raise typer.BadParameter("Please give either --sender ADDRESS or --job ID.")
    with opened(data) as found:
        cache, maildir = Cache(found.settings.broker_url), found.settings.maildir
        if sender is not None:
            gone = retention.jobs_of(found.database, sender)
            count = retention.purge_sender(found.database, found.store, sender, cache, maildir)
            for job_id in gone:
                retention.take_back(found.database, found.settings, job_id)
            typer.echo(f"Forgot {count} job{'' if count == 1 else 's'} of that sender.")
        elif job is not None:
            with found.database.read() as connection:
                job_id = short_ids.job_id(connection, job)
            retention.purge_job(found.database, found.store, job_id, cache, maildir)
            retention.take_back(found.database, found.settings, job_id)
            typer.echo(f"Forgot job {job_id}.")


@db.command()
def upgrade(*, data: DataDir = None) -> None:
    """Bring the schema up to date; several processes may run this at once."""
    from dragoman.db import schema
    from dragoman.db.engine import Database

    database = Database(_settings(data).database)
    try:
        schema.upgrade(database)
    finally:
        database.close()
    typer.echo("The database has the schema that this version needs.")


def _settings(data: Path | None, *, with_all_secrets: bool = False) -> Settings:
    from ops.cli.data import settings_of

    return settings_of(data, with_all_secrets=with_all_secrets)


def _print(finding: Finding) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    line = Text.from_markup(f"{MARKS[finding.verdict]} ")
    line.append(f"{finding.what:12} ").append(finding.said)
    console.print(line)
    if finding.todo:
        console.print(Text(" " * 18 + finding.todo))
