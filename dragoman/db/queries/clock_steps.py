"""What becomes of stamps when the database's clock steps: nothing waits for longer than it would
have waited before.

Moments are kept as the clock told them. Once it is set back, a lease, a pause or a sign of life
lies further ahead than it could ever have been put, and would hold for as long as the step. A clock
that is set forward needs no mending: leases run out early, which the epochs of the rows make
harmless.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Table, update

from dragoman.db.clock import now_s
from dragoman.db.ledgers.cards import CARDS
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS, NEVER
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.ledgers.parts import PARTS
from dragoman.db.records.process_registry import CAPABILITIES, HEARTBEATS, PULSES
from dragoman.domain.job import RowState

LEDGERS: tuple[Table, ...] = (JOBS, PARTS, INBOX, CARDS, OUTBOX)
# what is ready waits 10 minutes for its next attempt at most, a note of progress 15
LONGEST_PAUSE_S = 1200.0
AHEAD_S = 5.0  # what is further ahead than it could have been put, but for this
TOLERATED_S = 30.0  # steps that nobody notices, and what a slow answer of the database looks like


def step(before_s: float, after_s: float, elapsed_s: float) -> float:
    """By how many seconds the clock was set forward (below 0: back) between two looks at it,
    `elapsed_s` apart; 0.0 for a trifle.

    A machine that slept is one whose clock was set forward.
    """
    stepped_s = (after_s - before_s) - elapsed_s
    return stepped_s if abs(stepped_s) > TOLERATED_S else 0.0


def mend(connection: Connection, longest_lease_s: float, stepped_s: float = 0.0) -> int:
    """Bring back what lies further ahead than it could have been put; how many rows.

    Safe to repeat, also by several at once.

    A lease keeps `longest_lease_s` seconds, so that a worker that lives has time to renew it.
    `stepped_s`: as `step` told it; where the clock was seen to be set back, pauses go back with it,
    and else those above `LONGEST_PAUSE_S` are over.
    """
    mended = 0
    for table in LEDGERS:
        for which, values in _of_ledger(table, longest_lease_s, stepped_s):
            mended += connection.execute(update(table).where(*which).values(**values)).rowcount
    for table in (HEARTBEATS, PULSES, CAPABILITIES):
        ahead = table.c.seen_at > now_s() + AHEAD_S
        mended += connection.execute(update(table).where(ahead).values(seen_at=now_s())).rowcount
    return mended


Mending = tuple[list[ColumnElement[bool]], dict[str, ColumnElement[float] | float]]


def _of_ledger(table: Table, longest_lease_s: float, stepped_s: float) -> list[Mending]:
    """The rows of a ledger that have to be mended, and what they get."""
    held = [
        table.c.state == RowState.RUNNING,
        table.c.lease_until > now_s() + longest_lease_s + AHEAD_S,
    ]
    pausing = [table.c.state == RowState.READY, table.c.run_after < NEVER]
    mendings: list[Mending] = [(held, {"lease_until": now_s() + longest_lease_s})]
    if stepped_s < 0:
        mendings.append(
            ([*pausing, table.c.run_after > now_s()], {"run_after": table.c.run_after + stepped_s})
        )
    mendings.append(([*pausing, table.c.run_after > now_s() + LONGEST_PAUSE_S], {"run_after": 0.0}))
    return mendings
