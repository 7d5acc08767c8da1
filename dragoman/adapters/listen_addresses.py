"""Addresses to listen on: whether they can be had, and the words for it where they cannot.

Each process that listens takes its address through here, and `up` looks at all of them before it
starts anything: an address that another program holds is told in one line, with the setting that
moves it.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dragoman.errors import OperatorError
from dragoman.settings import Settings, host_port

# What binding to an address fails with, beside what is wrong with the program itself.
CAUSES = (errno.EADDRINUSE, errno.EACCES, errno.EPERM, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
PATIENCE_S, LOOK_EVERY_S = 5.0, 0.2
# below it a program needs a privilege (Linux: net.ipv4.ip_unprivileged_port_start)
LOWEST_FREE_PORT = 1024


class CannotListen(OperatorError):
    """The port is taken, or may not be had by this user."""

    message = "An address to listen on cannot be had."
    code = "cannot_listen"
    exit_code = 49
    advice = "Please name another address and start again."


@dataclass(frozen=True, slots=True)
class Address:
    """`listen` is HOST:PORT as `setting` (a whole name, `DRAGOMAN_WEB_LISTEN`) says it."""

    setting: str
    listen: str


def web(settings: Settings) -> Address:
    """Where the web pages and the API are."""
    return Address("DRAGOMAN_WEB_LISTEN", settings.web_listen)


def smtp(settings: Settings) -> Address:
    """Where mail comes in by SMTP."""
    return Address("DRAGOMAN_SMTP_LISTEN", settings.smtp_listen)


def lmtp(settings: Settings) -> Address | None:
    """Where mail comes in by LMTP; None: nowhere."""
    return Address("DRAGOMAN_LMTP_LISTEN", settings.lmtp_listen) if settings.lmtp_listen else None


def flower(settings: Settings) -> Address:
    """Where Flower is."""
    return Address("DRAGOMAN_FLOWER_LISTEN", settings.flower_listen)


def check_all(settings: Settings, patience_s: float = PATIENCE_S) -> None:
    """Raise CannotListen, which names every address of `up` that cannot be had; nothing is held
    afterwards.

    The processes of an `up` that was killed are about to end: what is taken is looked at again for
    `patience_s` seconds.
    """
    wanted = [
        address
        for address in (web(settings), smtp(settings), lmtp(settings), flower(settings))
        if address
    ]
    deadline = time.monotonic() + patience_s
    twice = list(_named_twice(wanted))
    while refused := twice or list(_refused(wanted)):
        if twice or time.monotonic() > deadline:
            raise CannotListen("\n".join(refused), advice="")
        time.sleep(LOOK_EVERY_S)


def _refused(wanted: list[Address]) -> Iterator[str]:
    for address in wanted:
        try:
            check(address)
        except CannotListen as error:
            yield str(error)


def _named_twice(wanted: list[Address]) -> Iterator[str]:
    first: dict[tuple[str, int], str] = {}
    for address in wanted:
        host, port = host_port(address.listen)
        before = first.setdefault((host, port), address.setting)
        if port and before != address.setting:
            yield (
                f"{address.listen} is named by {before} and by {address.setting}. Set one of them"
                " to another address."
            )


def check(address: Address) -> None:
    """Raise CannotListen unless the address can be had at this moment; it is given back at once."""
    for one in bind(address):
        one.close()


def bind(address: Address) -> list[socket.socket]:
    """As `bound`, for an address of the settings. Raises CannotListen instead."""
    try:
        return bound(*host_port(address.listen))
    except OSError as error:
        raise refusal(address, error) from error


def bound(host: str, port: int) -> list[socket.socket]:
    """Sockets that are bound, one for each IP address of `host`; they do not listen yet, and the
    caller closes them.

    `localhost` is often 127.0.0.1 and ::1: that one of several is not of this machine is no
    failure. Raises OSError.
    """
    sockets: list[socket.socket] = []
    failed: OSError | None = None
    try:
        for family, where in _resolved(host, port):
            try:
                sockets.append(_bound(family, where))
            except OSError as error:
                if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                failed = error
        if failed is not None and not sockets:
            raise failed
    except OSError:
        for one in sockets:
            one.close()
        raise
    return sockets


def refusal(address: Address, error: OSError) -> CannotListen:
    """One sentence for what binding to the address failed with: which address, why, and which
    setting moves it.
    """
    _, port = host_port(address.listen)
    move = f"Set {address.setting} to another one"
    if error.errno == errno.EADDRINUSE:
        text = f"{address.listen} is taken by another program. {move}, or stop that program."
    elif error.errno in (errno.EACCES, errno.EPERM) and port < LOWEST_FREE_PORT:
        text = (
            f"{address.listen} needs the right to listen on ports below {LOWEST_FREE_PORT}. "
            f"{move} with a higher port, or give the program that right (CAP_NET_BIND_SERVICE)."
        )
    elif isinstance(error, socket.gaierror):
        text = (
            f"{address.listen} names a host that is not known. {move}, with an IP address of this"
            " machine."
        )
    elif error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        text = (
            f"{address.listen} is not an address of this machine. {move}: 127.0.0.1 for this"
            " machine alone, 0.0.0.0 for all."
        )
    else:
        why = os.strerror(error.errno) if error.errno else str(error)
        text = f"Dragoman cannot listen on {address.listen} ({why}). {move}."
    return CannotListen(text, advice="")


def _resolved(host: str, port: int) -> Iterator[tuple[int, tuple[Any, ...]]]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, _, _, _, where in dict.fromkeys(found):
        yield family, where


def _bound(family: int, where: tuple[Any, ...]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        # a port that was only just left is free
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(where)
    except BaseException:
        made.close()
        raise
    return made
