"""`dragoman jobs`: what an admin sees of the jobs and does with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops.cli.job_tables import (
    facts_of,
    jobs_table,
    letter_facts,
    letters_table,
    say,
    terminal_width,
)

if TYPE_CHECKING:
    from celery import Celery

    from dragoman.app.intake import Intake
    from dragoman.db.queries.lists import Wanted
    from dragoman.domain.answers.job_status import JobStatus
    from dragoman.domain.job import Status
    from dragoman.domain.rows.delivery import Delivery
    from dragoman.settings import Settings

app = typer.Typer(
    no_args_is_help=True, help="List, show, retry, approve and cancel jobs; list dead letters."
)

DataDir = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder of `dragoman up`.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
JobId = Annotated[str, typer.Argument(metavar="ID", help="The job's id, or its first characters.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")]
Owner = Annotated[
    str | None,
    typer.Option(
        metavar="OWNER",
        help="Only jobs of this address, web:NAME or slack:TEAM:USER; * stands for any part.",
    ),
]
Channel = Annotated[
    str | None, typer.Option(metavar="CHANNEL", help="Only jobs from email, slack or web.")
]
FileName = Annotated[
    str | None, typer.Option("--file", metavar="PART", help="Only files with this in their name.")
]
Since = Annotated[
    str | None, typer.Option(metavar="WHEN", help="Only since then: 45m, 2h, 3d, or a date (UTC).")
]
CursorText = Annotated[
    str | None,
    typer.Option(
        "--cursor", metavar="CURSOR", help="Show the next page: the cursor that the last one named."
    ),
]


@app.command("list")
def list_(
    *,
    status: Annotated[
        str | None, typer.Option(metavar="STATUS", help="Only jobs in this status, such as FAILED.")
    ] = None,
    owner: Owner = None,
    channel: Channel = None,
    file: FileName = None,
    error: Annotated[
        str | None, typer.Option(metavar="CODE", help="Only those with this error.")
    ] = None,
    since: Since = None,
    cursor: CursorText = None,
    data: DataDir = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List the newest jobs."""
    from dragoman.db import clock
    from dragoman.db.queries import arrivals, lists

    with _intake(data) as intake, intake.database.read() as connection:
        now = clock.now(connection)
        wanted = _wanted(
            now, since, cursor, owner=owner, channel=channel, file=file, error=error, limit=limit
        )
        page = lists.jobs(connection, replace(wanted, status=_status(status)))
        rows = arrivals.statuses(connection, page.rows, with_etas=False)
    if as_json:
        told = {"jobs": [facts_of(row) for row in rows], "next": page.next and str(page.next)}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    say(jobs_table(rows, now, terminal_width()), page.next, "No jobs.")


@app.command()
def show(job_id: JobId, *, data: DataDir = None, as_json: AsJson = False) -> None:
    """Show everything about one job."""
    from dragoman.db.ledgers import jobs, outbox
    from dragoman.domain.moments import iso

    with _intake(data) as intake:
        known = intake.find(_job_id(intake, job_id))
        job = known.job
        with intake.database.read() as connection:
            # a question is the job's own, the answer may be a mail's
            owners = {job.id, jobs.answered_to(job)}
            sent = [one for owner in owners for one in outbox.deliveries(connection, owner)]
    facts = {**facts_of(known), **{name: getattr(job, name) for name in SHOWN}}
    facts["approved_at"], facts["eta_s"] = iso(job.approved_at), known.eta_s
    facts["warnings"] = [asdict(warning) for warning in job.warnings]
    facts["deliveries"] = [_delivery(one) for one in sorted(sent, key=lambda one: one.created_at)]
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name, value in facts.items():
        # an error has a line for each of its parts
        if name == "error" or (name == "deleted" and not value):
            continue
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
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...", help="Jobs, messages or deliveries; the first characters will do."
        ),
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    error: Annotated[
        str | None, typer.Option("--error", metavar="CODE", help="All with this error.")
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Start jobs from their first stage again.")
    ] = False,
    limit: Annotated[
        int, typer.Option(min=1, help="With --all or --error: how many at most.")
    ] = 1000,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Try again at once what failed for good; a job continues after its last good stage."""
    from dragoman.db.queries import short_ids

    if bool(ids) == (every or error is not None):
        raise typer.BadParameter("Please give ids, or --all, or --error CODE.")
    with _intake(data) as intake:
        if ids:
            with intake.database.read() as connection:
                tried = [short_ids.any_id(connection, text) for text in ids]
            for row_id in tried:
                intake.retry(row_id, from_start=from_start)
        else:
            tried = intake.retry_dead(error, limit, from_start=from_start)
        told = facts_of(intake.find(tried[0])) if len(tried) == 1 and intake.knows(tried[0]) else {}
    if as_json:
        typer.echo(json.dumps({**told, "retried": tried}, ensure_ascii=False))
        return
    for row_id in tried:
        typer.echo(f"{row_id} will be tried again.")
    if not tried:
        typer.echo("No dead letters of that kind.")


@app.command()
def approve(job_id: JobId, *, data: DataDir = None, as_json: AsJson = False) -> None:
    """Approve the cost of a long document that waits for approval; `show` has the estimate."""
    from dragoman.errors import Conflict

    with _intake(data) as intake:
        job_id = _job_id(intake, job_id)
        if not intake.approve(job_id):
            raise Conflict("This job is not waiting for approval.")
        _done(intake.find(job_id), "goes on", as_json)


@app.command()
def cancel(job_id: JobId, *, data: DataDir = None, as_json: AsJson = False) -> None:
    """Cancel a job; its sender is told."""
    with _intake(data) as intake:
        job_id = _job_id(intake, job_id)
        ended = intake.cancel(job_id)
        _done(intake.find(job_id), "is cancelled" if ended else "had ended already", as_json)


@app.command()
def dead(
    *,
    owner: Owner = None,
    channel: Channel = None,
    file: FileName = None,
    error: Annotated[
        str | None, typer.Option("--error", metavar="CODE", help="Only those with this error.")
    ] = None,
    since: Since = None,
    cursor: CursorText = None,
    data: DataDir = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List the dead letters: jobs that failed, messages that could not be opened, answers that
    could not be sent.
    """
    from dragoman.db import clock
    from dragoman.db.queries import dead_letters

    with _intake(data) as intake, intake.database.read() as connection:
        now = clock.now(connection)
        wanted = _wanted(
            now, since, cursor, owner=owner, channel=channel, file=file, error=error, limit=limit
        )
        page = dead_letters.page(connection, wanted)
    if as_json:
        told = {
            "dead": [letter_facts(letter) for letter in page.rows],
            "next": page.next and str(page.next),
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    say(letters_table(page.rows, now, terminal_width()), page.next, "No dead letters.")


DELIVERY_SHOWN = (
    "kind",
    "run",
    "state",
    "attempts",
    "ref",
    "error_detail",
    "sent_at",
    "bounced_at",
    "bounce",
    "instead",
    "instead_detail",
)
SHOWN = (
    "message_id", "run", "epoch", "attempts", "losses", "source_size", "result_size", "characters",
    "characters_billed", "to_bill", "price", "currency", "paid", "paid_in", "tokens_read", "tokens_written", "remembered", "approval_reason", "approved_at", "parts_left", "warnings", "error_code", "error_message", "error_advice", "error_detail", "traceparent",  # noqa: E501
)  # fmt: skip


@contextmanager
def _intake(data: Path | None) -> Iterator[Intake]:
    from dragoman.app.intake import Intake
    from ops.cli.data import opened

    with opened(data) as found:
        yield Intake(found.database, found.store, _AtOnce(found.settings), found.settings)


class _AtOnce:
    """Rings here and now; after the first failure it is left to the sweeper, which rings within
    seconds.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._silent = not settings.broker_url

    def ring(self, task: str, row_id: str) -> None:
        """As `Doorbell.ring`."""
        if self._silent:
            return
        from dragoman.adapters import queues

        try:
            queues.send(self._app, task, row_id)
        except queues.BROKER_ERRORS:
            self._silent = True

    @cached_property
    def _app(self) -> Celery:
        from dragoman.adapters import queues

        return queues.make_app(self._settings)


def _job_id(intake: Intake, text: str) -> str:
    from dragoman.db.queries import short_ids

    with intake.database.read() as connection:
        return short_ids.job_id(connection, text)


def _wanted(now: float, since: str | None, cursor: str | None, **filters: Any) -> Wanted:
    from dragoman.db.queries import lists
    from dragoman.domain import moments

    earliest = moments.since(since, now) if since is not None else None
    return lists.Wanted(since=earliest, after=lists.cursor(cursor), **filters)


def _status(word: str | None) -> Status | None:
    from dragoman.domain.job import Status

    if word is None:
        return None
    try:
        return Status(word.upper())
    except ValueError as error:
        raise typer.BadParameter(f"Possible: {', '.join(Status)}.") from error


def _delivery(row: Delivery) -> dict[str, Any]:
    from dragoman.domain.moments import iso

    return {
        name: iso(getattr(row, name)) if name in ("sent_at", "bounced_at") else getattr(row, name)
        for name in DELIVERY_SHOWN
    }


def _in_words(delivery: dict[str, Any]) -> str:
    """One line, such as `final, run 1: done, sent 2026-11-24T20:00:00+00:00; BOUNCED …: 5.1.1
    no such user`.
    """
    said = f"{delivery['kind']}, run {delivery['run']}: {delivery['state']}"
    if delivery["sent_at"]:
        said += f", sent {delivery['sent_at']}"
    if delivery["error_detail"]:
        said += f", after {delivery['attempts']} attempts: {delivery['error_detail']}"
    if delivery["instead"]:
        said += f"; not as it is ({delivery['instead']}: {delivery['instead_detail'] or ''})"
    return said + (
        f"; BOUNCED {delivery['bounced_at']}: {delivery['bounce']}"
        if delivery["bounced_at"]
        else ""
    )


def _remark(warning: dict[str, Any]) -> str:
    """A warning of a row, whose pages count from 0, such as `page 3: Some text was made smaller.

    (small_text)`.
    """
    page = f"page {warning['page'] + 1}: " if warning.get("page") is not None else ""
    return f"{page}{warning['message']} ({warning['code']})"


def _done(known: JobStatus, what: str, as_json: bool) -> None:
    typer.echo(
        json.dumps(facts_of(known), ensure_ascii=False)
        if as_json
        else f"Job {known.job.id} {what}."
    )
