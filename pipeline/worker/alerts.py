"""What the sweeper looks for once a minute, since nobody else would say it: a worker that is
away, a full disk, a mail server that takes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from dragoman.db.clock import age_s
from dragoman.db.ledgers import alarms
from dragoman.db.ledgers.alarms import Cause
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.records import process_registry
from dragoman.domain.job import RowState
from dragoman.errors import OutboundLoginRefused, OutboundUnavailable

WORKER, EMAIL = "worker@", "email"
# a process says every 15 s how it is; a worker that starts again is back within this
AWAY_S = 150.0
FRESH_S = 90.0
SCARCE_BYTES = {"data": 2**30, "temporary": 2**28}
MAIL_DOWN_S, MAIL_ATTEMPTS = 600.0, 4


def look(connection: Connection, up_s: float) -> list[Cause]:
    """Tell the admin what is wrong; what was found.

    `up_s`: seconds since this sweeper started; at first nobody is missed.
    """
    found = [*_workers(connection, up_s), *_disks(connection), *_mail(connection)]
    for cause, detail in found:
        alarms.tell(connection, cause, detail)
    return [cause for cause, _ in found]


def _workers(connection: Connection, up_s: float) -> Iterator[tuple[Cause, str]]:
    ever = [name for name in process_registry.alive(connection) if name.startswith(WORKER)]
    now = [
        one for one in process_registry.pulses(connection, AWAY_S) if one.service.startswith(WORKER)
    ]
    if ever and not now and up_s > AWAY_S:
        yield Cause.WORKER_AWAY, f"last known: {', '.join(sorted(ever))}"


def _disks(connection: Connection) -> Iterator[tuple[Cause, str]]:
    for one in process_registry.pulses(connection, FRESH_S):
        for use, free in (one.facts.get("disk_free_bytes") or {}).items():
            if free < SCARCE_BYTES.get(use, 0):
                yield Cause.DISK_LOW, f"{free >> 20} MiB are free for {use} files of {one.service}"
                return


def _mail(connection: Connection) -> Iterator[tuple[Cause, str]]:
    """Answers by email that wait; those to the admin do not count, so that nothing is ever told
    about itself.
    """
    waits = (
        OUTBOX.c.channel == EMAIL,
        OUTBOX.c.state == RowState.READY,
        OUTBOX.c.error_code.in_((OutboundUnavailable.code, OutboundLoginRefused.code)),
        OUTBOX.c.attempts >= MAIL_ATTEMPTS,
        age_s(OUTBOX.c.created_at) > MAIL_DOWN_S,
    )
    count, said = connection.execute(
        select(func.count(), func.max(OUTBOX.c.error_detail)).where(*waits)
    ).one()
    if count:
        yield (
            Cause.MAIL_DOWN,
            f"{count} answer{'s wait' if count > 1 else ' waits'}. {said or ''}".strip(),
        )
