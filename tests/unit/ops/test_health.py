"""The health check of one service."""

import socket

import pytest
from sqlalchemy import update

from dragoman.db.records import process_registry
from dragoman.errors import NotFound
from ops.health import FRESH_S, SILENT_S, Unhealthy, check


def heard(database, service, seconds_ago=0.0):
    with database.write() as connection:
        process_registry.beat(connection, service)
        seen = process_registry.HEARTBEATS.c.seen_at
        connection.execute(update(process_registry.HEARTBEATS).values(seen_at=seen - seconds_ago))


def test_a_sweeper_that_works_is_well(settings, database):
    heard(database, f"sweeper@{socket.gethostname()}")
    assert check(settings, "sweeper") == "sweeper is healthy"


def test_a_silent_sweeper_is_not_well(settings, database):
    heard(database, f"sweeper@{socket.gethostname()}", seconds_ago=FRESH_S + 5)
    with pytest.raises(Unhealthy):
        check(settings, "sweeper")


def test_a_sweeper_elsewhere_says_nothing_of_this_one(settings, database):
    heard(database, "sweeper@another-host")
    with pytest.raises(Unhealthy):
        check(settings, "sweeper")


def test_a_name_that_is_none_is_answered_with_the_names(settings):
    with pytest.raises(NotFound) as error:
        check(settings, "postgres")
    assert "worker, notifier, beat, sweeper" in error.value.advice


def said(database, facts, seconds_ago=0.0):
    with database.write() as connection:
        process_registry.pulse(connection, f"worker@{socket.gethostname()}", 7, facts)
        seen = process_registry.PULSES.c.seen_at
        connection.execute(update(process_registry.PULSES).values(seen_at=seen - seconds_ago))


def test_a_worker_that_takes_what_it_is_rung_for_is_well(settings, database):
    said(database, {"silent_s": 45.0})
    assert check(settings, "worker") == "worker is healthy"


def test_a_worker_that_lives_and_takes_nothing_is_not_well(settings, database):
    said(database, {"silent_s": SILENT_S + 1})
    with pytest.raises(Unhealthy) as error:
        check(settings, "worker")
    assert "though it was sent some" in error.value.detail


def test_a_worker_without_a_pulse_is_not_well(settings, database):
    with pytest.raises(Unhealthy):
        check(settings, "worker")
    said(database, {"silent_s": 1.0}, seconds_ago=FRESH_S + 5)
    with pytest.raises(Unhealthy):
        check(settings, "worker")
