"""Run a command on a kernel that lacks a layer of the sandbox: its system calls fail as they do on
one that is older.

    python -m tests.sandboxed.old_kernel LAYER COMMAND …     as root; LAYER as in
    `dragoman.adapters.confinement.walls`

The filter is seccomp's (seccomp(2)), installed without no_new_privs, which root may do, and kept by
all that is run from there.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

from dragoman.adapters.confinement import walls

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER = 22, 38, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h: LD|W|ABS, JMP|JEQ|K, RET|K
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
NUMBER, FIRST_ARGUMENT = 0, 16  # offsets in `struct seccomp_data`
NAMES = ("prctl", "seccomp", "setrlimit", "prlimit64")
NUMBERS = dict(
    zip(
        NAMES,
        (157, 317, 160, 302) if platform.machine() == "x86_64" else (167, 277, 164, 261),
        strict=True,
    )
)
LANDLOCK = (444, 445, 446)
# By layer: the calls that fail, with which error, and (None: always) only for which first argument.
LACKING = {
    walls.FILES: [(number, errno.ENOSYS, None) for number in LANDLOCK],
    walls.CALLS: [
        (NUMBERS["seccomp"], errno.ENOSYS, None),
        (NUMBERS["prctl"], errno.EINVAL, PR_SET_SECCOMP),
    ],
    walls.PRIVILEGES: [(NUMBERS["prctl"], errno.EINVAL, PR_SET_NO_NEW_PRIVS)],
    walls.LIMITS: [(NUMBERS[name], errno.EPERM, None) for name in ("setrlimit", "prlimit64")],
}


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def instruction(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_so, if_not, value)


def program(layer: str) -> bytes:
    made = b""
    for number, error, argument in LACKING[layer]:
        refuse = instruction(RETURN, REFUSE | error)
        made += instruction(LOAD, NUMBER)
        if argument is None:
            made += instruction(EQUAL, number, 0, 1) + refuse
        else:
            made += instruction(EQUAL, number, 0, 3) + instruction(LOAD, FIRST_ARGUMENT)
            made += instruction(EQUAL, argument, 0, 1) + refuse
    return made + instruction(RETURN, ALLOW)


def main() -> None:
    code = program(sys.argv[1])
    libc = ctypes.CDLL(None, use_errno=True)
    made = Program(len(code) // 8, code)
    if libc.prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(made), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no filter (is this root?)")
    os.execv(sys.argv[2], sys.argv[2:])  # no shell


if __name__ == "__main__":
    main()
