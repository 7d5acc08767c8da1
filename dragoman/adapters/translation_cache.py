"""The freshest part of the translation memory, in Redis: copies for a day, that may vanish at
any moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import structlog
from redis import Redis, RedisError

log = structlog.get_logger(__name__)

KEPT_FOR_S = 24 * 3600
PREFIX = "dragoman:translation:"
CONNECT_TIMEOUT_S, TIMEOUT_S = 1.0, 3.0


class Cache:
    """Texts by memory key.

    Never raises: a Redis that fails is left alone for the rest of this object's life.
    """

    def __init__(self, broker_url: str) -> None:
        """`broker_url` as in the settings; empty: no cache at all. Nothing is connected yet."""
        url = broker_url.replace("redis+socket://", "unix://")
        self._redis: Redis | None = (
            Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=CONNECT_TIMEOUT_S)
            if url
            else None
        )

    def get(self, keys: Sequence[str]) -> dict[str, str]:
        """The texts that are there."""
        if self._redis is None or not keys:
            return {}
        try:
            values = cast("list[bytes | None]", self._redis.mget([PREFIX + key for key in keys]))
        except RedisError as error:
            return self._give_up(error)
        return {
            key: value.decode()
            for key, value in zip(keys, values, strict=True)
            if value is not None
        }

    def put(self, texts: Mapping[str, str]) -> None:
        """Keep texts for a day."""
        if self._redis is None or not texts:
            return
        try:
            pipe = self._redis.pipeline(transaction=False)
            for key, text in texts.items():
                pipe.set(PREFIX + key, text.encode(), ex=KEPT_FOR_S)
            pipe.execute()
        except RedisError as error:
            self._give_up(error)

    def forget(self, keys: Iterable[str]) -> None:
        """Drop texts at once."""
        names = [PREFIX + key for key in keys]
        if self._redis is None or not names:
            return
        try:
            self._redis.delete(*names)
        except RedisError as error:
            self._give_up(error)

    def _give_up(self, error: RedisError) -> dict[str, str]:
        log.warning("cache_unreachable", detail=str(error)[:200])
        self._redis = None
        return {}
