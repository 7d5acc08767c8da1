"""Counts in the database: exact whoever counts at the same time, and gone with a transaction
that fails.
"""

from __future__ import annotations

import pytest

from dragoman.db.engine import Database
from dragoman.db.records import counters
from dragoman.db.records.counters import Tally
from dragoman.errors import LeaseLost
from tests.races import together


def test_events_are_counted_by_their_labels_and_values_summed_up(database):
    with database.write() as connection:
        counters.add(connection, counters.RETRIES, ledger="jobs", code="network")
        counters.add(connection, counters.RETRIES, code="network", ledger="jobs")
        counters.add(connection, counters.PAGES, 7, engine="deepl")
        counters.add(connection, counters.PAGES, 5, engine="deepl")
        assert counters.all_of(connection) == [
            Tally(counters.PAGES, {"engine": "deepl"}, "", 2, 12.0),
            Tally(counters.RETRIES, {"ledger": "jobs", "code": "network"}, "", 2, 2.0),
        ]


def test_seconds_fall_into_the_bucket_that_they_do_not_exceed(database):
    with database.write() as connection:
        for seconds in (0.01, 0.05, 0.051, 700.0):
            counters.observe(
                connection, counters.STAGE_SECONDS, seconds, stage="extract", engine="pseudo"
            )
        counts = {one.bucket: (one.count, one.total) for one in counters.all_of(connection)}
    assert counts == {"0.05": (2, 0.01 + 0.05), "0.1": (1, 0.051), counters.INFINITE: (1, 700.0)}


def test_no_count_is_lost_when_many_count_at_once(database):
    def count(_: int) -> None:
        for _ in range(25):
            with database.write() as connection:
                counters.add(connection, counters.DELIVERIES, channel="email", kind="final")

    together(4, count)
    with database.read() as connection:
        assert [one.count for one in counters.all_of(connection)] == [100]


def test_what_is_rolled_back_was_not_counted(database: Database):
    def fail() -> None:
        with database.write() as connection:
            counters.add(connection, counters.PAGES, 7, engine="deepl")
            raise LeaseLost

    with pytest.raises(LeaseLost):
        fail()
    with database.read() as connection:
        assert counters.all_of(connection) == []
