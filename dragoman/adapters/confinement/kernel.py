"""The system calls of Linux that Python has no name for."""

from __future__ import annotations

import ctypes
import os
from typing import Any

_NO_NEW_PRIVILEGES, _DIES_WITH_PARENT = 38, 1  # prctl(2): PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG
_libc = ctypes.CDLL(None, use_errno=True)


def call(number: int, *arguments: Any) -> int:
    """What syscall(2) gives. Raises OSError."""
    return _checked(_libc.syscall(ctypes.c_long(number), *arguments))


def prctl(option: int, *arguments: Any) -> None:
    """Tell the kernel about this process (prctl(2)). Raises OSError."""
    padded = [*arguments, 0, 0, 0, 0][:4]
    numbers = [ctypes.c_ulong(one) if isinstance(one, int) else one for one in padded]
    _checked(_libc.prctl(option, *numbers))


def gain_nothing() -> None:
    """No program that is run from now on gives more rights than this process has.

    Raises OSError.
    """
    prctl(_NO_NEW_PRIVILEGES, 1)


def die_with_parent(signal_number: int) -> None:
    """This process gets the signal when its parent ends. Raises OSError."""
    prctl(_DIES_WITH_PARENT, signal_number)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
