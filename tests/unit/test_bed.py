"""The test bed keeps its own promises."""

import os
import socket

import pytest

from dragoman.adapters import queues
from dragoman.db import schema


def test_unit_tests_reach_no_network():
    with pytest.warns(UserWarning, match="socket"), pytest.raises(RuntimeError, match="socket"):
        socket.create_connection(("127.0.0.1", 9))


def test_unit_tests_may_use_unix_sockets():
    left, right = socket.socketpair()
    with left, right:
        left.send(b"x")
        assert right.recv(1) == b"x"


def test_settings_of_the_machine_are_not_seen():
    assert not [name for name in os.environ if name.startswith(("DRAGOMAN_", "OTEL_", "AWS_"))]


def test_database_is_migrated_and_doorbell_remembers(database, intake, doorbell):
    assert schema.is_current(database)
    intake.doorbell.ring(queues.DELIVER, "1")
    assert doorbell.rings == [(queues.DELIVER, "1")]
