"""The same jobs in a server of the image's user, which it becomes once it has loaded: Python
may lie where only root reads.
"""

from __future__ import annotations

import os

from dragoman.adapters.confinement import walls
from tests.sandboxed.reaches import JOBS, warm_more

__all__ = ["JOBS", "warm", "warm_more"]
USER = 10001


def warm():
    walls.mapped_bytes()  # what it loads
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
