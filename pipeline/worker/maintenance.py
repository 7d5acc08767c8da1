"""The periodic chores that Beat rings for.

All may run twice, or not at all for a while: recovery never depends on them.
"""

from __future__ import annotations

import socket

import structlog

from dragoman.app import retention
from dragoman.app.store import marker, orphans
from dragoman.db.ledgers import reserved_texts
from dragoman.db.queries import history
from dragoman.db.records import audit, process_registry, translation_memory
from dragoman.errors import DragomanError
from dragoman.ports import Capabilities
from pipeline.attempt.claim import delete_left_folders
from pipeline.attempt.context import Context
from pipeline.engines import registry

ASK_EVERY_S = 50.0  # Beat rings every minute, and a worker that has nothing to do for itself
log = structlog.get_logger(__name__)


def check_health(context: Context) -> None:
    """A worker took a task from the queue: say so, and what its engines can do, which they are
    asked once a minute at most.
    """
    worker = f"worker@{socket.gethostname()}"
    with context.database.write() as connection:
        process_registry.beat(connection, worker)
        ago_s = process_registry.said_ago(connection, worker)
    if ago_s is not None and ago_s < ASK_EVERY_S:
        return
    _renew_mark(context)
    known = _ask_engines(context)
    with context.database.write() as connection:
        if known is None:
            process_registry.stand_by(connection, worker)
        else:
            process_registry.publish(connection, worker, known)


def _renew_mark(context: Context) -> None:
    """Say in the store that this database is the one that works with it, so that a copy of it
    is known by being behind.
    """
    try:
        if marker.renew(context.database, context.store) is marker.Standing.OUTDATED:
            log.error("store_marked_by_a_copy", advice=marker.OUTDATED_ADVICE)
    except marker.StoreOfAnother as error:
        # no traceback
        log.error("store_of_another", reason=str(error), advice=error.for_admin)  # noqa: TRY400
    except DragomanError as error:
        log.warning("store_mark_not_renewed", code=error.code, detail=error.detail)


def _ask_engines(context: Context) -> list[Capabilities] | None:
    """What the engines can do; None if one does not answer: then what was published before
    stays.
    """
    try:
        return [engine.capabilities() for engine in registry.offered(context.settings)]
    except DragomanError as error:
        log.warning("engine_not_asked", code=error.code, detail=error.detail)
        return None


def clean_up(context: Context) -> None:
    """Forget what is older than the retention time, and what a crash left without an owner."""
    settings, database, store = context.settings, context.database, context.store
    days = settings.retention_days
    while retention.purge_old(
        database, store, days, keeps_texts=settings.memory_outlives_documents
    ):
        pass
    delete_left_folders()
    retention.purge_old_mail(settings.maildir, days)
    with database.write() as connection:
        texts = translation_memory.forget_unused(connection, settings.memory_kept_days)
        reserved_texts.forget_stale(connection)
        process_registry.forget_silent(connection, days)
        audit.forget_old(connection, settings.audit_days)
    with database.write() as connection:
        history.forget_old(connection, days=90)
    log.info("cleaned_up", texts=texts, orphans=orphans.delete_old(database, store))
