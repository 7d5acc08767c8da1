"""A small disk of its own under a data folder, so that it can be full."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path

SIZE = 400 * 2**20
BALLAST = "ballast"


class Disk:
    """Mounted at `path`.

    Only root may mount: for others, and where it is forbidden, `is_own` is False and it is never
    full.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(mode=0o700)
        self.path = path
        command = [
            "mount",
            "-t",
            "tmpfs",
            "-o",
            f"size={SIZE},mode=700",
            "dragoman-chaos",
            str(path),
        ]
        self.is_own = (
            os.geteuid() == 0
            and subprocess.run(command, capture_output=True, check=False).returncode == 0
        )

    def fill(self) -> None:
        """Leave no byte.

        Never more than its own size is written: where it is unmounted meanwhile, the same path is
        on the machine's own disk.
        """
        with (self.path / BALLAST).open("wb", buffering=0) as file, suppress(OSError):
            facts = os.statvfs(self.path)
            with suppress(OSError):
                os.posix_fallocate(file.fileno(), 0, min(facts.f_bavail * facts.f_frsize, SIZE))
            file.seek(0, os.SEEK_END)
            while file.tell() < SIZE:
                file.write(b"\0" * 4096)

    def free(self) -> None:
        """As it was before."""
        (self.path / BALLAST).unlink(missing_ok=True)

    def remove(self) -> None:
        """Unmount it, and forget what is on it."""
        if self.is_own:
            subprocess.run(["umount", "--lazy", str(self.path)], capture_output=True, check=False)
            self.is_own = False
