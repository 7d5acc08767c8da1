"""seccomp: from now on this process can neither run, start, trace nor signal another one, nor open
a socket (seccomp(2)).

A filter of classic BPF that refuses by number: what a PDF library has no use for fails with EPERM,
and calls that are newer than this list fail as on a kernel that has none of them.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from dataclasses import dataclass

from dragoman.adapters.confinement import kernel

_SET_SECCOMP, _MODE_FILTER = 22, 2  # prctl(2)
# SECCOMP_RET_*; the error's number is added
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # linux/bpf_common.h
_NUMBER, _MACHINE, _FIRST, _THIRD = 0, 4, 16, 32  # offsets in struct seccomp_data
_NEWEST = 470  # calls from here on are unknown here, those of x32 (0x40000000 and more) among them

# The same numbers on both: open_tree to fspick, clone3, pidfd_*, io_uring_*, process_*,
# mount_setattr, fchmodat2.
_SAME = (424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 435, 438, 440, 442, 448, 452)


@dataclass(frozen=True, slots=True)
class Calls:
    """An architecture's numbers.

    `to_itself`: calls that may signal this process alone; `limits`: prlimit64, to look only.
    """

    machine: int
    execute: int
    to_itself: tuple[int, ...]
    limits: int
    refused: tuple[int, ...]


# Names in the order of the numbers, both times: processes; sockets; tracing and signals; mounts and
# namespaces; the kernel itself; keys; links and devices; limits and clocks; handles; identity;
# shared memory and queues; owners, modes, times, attributes; priorities.
CALLS = {
    # arch/x86/entry/syscalls/syscall_64.tbl
    "x86_64": Calls(
        machine=0xC000003E,
        execute=59,
        to_itself=(62, 234),
        limits=302,
        refused=(
            *(56, 57, 58, 322),  # clone fork vfork execveat
            *(
                41,
                42,
                43,
                44,
                46,
                49,
                50,
                53,
                288,
                307,
            ),  # socket connect accept sendto sendmsg bind listen socketpair accept4 sendmmsg
            # ptrace process_vm_* kcmp tkill rt_sigqueueinfo rt_tgsigqueueinfo
            *(101, 310, 311, 312, 200, 129, 297),
            *(165, 166, 155, 161, 272, 308),  # mount umount2 pivot_root chroot unshare setns
            *(
                246,
                320,
                321,
                298,
                169,
                175,
                313,
                176,
                323,
                154,
                172,
                173,
            ),  # kexec* bpf perf reboot modules userfaultfd ldt io ports
            *(248, 249, 250),  # add_key request_key keyctl
            *(88, 266, 86, 265, 133, 259),  # symlink symlinkat link linkat mknod mknodat
            # setrlimit, clocks, acct, swap, names, quotactl
            *(160, 164, 227, 159, 305, 163, 167, 168, 170, 171, 179),
            *(303, 304, 300),  # name_to_handle_at open_by_handle_at fanotify_init
            *(105, 106, 113, 114, 117, 119, 116, 126, 135),  # set*id setgroups capset personality
            *(29, 30, 31, 64, 68, 240),  # shm* semget msgget mq_open
            *(
                90,
                91,
                268,
                92,
                93,
                94,
                260,
                132,
                235,
                261,
                280,
                188,
                189,
                190,
                197,
                198,
                199,
            ),  # chmod chown utime xattr
            *(141, 251, 203),  # setpriority ioprio_set sched_setaffinity
        ),
    ),
    # include/uapi/asm-generic/unistd.h
    "aarch64": Calls(
        machine=0xC00000B7,
        execute=221,
        to_itself=(129, 131),
        limits=261,
        refused=(
            *(220, 281),
            *(198, 203, 202, 206, 211, 200, 201, 199, 242, 269),
            *(117, 270, 271, 272, 130, 138, 240),
            *(40, 39, 41, 51, 97, 268),
            *(104, 294, 280, 241, 142, 105, 273, 106, 282),
            *(217, 218, 219),
            *(36, 37, 33),
            *(164, 170, 112, 171, 266, 89, 224, 225, 161, 162, 60),
            *(264, 265, 262),
            *(146, 144, 145, 143, 147, 149, 159, 91, 92),
            *(194, 196, 195, 190, 186, 180),
            *(52, 53, 54, 55, 88, 5, 6, 7, 14, 15, 16),
            *(140, 30, 122),
        ),
    ),
}


def restrict(*, may_execute: bool = False) -> None:
    """Give those calls up, for good. `may_execute`: but execve, whose programs Landlock names.

    Raises OSError where the kernel or the architecture has no such filter.
    """
    calls = CALLS.get(platform.machine())
    if calls is None:
        raise OSError(errno.ENOSYS, f"no list of system calls for {platform.machine()}")
    program = _program(calls, os.getpid(), may_execute=may_execute)
    code = b"".join(struct.pack("=HBBI", *one) for one in program)
    held = ctypes.create_string_buffer(code, len(code))
    kernel.prctl(
        _SET_SECCOMP, _MODE_FILTER, ctypes.byref(_Filter(len(program), ctypes.addressof(held)))
    )


class _Filter(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


Instruction = tuple[int, int, int, int]
"""Code, how many instructions to leave out if it holds and if it does not, and an operand."""


def _program(calls: Calls, own: int, *, may_execute: bool) -> list[Instruction]:
    refuse = (_RETURN, 0, 0, _REFUSE | errno.EPERM)
    allow = (_RETURN, 0, 0, _ALLOW)
    program: list[Instruction] = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, calls.machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _NEWEST),
        (_RETURN, 0, 0, _REFUSE | errno.ENOSYS),
    ]
    refused = (*calls.refused, *_SAME, *(() if may_execute else (calls.execute,)))
    for number in refused:
        program += [(_EQUAL, 0, 1, number), refuse]
    for number in calls.to_itself:
        program += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _FIRST),
            (_EQUAL, 0, 1, own),
            allow,
            refuse,
        ]
    program += [
        (_EQUAL, 0, 6, calls.limits),
        (_LOAD, 0, 0, _THIRD),
        (_EQUAL, 0, 3, 0),
        (_LOAD, 0, 0, _THIRD + 4),
        (_EQUAL, 0, 1, 0),
        allow,
        refuse,
    ]
    return [*program, allow]
