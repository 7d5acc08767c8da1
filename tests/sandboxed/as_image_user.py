"""The same jobs in a server of the image's user, which it becomes once it has loaded: Python may lie where only root reads."""

from __future__ import annotations

import os

from tests.sandboxed.reaches import JOBS

__all__ = ["JOBS", "warm"]
USER = 10001


def warm():
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
