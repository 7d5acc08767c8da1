"""`dragoman audit`: who did what, when and from where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from dragoman.domain.actors import Action

DataDir = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder of `dragoman up`.")
]
Who = Annotated[
    str | None,
    typer.Option(
        metavar="WHO", help="Only what this one did: an address, slack:TEAM:USER, web:NAME, a user."
    ),
]
Owner = Annotated[
    str | None, typer.Option(metavar="OWNER", help="Only what was done to this sender's documents.")
]
Job = Annotated[
    str | None,
    typer.Option("--job", metavar="ID", help="Only this job; its first characters will do."),
]
Channel = Annotated[
    str | None, typer.Option(metavar="CHANNEL", help="email, slack, web, command or system.")
]
Since = Annotated[
    str | None, typer.Option(metavar="WHEN", help="Only since then: 45m, 2h, 3d, or a date (UTC).")
]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="How many at most, the newest first.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def register(root: typer.Typer) -> None:
    """Add the command to `root`."""
    root.command("audit")(audit)


def audit(
    *,
    action: Annotated[Action | None, typer.Option(help="Only this.")] = None,
    who: Who = None,
    owner: Owner = None,
    job: Job = None,
    channel: Channel = None,
    since: Since = None,
    limit: Limit = 50,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Who sent, approved, downloaded, retried, cancelled and deleted documents, the newest
    first; never what is in them.
    """
    from dragoman.db import clock
    from dragoman.db.queries import short_ids
    from dragoman.db.records import audit as trail
    from dragoman.domain import moments
    from ops.cli.data import opened

    with opened(data) as found, found.database.read() as connection:
        earliest = moments.since(since, clock.now(connection)) if since is not None else None
        job_id = short_ids.job_id(connection, job) if job is not None else None
        wanted = trail.Wanted(action, who, owner, job_id, channel, earliest, limit)
        rows = trail.listed(connection, wanted)
    entries = [{**row, "at": moments.iso(row["at"])} for row in rows]
    if as_json:
        typer.echo(json.dumps({"entries": entries}, ensure_ascii=False))
        return
    for entry in entries:
        typer.echo(_line(entry))
    if not entries:
        typer.echo("Nothing of that kind is on record.")


def _line(entry: dict[str, Any]) -> str:
    where = f" from {entry['address']}" if entry["address"] else ""
    whose = f", of {entry['owner']}" if entry["owner"] != entry["who"] else ""
    by = entry["who"] or "nobody in person"
    return (
        f"{entry['at']}  {entry['action']:<10}  {entry['job_id']}  by {by}"
        f" ({entry['channel']}){where}{whose}"
    )
