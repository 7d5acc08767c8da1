"""`dragoman jobs`: what an admin sees of the jobs and does with them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from celery import Celery
    from rich.table import Column, Table

    from dragoman.domain.job import Status
    from dragoman.intake import Intake
    from dragoman.settings import Settings

UNCUT = 1000  # characters in a line
CODE_WIDTH = 21  # of an error class
ID_WIDTH = 32  # of an id: a UUID without dashes

app = typer.Typer(no_args_is_help=True, help="List, show, retry and cancel jobs; dead letters.")

DataDir = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The data folder of `dragoman up`.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
JobId = Annotated[str, typer.Argument(metavar="ID", help="The job's id.")]
Limit = Annotated[int, typer.Option(min=1, help="How many at most.")]


@app.command("list")
def list_(
    *,
    status: Annotated[str | None, typer.Option(metavar="STATUS", help="Only these, such as FAILED.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="OWNER", help="Only of this address, or web:NAME.")] = None,
    data: DataDir = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """The newest jobs."""
    from dragoman.db import jobs

    with _intake(data) as intake:
        with intake.database.read() as connection:
            rows = jobs.in_status(connection, _status(status), owner=owner, limit=limit)
        _show_jobs([_told(row) for row in rows], as_json)


@app.command()
def show(job_id: JobId, *, data: DataDir = None, as_json: AsJson = False) -> None:
    """Everything about one job."""
    from dragoman.db import jobs, outbox

    with _intake(data) as intake:
        row = intake.find(job_id)
        with intake.database.read() as connection:
            owners = {row["id"], jobs.answered_to(row)}  # a question is the job's own, the answer may be a mail's
            sent = [one for owner in owners for one in outbox.deliveries(connection, owner)]
    facts = {**_told(row), **{name: row[name] for name in SHOWN}}
    facts["deliveries"] = [_delivery(one) for one in sorted(sent, key=lambda one: one["created_at"])]
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name, value in facts.items():
        if name == "deliveries":
            for one in value:
                typer.echo(f"{'delivery':18} {_in_words(one)}")
        elif name == "warnings":
            for one in value:
                typer.echo(f"{'warning':18} {_remark(one)}")
        elif value not in (None, "", []):
            typer.echo(f"{name:18} {value}")


@app.command()
def retry(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Jobs, messages or deliveries.")] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    error: Annotated[str | None, typer.Option("--error", metavar="CODE", help="All that failed so.")] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin a job with its first stage.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="With --all or --error: how many at most.")] = 1000,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Try again what gave up; a job from its last good stage. Their doorbells ring at once."""
    if bool(ids) == (every or error is not None):
        raise typer.BadParameter("Name ids, or --all, or --error CODE.")
    with _intake(data) as intake:
        if ids:
            for row_id in ids:
                intake.retry(row_id, from_start=from_start)
            tried = ids
        else:
            tried = intake.retry_dead(error, limit, from_start=from_start)
        told = _told(intake.find(tried[0])) if len(tried) == 1 and intake.knows(tried[0]) else {}
    if as_json:
        typer.echo(json.dumps({**told, "retried": tried}, ensure_ascii=False))
        return
    for row_id in tried:
        typer.echo(f"{row_id} will be tried again.")
    if not tried:
        typer.echo("No dead letters of that kind.")


@app.command()
def approve(job_id: JobId, *, data: DataDir = None, as_json: AsJson = False) -> None:
    """Agree to the cost of a long document that waits for a yes; `show` has the estimate."""
    from dragoman.errors import Conflict

    with _intake(data) as intake:
        intake.find(job_id)
        if not intake.approve(job_id):
            raise Conflict("The job does not wait for a yes.")
        _done(intake.find(job_id), "goes on", as_json)


@app.command()
def cancel(job_id: JobId, *, data: DataDir = None, as_json: AsJson = False) -> None:
    """End a job; its sender is told."""
    with _intake(data) as intake:
        intake.find(job_id)
        ended = intake.cancel(job_id)
        _done(intake.find(job_id), "is cancelled" if ended else "had ended already", as_json)


@app.command()
def dead(
    *,
    error: Annotated[str | None, typer.Option("--error", metavar="CODE", help="Only those that failed so.")] = None,
    data: DataDir = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """The dead letters: jobs that gave up, messages that could not be opened, answers that could not be sent."""
    from dragoman.db import dead_letters

    with _intake(data) as intake, intake.database.read() as connection:
        letters = dead_letters.listed(connection, limit, error)
    if as_json:
        typer.echo(json.dumps({"dead": letters}, ensure_ascii=False))
        return
    from rich.table import Table

    table = Table(
        _whole_column("id", ID_WIDTH),
        "what",
        "stage",
        "attempts",
        _whole_column("error", CODE_WIDTH),
        "detail",
        box=None,
    )
    for letter in letters:
        whose = f" (of {letter['of']})" if letter["what"] == "delivery" else ""
        told = {**letter, "detail": f"{letter['detail'] or letter['message']}{whose}"}
        table.add_row(*(str(told[name] or "") for name in ("id", "what", "stage", "attempts", "code", "detail")))
    _print(table if letters else "No dead letters.")


DELIVERY_SHOWN = ("kind", "run", "state", "attempts", "ref", "error_detail", "sent_at", "bounced_at", "bounce")
SHOWN = (
    "owner", "channel", "message_id", "run", "epoch", "attempts", "losses", "source_size", "result_size", "characters",
    "characters_billed", "to_bill", "remembered", "approved_at", "parts_left", "warnings", "error_code", "error_message", "error_advice", "error_detail", "traceparent", "eta_s",
)  # fmt: skip


@contextmanager
def _intake(data: Path | None) -> Iterator[Intake]:
    from dragoman.cli.data import opened
    from dragoman.intake import Intake

    with opened(data) as found:
        yield Intake(found.database, found.store, _AtOnce(found.settings), found.settings)


class _AtOnce:
    """Rings here and now; after the first failure it is left to the sweeper, which rings within seconds."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._silent = not settings.broker_url

    def ring(self, task: str, row_id: str) -> None:
        """As `Doorbell.ring`."""
        if self._silent:
            return
        from dragoman import queues

        try:
            queues.send(self._app, task, row_id)
        except queues.BROKER_ERRORS:
            self._silent = True

    @cached_property
    def _app(self) -> Celery:
        from dragoman import queues

        return queues.make_app(self._settings)


def _status(word: str | None) -> Status | None:
    from dragoman.domain.job import Status

    if word is None:
        return None
    try:
        return Status(word.upper())
    except ValueError as error:
        raise typer.BadParameter(f"Possible: {', '.join(Status)}.") from error


def _told(row: dict[str, Any]) -> dict[str, Any]:
    from dragoman.domain.job import RowState, Stage, status_of

    return {
        "job_id": row["id"],
        "status": status_of(Stage(row["stage"]), RowState(row["state"]), row["epoch"]),
        "stage": row["stage"],
        "progress": row["progress"],
        "waiting_for": row["waiting_for"] if row["state"] == RowState.WAITING else None,
        "filename": row["filename"],
        "source_lang": row["source_lang"],
        "target_lang": row["target_lang"],
        "engine": row["engine"],
        "pages": row["pages"],
        "created_at": _time(row["created_at"]),
    }


def _delivery(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _time(row[name]) if name in ("sent_at", "bounced_at") else row[name] for name in DELIVERY_SHOWN}


def _in_words(delivery: dict[str, Any]) -> str:
    """One line, such as `final, run 1: done, sent 2026-11-24T20:00:00+00:00; BOUNCED …: 5.1.1 no such user`."""
    said = f"{delivery['kind']}, run {delivery['run']}: {delivery['state']}"
    if delivery["sent_at"]:
        said += f", sent {delivery['sent_at']}"
    if delivery["error_detail"]:
        said += f", after {delivery['attempts']} attempts: {delivery['error_detail']}"
    return said + (f"; BOUNCED {delivery['bounced_at']}: {delivery['bounce']}" if delivery["bounced_at"] else "")


def _remark(warning: dict[str, Any]) -> str:
    """A warning of a row, whose pages count from 0, such as `page 3: Some text was made smaller. (small_text)`."""
    page = f"page {warning['page'] + 1}: " if warning.get("page") is not None else ""
    return f"{page}{warning['message']} ({warning['code']})"


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _show_jobs(told: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"jobs": told}, ensure_ascii=False))
        return
    from rich.table import Table

    columns = ("job_id", "status", "progress", "filename", "target_lang", "engine", "created_at")
    table = Table(_whole_column(columns[0], ID_WIDTH), *columns[1:], box=None)
    for one in told:
        waits = f", waits for {one['waiting_for']}" if one["waiting_for"] else ""
        shown = {**one, "status": f"{one['status']}{waits}"}
        table.add_row(*(str(shown[name] if shown[name] is not None else "") for name in columns))
    _print(table if told else "No jobs.")


def _whole_column(name: str, width: int) -> Column:
    """A column whose words stay whole, to be copied into the next command, however narrow the terminal is."""
    from rich.table import Column

    return Column(name, no_wrap=True, min_width=width)


def _print(table: Table | str) -> None:
    """As wide as the terminal; where there is none, as wide as it needs, for `grep` and the like."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else UNCUT).print(table)


def _done(row: dict[str, Any], what: str, as_json: bool) -> None:
    typer.echo(json.dumps(_told(row), ensure_ascii=False) if as_json else f"Job {row['id']} {what}.")
