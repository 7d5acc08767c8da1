"""What happens in the child stays in the child: crashes, loops, bombs and broken bounds become
errors.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from dragoman.domain.os_errors import DiskFull
from dragoman.errors import DamagedPdf, EncryptedPdf, TooComplex, WorkerLost
from pipeline.sandbox.client import BOUNDS, Bounds, Call, Server
from pipeline.sandbox.procedures import HYPHENATED
from tests.servers.process import wait_until

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def server():
    found = Server(jobs="tests.sandboxed.reaches", path=(str(ROOT),))
    yield found
    found.close()


@pytest.fixture
def confined(server, tmp_path):
    def call(job, on_progress=lambda _: None, bounds=BOUNDS, look=lambda: None, **given):
        return server.call(Call(job, given, [], tmp_path), on_progress, bounds, look=look)

    return call


@pytest.mark.parametrize(
    ("job", "error", "words"),
    [
        ("crash", DamagedPdf, "damaged"),
        ("loop", TooComplex, "too long"),
        ("hang", TooComplex, "too long"),
        ("bomb", TooComplex, "memory"),
        ("nest", TooComplex, "nested"),
        ("leave", WorkerLost, "stopped unexpectedly"),
        ("be_killed", WorkerLost, "stopped unexpectedly"),
        ("garbled", DamagedPdf, "damaged"),
        ("poisoned", DamagedPdf, "damaged"),
    ],
)
def test_each_end_of_a_child_has_its_error(confined, job, error, words):
    bounds = {"loop": Bounds(silence_s=0.5), "hang": Bounds(wall_s=0.5)}.get(job, Bounds())
    with pytest.raises(error, match=words):
        confined(job, bounds=bounds)
    assert confined("nothing") is None


def test_a_child_that_waits_is_not_one_that_works(confined):
    """On a busy host the clock says nothing of the file."""
    heard = []
    with pytest.raises(KeyboardInterrupt):
        confined(
            "hang",
            bounds=Bounds(silence_s=0.2),
            look=lambda: heard.append(1) or (_ for _ in ()).throw(KeyboardInterrupt),
        )
    assert heard == [1]


def test_a_child_out_of_cpu_time_is_ended(confined):
    with pytest.raises(TooComplex):
        confined("busy", bounds=Bounds(cpu_s=1))


def test_typefaces_and_hyphenators_are_loaded_once_for_all_children(confined):
    confined("nothing")
    wait_until(
        lambda: confined("warmed")[0] == len(HYPHENATED),
        20,
        "the server has loaded more",
        every_s=0.1,
    )
    hyphenators, typefaces, letters = confined("warmed")
    assert (hyphenators, typefaces) == (8, 12)
    assert letters > 200


def test_a_result_of_any_size_comes_back(confined):
    assert confined("large") == "x" * 5_000_000


def test_progress_is_heard_in_order(confined):
    heard: list[float] = []
    confined("steps", heard.append)
    assert heard == [0, 0.25, 0.5, 0.75, 1]


def test_our_errors_come_back_whole(confined):
    with pytest.raises(EncryptedPdf, match="Locked") as caught:
        confined("refuse")
    assert (caught.value.advice, caught.value.detail) == ("Unlock it.", "by X")


def test_an_error_that_cannot_travel_is_described(confined):
    with pytest.raises(RuntimeError, match="odd one"):
        confined("odd")


def test_a_job_that_nobody_registered_is_refused(confined):
    with pytest.raises(LookupError, match="system"):
        confined("system")


@pytest.mark.parametrize("named_inside", [True, False])
def test_a_pdf_that_finds_no_room_is_not_called_damaged(confined, named_inside):
    with pytest.raises(DiskFull):
        confined("full", bounds=Bounds(file_size=1000), named=named_inside)


def test_whoever_stops_listening_ends_the_child(server, confined):
    def stop(_):
        pids.extend(children_of(server_pid(server)))
        raise KeyboardInterrupt

    pids: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        confined("endless", stop)
    assert len(pids) == 1
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_a_server_that_was_killed_is_replaced(server, confined):
    confined("nothing")
    os.kill(server_pid(server), signal.SIGKILL)
    with pytest.raises(WorkerLost):
        confined("nothing")
    assert confined("nothing") is None


def test_the_server_and_its_child_end_with_who_asked(tmp_path):
    child = os.fork()
    if child == 0:
        own = Server(jobs="tests.sandboxed.reaches", path=(str(ROOT),))

        def told(_):
            (tmp_path / "pids").write_text(
                " ".join(map(str, [server_pid(own), *children_of(server_pid(own))]))
            )
            os.kill(os.getpid(), signal.SIGKILL)

        own.call(Call("endless", {}, [], tmp_path), told)
    os.waitpid(child, 0)
    pids = [int(one) for one in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    until = time.monotonic() + 20
    while any(map(is_alive, pids)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(map(is_alive, pids))


def test_two_threads_have_a_server_each(tmp_path):
    from pipeline.sandbox.client import server as server_of

    found = []
    threads = [threading.Thread(target=lambda: found.append(server_of())) for _ in range(2)]
    for one in threads:
        one.start()
        one.join()
    assert found[0] is not found[1]


def server_pid(server):
    return server._process.pid


def children_of(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
