"""Jobs and dead letters as `dragoman jobs` shows them: facts for programs, tables for people."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from ops.cli.tables import Column, Row, laid_out

if TYPE_CHECKING:
    from dragoman.db.queries.dead_letters import DeadLetter
    from dragoman.domain.answers.job_status import JobStatus

JOB_COLUMNS = (
    Column("id"),
    Column("when"),
    Column("status"),
    Column("owner", cut=True),
    Column("channel"),
    Column("file", cut=True),
    Column("to"),
)
LETTER_COLUMNS = (
    Column("id"),
    Column("what"),
    Column("when"),
    Column("owner", cut=True),
    Column("channel"),
    Column("file", cut=True),
    Column("stage"),
    Column("tries"),
)
ENDED_WELL = 100  # percent
NOT_AS_IT_IS = {
    "sending": "the answer is on its way",
    "instead": "the file could not be handed over; the sender was told why",
    "failed": "the answer could not be delivered",
}


def facts_of(known: JobStatus) -> dict[str, Any]:
    """A job as a program reads it."""
    from dragoman.domain.job import RowState
    from dragoman.domain.moments import iso

    job = known.job
    error = {
        "code": job.error_code,
        "message": job.error_message,
        "advice": job.error_advice,
        "detail": job.error_detail,
    }
    return {
        "job_id": job.id,
        "status": job.status,
        "stage": job.stage,
        "progress": job.progress,
        "waiting_for": job.waits_for,
        "owner": job.owner,
        "channel": job.channel,
        "filename": job.filename,
        "source_lang": job.source_lang,
        "target_lang": job.target_lang,
        "engine": job.engine,
        "pages": job.pages,
        "error": error if job.state is RowState.DEAD else None,
        "delivery": known.arrival.state if known.arrival else None,
        "created_at": iso(job.created_at),
        "ended_at": iso(job.ended_at),
        "deleted": job.purged_at is not None,
    }


def letter_facts(letter: DeadLetter) -> dict[str, Any]:
    """A dead letter as a program reads it."""
    from dragoman.domain.moments import iso

    return {**asdict(letter), "ended_at": iso(letter.ended_at)}


def jobs_table(jobs: Sequence[JobStatus], now: float, width: int | None) -> list[str]:
    """The lines of a table of jobs; `width` and ids as in `_ids`, times before `now`."""
    ids = _ids([known.job.id for known in jobs], width)
    shown = []
    for known, short in zip(jobs, ids, strict=True):
        facts = facts_of(known)
        cells = (
            short,
            _when(known.job.created_at, now, width),
            _status(facts),
            facts["owner"],
            facts["channel"],
            facts["filename"] or ("(deleted)" if facts["deleted"] else ""),
            facts["target_lang"],
        )
        shown.append(Row(cells, _note(facts, short)))
    return laid_out(JOB_COLUMNS, shown, width)


def letters_table(letters: Sequence[DeadLetter], now: float, width: int | None) -> list[str]:
    """The lines of a table of dead letters, as `jobs_table`."""
    ids = _ids([letter.id for letter in letters], width)
    shown = []
    for letter, short in zip(letters, ids, strict=True):
        cells = (
            short,
            letter.what,
            _when(letter.ended_at, now, width),
            letter.owner or "",
            letter.channel,
            letter.filename or "",
            letter.stage or "",
            str(letter.attempts),
        )
        whose = f" (of {letter.of})" if letter.what == "delivery" else ""
        shown.append(Row(cells, f"{letter.code}: {letter.detail or letter.message or ''}{whose}"))
    return laid_out(LETTER_COLUMNS, shown, width)


def terminal_width() -> int | None:
    """Columns of the terminal that stdout is; None where it is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def say(lines: Sequence[str], following: object, otherwise: str) -> None:
    """Print a table's lines, or `otherwise` where there are but titles; and how to go on to the
    next page.
    """
    if len(lines) < 2:  # noqa: PLR2004 - titles, and a row
        typer.echo(otherwise)
    else:
        typer.echo("\n".join(lines))
    if following:
        typer.echo(f"There are more. For the next page, add --cursor {following}", err=True)


def _ids(ids: list[str], width: int | None) -> list[str]:
    """On a terminal as short as they can be told apart, else whole."""
    from dragoman.db.queries.short_ids import shortened

    return ids if width is None else [shortened(one, ids) for one in ids]


def _when(moment: float | None, now: float, width: int | None) -> str:
    """`12 min ago` on a terminal, else ISO 8601."""
    from dragoman.domain.moments import ago, iso

    return (iso(moment) or "") if width is None else ago(moment, now)


def _status(facts: dict[str, Any]) -> str:
    """The word, with the percent of what is at work."""
    is_at_work = 0 < facts["progress"] < ENDED_WELL and not facts["ended_at"]
    return f"{facts['status']} {facts['progress']}%" if is_at_work else str(facts["status"])


def _note(facts: dict[str, Any], short: str) -> str:
    """Why a job failed, or what it waits for and what to do about it."""
    if facts["error"]:
        return f"{facts['error']['code']}: {facts['error']['message'] or ''}"
    if facts["waiting_for"] == "approval":
        return f"waits for approval: see `jobs show {short}`, then `jobs approve {short}`"
    if facts["waiting_for"]:
        return f"waits for {facts['waiting_for']}"
    return NOT_AS_IT_IS.get(facts["delivery"] or "", "")
