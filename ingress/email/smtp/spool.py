"""Where messages lie while they come in: files in the data folder, on the disk of the folder store,
so that keeping one is a rename.

Each file is locked by the process that writes it. A file without a lock is left over from a process
that died before it said 250: the sender still has that message.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

SUFFIX = ".part"


class SpoolFile:
    """One message on its way in, hashed while it is written. `size` in bytes."""

    def __init__(self, folder: Path) -> None:
        """Make and lock a file in `folder`. Raises OSError."""
        self._handle, name = tempfile.mkstemp(dir=folder, suffix=SUFFIX)
        self.path = Path(name)
        self.size = 0
        self._sha256 = hashlib.sha256()
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    @property
    def sha256(self) -> str:
        """Of all that was written, in hexadecimal."""
        return self._sha256.hexdigest()

    def write(self, data: bytes) -> None:
        """Append. Raises OSError (a full disk)."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]
        self._sha256.update(data)
        self.size += len(data)

    def sync(self) -> None:
        """Return when the bytes are on the disk. Raises OSError."""
        os.fsync(self._handle)

    def close(self) -> None:
        """Let go of the file; it is gone unless somebody took it over. Safe to repeat."""
        if self._handle >= 0:
            self.path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = -1


class Spool:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made if it is not there, readable by its owner only."""
        self.folder = folder
        self._make()

    def new(self) -> SpoolFile:
        """A fresh file. Raises OSError. The folder is made again where somebody has removed it."""
        try:
            return SpoolFile(self.folder)
        except FileNotFoundError:
            self.make_again()
            return SpoolFile(self.folder)

    def make_again(self) -> None:
        """Make the folder that somebody has removed. Raises OSError."""
        log.error("spool_folder_removed", folder=str(self.folder), doing="it is made again")
        self._make()

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def sweep(self) -> int:
        """Delete what dead processes left; how many files there were."""
        return sum(_is_removed(path) for path in self.folder.glob(f"*{SUFFIX}"))


def _is_removed(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:  # its writer was faster
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:  # it is being written
        return False
    finally:
        os.close(handle)
    return True
