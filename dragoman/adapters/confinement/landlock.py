"""Landlock: from now on this process reaches the named files and folders, and nothing else
(landlock(7), Linux 5.13 and later).
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dragoman.adapters.confinement import kernel

# The same numbers on all architectures (they are newer than the split).
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_ASK_VERSION, _BENEATH = 1, 1
# linux/landlock.h, LANDLOCK_ACCESS_FS_*
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_FILE, _TRUNCATE = (
    1 << 4,
    1 << 5,
    1 << 7,
    1 << 8,
    1 << 14,
)
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_READ = _READ_FILE | _READ_DIR
_WRITE = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _TRUNCATE
# How many kinds of access to files each version knows, from version 1 on; later ones know as many
# as the last.
_KINDS = (13, 14, 15, 15, 16)
_NETWORK = 0b11  # binding and connecting with TCP, from version 4 on
_SCOPES = 0b11  # abstract UNIX sockets and signals to the outside, from version 6 on
_NETWORK_SINCE, _SCOPES_SINCE = 4, 6


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be read, run, and written (below these folders).

    Names that do not exist are left out.
    """

    read: tuple[Path, ...] = ()
    run: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()


def restrict(reach: Reach) -> None:
    """Give up the rest, for good. Raises OSError where the kernel has no Landlock."""
    version = kernel.call(_CREATE, None, 0, _ASK_VERSION)
    known = (1 << _KINDS[min(version, len(_KINDS)) - 1]) - 1
    rules = kernel.call(_CREATE, *_attributes(version, known), 0)
    try:
        _add(rules, reach.read, _READ & known)
        _add(rules, reach.run, (_READ | _EXECUTE) & known)
        _add(rules, reach.write, _WRITE & known)
        kernel.call(_RESTRICT, rules, 0)
    finally:
        os.close(rules)


def _attributes(version: int, known: int) -> tuple[bytes, int]:
    """`struct landlock_ruleset_attr`, as long as the version knows it."""
    fields = [known]
    if version >= _NETWORK_SINCE:
        fields.append(_NETWORK)
    if version >= _SCOPES_SINCE:
        fields.append(_SCOPES)
    packed = struct.pack(f"={len(fields)}Q", *fields)
    return packed, len(packed)


def _add(rules: int, paths: Iterable[Path], access: int) -> None:
    for path in paths:
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # it is not there, or cannot be reached anyway
        try:
            is_folder = stat.S_ISDIR(os.fstat(opened).st_mode)
            granted = access if is_folder else access & _OF_FILES
            kernel.call(_ADD, rules, _BENEATH, struct.pack("=Qi", granted, opened), 0)
        finally:
            os.close(opened)
