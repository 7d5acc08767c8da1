"""What is wrong with Redis as a broker: that it is away, or that it takes nothing.

`dragoman.adapters.kombu_internals` connects to it.
"""

from __future__ import annotations

from typing import Any

import structlog
from kombu.exceptions import KombuError
from redis.exceptions import RedisError, ResponseError

log = structlog.get_logger(__name__)

BROKER_ERRORS = (KombuError, RedisError, OSError)
# the longest pause between two tries to reach the broker again; Celery's own grows to 30 s
RECONNECT_S = 3
PROBE = "dragoman:probe"


def unreachable(error: Exception, **facts: str) -> None:
    """Log that a doorbell could not be rung; `facts` say which, where the task that runs does
    not.
    """
    log.warning("broker_unreachable", **facts, detail=str(error)[:200])


def take(client: Any) -> None:
    """Have Redis take a key that is gone at once.

    Raises RedisError: ResponseError where it answers and takes nothing.
    """
    client.set(PROBE, b"", px=1)


def refuses(error: BaseException | None) -> bool:
    """Whether the broker was there and took nothing; kombu wraps what Redis says."""
    while error is not None:
        if isinstance(error, ResponseError):
            return True
        error = error.__cause__
    return False
