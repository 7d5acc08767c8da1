"""The database's clock steps by a day, or by some minutes: nothing waits for longer than a
lease, and it is said.
"""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from dragoman.db import clock
from dragoman.db.engine import Database
from dragoman.db.ledgers import inbox, jobs, lease, outbox
from dragoman.db.ledgers.jobs import JOBS, NEVER
from dragoman.db.queries.due_rows import take_unrung
from dragoman.db.records import process_registry
from dragoman.db.tables import Base
from dragoman.errors import EngineBusy, LeaseLost
from dragoman.ports import Capabilities
from pipeline.worker import sweeper
from pipeline.worker.sweeper import Count, look_at_clock
from tests.rows import SENDER, add_job, add_message, change, claim_job, row

DAY_S = 86_400.0
MOMENTS = ("_at", "_until", "_after", "_since")
LEASE_S = 60.0


def step_clock(database: Database, seconds: float) -> None:
    """Set the database's clock forward by so much, as its rows see it: all moments that they
    know are that much earlier.
    """
    with database.write() as connection:
        for table in Base.metadata.tables.values():
            for column in table.columns:
                if column.name.endswith(MOMENTS):
                    is_moment = (column > 1.0) & (column < NEVER)
                    connection.execute(
                        table.update().where(is_moment).values({column.name: column - seconds})
                    )


def stepped(database: Database, seconds: float, count: Count) -> None:
    """A step that a sweeper sees which has looked at the clock before."""
    look_at_clock(database, count)
    step_clock(database, seconds)
    count.clock_s -= seconds
    look_at_clock(database, count)


def left_s(database: Database, job_id: str, column: str) -> float:
    with database.read() as connection:
        return float(row(database, JOBS, job_id)[column] - clock.now(connection))


def test_a_dead_workers_lease_ends_in_time(database: Database) -> None:
    job_id = add_job(database)
    claim_job(database, job_id, LEASE_S)
    step_clock(database, -DAY_S)
    assert left_s(database, job_id, "lease_until") > DAY_S
    # a sweeper that was started after the step, and has seen nothing of it
    look_at_clock(database, Count(LEASE_S))
    assert 0 < left_s(database, job_id, "lease_until") <= LEASE_S + 1


def test_a_living_workers_lease_stays_its_own(database: Database) -> None:
    held = claim_job(database, add_job(database), LEASE_S)
    stepped(database, -DAY_S, Count(LEASE_S))
    assert lease.claim(database, jobs.LEDGER, held.id, LEASE_S) is None
    held.renew()
    assert left_s(database, held.id, "lease_until") == pytest.approx(LEASE_S, abs=5)


def test_what_was_rung_for_is_rung_for_again_at_once(database: Database) -> None:
    job_id = add_job(database)
    step_clock(database, -DAY_S)
    with database.write() as connection:
        assert [one.id for one in take_unrung(connection, JOBS, 10)] == [job_id]
        assert take_unrung(connection, JOBS, 10) == []


@pytest.mark.parametrize("back_s", [600.0, DAY_S])
def test_a_pause_stays_as_long_as_it_was_where_the_step_was_seen(
    database: Database, back_s: float
) -> None:
    held = claim_job(database, add_job(database), LEASE_S)
    with database.write() as connection:
        held.give_back(connection, 300.0, EngineBusy())
    stepped(database, -back_s, Count(LEASE_S))
    assert 200 < left_s(database, held.id, "run_after") <= 301


def test_a_pause_is_over_where_the_step_was_not_seen(database: Database) -> None:
    held = claim_job(database, add_job(database), LEASE_S)
    with database.write() as connection:
        held.give_back(connection, 30.0, EngineBusy())
    step_clock(database, -DAY_S)
    look_at_clock(database, Count(LEASE_S))
    claim_job(database, held.id)


def test_what_is_in_order_stays_as_it_is(database: Database) -> None:
    message_id = add_message(database)
    with database.write() as connection:
        outbox.owe(
            connection,
            owner=message_id,
            run=1,
            kind=outbox.Kind.PROGRESS,
            channel="email",
            after_s=900.0,
        )
    spread, held = add_job(database), claim_job(database, add_job(database), LEASE_S)
    change(database, JOBS, spread, run_after=NEVER)
    count = Count(LEASE_S)
    with capture_logs() as logs:
        look_at_clock(database, count)
        look_at_clock(database, count)
    assert logs == []
    assert count.steps == []
    assert row(database, JOBS, spread)["run_after"] == NEVER
    assert left_s(database, held.id, "lease_until") > LEASE_S - 5
    with database.read() as connection:
        [owed] = outbox.deliveries(connection, message_id)
        assert owed.run_after - clock.now(connection) > 890


def test_a_clock_that_is_set_forward_stalls_nothing_and_fences_the_worker_off(
    database: Database,
) -> None:
    held = claim_job(database, add_job(database), LEASE_S)
    stepped(database, DAY_S, Count(LEASE_S))
    with database.write() as connection:
        assert [one.id for one in take_unrung(connection, JOBS, 10)] == [held.id]
    assert claim_job(database, held.id).row.losses == 1
    with pytest.raises(LeaseLost):
        held.renew()


@pytest.mark.parametrize("seconds", [-DAY_S, DAY_S])
def test_a_step_is_logged_and_kept_for_the_doctor(database: Database, seconds: float) -> None:
    count = Count(LEASE_S)
    with capture_logs() as logs:
        stepped(database, seconds, count)
    [said] = [one for one in logs if one["event"] == "clock_stepped"]
    assert said["seconds"] == pytest.approx(seconds, abs=5)
    sweeper.tell(database, count.steps[-1:])
    with database.read() as connection:
        [facts] = process_registry.told(connection, "sweeper@").values()
        assert facts["stepped_s"] == pytest.approx(seconds, abs=5)
        assert facts["stepped_at"] == pytest.approx(clock.now(connection), abs=30)


def test_nobody_seems_alive_by_a_stamp_of_the_future(database: Database) -> None:
    with database.write() as connection:
        process_registry.beat(connection, "sweeper@gone")
        process_registry.pulse(connection, "worker@gone", 1, {})
    step_clock(database, -DAY_S)
    with database.read() as connection:
        assert process_registry.alive(connection)["sweeper@gone"] > DAY_S / 2
        assert process_registry.pulses(connection) == []


def test_what_living_workers_can_do_counts_after_the_step(database: Database) -> None:
    one, other = (
        Capabilities(engine=name, targets=frozenset({"de"}), pairs=None)
        for name in ("one", "other")
    )
    with database.write() as connection:
        process_registry.publish(connection, "worker@gone", [one])
    stepped(database, -DAY_S, Count(LEASE_S))
    with database.write() as connection:
        process_registry.publish(connection, "worker@here", [other])
        assert {found.engine for found in process_registry.published(connection)} == {
            "one",
            "other",
        }
    change_seen = process_registry.CAPABILITIES.update().where(
        process_registry.CAPABILITIES.c.worker == "worker@gone"
    )
    with database.write() as connection:
        connection.execute(
            change_seen.values(
                seen_at=process_registry.CAPABILITIES.c.seen_at - process_registry.EXPIRES_S
            )
        )
        assert {found.engine for found in process_registry.published(connection)} == {"other"}


def test_messages_of_before_the_step_fill_no_limit(database: Database) -> None:
    for _ in range(3):
        add_message(database)
    step_clock(database, -DAY_S)
    with database.read() as connection:
        assert inbox.received(connection, SENDER, 3600.0, 10) == 0
        assert inbox.room_in(connection, SENDER, 3600.0, 1) == 0.0
