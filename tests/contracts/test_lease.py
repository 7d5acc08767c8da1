"""The one lease, on every database: who may work on a row, for how long, and what becomes of it."""

from __future__ import annotations

import errno
import threading
from contextlib import contextmanager

import pytest
import structlog

from dragoman.db.clock import now_s
from dragoman.db.engine import Database
from dragoman.db.ledgers import inbox, jobs, lease, outbox
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.queries.due_rows import take_unrung
from dragoman.domain.job import RowState
from dragoman.domain.os_errors import DiskFull
from dragoman.domain.retry import TEMPORARY_ATTEMPTS, UNKNOWN_ATTEMPTS, WORKER_LOST_ATTEMPTS
from dragoman.errors import (
    EncryptedPdf,
    EngineBusy,
    EngineKeyRejected,
    EngineUnavailable,
    LeaseLost,
    OutboundRefused,
    OutboundUnavailable,
    StageTimedOut,
)
from tests.patience import patience
from tests.races import together
from tests.rows import add_job, add_message, change, claim_job, deliveries, expire, make_due, row
from tests.servers.process import wait_until


def claim(database: Database, job_id: str) -> lease.Lease | None:
    return lease.claim(database, jobs.LEDGER, job_id, 60.0)


def fail(database: Database, job_id: str, error: Exception) -> dict:
    """One attempt that ends in `error`; the row after it."""
    with (
        pytest.raises(type(error)),
        lease.attempt(database, jobs.LEDGER, job_id) as held,
    ):
        assert held is not None
        raise error
    return row(database, JOBS, job_id)


def unrung(database: Database, table=JOBS, limit: int = 10) -> list[str]:
    with database.write() as connection:
        return [found.id for found in take_unrung(connection, table, limit)]


def heartbeats() -> set[threading.Thread]:
    return {one for one in threading.enumerate() if one.name == "heartbeat"}


class TestInsert:
    def test_a_key_is_inserted_once_however_many_try(self, database):
        def keep(number: int) -> bool:
            with database.write() as connection:
                facts = {"channel": "email", "sender": "a@b.example", "payload": {}}
                return inbox.insert(connection, id=f"{number:032}", key="the same mail", **facts)

        assert sum(together(8, keep)) == 1
        with database.read() as connection:
            assert inbox.by_key(connection, "the same mail") is not None

    def test_a_delivery_is_owed_once_however_many_owe_it(self, database):
        def owe(number: int) -> str | None:
            with database.write() as connection:
                return outbox.owe(
                    connection, owner="m", run=1, kind=outbox.Kind.FINAL, channel="email"
                )

        assert len([made for made in together(8, owe) if made]) == 1
        assert len(deliveries(database, "m")) == 1


class TestClaim:
    def test_one_of_many_workers_gets_the_row(self, database):
        job_id = add_job(database)
        held = [found for found in together(8, lambda _: claim(database, job_id)) if found]
        assert len(held) == 1
        assert held[0].row.epoch == 1
        assert held[0].attempt == 1

    def test_each_row_of_many_goes_to_one_worker(self, database):
        ids = [add_job(database) for _ in range(12)]
        held = together(4, lambda _: [job_id for job_id in ids if claim(database, job_id)])
        assert sorted(sum(held, [])) == sorted(ids)

    def test_nothing_is_claimed_that_is_not_there(self, database):
        assert claim(database, "0" * 32) is None

    def test_row_is_not_claimed_before_its_time(self, database):
        job_id = add_job(database)
        held = claim_job(database, job_id)
        with database.write() as connection:
            held.give_back(connection, 60, EngineBusy())
        assert claim(database, job_id) is None
        make_due(database, JOBS, job_id)
        assert claim(database, job_id).attempt == 2

    @pytest.mark.parametrize("state", [RowState.DONE, RowState.DEAD, RowState.CANCELLED])
    def test_ended_row_is_never_claimed(self, database, state):
        job_id = add_job(database, state=state)
        assert claim(database, job_id) is None

    def test_further_guards_are_honoured(self, database):
        job_id = add_job(database)
        assert lease.claim(database, jobs.LEDGER, job_id, 60.0, stage="translate") is None
        assert lease.claim(database, jobs.LEDGER, job_id, 60.0, stage="extract") is not None


class TestExpiry:
    def test_expired_lease_goes_to_another_worker_and_counts_a_loss(self, database):
        job_id = add_job(database)
        claim_job(database, job_id)
        assert claim(database, job_id) is None
        expire(database, JOBS, job_id)
        second = claim(database, job_id)
        assert (second.row.epoch, second.attempt, second.row.losses) == (2, 2, 1)

    def test_expired_lease_is_taken_over_by_one(self, database):
        job_id = add_job(database)
        claim_job(database, job_id)
        expire(database, JOBS, job_id)
        assert (
            len([found for found in together(8, lambda _: claim(database, job_id)) if found]) == 1
        )
        assert row(database, JOBS, job_id)["losses"] == 1

    def test_the_late_worker_can_write_nothing(self, database):
        job_id = add_job(database)
        late = claim_job(database, job_id)
        expire(database, JOBS, job_id)
        claim_job(database, job_id)
        before = row(database, JOBS, job_id)
        for act in (
            lambda connection: jobs.finish_stage(connection, late, "jobs/1/extract/1.json"),
            lambda connection: jobs.show_progress(connection, late, 0.5),
            late.finish,
            lambda connection: late.give_back(connection, 0.0, EngineBusy()),
        ):
            with pytest.raises(LeaseLost), database.write() as connection:
                act(connection)
        with pytest.raises(LeaseLost):
            late.renew()
        with pytest.raises(LeaseLost):
            late.check()
        assert row(database, JOBS, job_id) == before

    def test_what_else_the_late_worker_wrote_in_its_transaction_is_undone(self, database):
        job_id, other = add_job(database), add_message(database)
        late = claim_job(database, job_id)
        expire(database, JOBS, job_id)
        claim_job(database, job_id)
        with pytest.raises(LeaseLost), database.write() as connection:
            outbox.owe(connection, owner=other, run=1, kind=outbox.Kind.FINAL, channel="email")
            late.finish(connection)
        assert deliveries(database, other) == []

    def test_three_lost_workers_are_a_dead_letter(self, database):
        job_id = add_job(database)
        for _ in range(WORKER_LOST_ATTEMPTS):
            claim_job(database, job_id)
            expire(database, JOBS, job_id)
        with lease.attempt(database, jobs.LEDGER, job_id) as held:
            assert held is None
        ended = row(database, JOBS, job_id)
        assert (ended["state"], ended["error_code"], ended["losses"]) == (
            RowState.DEAD,
            "worker_lost",
            3,
        )

    def test_worker_that_was_seen_to_die_gives_its_row_back_at_once(self, database):
        job_id = add_job(database)
        with in_task("first"):
            claim_job(database, job_id)
        assert lease.lose(database, jobs.LEDGER, job_id, "first")
        assert row(database, JOBS, job_id)["losses"] == 1
        assert unrung(database) == [job_id]
        assert claim(database, job_id).row.losses == 1  # counted once

    def test_news_of_a_death_comes_too_late_for_another_worker_s_row(self, database):
        job_id = add_job(database)
        with in_task("first"):
            claim_job(database, job_id)
        expire(database, JOBS, job_id)
        with in_task("second"):
            second = claim_job(database, job_id)
        assert not lease.lose(database, jobs.LEDGER, job_id, "first")
        second.renew()

    def test_a_lost_worker_does_not_use_up_the_attempts_for_errors(self, database):
        job_id = add_job(database)
        claim_job(database, job_id)
        expire(database, JOBS, job_id)
        with pytest.raises(RuntimeError), lease.attempt(database, jobs.LEDGER, job_id):
            raise RuntimeError("a bug, seen for the first time")
        assert row(database, JOBS, job_id)["state"] == RowState.READY


@contextmanager
def in_task(task_id):
    """As if a task with this id ran the block."""
    token = lease.holder.set(task_id)
    yield
    lease.holder.reset(token)


class TestHeartbeat:
    def test_heartbeat_keeps_the_row_beyond_its_lease(self, database):
        job_id = add_job(database)
        lease_s = patience(0.6)
        with lease.attempt(database, jobs.LEDGER, job_id, lease_s=lease_s) as held:
            first = held.row.lease_until
            wait_until(
                lambda: row(database, JOBS, job_id)["lease_until"] > first + lease_s,
                10,
                "the lease is renewed",
            )
            assert claim(database, job_id) is None
            held.check()

    def test_heartbeat_tells_the_worker_of_its_loss(self, database):
        job_id = add_job(database)
        with lease.attempt(database, jobs.LEDGER, job_id, lease_s=0.3) as held:
            with database.write() as connection:
                assert jobs.cancel(connection, job_id)
            assert held.lost.wait(patience(10))
            with pytest.raises(LeaseLost):
                held.check()

    def test_one_thread_serves_all_leases(self, database):
        with lease.attempt(database, jobs.LEDGER, add_job(database)):
            begun = heartbeats()  # other tests of this process may have left some of their own
        for _ in range(3):
            ids = add_job(database), add_job(database)
            with (
                lease.attempt(database, jobs.LEDGER, ids[0]),
                lease.attempt(database, jobs.LEDGER, ids[1]),
            ):
                assert heartbeats() == begun

    def test_a_row_that_ended_is_not_renewed(self, database):
        job_id = add_job(database)
        with lease.attempt(database, jobs.LEDGER, job_id, lease_s=0.3) as held:
            with database.write() as connection:
                held.finish(connection)
            assert not held.lost.wait(0.3)


class TestFailure:
    def test_temporary_trouble_is_tried_eight_times(self, database):
        job_id = add_job(database)
        for attempt in range(1, TEMPORARY_ATTEMPTS):
            failed = fail(database, job_id, EngineUnavailable(detail="no route"))
            assert (failed["state"], failed["attempts"]) == (RowState.READY, attempt)
            make_due(database, JOBS, job_id)
        last = fail(database, job_id, EngineUnavailable(detail="no route"))
        assert (last["state"], last["error_code"]) == (RowState.DEAD, "engine_unavailable")
        assert last["error_detail"] == "no route"
        assert f"tried it {TEMPORARY_ATTEMPTS} times" in last["error_advice"]
        assert last["ended_at"] > 0

    def test_permanent_trouble_is_a_dead_letter_at_once(self, database):
        failed = fail(database, add_job(database), EngineKeyRejected())
        assert (failed["state"], failed["attempts"]) == (RowState.DEAD, 1)

    def test_a_bug_is_tried_twice_and_its_words_are_for_the_admin_only(self, database):
        job_id = add_job(database)
        for _ in range(UNKNOWN_ATTEMPTS):
            failed = fail(database, job_id, RuntimeError("secret host db7"))
            make_due(database, JOBS, job_id)
        assert (failed["state"], failed["error_code"]) == (RowState.DEAD, "internal")
        assert "db7" in failed["error_detail"]
        assert "db7" not in failed["error_message"] + failed["error_advice"]

    def test_a_full_disk_is_waited_for(self, database):
        job_id = add_job(database)
        for _ in range(UNKNOWN_ATTEMPTS + 1):
            with pytest.raises(DiskFull), lease.attempt(database, jobs.LEDGER, job_id):
                raise OSError(errno.ENOSPC, "No space left on device")
            failed = row(database, JOBS, job_id)
            assert (failed["state"], failed["error_code"]) == (RowState.READY, "disk_full")
            make_due(database, JOBS, job_id)

    @pytest.mark.parametrize(
        ("error", "level"), [(EncryptedPdf(), "warning"), (EngineKeyRejected(), "error")]
    )
    def test_only_what_an_admin_can_mend_is_logged_as_an_error(self, database, error, level):
        with structlog.testing.capture_logs() as logs:
            fail(database, add_job(database), error)
        (gave_up,) = [event for event in logs if event["event"] == "gave_up"]
        assert (gave_up["log_level"], "exc_info" in gave_up) == (level, level == "error")

    def test_a_stage_that_is_too_slow_is_tried_twice(self, database):
        job_id = add_job(database)
        assert fail(database, job_id, StageTimedOut())["state"] == RowState.READY
        make_due(database, JOBS, job_id)
        assert fail(database, job_id, StageTimedOut())["state"] == RowState.DEAD

    def test_wait_that_the_other_side_asked_for_is_kept(self, database):
        job_id = add_job(database)
        before = row(database, JOBS, job_id)["created_at"]
        assert fail(database, job_id, EngineBusy(retry_after_s=120))["run_after"] >= before + 120

    def test_a_delivery_outlives_a_mail_server_that_is_down_for_hours(self, database):
        delivery = owe(database)
        for _ in range(TEMPORARY_ATTEMPTS + 1):
            with (
                pytest.raises(OutboundUnavailable),
                lease.attempt(database, outbox.LEDGER, delivery),
            ):
                raise OutboundUnavailable
            make_due(database, OUTBOX, delivery)
        assert row(database, OUTBOX, delivery)["state"] == RowState.READY

    def test_a_delivery_that_is_refused_for_good_is_not_tried_again(self, database):
        delivery = owe(database)
        with pytest.raises(OutboundRefused), lease.attempt(database, outbox.LEDGER, delivery):
            raise OutboundRefused
        assert row(database, OUTBOX, delivery)["state"] == RowState.DEAD

    def test_lost_lease_is_no_failure(self, database):
        job_id = add_job(database)
        with pytest.raises(LeaseLost), lease.attempt(database, jobs.LEDGER, job_id) as held:
            expire(database, JOBS, job_id)
            claim_job(database, job_id)
            held.renew()
        now = row(database, JOBS, job_id)
        assert (now["state"], now["error_code"]) == (RowState.RUNNING, None)

    def test_failure_after_the_end_changes_nothing(self, database):
        job_id = add_job(database)
        with pytest.raises(RuntimeError), lease.attempt(database, jobs.LEDGER, job_id) as held:
            with database.write() as connection:
                held.finish(connection)
            raise RuntimeError("too late")
        assert row(database, JOBS, job_id)["state"] == RowState.DONE

    def test_next_step_begins_with_a_clean_count(self, database):
        job_id = add_job(database)
        fail(database, job_id, EngineUnavailable())
        make_due(database, JOBS, job_id)
        held = claim_job(database, job_id)
        with database.write() as connection:
            jobs.finish_stage(connection, held, "jobs/1/extract/2.json")
        now = row(database, JOBS, job_id)
        assert (now["stage"], now["attempts"], now["losses"], now["error_code"]) == (
            "translate",
            0,
            0,
            None,
        )
        assert now["artifact"] == "jobs/1/extract/2.json"

    def test_message_that_dies_is_answered_with_the_reason(self, database):
        message_id = add_message(database)
        with pytest.raises(EngineKeyRejected), lease.attempt(database, inbox.LEDGER, message_id):
            raise EngineKeyRejected
        assert row(database, INBOX, message_id)["state"] == RowState.DEAD
        [answer] = deliveries(database, message_id)
        assert answer["kind"] == outbox.Kind.FINAL
        assert answer["payload"]["error_code"] == "engine_key_rejected"


class TestSweep:
    def test_fresh_row_is_rung_by_its_door_and_not_by_the_sweeper(self, database):
        add_job(database)
        assert unrung(database) == []

    def test_gap_between_two_rings_doubles_to_a_minute(self, database):
        job_id = add_job(database)
        gaps = []
        for _ in range(6):
            for gap in (4, 6, 11, 21, 41, 59, 61):
                ring(database, job_id, gap)
                if unrung(database):
                    gaps.append(gap)
                    break
        # A ring is due 5, 10, 20, 40, 60, 60 seconds after the one before.
        assert gaps == [6, 11, 21, 41, 61, 61]

    def test_rows_that_are_not_due_are_left_alone(self, database):
        running = add_job(database)
        claim_job(database, running)
        waiting = add_job(database)
        change(database, JOBS, waiting, run_after=now_s() + 60)
        add_job(database, state=RowState.DONE)
        for job_id in (running, waiting):
            ring(database, job_id, 1000)
        assert unrung(database) == []

    def test_dead_worker_s_row_is_rung(self, database):
        job_id = add_job(database)
        claim_job(database, job_id)
        expire(database, JOBS, job_id)
        ring(database, job_id, 61)
        assert unrung(database) == [job_id]

    def test_row_given_back_is_rung_when_its_time_has_come(self, database):
        job_id = add_job(database)
        fail(database, job_id, EngineUnavailable())
        make_due(database, JOBS, job_id)
        assert unrung(database) == [job_id]
        assert unrung(database) == []

    def test_a_sweep_takes_no_more_than_its_limit_and_the_oldest_first(self, database):
        ids = [add_job(database) for _ in range(5)]
        for number, job_id in enumerate(ids):
            change(database, JOBS, job_id, rung_at=0.0, created_at=float(number))
        assert sorted(unrung(database, limit=3)) == sorted(ids[:3])
        assert sorted(unrung(database, limit=3)) == sorted(ids[3:])

    @pytest.mark.parametrize("table", [INBOX, OUTBOX], ids=lambda table: table.name)
    def test_all_ledgers_are_swept_alike(self, database, table):
        row_id = add_message(database) if table is INBOX else owe(database)
        change(database, table, row_id, rung_at=0.0)
        assert unrung(database, table) == [row_id]


def owe(database: Database) -> str:
    with database.write() as connection:
        made = outbox.owe(connection, owner="m", run=1, kind=outbox.Kind.FINAL, channel="email")
    assert made is not None
    return made


def ring(database: Database, job_id: str, seconds_ago: float) -> None:
    change(database, JOBS, job_id, rung_at=now_s() - seconds_ago)
