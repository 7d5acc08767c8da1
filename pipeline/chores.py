"""The periodic chores that Beat rings for. All may run twice, or not at all for a while: recovery never depends on them."""

from __future__ import annotations

import socket
import time

import structlog

from dragoman import retention
from dragoman.db import history, memory, presence
from dragoman.errors import DragomanError
from dragoman.ports import Capabilities
from pipeline.context import Context
from pipeline.engines import registry
from pipeline.run import delete_left_folders

CLEAN_UP = "clean_up"
ASK_EVERY_S = 50.0  # Beat rings every minute, and a worker that has nothing to do for itself
ORPHAN_S = 1800.0  # opening a mail, whose PDFs are stored one by one before their rows, may take 330 s
PREFIXES = ("jobs/", "inbox/", "outbox/")
log = structlog.get_logger(__name__)


def check_health(context: Context) -> None:
    """A worker took a task from the queue: say so, and what its engines can do, which they are asked once a minute at most."""
    worker = f"worker@{socket.gethostname()}"
    with context.database.write() as connection:
        presence.beat(connection, worker)
        ago_s = presence.said_ago(connection, worker)
    if ago_s is not None and ago_s < ASK_EVERY_S:
        return
    known = _ask_engines(context)
    with context.database.write() as connection:
        if known is None:
            presence.stand_by(connection, worker)
        else:
            presence.publish(connection, worker, known)


def _ask_engines(context: Context) -> list[Capabilities] | None:
    """What the engines can do; None if one does not answer: then what was published before stays."""
    try:
        return [engine.capabilities() for engine in registry.offered(context.settings)]
    except DragomanError as error:
        log.warning("engine_not_asked", code=error.code, detail=error.detail)
        return None


def clean_up(context: Context) -> None:
    """Forget what is older than the retention time, and what a crash left without an owner."""
    days, database, store = context.settings.retention_days, context.database, context.store
    while retention.purge_old(database, store, days):
        pass
    delete_left_folders()
    retention.purge_old_mail(context.settings.maildir, days)
    with database.write() as connection:
        texts = memory.forget_unused(connection, days)
        presence.forget_silent(connection, days)
    with database.write() as connection:
        history.forget_old(connection, days=90)
    log.info("cleaned_up", texts=texts, orphans=_delete_orphans(context))


def _delete_orphans(context: Context) -> int:
    """Delete bytes without a row that an earlier clean-up saw too, since a row follows its bytes; how many."""
    database, store = context.database, context.store
    found = [key for prefix in PREFIXES for key in retention.unreferenced(database, store, prefix)]
    now = time.time()
    with database.write() as connection:
        before: dict[str, float] = presence.said(connection, CLEAN_UP).get("orphans", {})
        since = {key: before.get(key, now) for key in found}
        presence.beat(connection, CLEAN_UP, {"orphans": since})
    old = [key for key, seen_at in since.items() if now - seen_at > ORPHAN_S]
    for key in old:
        store.delete(key)
    return len(old)
