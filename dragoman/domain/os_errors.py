"""What the operating system says went wrong, in words of ours."""

from __future__ import annotations

import errno
import os

from dragoman.errors import DragomanError, OperatorError, TemporaryError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of a disk, of a user, of a file (`ulimit -f`)
_IN_WORDS = tuple(os.strerror(number) for number in NO_ROOM)


class DiskFull(TemporaryError):
    """ENOSPC, EDQUOT or EFBIG where something has to be written."""

    message = "There is no room left on a disk of this server."
    code = "disk_full"
    exit_code = 56
    for_admin = "Please make room there, then run it again."


class CannotWrite(OperatorError):
    """EACCES, EPERM or EROFS where something has to be written."""

    message = "A file or folder that is needed cannot be written to."
    code = "cannot_write"
    exit_code = 61
    advice = "Please ask the admin of this server."
    for_admin = (
        "Let the user who runs this command write there, or name another folder: --data, -o,"
        " DRAGOMAN_DATA_DIR or TMPDIR."
    )


def of_disk(error: OSError) -> DragomanError | None:
    """What to say where a disk is full or may not be written to, with the file that it was
    about; None: it is something else.
    """
    where = f" ({error.filename})" if isinstance(error.filename, str) else ""
    if error.errno in NO_ROOM:
        return DiskFull(f"There is no room left on the disk{where}.")
    if error.errno == errno.EROFS:
        return CannotWrite(f"The disk is read-only{where}.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return CannotWrite(f"This user may not write there{where}.")
    return None


def named(error: Exception) -> Exception:
    """DiskFull for an error that says so (libraries in C only tell it in words); every other
    one as it is.
    """
    says_so = isinstance(error, OSError) and error.errno in NO_ROOM
    if says_so or (type(error).__module__.startswith("pymupdf") and str(error).endswith(_IN_WORDS)):
        return DiskFull(detail=f"{type(error).__name__}: {error}"[:200])
    return error
