"""Messages, jobs and deliveries together: one answer, once, whatever ends first."""

from __future__ import annotations

import pytest

from dragoman.db.engine import Database
from dragoman.db.ledgers import inbox, jobs, lease, outbox
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.domain.job import RowState, Stage
from dragoman.domain.rows.job import Job
from dragoman.errors import Conflict, LeaseLost, UnsupportedPair
from tests.races import together
from tests.rows import add_job, add_message, claim_job, complete, deliveries, message_with_jobs, row

FINAL, ACK = outbox.Kind.FINAL, outbox.Kind.ACK


def finals(database: Database, owner: str) -> list[int]:
    """The runs that were answered."""
    return sorted(found["run"] for found in deliveries(database, owner) if found["kind"] == FINAL)


def cancel(database: Database, job_id: str) -> bool:
    with database.write() as connection:
        return jobs.cancel(connection, job_id)


def retry(database: Database, job_id: str) -> Job:
    with database.write() as connection:
        return jobs.retry(connection, job_id)


def die(database: Database, job_id: str) -> None:
    with pytest.raises(UnsupportedPair), lease.attempt(database, jobs.LEDGER, job_id):
        raise UnsupportedPair


def owe(
    database: Database, owner: str, kind: outbox.Kind, after_s: float = 0.0, run: int = 1
) -> str | None:
    with database.write() as connection:
        return outbox.owe(
            connection, owner=owner, run=run, kind=kind, channel="email", after_s=after_s
        )


class TestJob:
    @pytest.mark.parametrize("tone", [None, "formal"])
    def test_walks_through_its_stages_to_its_result(self, database, tone):
        job_id = add_job(database, options={"target_lang": "de", "tone": tone})
        seen = []
        while row(database, JOBS, job_id)["state"] != RowState.DONE:
            held = claim_job(database, job_id)
            seen.append((held.row.stage, held.row.progress))
            with database.write() as connection:
                if held.row.stage == Stage.RECONSTRUCT:
                    jobs.complete(connection, held, "jobs/1/reconstruct/4.pdf", 99, characters=7)
                else:
                    jobs.finish_stage(connection, held, "jobs/1/x/1.json", pages=2)
        now = row(database, JOBS, job_id)
        toned = [("tone", 70)] if tone else []
        assert seen == [("extract", 0), ("translate", 10), *toned, ("reconstruct", 75)]
        assert (now["state"], now["progress"], now["result"]) == (
            RowState.DONE,
            100,
            "jobs/1/reconstruct/4.pdf",
        )
        assert (now["result_size"], now["pages"], now["characters"]) == (99, 2, 7)

    def test_the_last_stage_ends_with_a_result_only(self, database):
        job_id = at_last_stage(database)
        held = claim_job(database, job_id)
        with pytest.raises(ValueError, match="complete"), database.write() as connection:
            jobs.finish_stage(connection, held, "jobs/1/x/1.json")

    def test_percent_never_goes_back(self, database):
        job_id = add_job(database)
        held = claim_job(database, job_id)
        shown = []
        for fraction in (0.5, 0.2, 1.0, -1.0, 7.0):
            with database.write() as connection:
                jobs.show_progress(connection, held, fraction)
            shown.append(row(database, JOBS, job_id)["progress"])
        assert shown == [5, 5, 10, 10, 10]

    def test_cancel_fences_the_worker_off(self, database):
        job_id = add_job(database)
        held = claim_job(database, job_id)
        assert cancel(database, job_id)
        with pytest.raises(LeaseLost), database.write() as connection:
            jobs.finish_stage(connection, held, "jobs/1/x/1.json")
        assert row(database, JOBS, job_id)["state"] == RowState.CANCELLED

    def test_cancel_and_end_at_the_same_moment_end_it_once(self, database):
        message_id, [job_id] = message_with_jobs(database, 1)
        for _ in range(2):
            held = claim_job(database, job_id)
            with database.write() as connection:
                jobs.finish_stage(connection, held, "jobs/1/x/1.json")
        held = claim_job(database, job_id)

        def end(number: int) -> str:
            if number % 2:
                return "cancelled" if cancel(database, job_id) else ""
            try:
                with database.write() as connection:
                    jobs.complete(connection, held, "jobs/1/reconstruct/4.pdf", 1)
            except LeaseLost:
                return ""
            return "done"

        [winner] = filter(None, together(4, end))
        assert row(database, JOBS, job_id)["state"] == winner
        assert finals(database, message_id) == [1]
        assert row(database, INBOX, message_id)["jobs_left"] == 0

    def test_job_that_ended_cannot_be_cancelled(self, database):
        job_id = add_job(database)
        complete(database, job_id)
        assert not cancel(database, job_id)
        assert not cancel(database, "0" * 32)

    def test_only_what_failed_or_was_cancelled_is_tried_again(self, database):
        done, fresh = add_job(database), add_job(database)
        complete(database, done)
        for job_id in (done, fresh, "0" * 32):
            with pytest.raises(Conflict):
                retry(database, job_id)

    def test_retry_goes_on_from_the_last_good_stage(self, database):
        job_id = add_job(database)
        held = claim_job(database, job_id)
        with database.write() as connection:
            jobs.finish_stage(connection, held, "jobs/1/extract/1.json")
        die(database, job_id)
        assert row(database, JOBS, job_id)["error_code"] == "unsupported_pair"
        retry(database, job_id)
        again = claim_job(database, job_id)
        assert (again.row.stage, again.row.artifact) == ("translate", "jobs/1/extract/1.json")
        assert (again.attempt, again.row.run, again.row.error_code) == (1, 2, None)

    def test_lists_and_counts(self, database):
        mine, other = add_job(database, owner="web:a"), add_job(database, owner="web:b")
        cancel(database, other)
        with database.read() as connection:
            assert [found.id for found in jobs.listed(connection, owner="web:a")] == [mine]
            assert [found.id for found in jobs.listed(connection, states=[RowState.CANCELLED])] == [
                other
            ]
            assert len(jobs.listed(connection, limit=1)) == 1
            assert jobs.counted(connection) == {
                ("extract", "ready"): 1,
                ("extract", "cancelled"): 1,
            }
            assert jobs.by_key(connection, f"job:{mine}").id == mine


class TestAnswer:
    def test_upload_owes_no_message(self, database):
        job_id = add_job(database)
        complete(database, job_id)
        assert deliveries(database, job_id) == []

    def test_job_of_a_chat_is_answered_itself(self, database):
        job_id = add_job(database, channel="slack")
        complete(database, job_id)
        assert finals(database, job_id) == [1]

    def test_combined_answer_follows_the_last_job(self, database):
        message_id, ids = message_with_jobs(database, 3)
        complete(database, ids[0])
        die(database, ids[1])
        assert finals(database, message_id) == []
        cancel(database, ids[2])
        assert finals(database, message_id) == [1]

    def test_jobs_that_end_together_are_answered_once(self, database, place):
        ends = (complete, die, cancel, complete)
        # writers of SQLite queue up: no race there
        for _ in range(50 if place.startswith("postgresql") else 10):
            message_id, ids = message_with_jobs(database, 4)
            together(4, lambda number, ids=ids: ends[number](database, ids[number]))
            assert finals(database, message_id) == [1]
            assert row(database, INBOX, message_id)["jobs_left"] == 0

    def test_answer_and_end_of_the_job_are_one_commit(self, database):
        message_id, [job_id] = message_with_jobs(database, 1)
        held = at_end(database, job_id)
        with pytest.raises(RuntimeError), database.write() as connection:
            jobs.complete(connection, held, "jobs/1/reconstruct/4.pdf", 1)
            raise RuntimeError("the process dies before the commit")
        assert finals(database, message_id) == []
        assert row(database, JOBS, job_id)["state"] == RowState.RUNNING
        assert row(database, INBOX, message_id)["jobs_left"] == 1

    def test_final_takes_back_an_ack_that_nobody_has_sent(self, database):
        owe(database, "m", ACK, after_s=30)
        owe(database, "m", FINAL)
        assert [found["kind"] for found in deliveries(database, "m")] == [FINAL]

    def test_ack_that_is_being_sent_stays(self, database):
        ack = owe(database, "m", ACK)
        assert lease.claim(database, outbox.LEDGER, ack, 60.0) is not None
        owe(database, "m", FINAL)
        assert sorted(found["kind"] for found in deliveries(database, "m")) == [ACK, FINAL]

    def test_ack_of_another_run_stays(self, database):
        owe(database, "m", ACK, after_s=30, run=2)
        owe(database, "m", FINAL, run=1)
        assert sorted(found["run"] for found in deliveries(database, "m")) == [1, 2]

    def test_ack_waits_for_its_time(self, database):
        ack = owe(database, "m", ACK, after_s=30)
        assert lease.claim(database, outbox.LEDGER, ack, 60.0) is None
        with database.read() as connection:
            assert outbox.owed(connection, "m") == [ack]

    def test_what_ended_is_owed_no_more(self, database):
        delivery = owe(database, "m", FINAL)
        held = lease.claim(database, outbox.LEDGER, delivery, 60.0)
        with database.write() as connection:
            held.finish(connection)
        with database.read() as connection:
            assert outbox.owed(connection, "m") == []
            assert [found.id for found in outbox.deliveries(connection, "m")] == [delivery]
        assert row(database, OUTBOX, delivery)["ended_at"] > 0


class TestRun:
    def test_retry_after_the_answer_opens_a_run_with_its_own_answer(self, database):
        message_id, ids = message_with_jobs(database, 2)
        complete(database, ids[0])
        die(database, ids[1])
        retry(database, ids[1])
        assert row(database, INBOX, message_id)["jobs_left"] == 1
        complete(database, ids[1])
        assert finals(database, message_id) == [1, 2]
        with database.read() as connection:
            assert [found.id for found in jobs.of_message(connection, message_id, run=2)] == [
                ids[1]
            ]
            assert [found.id for found in jobs.of_message(connection, message_id)] == ids

    def test_retry_before_the_answer_joins_its_run(self, database):
        message_id, ids = message_with_jobs(database, 2)
        die(database, ids[0])
        retry(database, ids[0])
        assert row(database, INBOX, message_id)["jobs_left"] == 2
        complete(database, ids[0])
        assert finals(database, message_id) == []
        complete(database, ids[1])
        assert finals(database, message_id) == [1]

    def test_two_retries_share_a_run(self, database):
        message_id, ids = message_with_jobs(database, 2)
        for job_id in ids:
            die(database, job_id)
        together(2, lambda number: retry(database, ids[number]))
        assert row(database, INBOX, message_id)["jobs_left"] == 2
        assert [row(database, JOBS, job_id)["run"] for job_id in ids] == [2, 2]
        together(2, lambda number: complete(database, ids[number]))
        assert finals(database, message_id) == [1, 2]

    def test_one_of_two_retries_of_a_job_wins(self, database):
        message_id, [job_id] = message_with_jobs(database, 1)
        die(database, job_id)

        def again(number: int) -> bool:
            try:
                retry(database, job_id)
            except Conflict:
                return False
            return True

        assert sum(together(4, again)) == 1
        assert row(database, INBOX, message_id)["jobs_left"] == 1

    def test_more_ends_than_jobs_change_nothing(self, database):
        message_id, _ = message_with_jobs(database, 1)
        with database.write() as connection:
            assert inbox.job_ended(connection, message_id) is not None
            assert inbox.job_ended(connection, message_id) is None


def at_end(database: Database, job_id: str) -> lease.Lease:
    """The lease on a job's last stage."""
    while (held := claim_job(database, job_id)).row.stage != Stage.RECONSTRUCT:
        with database.write() as connection:
            jobs.finish_stage(connection, held, "jobs/1/x/1.json")
    return held


def at_last_stage(database: Database) -> str:
    """A job that waits for its last stage."""
    job_id = add_job(database)
    for _ in range(2):
        held = claim_job(database, job_id)
        with database.write() as connection:
            jobs.finish_stage(connection, held, "jobs/1/x/1.json")
    return job_id


def test_bounce_is_recorded_on_its_delivery(database, intake):
    message_id = add_message(database, sender="")
    with database.write() as connection:
        delivery_id = outbox.owe(
            connection, owner="a-job", run=1, kind=outbox.Kind.FINAL, channel="email"
        )
    with intake.opened(message_id) as held:
        assert intake.bounced(held, delivery_id, "5.1.1 no such user " + "x" * 1000)
    (delivery,) = deliveries(database, "a-job")
    assert delivery["bounced_at"] > 0
    assert delivery["bounce"].startswith("5.1.1 no such user xxx")
    assert row(database, INBOX, message_id)["state"] == "done"


def test_bounce_of_an_unknown_delivery_ends_its_message(database, intake):
    message_id = add_message(database, sender="")
    with intake.opened(message_id) as held:
        assert not intake.bounced(held, "0" * 32, "5.1.1")
    assert row(database, INBOX, message_id)["state"] == "done"
