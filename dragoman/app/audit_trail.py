"""What goes on record though it changes nothing else: a result that is handed over."""

from __future__ import annotations

import structlog

from dragoman.db.engine import Database
from dragoman.db.records import audit
from dragoman.domain.actors import Action, present
from dragoman.domain.rows.job import Job
from dragoman.errors import DatabaseUnavailable

log = structlog.get_logger(__name__)


def downloaded(database: Database, job: Job) -> None:
    """Note that whoever acts now gets the result of a job (its row).

    A full disk keeps nobody from it: then the log has it.
    """
    actor = present()
    try:
        with database.write() as connection:
            audit.note(connection, Action.DOWNLOADED, audit.touched(job))
    except DatabaseUnavailable as error:
        log.error(  # noqa: TRY400 - no traceback
            "audit_missed",
            job_id=job.id,
            who=actor.who,
            address=actor.address,
            detail=error.detail,
        )


def fetched(job: Job) -> None:
    """The same of a GET, which changes nothing: the log has it, and the trail has not."""
    actor = present()
    log.info("downloaded", job_id=job.id, who=actor.who, address=actor.address)
