"""Whose turn it is, in the rows of both databases: also where many ask at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from dragoman.db.clock import now_s
from dragoman.db.ledgers import jobs, lease
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.parts import PARTS
from dragoman.db.queries import turns
from dragoman.db.records import process_registry
from dragoman.domain.job import RowState, Stage
from dragoman.domain.owner import team_of
from dragoman.domain.turns import Holder, Places
from pipeline.attempt.turns import Turns
from tests.rows import add_job, change, row

TWO = Places(2, 1)
ANN, BEA, COLLEAGUE = "ann@one.test", "bea@two.test", "cy@one.test"


@pytest.fixture
def admits(database):
    return Turns(2).admits(JOBS)


def claim(database, admits, job_id: str):
    return lease.claim(database, jobs.LEDGER, job_id, 60.0, admits=admits)


def due(database, owner: str, count: int = 1) -> list[str]:
    return [add_job(database, owner=owner) for _ in range(count)]


def next_of(database, known: Places = TWO) -> list[str]:
    with database.write() as connection:
        return [one.id for _, one in turns.take_next(connection, known)]


def silent(database, *ids: str) -> None:
    """Nobody has rung for these lately."""
    for job_id in ids:
        change(database, JOBS, job_id, rung_at=0.0)


def test_of_many_who_ask_at_once_as_many_begin_as_there_are_places(database, admits):
    bombs = due(database, ANN, 8)
    with ThreadPoolExecutor(8) as pool:
        got = [
            one for one in pool.map(lambda job_id: claim(database, admits, job_id), bombs) if one
        ]
    assert len(got) == 2
    (other,) = due(database, BEA)
    assert claim(database, admits, bombs[-1]) is None
    assert claim(database, admits, other)


def test_another_senders_job_goes_before_a_second_one(database, admits):
    mine, other = due(database, ANN, 3), due(database, BEA)
    assert claim(database, admits, mine[0])
    assert claim(database, admits, mine[1]) is None
    assert claim(database, admits, other[0])
    assert row(database, JOBS, mine[1])["attempts"] == 0  # what was not its turn is no attempt


def test_another_teams_job_goes_before_a_colleagues(database, admits):
    mine, colleague, other = due(database, ANN), due(database, COLLEAGUE), due(database, BEA)
    assert claim(database, admits, mine[0])
    assert claim(database, admits, colleague[0]) is None
    assert claim(database, admits, other[0])


def test_a_senders_own_jobs_go_in_their_order(database, admits):
    first, second, third = due(database, ANN, 3)
    assert claim(database, admits, third) is None
    assert claim(database, admits, first)
    assert claim(database, admits, second)


def test_a_job_keeps_its_place_from_one_stage_to_the_next(database, admits):
    (mine,) = due(database, ANN)
    held = claim(database, admits, mine)
    others = due(database, BEA, 2)
    assert claim(database, admits, others[0])
    with database.write() as connection:
        held.advance(connection, stage=Stage.TRANSLATE)
    assert claim(database, admits, others[1]) is None
    assert next_of(database) == []
    assert claim(database, admits, mine)


def test_a_job_whose_next_stage_was_not_rung_for_waits_like_others(database, admits):
    (mine,) = due(database, ANN)
    held = claim(database, admits, mine)
    others = due(database, BEA, 2)
    assert claim(database, admits, others[0])
    with database.write() as connection:
        held.advance(connection, stage=Stage.TRANSLATE)
    silent(database, mine)
    with database.read() as connection:
        assert [one.owner for one in turns.held(connection)] == [BEA]
    assert next_of(database) == [mine]  # who holds nothing goes first


def test_jobs_that_are_tried_again_wait_for_their_turn(database, admits):
    dead = due(database, ANN, 4)
    for job_id in dead:
        held = lease.claim(database, jobs.LEDGER, job_id, 60.0)
        with database.write() as connection:
            held.finish(connection, RowState.DEAD)
        change(database, JOBS, job_id, lease_until=now_s() - 3600)
        with database.write() as connection:
            lease.revive(connection, JOBS, job_id)
    with database.read() as connection:
        assert turns.held(connection) == []
    assert [bool(claim(database, admits, job_id)) for job_id in dead] == [True, True, False, False]


def test_a_lease_that_ran_out_holds_no_place(database, admits):
    for job_id in due(database, ANN, 2):
        assert claim(database, admits, job_id)
        change(database, JOBS, job_id, lease_until=now_s() - 1, attempts=0)
    with database.read() as connection:
        assert turns.held(connection) == []


def test_parts_hold_places_and_wait_like_jobs(database, admits):
    (book,) = due(database, ANN)
    held = lease.claim(database, jobs.LEDGER, book, 60.0)
    with database.write() as connection:
        ids = jobs.spread(connection, held, [[0], [1], [2], [3]])
    of_parts = Turns(2).admits(PARTS)
    assert lease.claim(database, jobs.PART_LEDGER, ids[0], 60.0, admits=of_parts)
    assert lease.claim(database, jobs.PART_LEDGER, ids[1], 60.0, admits=of_parts)
    assert lease.claim(database, jobs.PART_LEDGER, ids[2], 60.0, admits=of_parts) is None
    with database.read() as connection:
        assert turns.held(connection) == [Holder(ANN, row(database, JOBS, book)["team"], 2)]
    (other,) = due(database, BEA)
    assert claim(database, admits, other)


class TestRings:
    def test_for_as_many_as_there_are_free_places(self, database):
        mine = due(database, ANN, 3)
        silent(database, *mine)
        assert sorted(next_of(database)) == sorted(mine[:2])
        assert next_of(database) == []  # they were rung for a moment ago

    def test_for_the_one_whose_turn_it_is(self, database, admits):
        mine = due(database, ANN, 3)
        assert claim(database, admits, mine[0])
        other = due(database, BEA)
        silent(database, *mine, *other)
        assert next_of(database) == other

    def test_for_the_spare_place_where_one_sender_holds_all(self, database, admits):
        mine = due(database, ANN, 3)
        assert claim(database, admits, mine[0])
        assert claim(database, admits, mine[1])
        silent(database, mine[2])
        assert next_of(database) == []
        other = due(database, BEA)
        silent(database, *other)
        assert next_of(database) == other

    def test_for_a_part_too(self, database):
        (book,) = due(database, ANN)
        held = lease.claim(database, jobs.LEDGER, book, 60.0)
        with database.write() as connection:
            ids = jobs.spread(connection, held, [[0], [1], [2]])
        for part_id in ids:
            change(database, PARTS, part_id, rung_at=0.0)
        assert len(next_of(database)) == 2


def test_places_are_those_of_the_workers_that_were_heard_of(database):
    with database.write() as connection:
        assert turns.places(connection) == Places(0, 0)
        assert turns.places(connection, own=2) == Places(2, 1)
        process_registry.pulse(connection, "worker@a", 1, {"slots": 3})
        process_registry.pulse(connection, "worker@b", 1, {"slots": 4})
        process_registry.pulse(connection, "notifier@a", 2, {"slots": 9})
        assert turns.places(connection, own=3) == Places(7, 2)
    with database.write() as connection:
        connection.execute(process_registry.PULSES.update().values(seen_at=now_s() - 100))
        assert turns.places(connection, own=3) == Places(3, 1)


def test_a_team_is_a_mail_domain():
    assert team_of(ANN) == team_of(COLLEAGUE) != team_of(BEA)
