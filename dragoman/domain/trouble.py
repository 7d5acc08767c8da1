"""What the operating system says went wrong, in words of ours."""

from __future__ import annotations

import errno
import os

from dragoman.errors import TemporaryError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of a disk, of a user, of a file (`ulimit -f`)
_IN_WORDS = tuple(os.strerror(number) for number in NO_ROOM)


class DiskFull(TemporaryError):
    """There is no room left on a disk of this server."""

    code = "disk_full"
    exit_code = 56


def named(error: Exception) -> Exception:
    """DiskFull for an error that says so (libraries in C only tell it in words); every other one as it is."""
    says_so = isinstance(error, OSError) and error.errno in NO_ROOM
    if says_so or (type(error).__module__.startswith("pymupdf") and str(error).endswith(_IN_WORDS)):
        return DiskFull(detail=f"{type(error).__name__}: {error}"[:200])
    return error
