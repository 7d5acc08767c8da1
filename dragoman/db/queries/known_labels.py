"""The labels that counts are known to have before anything was counted.

`increase()` sees nothing of a counter whose first value is 1, so each is told with 0 from the
start: an alert on the first dead letter fires.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import product

from dragoman.db.ledgers import cards, inbox, jobs, outbox
from dragoman.db.ledgers.stored_errors import UNKNOWN_CODE
from dragoman.db.records import counters
from dragoman.domain.job import NO_ENGINE, STAGES, RowState
from dragoman.domain.rows.delivery import Kind
from dragoman.domain.specs import engine_specs
from dragoman.domain.specs.channel_specs import channels
from dragoman.errors import DragomanError

LEDGERS = tuple(
    one.table.name
    for one in (inbox.LEDGER, jobs.LEDGER, jobs.PART_LEDGER, outbox.LEDGER, cards.LEDGER)
)
# Of errors that are defined beside the code that raises them, in packages which the core does not
# import.
FURTHER_CODES = (
    "artifact_lost",
    "host_not_allowed",
    "locked_mail",
    "mail_too_complex",
    "out_of_memory",
    "outbound_uncertain",
)


def labels(name: str, engines: Collection[str]) -> list[tuple[str, ...]]:
    """The values of the labels of the count `name`, in the order of `tally`'s words on it;
    `engines`: those that are at hand.

    Histograms, which have a line for each bucket, are told of those engines only.
    """
    if name in (counters.RETRIES, counters.DEAD_LETTERS):
        return list(product(LEDGERS, codes()))
    if name == counters.DELIVERIES:
        answers = [kind for kind in Kind if kind is not Kind.ALARM]
        return list(product((one.name for one in channels() if one.reply), answers))
    if name == counters.STAGE_SECONDS:
        return list(product(STAGES, sorted({*engines, NO_ENGINE})))
    return [(engine,) for engine in sorted({*engines, *known_engines(), NO_ENGINE})]


def jobs_by_state() -> list[tuple[str, str]]:
    """Each stage with each state that a job may have in it."""
    return list(product(STAGES, RowState))


def codes() -> list[str]:
    """The codes of all errors that a row may end with."""
    found: set[str] = {UNKNOWN_CODE, *FURTHER_CODES}
    waiting: list[type[DragomanError]] = [DragomanError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        found.add(kind.code)
    return sorted(found)


def known_engines() -> frozenset[str]:
    """All engines that a server may be told to use."""
    return frozenset(engine_specs.names())
