"""What all listening servers of ours do against more connections than a process can hold."""

from __future__ import annotations

import asyncio
import ctypes
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog

log = structlog.get_logger(__name__)

QUIET_S = 60.0
_M_ARENA_MAX = -8  # malloc.h of glibc
# asyncio's words, once for each connection that it cannot take
NO_ROOM = "socket.accept() out of system resource"
AT_ONCE = 64  # connections that asyncio takes before it looks at any of them
# connections that the kernel holds meanwhile; it may allow fewer (net.core.somaxconn)
WAITING = 1024


def quieten(loop: asyncio.AbstractEventLoop, clock: Callable[[], float] = time.monotonic) -> None:
    """Log once a minute that no more connections can be taken; every other trouble of the loop
    as ever.
    """
    said_at = float("-inf")

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        nonlocal said_at
        if context.get("message") != NO_ROOM:
            loop.default_exception_handler(context)
        elif clock() - said_at >= QUIET_S:
            said_at = clock()
            log.error("no_more_connections", detail=str(context.get("exception")))

    loop.set_exception_handler(handle)


def share_memory() -> None:
    """Have all threads take memory from two heaps; glibc would give each thread one, which it
    keeps (mallopt(3)).
    """
    with suppress(AttributeError, OSError):  # another library in C
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def let_wait(server: asyncio.Server) -> None:
    """Have the kernel hold `WAITING` connections, however few asyncio takes at once."""
    for listening in server.sockets:
        with listening.dup() as same:
            same.listen(WAITING)


def most_connections(wanted: int) -> int:
    """How many connections a process may hold: `wanted`, or half of the files that it may have
    open.
    """
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if files == resource.RLIM_INFINITY else min(wanted, files // 2)
