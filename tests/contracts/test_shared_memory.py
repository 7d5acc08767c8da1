"""The translation memory of a leased job: what was paid for is kept, whatever became of the job
meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection

from dragoman.adapters.translation_cache import Cache
from dragoman.app import retention
from dragoman.db.engine import Database
from dragoman.db.ledgers import jobs, lease, reserved_texts
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.records import translation_memory
from dragoman.errors import DatabaseUnavailable, LeaseLost
from pipeline.translation.memory import SharedMemory
from tests.races import together
from tests.rows import add_job, claim_job, expire, row

NO_CACHE = Cache("")
ANSWERS = {"k1": "eins", "k2": "zwei"}


def recall(database: Database, *keys: str) -> dict[str, str]:
    with database.write() as connection:
        return translation_memory.recall(connection, keys)


def shared(held: lease.Lease) -> SharedMemory:
    return SharedMemory(held, "deepl", NO_CACHE, held.row)


def test_a_batch_is_kept_with_what_it_cost(database):
    job_id = add_job(database)
    paying = shared(claim_job(database, job_id))
    paying.remember(ANSWERS, 8)
    paying.remember({"k3": "drei"}, 4)
    assert paying.recall(["k1", "k2", "k3", "k4"]) == {**ANSWERS, "k3": "drei"}
    assert row(database, JOBS, job_id)["characters_billed"] == 12


def test_a_batch_that_was_paid_for_after_the_lease_was_lost_is_not_paid_for_again(database):
    job_id = add_job(database)
    held = claim_job(database, job_id)
    expire(database, JOBS, job_id)
    successor = claim_job(database, job_id)
    with pytest.raises(LeaseLost):
        shared(held).remember(ANSWERS, 8)
    assert shared(successor).recall(list(ANSWERS)) == ANSWERS
    assert row(database, JOBS, job_id)["characters_billed"] == 8


def test_a_cancelled_job_stops_and_what_it_paid_for_stays(database):
    job_id = add_job(database)
    held = claim_job(database, job_id)
    with database.write() as connection:
        jobs.cancel(connection, job_id)
    with pytest.raises(LeaseLost):
        shared(held).remember(ANSWERS, 8)
    assert recall(database, *ANSWERS) == ANSWERS


def test_nothing_is_learnt_from_a_purged_job(database, store):
    job_id = add_job(database)
    held = claim_job(database, job_id)
    retention.purge_job(database, store, job_id)
    with pytest.raises(LeaseLost):
        shared(held).remember(ANSWERS, 8)
    assert recall(database, *ANSWERS) == {}


def test_a_database_that_restarts_does_not_cost_the_batch(database):
    held = claim_job(database, add_job(database))
    held.database = Restarting(database.url)
    shared(held).remember(ANSWERS, 8)
    held.database.close()
    assert recall(database, *ANSWERS) == ANSWERS


def test_jobs_that_learn_the_same_texts_in_another_order_do_not_block_each_other(database):
    keys = [f"k{number}" for number in range(40)]

    def learn(number: int) -> None:
        with database.write() as connection:
            texts = dict.fromkeys(keys if number % 2 else reversed(keys), "x")
            translation_memory.remember(
                connection, texts, engine="deepl", target_lang="de", job_id=None
            )
            time.sleep(0.01)

    for _ in range(5):
        together(4, learn)
        with database.write() as connection:
            connection.execute(translation_memory.TRANSLATIONS.delete())


class TestAskedForJustNow:
    """Two jobs of a team that have texts in common: only one of them asks for these."""

    def test_what_one_asks_for_the_other_does_not(self, database):
        first, second = (claim_job(database, add_job(database)) for _ in range(2))
        assert shared(first).reserve(["k1", "k2"]) == {"k1", "k2"}
        assert shared(second).reserve(["k2", "k3"]) == {"k3"}
        assert shared(first).reserve(["k1", "k2"]) == {"k1", "k2"}  # asked again after a pause

    def test_it_is_free_again_when_the_other_has_its_answers_or_gave_up(self, database):
        first, second = (claim_job(database, add_job(database)) for _ in range(2))
        shared(first).reserve(["k1"])
        shared(first).release()
        assert shared(second).reserve(["k1"]) == {"k1"}

    def test_it_is_free_again_when_the_other_lost_its_lease(self, database):
        first, second = (add_job(database) for _ in range(2))
        shared(claim_job(database, first)).reserve(["k1"])
        expire(database, JOBS, first)
        held = shared(claim_job(database, second))
        assert held.reserve(["k1"]) == {"k1"}
        assert shared(claim_job(database, first)).reserve(["k1"]) == set()

    def test_it_is_free_again_when_the_other_ended(self, database):
        first, second = (claim_job(database, add_job(database)) for _ in range(2))
        shared(first).reserve(["k1"])
        with database.write() as connection:
            first.finish(connection)
        assert shared(second).reserve(["k1"]) == {"k1"}

    def test_what_costs_nothing_is_asked_for_at_once(self, database):
        first, second = (claim_job(database, add_job(database)) for _ in range(2))
        assert SharedMemory(first, "local", NO_CACHE, first.row).reserve(["k1"]) == {"k1"}
        assert SharedMemory(second, "local", NO_CACHE, second.row).reserve(["k1"]) == {"k1"}

    def test_many_who_ask_at_once_get_each_text_once(self, database):
        held = [claim_job(database, add_job(database)) for _ in range(4)]
        keys = [f"k{number}" for number in range(40)]
        got: dict[int, set[str]] = {}

        def take(number: int) -> None:
            got[number] = shared(held[number]).reserve(keys if number % 2 else keys[::-1])

        together(4, take)
        assert sorted(key for ours in got.values() for key in ours) == sorted(keys)

    def test_what_the_dead_had_reserved_is_forgotten(self, database):
        held = claim_job(database, add_job(database))
        shared(held).reserve(["k1"])
        with database.write() as connection:
            reserved_texts.forget_stale(connection)
            assert connection.execute(reserved_texts.RESERVED.select()).one().key == "k1"
            held.finish(connection)
            reserved_texts.forget_stale(connection)
            assert connection.execute(reserved_texts.RESERVED.select()).all() == []


class Restarting(Database):
    """A database that is away for the first two attempts to write."""

    away = 2

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self.away:
            self.away -= 1
            raise DatabaseUnavailable(detail="it restarts")
        with super().write() as connection:
            yield connection
