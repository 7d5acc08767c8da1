"""What happens in the child stays in the child: crashes, loops, bombs and broken bounds become errors."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import time
from contextlib import nullcontext

import pymupdf
import pytest

from dragoman.domain.trouble import DiskFull
from dragoman.errors import DamagedPdf, EncryptedPdf, TooComplex, WorkerLost
from pipeline.confined import Bounds, confined
from pipeline.pdf.opening import damage_named


def crash(_):
    ctypes.string_at(0)


def loop(_):
    while True:
        pass


def hang(_):
    time.sleep(60)


def bomb(_):
    return bytes(2 << 30)


def nest(_, depth=0):
    return nest(_, depth + 1)


def leave(_):
    os._exit(0)


def be_killed(_):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("work", "error", "words"),
    [
        (crash, DamagedPdf, "damaged"),
        (loop, TooComplex, "too long"),
        (hang, TooComplex, "too long"),
        (bomb, TooComplex, "memory"),
        (nest, TooComplex, "nested"),
        (leave, WorkerLost, "died"),
        (be_killed, WorkerLost, "died"),
    ],
)
def test_each_end_of_a_child_has_its_error(work, error, words):
    with pytest.raises(error, match=words):
        confined(work, bounds=Bounds(silence_s=0.5 if work in (loop, hang) else 60.0))


def test_a_child_out_of_cpu_time_is_ended():
    def busy(told):
        while True:
            told(0.5)

    with pytest.raises(TooComplex):
        confined(busy, bounds=Bounds(cpu_s=1))


def test_a_result_of_any_size_comes_back():
    assert confined(lambda _: "x" * 5_000_000) == "x" * 5_000_000


def test_progress_is_heard_in_order():
    heard: list[float] = []
    confined(lambda told: [told(share / 4) for share in range(5)], heard.append)
    assert heard == [0, 0.25, 0.5, 0.75, 1]


def test_our_errors_come_back_whole():
    def refuse(_):
        raise EncryptedPdf("Locked.", advice="Unlock it.", detail="by X")

    with pytest.raises(EncryptedPdf, match="Locked") as caught:
        confined(refuse)
    assert (caught.value.advice, caught.value.detail) == ("Unlock it.", "by X")


def test_an_error_that_cannot_travel_is_described():
    class Odd(Exception):
        def __init__(self, one, two):
            super().__init__(one)

    def raise_it(_):
        raise Odd("odd one", 2)

    with pytest.raises(RuntimeError, match="odd one"):
        confined(raise_it)


@pytest.mark.parametrize("named_inside", [True, False])
def test_a_pdf_that_finds_no_room_is_not_called_damaged(tmp_path, named_inside):
    def write(_):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        with pymupdf.open() as pdf, damage_named() if named_inside else nullcontext():
            for _ in range(50):
                pdf.new_page()
            pdf.save(tmp_path / "out.pdf")

    with pytest.raises(DiskFull):
        confined(write)


def test_whoever_stops_listening_ends_the_child():
    def endless(told):
        told(os.getpid())
        time.sleep(60)

    pids: list[int] = []

    def stop(pid):
        pids.append(int(pid))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        confined(endless, stop)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_what_the_child_does_to_its_memory_is_not_seen_here():
    values: list[int] = []
    confined(lambda _: values.append(1))
    assert values == []
