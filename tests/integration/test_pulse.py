"""The pulse stays away while its process does no work."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dragoman.adapters.probe import speaks
from dragoman.app.processes.process_heartbeat import Pulse
from dragoman.db.records import process_registry
from ops import health
from tests.patience import patience
from tests.servers.process import wait_until


@contextmanager
def listening(word: bytes | None) -> Iterator[str]:
    """The address of a server that says `word` to each who comes; None: it is stuck, and the
    system takes connections for it.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        thread = threading.Thread(target=_greet, args=(server, word))
        if word is not None:
            thread.start()
        yield f"{host}:{port}"
    if word is not None:
        thread.join(patience(5))


def _greet(server: socket.socket, word: bytes) -> None:
    guest, _ = server.accept()
    with guest:
        guest.sendall(word)


def test_a_server_that_greets_speaks():
    with listening(b"220 here\r\n") as address:
        assert speaks(address)


def test_one_that_is_stuck_does_not(monkeypatch):
    monkeypatch.setattr(health, "TIMEOUT_S", 0.2)
    with listening(None) as address:
        assert not speaks(address, b"GET / HTTP/1.0\r\n\r\n")


def test_one_that_is_not_there_does_not():
    with listening(None) as address:
        pass
    assert not speaks(address)


@pytest.mark.parametrize("works", [True, False])
def test_a_pulse_stays_away_while_its_process_does_not_work(settings, database, works):
    asked = threading.Event()

    def answers() -> bool:
        asked.set()
        return works

    with Pulse(settings, "web", works=answers):
        assert asked.wait(patience(5))
        if works:
            wait_until(lambda: known(database), 5, "it is there")
        assert known(database) is works


def known(database) -> bool:
    with database.read() as connection:
        return bool(process_registry.pulses(connection))


def test_it_comes_back_soon_after_the_process_does(settings, database):
    answers = iter([False, True])
    with Pulse(settings, "web", works=lambda: next(answers, True)):
        wait_until(lambda: known(database), 5, "it is back before the next beat is due")
