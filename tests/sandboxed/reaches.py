"""Jobs of a stranger's: what code that runs in the sandbox's child would try.

Each answers what it reached, or what kept it from it.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import pymupdf

from dragoman.domain.os_errors import DiskFull
from dragoman.errors import EncryptedPdf
from pipeline.pdf.container.opening import damage_named
from pipeline.sandbox import procedures


def privileges(scratch, told, given):
    """Whether a program that is run would gain rights: PR_GET_NO_NEW_PRIVS of prctl(2)."""
    return "may gain" if ctypes.CDLL(None).prctl(39, 0, 0, 0, 0) != 1 else None


def environment(scratch, told, given):
    return [
        name for name in os.environ if "DRAGOMAN" in name or "KEY" in name or "TOKEN" in name
    ] or None


def environment_of_parents(scratch, told, given):
    return Path(f"/proc/{given['asker']}/environ").read_bytes().decode()[:40]


def network(scratch, told, given):
    with socket.create_connection(("127.0.0.1", given["port"]), 2) as connected:
        return connected.getpeername()


def database(scratch, told, given):
    with sqlite3.connect(given["database"]) as connection:
        return connection.execute("select count(*) from jobs").fetchone()


def secret(scratch, told, given):
    return Path(given["secret"]).read_text()


def program(scratch, told, given):
    return subprocess.run(["/usr/bin/id", "-u"], capture_output=True, text=True, check=True).stdout


def process(scratch, told, given):
    child = os.fork()
    if child == 0:
        os._exit(0)
    return child


def signals(scratch, told, given):
    os.kill(given["asker"], 0)
    return "signalled"


def server_signals(scratch, told, given):
    os.kill(os.getppid(), 0)
    return "signalled"


def outside(scratch, told, given):
    Path(given["outside"]).write_text("x")
    return "written"


def source(scratch, told, given):
    Path(given["source"]).write_text("x")
    return "written"


def link(scratch, told, given):
    (scratch / "result").symlink_to(given["secret"])
    return "linked"


def descriptors(scratch, told, given):
    found = []
    for number in range(256):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found if set(found) - {0, 1, 2, 3, 4} else None


def limits(scratch, told, given):
    names = ("FSIZE", "NOFILE", "AS", "CPU", "CORE")
    found = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in names}
    return [name for name, (_, hard) in found.items() if hard == resource.RLIM_INFINITY] or None


def higher_limits(scratch, told, given):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    return "raised"


def trace(scratch, told, given):
    if ctypes.CDLL(None, use_errno=True).ptrace(16, os.getppid(), None, None) == 0:
        return "attached"
    raise OSError(ctypes.get_errno(), "ptrace")


def other_numbers(scratch, told, given):
    """The calls of x32, which a list of numbers does not name."""
    libc, x32 = ctypes.CDLL(None, use_errno=True), 0x40000000
    number = x32 + 57 if platform.machine() == "x86_64" else 4000
    result = libc.syscall(number)
    if result == 0:
        os._exit(0)
    if result > 0:
        return result
    raise OSError(ctypes.get_errno(), "fork")


def crash(scratch, told, given):
    ctypes.string_at(0)


def loop(scratch, told, given):
    while True:
        pass


def hang(scratch, told, given):
    time.sleep(60)


def bomb(scratch, told, given):
    return len(bytes(2 << 30))


def nest(scratch, told, given):
    return nest(scratch, told, given)


def leave(scratch, told, given):
    os._exit(0)


def be_killed(scratch, told, given):
    os.kill(os.getpid(), signal.SIGKILL)


def busy(scratch, told, given):
    while True:
        told(0.5)


def large(scratch, told, given):
    return "x" * 5_000_000


def steps(scratch, told, given):
    for share in range(5):
        told(share / 4)


def refuse(scratch, told, given):
    raise EncryptedPdf("Locked.", advice="Unlock it.", detail="by X")


class Odd(Exception):
    """Takes more than a message."""

    def __init__(self, one, two):
        super().__init__(one)


def odd(scratch, told, given):
    raise Odd("odd one", 2)


def endless(scratch, told, given):
    told(0.25)
    time.sleep(60)


def full(scratch, told, given):
    """A PDF that finds no room, its error named inside or not."""
    with pymupdf.open() as pdf:
        for _ in range(50):
            pdf.new_page()
        if not given["named"]:
            pdf.save(scratch / "out.pdf")
        with damage_named():
            pdf.save(scratch / "out.pdf")
    raise AssertionError(DiskFull)


def divide(scratch, told, given):
    return 1 / 0


def garbled(scratch, told, given):
    os.write(3, b"\x00" * 7 + b"\x09" + b"not JSON!")
    time.sleep(60)


def poisoned(scratch, told, given):
    """An answer that a pickle would run."""
    os.write(3, b"\x00" * 7 + b"\x20" + b"cos\nsystem\n(S'touch /tmp/x'\ntR.ab"[:32])
    time.sleep(60)


def nothing(scratch, told, given):
    return None


def warm():
    """Nothing to load."""


def warm_more():
    return procedures.warm_more()


def warmed(scratch, told, given):
    """How many hyphenators and typefaces there are, and how many of their letters are known."""
    from pipeline.pdf.fonts import typefaces
    from pipeline.pdf.typesetting import hyphenation

    _, known = typefaces._base_font("helv")
    return [
        hyphenation.hyphenator.cache_info().currsize,
        typefaces._base_font.cache_info().currsize,
        len(known),
    ]


JOBS = {
    **procedures.JOBS,
    **{
        name: value
        for name, value in globals().items()
        if callable(value) and getattr(value, "__module__", "") == __name__
    },
}
