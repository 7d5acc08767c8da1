"""PostgreSQL: what may happen to one long document at the same moment never ends in a deadlock,
wherever one cuts into the other.

Each pair of transactions is run with the first one stopped after its first, second, third …
statement, while the second one goes on until it has ended or waits for a lock. Both must end: a
deadlock comes to light as DatabaseUnavailable.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import pytest
from sqlalchemy import event, text, update

from dragoman.db.clock import now_s
from dragoman.db.engine import Database
from dragoman.db.ledgers import jobs, lease, parts
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.parts import PARTS
from dragoman.db.queries.due_rows import take_unrung
from dragoman.db.records import translation_memory
from dragoman.domain.rows.part import PartFacts
from dragoman.errors import Conflict, DamagedPdf, EngineBusy, LeaseLost
from tests.patience import patience
from tests.rows import change, claim_job, message_with_jobs

KEYS = {f"key-{number}": "text" for number in range(3)}
ENDS = (Conflict, LeaseLost)  # the other one was first: that is an answer, not trouble


@dataclass
class Scene:
    """A message's job, claimed, and its two parts: the first one claimed too, the second one ready.

    They live on `database`.
    """

    job_id: str
    part_ids: list[str]
    job: lease.Lease
    part: lease.Lease


Act = Callable[[Database, Scene], Any]


def prepare(database: Database) -> Scene:
    _, [job_id] = message_with_jobs(database, 1)
    with database.write() as connection:
        part_ids = jobs.spread(connection, claim_job(database, job_id), [(0, 1), (2, 3)])
        translation_memory.remember(
            connection, KEYS, engine="pseudo", target_lang="de", job_id=job_id
        )
    change(database, JOBS, job_id, run_after=0.0)
    with database.write() as connection:  # so that the sweeper has to ring for them
        connection.execute(update(PARTS).where(PARTS.c.job_id == job_id).values(rung_at=0.0))
    part = lease.claim(database, jobs.PART_LEDGER, part_ids[0], 60.0)
    assert part
    return Scene(job_id, part_ids, claim_job(database, job_id), part)


def cancel(database: Database, scene: Scene) -> None:
    with database.write() as connection:
        jobs.cancel(connection, scene.job_id)


def delete(database: Database, scene: Scene) -> None:
    """The transaction that `retention.purge_job` begins with."""
    with database.write() as connection:
        connection.execute(update(JOBS).where(JOBS.c.id == scene.job_id).values(purged_at=now_s()))
        jobs.cancel(connection, scene.job_id)
        parts.forget(connection, scene.job_id)
        translation_memory.forget_job(connection, scene.job_id)


def part_gives_up(database: Database, scene: Scene) -> None:
    lease.bury(on(database, scene.part), DamagedPdf())


def part_fails(database: Database, scene: Scene) -> None:
    lease.record(on(database, scene.part), EngineBusy())


def part_ends(database: Database, scene: Scene) -> None:
    with database.write() as connection:
        jobs.finish_part(connection, on(database, scene.part), "jobs/x/extract/1.json", PartFacts())


def part_tells(database: Database, scene: Scene) -> None:
    with database.write() as connection:
        jobs.show_part(connection, on(database, scene.part), 0.5)


def job_spreads(database: Database, scene: Scene) -> None:
    with database.write() as connection:
        jobs.spread(connection, on(database, scene.job))


def parts_are_remade(database: Database, scene: Scene) -> None:
    with database.write() as connection:
        jobs.step_back(connection, on(database, scene.job), parts.of_job(connection, scene.job_id))


def job_is_remade(database: Database, scene: Scene) -> None:
    with database.write() as connection:
        jobs.step_back(connection, on(database, scene.job))


def job_gives_up(database: Database, scene: Scene) -> None:
    lease.bury(on(database, scene.job), DamagedPdf())


def job_ends(database: Database, scene: Scene) -> None:
    with database.write() as connection:
        jobs.complete(connection, on(database, scene.job), "jobs/x/reconstruct/1.pdf", 3)
        parts.forget(connection, scene.job_id)


def again(database: Database, scene: Scene) -> None:
    with database.write() as connection:
        jobs.retry(connection, scene.job_id, from_start=True)


def sweep(database: Database, scene: Scene) -> None:
    for table in (JOBS, PARTS):
        with database.write() as connection:
            take_unrung(connection, table, 100)


def texts_are_recalled(database: Database, scene: Scene) -> None:
    with database.write() as connection:
        translation_memory.recall(connection, KEYS)


ACTS: tuple[Act, ...] = (
    cancel,
    delete,
    part_gives_up,
    part_fails,
    part_ends,
    part_tells,
    job_spreads,
    parts_are_remade,
    job_is_remade,
    job_gives_up,
    job_ends,
    again,
    sweep,
    texts_are_recalled,
)


def on(database: Database, held: lease.Lease) -> lease.Lease:
    """The same lease, through another connection."""
    return lease.Lease(database, held.ledger, held.row, held.lease_s)


class Stopped:
    """Stops whatever uses `database` after so many statements, until `go_on`."""

    def __init__(self, database: Database, after: int) -> None:
        self._database, self._left = database, after
        self.reached, self._goes_on = threading.Event(), threading.Event()

    def __enter__(self) -> Self:
        event.listen(self._database.engine, "after_cursor_execute", self._count)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self._database.engine, "after_cursor_execute", self._count)

    def go_on(self) -> None:
        self._goes_on.set()

    def _count(self, *_: object) -> None:
        self._left -= 1
        if self._left == 0:
            self.reached.set()
            assert self._goes_on.wait(patience(30))


@pytest.fixture
def three(postgresql_database: Database) -> Iterator[tuple[Database, Database, Database]]:
    """Three ways to the same database: to look on, and one for each of two that act."""
    two = [Database(postgresql_database.url) for _ in range(2)]
    yield (postgresql_database, *two)
    for one in two:
        one.close()


def waits_for_a_lock(database: Database) -> bool:
    look = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND"
        " wait_event_type = 'Lock'"
    )
    with database.read() as connection:
        return bool(connection.scalar(text(look)))


def act(what: Act, database: Database, scene: Scene) -> None:
    with suppress(*ENDS):
        what(database, scene)


def cut_in(three: tuple[Database, Database, Database], first: Act, second: Act, after: int) -> bool:
    """Run `first`, and all of `second` that goes when `first` has done `after` statements;
    False if it has not that many.
    """
    watching, one, other = three
    scene = prepare(watching)
    with Stopped(one, after) as stopped, ThreadPoolExecutor(2) as pool:
        acting: list[Future[None]] = [pool.submit(act, first, one, scene)]
        while not stopped.reached.is_set() and not acting[0].done():
            time.sleep(0.001)
        if not stopped.reached.is_set():
            acting[0].result()
            return False
        acting.append(pool.submit(act, second, other, scene))
        while not acting[1].done() and not waits_for_a_lock(watching):
            time.sleep(0.001)
        stopped.go_on()
        for one_of_both in acting:
            one_of_both.result(patience(30))
    return True


def meet_anywhere(three: tuple[Database, Database, Database], first: Act, second: Act) -> None:
    after = 1
    while cut_in(three, first, second, after):
        after += 1
    assert after > 1


@pytest.mark.parametrize("ending", [cancel, delete], ids=lambda one: one.__name__)
def test_a_job_is_ended_while_a_part_gives_up(
    three: tuple[Database, Database, Database], ending: Act
) -> None:
    meet_anywhere(three, ending, part_gives_up)
    meet_anywhere(three, part_gives_up, ending)


@pytest.mark.more
@pytest.mark.parametrize("second", ACTS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("first", ACTS, ids=lambda one: one.__name__)
def test_two_that_meet_anywhere_both_end(
    three: tuple[Database, Database, Database], first: Act, second: Act
) -> None:
    meet_anywhere(three, first, second)
